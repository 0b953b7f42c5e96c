from .canonical import *
from .mail import get_mail_client

__all__ = ["get_auth_service", "get_mail_client"]
