"""The mails an account gets, sent after the answer and tried again when they fail."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import urlencode

from backend.clients.mail import Mail, Mailer, MailFailed
from backend.services.background import BackgroundWork
from backend.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_PAUSES: Final = (1.0, 5.0, 25.0)

_VERIFY: Final = """Hello,

please confirm that this is your email address by opening this link within 24 hours:

{link}

If you did not create an AuraStream account, ignore this mail.
"""
_RESET: Final = """Hello,

somebody, hopefully you, asked to set another password for your AuraStream account.
This link lets you do so once, within one hour:

{link}

If it was not you, ignore this mail: your password stays as it is.
"""
_CHANGED: Final = """Hello,

the password of your AuraStream account was just changed, and every session was ended.

If it was not you, set another password right away:

{link}
"""
_DELETED: Final = """Hello,

your AuraStream account and everything in it was deleted, as you asked.
"""


class AccountMails:
    """Write the mails of accounts and send them in the background.

    Call it when what a mail tells of is committed. Nothing of a mail's text is logged, least of all its link.
    """

    def __init__(
        self, mailer: Mailer, background: BackgroundWork, settings: Settings, pauses: Sequence[float] = _PAUSES
    ) -> None:
        self._pauses = pauses
        self._mailer = mailer
        self._background = background
        self._frontend = str(settings.frontend_url).rstrip("/")

    async def send_verification(self, email: str, token: str) -> None:
        """Ask the owner of an email to confirm it."""
        self._send(email, "Confirm your email address", _VERIFY.format(link=self._link("verify-email", token)))

    async def send_password_reset(self, email: str, token: str) -> None:
        """Send the link that sets another password."""
        self._send(email, "Set another password", _RESET.format(link=self._link("reset-password", token)))

    async def send_password_changed(self, email: str) -> None:
        """Tell that the password was changed."""
        link = f"{self._frontend}/auth/forgot-password"
        self._send(email, "Your password was changed", _CHANGED.format(link=link))

    async def send_account_deleted(self, email: str) -> None:
        """Say goodbye."""
        self._send(email, "Your account was deleted", _DELETED)

    def _link(self, page: str, token: str) -> str:
        return f"{self._frontend}/auth/{page}?{urlencode({'token': token})}"

    def _send(self, email: str, subject: str, text: str) -> None:
        self._background.submit("mail", partial(self._deliver, Mail(email, f"AuraStream: {subject}", text)))

    async def _deliver(self, mail: Mail) -> None:
        for pause in (*self._pauses, None):
            try:
                await self._mailer.send(mail)
            except MailFailed as error:
                if pause is None:
                    _LOG.exception("mail_given_up", extra={"subject": mail.subject})
                    return
                _LOG.warning("mail_failed", extra={"subject": mail.subject, "cause": str(error)})
                await asyncio.sleep(pause)
            else:
                return
