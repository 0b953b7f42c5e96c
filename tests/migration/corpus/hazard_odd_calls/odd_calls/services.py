class Counter:
    def __init__(self, step=1):
        self.step = step
        self.value = 0

    def add(self):
        self.value += self.step
        return self.value


_counter = None


def get_counter(step=1, force_reinit=False):  # accessor: get_counter global Counter params=step,force_reinit
    global _counter
    if _counter is None or force_reinit:
        _counter = Counter(step)
    return _counter


class Other:
    def add(self):
        return -1


_other = None


def get_other():  # accessor: get_other global Other
    global _other
    if _other is None:
        _other = Other()
    return _other
