class Names:
    def join(self, *parts):
        return "-".join(str(part) for part in parts)


_names = None


def get_names() -> "Names":  # accessor: get_names global Names
    global _names
    if _names is None:
        _names = Names()
    return _names
