"""Two code bases in the style of real products: migrated as a new user would, their own tests give the same result."""

import ast
from pathlib import Path

import pytest

from di._command import main
from tests.migration.migrating import contents, copy, migrate, plan, run_own_tests


@pytest.fixture
def clinic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = copy("product_clinic", tmp_path)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = copy("product_feed", tmp_path)
    monkeypatch.chdir(folder)
    return folder


def passes(folder: Path, source: str = ".") -> None:
    finished = run_own_tests([folder], source)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("style", ["depends", "container"])
def test_the_clinic_works_as_before(clinic: Path, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    passes(clinic)
    report = migrate(clinic, capsys, "--style", style)
    assert len(report["moved"]) == 4
    assert [(each["accessor"], each["line"]) for each in report["kept"]] == [("get_payment_service", 43)]
    passes(clinic)
    assert migrate(clinic, capsys, "--style", style)["files"] == []


@pytest.mark.parametrize("style", ["depends", "container"])
def test_the_feed_works_as_before(feed: Path, style: str, capsys: pytest.CaptureFixture[str]) -> None:
    passes(feed, "src")
    report = migrate(feed, capsys, "--style", style)
    assert len(report["moved"]) == 9
    assert report["kept"] == []
    passes(feed, "src")
    assert migrate(feed, capsys, "--style", style)["files"] == []


def test_what_is_vouched_for_moves(clinic: Path) -> None:
    kept = plan(clinic, "--early", "get_payment_service").plan.kept
    assert kept == []


GETTERS = ("get_mail_service", "get_reminder_service", "get_appointment_service")


def hand_over(capsys: pytest.CaptureFixture[str], *getters: str) -> int:
    capsys.readouterr()
    return main(["migrate", ".", *(part for each in getters for part in ("--service", each)), "--write"])


def test_services_move_to_the_container_one_by_one(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate(clinic, capsys, "--style", "container")
    for getter in GETTERS:
        assert hand_over(capsys, getter) == 0
        passes(clinic)
    written = {name: text.decode() for name, text in contents(clinic).items() if name.startswith("clinic")}
    assert "return bridge.get(MailService)" in written["clinic/services/mail.py"]
    assert "def __init__(self, mail: MailService) -> None:" in written["clinic/services/reminders.py"]
    assert "self._reminders = reminders" in written["clinic/services/appointments.py"]
    assert "lru_cache(" not in written["clinic/services/appointments.py"]
    assert written["clinic/service_dependencies.py"].count("eager=False") == 3
    assert "provide_mail_service" not in written["clinic/service_dependencies.py"]
    for text in written.values():
        ast.parse(text)


def test_constructors_take_what_the_container_makes_already(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate(clinic, capsys, "--style", "container")
    assert hand_over(capsys, "get_reminder_service") == 0
    assert "get_mail_service is still asked in line 8: move it to the container first" in capsys.readouterr().out
    text = (clinic / "clinic/services/reminders.py").read_text(encoding="utf-8")
    assert "self._mail = get_mail_service()" in text
    assert "return bridge.get(ReminderService)" in text


def test_a_getter_that_is_a_bridge_stays_one(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate(clinic, capsys, "--style", "container")
    assert hand_over(capsys, "get_mail_service") == 0
    before = contents(clinic)
    assert hand_over(capsys, "get_mail_service") == 0
    assert "get_mail_service is a bridge already" in capsys.readouterr().out
    assert contents(clinic) == before


def test_a_constructor_that_keeps_what_is_awaited_later_is_left_alone(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(clinic, capsys, "--style", "container")
    mail = clinic / "clinic/services/mail.py"
    mail.write_text(
        mail.read_text(encoding="utf-8").replace("\ndef get_mail", "\nasync def get_mail"), encoding="utf-8"
    )
    for getters in (("get_mail_service", "get_reminder_service"), ("get_reminder_service",)):
        before = contents(clinic)
        assert hand_over(capsys, *getters) == 0
        assert "get_mail_service is still asked in line 8: whoever" in capsys.readouterr().out
        assert "return await bridge.resolve(MailService)" in mail.read_text(encoding="utf-8")
        (clinic / "clinic/services/reminders.py").write_bytes(before["clinic/services/reminders.py"])


@pytest.mark.parametrize(
    ("getter", "reason"),
    [("get_payment_service", "it may raise"), ("get_nothing", "there is no such getter")],
)
def test_what_a_bridge_would_change_is_refused(
    getter: str, reason: str, clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(clinic, capsys, "--style", "container")
    before = contents(clinic)
    assert hand_over(capsys, getter) == 1
    assert reason in capsys.readouterr().out
    assert contents(clinic) == before


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("def get_mail_service", "@bridge.shadow(MailService)\ndef get_mail_service", "bridge.shadow watches it"),
        ("import logging", "import logging\n\nfrom clinic.old import bridge", "bridge means something else"),
    ],
)
def test_another_bridge_is_not_mixed_with_the_tools_own(
    before: str, after: str, reason: str, clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(clinic, capsys, "--style", "container")
    (clinic / "clinic/old.py").write_text("from di.bridge import Bridge\n\nbridge = Bridge()\n", encoding="utf-8")
    mail = clinic / "clinic/services/mail.py"
    mail.write_text(mail.read_text(encoding="utf-8").replace(before, after, 1), encoding="utf-8")
    assert hand_over(capsys, "get_mail_service") == 1
    assert f"not moved: get_mail_service: {reason}" in " ".join(capsys.readouterr().out.split())


def test_a_decorator_beside_the_cache_is_not_lost(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    migrate(clinic, capsys, "--style", "container")
    services = clinic / "clinic/services/appointments.py"
    written = services.read_text(encoding="utf-8")
    services.write_text(written.replace("@lru_cache", "@traced\n@lru_cache"), encoding="utf-8")
    assert hand_over(capsys, "get_appointment_service") == 1
    assert "it has another decorator than the one that keeps its instance" in capsys.readouterr().out
    assert "@traced\n@lru_cache" in services.read_text(encoding="utf-8")


def test_a_constructor_gets_no_parameter_whose_import_would_close_a_cycle(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(clinic, capsys, "--style", "container")
    with (clinic / "clinic/services/mail.py").open("a", encoding="utf-8") as file:
        file.write("\n\nif logging:\n    import clinic.services.reminders\n")
    assert hand_over(capsys, "get_mail_service", "get_reminder_service") == 0
    assert "still asked in line 8: importing MailService closes a cycle" in capsys.readouterr().out
    assert "self._mail = get_mail_service()" in (clinic / "clinic/services/reminders.py").read_text(encoding="utf-8")


def test_a_service_needs_a_container(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert hand_over(capsys, "get_mail_service") == 1
    assert "--style container --write` first; wrappers of the other style" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("addition", "reason"),
    [
        ("tests/test_more.py", "a test calls it"),
        ("tests/test_slot.py", "a test replaces its instance"),
        ("clinic/worker.py", "a worker calls it"),
        ("clinic/early.py", "it is called at import"),
        (
            "clinic/container.py",
            "it is handed on, perhaps to a container, which would ask itself (clinic/container.py:4)",
        ),
    ],
)
def test_what_relies_on_the_getter_is_named(
    addition: str, reason: str, clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = {
        "tests/test_more.py": "from clinic.services.mail import get_mail_service\n\n"
        "def test():\n    get_mail_service()\n",
        "tests/test_slot.py": "from clinic.services import mail\n\ndef test():\n    mail._mail_service = None\n",
        "clinic/worker.py": "from clinic.services.mail import get_mail_service\n\n@app.task\ndef send():\n"
        "    get_mail_service()\n",
        "clinic/container.py": "from clinic.services.mail import get_mail_service\n\ndef register(container):\n"
        "    container.singleton(object, get_mail_service)\n",
        "clinic/early.py": "from clinic.services.mail import get_mail_service\n\nmail = get_mail_service()\n",
    }
    migrate(clinic, capsys, "--style", "container")
    (clinic / addition).write_text(sources[addition], encoding="utf-8")
    assert hand_over(capsys, "get_mail_service") == 1
    assert reason in " ".join(capsys.readouterr().out.split())
