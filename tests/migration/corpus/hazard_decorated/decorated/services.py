class Audit:
    entries = []

    def note(self, text):
        self.entries.append(text)
        return text


_audit = None


def get_audit():  # accessor: get_audit global Audit
    global _audit
    if _audit is None:
        _audit = Audit()
    return _audit
