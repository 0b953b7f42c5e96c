class Tokens:
    def make(self, prefix):
        return f"{prefix}-1"


_tokens = None


def get_tokens():  # accessor: get_tokens global Tokens
    global _tokens
    if _tokens is None:
        _tokens = Tokens()
    return _tokens
