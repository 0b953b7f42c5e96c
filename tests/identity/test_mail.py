"""Mail to a folder and by SMTP."""

import asyncio
import email
import email.policy
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest

from backend.clients.mail import FolderMailer, Mail, MailFailed, SmtpMailer, make_mailer
from backend.services.background import BackgroundWork
from backend.services.identity.account_mails import AccountMails
from tests.conftest import MakeSettings

MAIL = Mail("nova@example.com", "Hello, Növa", "A link:\n\nhttps://app.example.com/?token=s3cret-token\n")


def parse(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def list_files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class SmtpServer:
    """Speak enough SMTP to take mails, or to refuse them."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.mails: list[bytes] = []
        self.port = 0
        self._refuse = refuse
        self._talks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["SmtpServer"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self
            await asyncio.gather(*self._talks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.append(talk)
        await talk

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            match line.strip().upper().split(b" ")[0]:
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    self.mails.append(content[:-3].replace(b"\r\n..", b"\r\n."))
                    writer.write(b"250 taken\r\n")
                case b"RCPT" if self._refuse:
                    writer.write(b"550 no such box\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 ok\r\n")
        writer.close()
        await writer.wait_closed()


async def test_mail_is_a_readable_file_in_the_folder(tmp_path: Path) -> None:
    await FolderMailer(tmp_path / "box", "AuraStream <no-reply@localhost>").send(MAIL)
    (path,) = list_files(tmp_path / "box")
    message = parse(path.read_bytes())

    assert path.suffix == ".eml"
    assert (message["To"], message["Subject"]) == ("nova@example.com", "Hello, Növa")
    assert "token=s3cret-token" in message.get_content()


async def test_only_its_owner_reads_the_folder(tmp_path: Path) -> None:
    await FolderMailer(tmp_path / "box", "a@localhost").send(MAIL)
    (path,) = list_files(tmp_path / "box")

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_log_says_which_file_and_not_what_is_in_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await FolderMailer(tmp_path, "a@localhost").send(MAIL)
    (path,) = list_files(tmp_path)

    assert [record.__dict__["path"] for record in caplog.records if record.name == "backend.clients.mail"] == [
        str(path)
    ]
    assert "s3cret" not in str([record.__dict__ for record in caplog.records])


async def test_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MailFailed):
        await FolderMailer(tmp_path / "file", "a@localhost").send(MAIL)


async def test_mail_goes_out_by_smtp(make_settings: MakeSettings) -> None:
    async with SmtpServer().running() as server:
        mailer = make_mailer(make_settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_start_tls=False))
        await mailer.send(MAIL)
    message = parse(server.mails[0])

    assert (message["To"], message["Subject"]) == ("nova@example.com", "Hello, Növa")
    assert "token=s3cret-token" in message.get_content()


async def test_refused_recipient_is_a_failure(make_settings: MakeSettings) -> None:
    async with SmtpServer(refuse=True).running() as server:
        settings = make_settings(smtp_port=server.port, smtp_start_tls=False)
        with pytest.raises(MailFailed):
            await SmtpMailer(settings, "127.0.0.1").send(MAIL)


async def test_server_without_tls_gets_no_mail_where_tls_is_wanted(make_settings: MakeSettings) -> None:
    async with SmtpServer().running() as server:
        with pytest.raises(MailFailed):
            await SmtpMailer(make_settings(smtp_port=server.port), "127.0.0.1").send(MAIL)

    assert server.mails == []


async def test_absent_server_is_a_failure(make_settings: MakeSettings) -> None:
    settings = make_settings(smtp_port=1, smtp_start_tls=False)
    with pytest.raises(MailFailed):
        await SmtpMailer(settings, "127.0.0.1").send(MAIL)


def test_settings_choose_the_mailer(make_settings: MakeSettings) -> None:
    assert isinstance(make_mailer(make_settings()), FolderMailer)
    assert isinstance(make_mailer(make_settings(smtp_host="mail.example.com")), SmtpMailer)


class Unreliable:
    """Fail some times, then take mails."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.taken: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        if self.failures:
            self.failures -= 1
            raise MailFailed(OSError("busy"))
        self.taken.append(mail)


async def test_link_leads_to_the_web_application_with_the_token(make_settings: MakeSettings) -> None:
    mailer, background = Unreliable(0), BackgroundWork()
    mails = AccountMails(mailer, background, make_settings(frontend_url="https://app.example.com"))
    await mails.send_password_reset("nova@example.com", "a+b/c")
    await background.drain()

    link = re.search(r"https://\S+", mailer.taken[0].text)
    assert link is not None
    assert link[0] == "https://app.example.com/auth/reset-password?token=a%2Bb%2Fc"


async def test_failed_mail_is_tried_again(make_settings: MakeSettings) -> None:
    mailer, background = Unreliable(2), BackgroundWork()
    mails = AccountMails(mailer, background, make_settings(), pauses=(0, 0, 0))
    await mails.send_account_deleted("nova@example.com")
    await background.drain()

    assert [mail.to for mail in mailer.taken] == ["nova@example.com"]


async def test_mail_given_up_does_not_tell_the_log_its_link(
    make_settings: MakeSettings, caplog: pytest.LogCaptureFixture
) -> None:
    mailer, background = Unreliable(9), BackgroundWork()
    mails = AccountMails(mailer, background, make_settings(), pauses=(0, 0, 0))
    await mails.send_verification("nova@example.com", "s3cret-token")
    await background.drain()

    assert "mail_given_up" in caplog.messages
    assert "s3cret" not in caplog.text + str([record.__dict__ for record in caplog.records])
