built = []


class Slow:
    def __init__(self):
        built.append(self)

    def number(self):
        return len(built)


_slow = None


def get_slow(tag: str = "x"):  # accessor: get_slow global Slow params=tag
    global _slow
    if _slow is None:
        made = Slow()
        _slow = made
    return _slow
