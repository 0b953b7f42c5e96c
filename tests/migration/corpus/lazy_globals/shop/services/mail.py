from shop.services import canonical as services


class MailClient:
    def send(self):
        auth = services.get_auth_service()  # call: get_auth_service service
        return auth


_mail_client = None


async def get_async_mail():  # accessor: get_async_mail async MailClient lazy=get_auth_service
    global _async_mail
    if _async_mail is None:
        _async_mail = MailClient()
    return _async_mail


_async_mail = None


def get_mail_client() -> MailClient:  # accessor: get_mail_client global MailClient lazy=get_auth_service
    global _mail_client
    if _mail_client is None:
        _mail_client = MailClient()
    return _mail_client
