"""What the counters do inside Redis, each script one indivisible step.

Key names are built inside the scripts: this needs one server (or a primary with replicas), not a cluster.

Keys of an hour (`<hour>` is its first second):
    analytics:hours                          sorted set of hours of which anything below is kept
    analytics:hour:<hour>:counts             hash: field -> events; and `#batch` -> the id these counts will have
    analytics:hour:<hour>:last               hash: field -> last seen, ms
    analytics:hour:<hour>:fields             set of the fields seen in the hour, whatever was taken
    analytics:hour:<hour>:sessions|users:<field>   HyperLogLog
    analytics:hour:<hour>:ids                set of event ids, to know a repeated delivery
A field is `name|category|asset type`, none of which can hold a bar.
    analytics:batches                        hash: id -> JSON of the counts taken, until they are in the database
    analytics:sessions:active                sorted set of sessions by last activity, ms
    analytics:sessions:<session>             hash of one session
"""

from typing import Final

RECORD: Final = """
local hour, previous, now, batch = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local most_fields, most_ids, most_sessions = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local session_ttl, session_memory = tonumber(ARGV[8]), tonumber(ARGV[9])
local key = 'analytics:hour:' .. hour .. ':'
local ids, fields = key .. 'ids', key .. 'fields'
local earlier_ids = 'analytics:hour:' .. previous .. ':ids'
local recorded = 0

local function is_new(id)
    if redis.call('SISMEMBER', earlier_ids, id) == 1 then
        return false
    end
    if redis.call('SCARD', ids) < most_ids then
        return redis.call('SADD', ids, id) == 1
    end
    return redis.call('SISMEMBER', ids, id) == 0
end

for _, event in ipairs(cjson.decode(ARGV[10])) do
    if is_new(event.id) then
        local field = event.field
        if redis.call('SISMEMBER', fields, field) == 0 then
            if redis.call('SCARD', fields) >= most_fields then
                field = event.rest
            end
            redis.call('SADD', fields, field)
        end
        redis.call('HINCRBY', key .. 'counts', field, 1)
        redis.call('HSET', key .. 'last', field, now)
        redis.call('PFADD', key .. 'sessions:' .. field, event.session)
        local session = 'analytics:sessions:' .. event.session
        redis.call('HSETNX', session, 'startTime', now)
        redis.call('HINCRBY', session, 'eventCount', 1)
        redis.call('HSET', session, 'lastActivity', now)
        if event.user then
            redis.call('PFADD', key .. 'users:' .. field, event.user)
            redis.call('HSET', session, 'userId', event.user)
        end
        redis.call('EXPIRE', session, session_ttl)
        redis.call('ZADD', 'analytics:sessions:active', now, event.session)
        recorded = recorded + 1
    end
end

if recorded > 0 then
    redis.call('HSETNX', key .. 'counts', '#batch', batch)
    redis.call('ZADD', 'analytics:hours', hour, hour)
    redis.call('EXPIRE', ids, 7200)
    redis.call('ZREMRANGEBYSCORE', 'analytics:sessions:active', '-inf', now - session_memory * 1000)
    local surplus = redis.call('ZCARD', 'analytics:sessions:active') - most_sessions
    if surplus > 0 then
        local oldest = redis.call('ZPOPMIN', 'analytics:sessions:active', surplus)
        for index = 1, #oldest, 2 do
            redis.call('DEL', 'analytics:sessions:' .. oldest[index])
        end
    end
end
return recorded
"""
"""Count a list of events of which each is new, and give how many were."""

_READ_HOUR: Final = """
local function read_hour(hour)
    local key = 'analytics:hour:' .. hour .. ':'
    local counts = redis.call('HGETALL', key .. 'counts')
    local taken = {hour = tonumber(hour), counts = {}}
    for index = 1, #counts, 2 do
        local field = counts[index]
        if field == '#batch' then
            taken.id = counts[index + 1]
        else
            table.insert(taken.counts, {
                field,
                tonumber(counts[index + 1]),
                redis.call('PFCOUNT', key .. 'sessions:' .. field),
                redis.call('PFCOUNT', key .. 'users:' .. field),
                tonumber(redis.call('HGET', key .. 'last', field))
            })
        end
    end
    return taken
end
"""

TAKE: Final = (
    _READ_HOUR
    + """
local current = tonumber(ARGV[1])
for _, hour in ipairs(redis.call('ZRANGE', 'analytics:hours', 0, -1)) do
    local key = 'analytics:hour:' .. hour .. ':'
    local taken = read_hour(hour)
    if taken.id then
        redis.call('HSET', 'analytics:batches', taken.id, cjson.encode(taken))
        redis.call('DEL', key .. 'counts', key .. 'last')
    end
    if tonumber(hour) < current then
        for _, field in ipairs(redis.call('SMEMBERS', key .. 'fields')) do
            redis.call('DEL', key .. 'sessions:' .. field, key .. 'users:' .. field)
        end
        redis.call('DEL', key .. 'fields')
        redis.call('ZREM', 'analytics:hours', hour)
    end
end
return redis.call('HVALS', 'analytics:batches')
"""
)
"""Turn all counts into batches and give all batches, those of earlier tries too; forget hours that are over."""

PENDING: Final = (
    _READ_HOUR
    + """
local all = redis.call('HVALS', 'analytics:batches')
for _, hour in ipairs(redis.call('ZRANGE', 'analytics:hours', 0, -1)) do
    local open = read_hour(hour)
    if open.id then
        table.insert(all, cjson.encode(open))
    end
end
return all
"""
)
"""Give what is not in the database yet, and change nothing."""

CLEAR: Final = """
for _, hour in ipairs(redis.call('ZRANGE', 'analytics:hours', 0, -1)) do
    local key = 'analytics:hour:' .. hour .. ':'
    for _, field in ipairs(redis.call('SMEMBERS', key .. 'fields')) do
        redis.call('DEL', key .. 'sessions:' .. field, key .. 'users:' .. field)
    end
    redis.call('DEL', key .. 'counts', key .. 'last', key .. 'fields', key .. 'ids')
end
for _, session in ipairs(redis.call('ZRANGE', 'analytics:sessions:active', 0, -1)) do
    redis.call('DEL', 'analytics:sessions:' .. session)
end
redis.call('DEL', 'analytics:hours', 'analytics:batches', 'analytics:sessions:active')
"""
"""Drop all counts that no flush has stored, and all sessions."""

RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
"""Give a lock back, unless it ran out and is somebody else's by now."""
