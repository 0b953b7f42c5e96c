class Texts:
    def upper(self, text):
        return text.upper()


_texts = None


def get_texts():  # accessor: get_texts global Texts
    global _texts
    if _texts is None:
        _texts = Texts()
    return _texts
