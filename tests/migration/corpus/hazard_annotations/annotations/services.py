class Clock:
    def now(self):
        return 12


_clock = None


def get_clock() -> Clock:  # accessor: get_clock global Clock
    global _clock
    if _clock is None:
        _clock = Clock()
    return _clock
