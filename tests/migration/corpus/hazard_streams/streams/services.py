class Feed:
    def items(self):
        return ["a", "b"]


_feed = None


async def get_feed() -> Feed:  # accessor: get_feed async Feed
    global _feed
    if _feed is None:
        _feed = Feed()
    return _feed


sent = []


class Outbox:
    def put(self, item):
        sent.append(item)


_outbox = None


def get_outbox() -> Outbox:  # accessor: get_outbox global Outbox
    global _outbox
    if _outbox is None:
        _outbox = Outbox()
    return _outbox
