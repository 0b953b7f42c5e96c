from app.services.cached import EngineService, get_settings, Settings


class EmailService:
    def send(self):
        return get_settings().debug  # call: get_settings service


email_service = EmailService()  # accessor: email_service eager EmailService lazy=get_settings
mailer = email_service  # accessor: mailer alias EmailService
_hidden = EmailService()


def get_hidden() -> EmailService:  # accessor: get_hidden eager EmailService lazy=get_settings
    return _hidden


settings = get_settings()  # call: get_settings module
app_settings: Settings = Settings()  # accessor: app_settings eager Settings


def make_service() -> EmailService:
    return EmailService()


made_service = make_service()  # accessor: made_service eager EmailService lazy=get_settings
if True:
    chosen = EmailService()  # accessor: chosen eager EmailService,EngineService lazy=get_settings
else:
    chosen = EngineService(None)


def get_email_service():  # accessor: get_email_service delegate EmailService eager=email_service
    return email_service


def get_mail():  # accessor: get_mail delegate EmailService eager=get_email_service
    """Delegate of a delegate."""
    service = get_email_service()  # call: get_email_service helper
    return service
