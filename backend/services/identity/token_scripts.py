"""The scripts of the token store.

KEYS: the family's hash, the user's sorted set of live families by expiry. Keys of other families of the same user are
derived from a prefix; they share the hash slot.
"""

from typing import Final

REGISTER: Final = """
local family, jti, opened, lifetime, longest = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local expires = opened + math.min(lifetime, longest)
redis.call('HSET', KEYS[1], 'status', 'active', 'current', jti, 'previous', '', 'rotated_at', 0,
    'opened_at', opened, 'issued_at', opened, 'expires_at', expires, 'ends_at', opened + longest,
    'lifetime', lifetime, 'remember_me', ARGV[6], 'ip', ARGV[7], 'user_agent', ARGV[8])
redis.call('EXPIREAT', KEYS[1], expires + 60)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', opened)
redis.call('ZADD', KEYS[2], expires, family)
while redis.call('ZCARD', KEYS[2]) > tonumber(ARGV[10]) do
    local ended = redis.call('ZPOPMIN', KEYS[2])[1]
    if ended ~= family then redis.call('HSET', ARGV[9] .. ended, 'status', 'revoked') end
end
local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
redis.call('EXPIREAT', KEYS[2], last[2] + 60)
return expires
"""

USE: Final = """
local family, jti, successor, now, grace = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local row = redis.call('HMGET', KEYS[1], 'status', 'current', 'previous', 'rotated_at', 'issued_at', 'expires_at',
    'ends_at', 'lifetime', 'remember_me', 'opened_at')
if not row[1] then return {'unknown'} end
if row[1] ~= 'active' then return {'revoked'} end
local time = redis.call('TIME')
local milliseconds = time[1] * 1000 + math.floor(time[2] / 1000)
if row[2] == jti then
    local expires = math.min(now + tonumber(row[8]), tonumber(row[7]))
    if expires <= now then
        redis.call('HSET', KEYS[1], 'status', 'revoked')
        redis.call('ZREM', KEYS[2], family)
        return {'revoked'}
    end
    redis.call('HSET', KEYS[1], 'current', successor, 'previous', jti, 'rotated_at', milliseconds,
        'issued_at', now, 'expires_at', expires)
    if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'ip', ARGV[6]) end
    redis.call('EXPIREAT', KEYS[1], expires + 60)
    redis.call('ZADD', KEYS[2], expires, family)
    local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')
    redis.call('EXPIREAT', KEYS[2], last[2] + 60)
    return {'current', successor, tostring(now), tostring(expires), row[9], row[10]}
end
if row[3] == jti and milliseconds - tonumber(row[4]) <= grace then
    return {'current', row[2], row[5], row[6], row[9], row[10]}
end
redis.call('HSET', KEYS[1], 'status', 'revoked')
redis.call('ZREM', KEYS[2], family)
return {'reused'}
"""

INVALIDATE: Final = """
local lived = redis.call('HGET', KEYS[1], 'status') == 'active'
if lived then redis.call('HSET', KEYS[1], 'status', 'revoked') end
redis.call('ZREM', KEYS[2], ARGV[1])
return lived and 1 or 0
"""

# KEYS: the user's sorted set only.
INVALIDATE_ALL: Final = """
local count = 0
for _, family in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if family ~= ARGV[2] then
        local key = ARGV[1] .. family
        if redis.call('HGET', key, 'status') == 'active' then
            redis.call('HSET', key, 'status', 'revoked')
            count = count + 1
        end
        redis.call('ZREM', KEYS[1], family)
    end
end
return count
"""
