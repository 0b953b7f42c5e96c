"""Outgoing mail: to a folder by default, by SMTP where the settings name a server."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

import aiosmtplib

from backend.settings import Settings

_LOG: Final = logging.getLogger(__name__)
_SMTPS_PORT: Final = 465


@dataclass(frozen=True, slots=True)
class Mail:
    """Describe one message in plain text."""

    to: str
    subject: str
    text: str


class MailFailed(Exception):
    """Say that a message did not leave; it may be tried again."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(f"The mail could not be sent: {type(cause).__name__}: {cause}")


class Mailer(Protocol):
    """Send mail."""

    async def send(self, mail: Mail) -> None:
        """Hand one message over, or raise `MailFailed`."""


class FolderMailer:
    """Put each message into a folder as an `.eml` file that only its owner reads.

    The log says which file, and never what is in it: mails carry links that open accounts.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        """Write one message; a reader of the folder never sees half of it."""
        try:
            path = await asyncio.to_thread(self._write, _compose(mail, self._sender))
        except OSError as error:
            raise MailFailed(error) from error
        _LOG.info("mail_written", extra={"path": str(path), "subject": mail.subject})

    def _write(self, message: EmailMessage) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.eml"
        partial = path.with_suffix(".part")
        partial.touch(mode=0o600)
        partial.write_bytes(message.as_bytes())
        return partial.rename(path)


class SmtpMailer:
    """Send each message by SMTP over a connection of its own."""

    def __init__(self, settings: Settings, host: str) -> None:
        self._host = host
        self._port = settings.smtp_port
        self._username = settings.smtp_username
        self._password = settings.smtp_password.get_secret_value() if settings.smtp_password else None
        self._start_tls = settings.smtp_start_tls
        self._sender = settings.mail_from

    async def send(self, mail: Mail) -> None:
        """Send one message within a time limit."""
        implicit_tls = self._port == _SMTPS_PORT
        try:
            await aiosmtplib.send(
                _compose(mail, self._sender),
                hostname=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                use_tls=implicit_tls,
                start_tls=self._start_tls and not implicit_tls,
                timeout=20,
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailFailed(error) from error
        _LOG.info("mail_sent", extra={"host": self._host, "subject": mail.subject})


def make_mailer(settings: Settings) -> Mailer:
    """Choose by the settings."""
    if settings.smtp_host is not None:
        return SmtpMailer(settings, settings.smtp_host)
    return FolderMailer(Path(settings.mail_folder), settings.mail_from)


def _compose(mail: Mail, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain="aurastream.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message
