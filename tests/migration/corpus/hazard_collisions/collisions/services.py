class Mail:
    def send(self, to):
        return f"sent to {to}"


_mail = None


def get_mail():  # accessor: get_mail global Mail
    global _mail
    if _mail is None:
        _mail = Mail()
    return _mail
