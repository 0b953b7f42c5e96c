"""What `di audit` writes: each format is whole, valid and says the same."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from di._command import main
from di.migration.audit import FORMATS
from tests.migration.migrating import CORPUS

SCHEMA = Path(__file__).parents[2] / "docs/audit.schema.json"


def audit(path: Path, form: str, output: Path) -> str:
    assert main(["audit", str(path), "--format", form, "--output", str(output)]) == 0
    return output.read_text(encoding="utf-8")


@pytest.mark.parametrize("package", ["lazy_globals", "other_kinds", "product", "decoys"])
def test_json_is_what_the_schema_says(package: str, tmp_path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    value = json.loads(audit(CORPUS / package, "json", tmp_path / "audit.json"))
    jsonschema_rs.validator_for(schema).validate(value)


def test_paths_are_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS / "product/api")
    value = json.loads(audit(CORPUS / "product", "json", tmp_path / "audit.json"))
    files = {each["file"] for each in (*value["accessors"], *value["calls"])}
    assert {"deps.py", "../services/billing.py", "routes/users.py"} <= files


# What SARIF 2.1.0 (OASIS, sections 3.13 to 3.58) asks of the objects that are used here.
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "uri": {"type": "string", "format": "uri-reference"},
                        "uriBaseId": {"const": "SRCROOT"},
                    },
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        }
    },
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
SARIF = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "additionalProperties": False,
                                            "required": ["id"],
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": MESSAGE,
                                                "defaultConfiguration": {
                                                    "type": "object",
                                                    "additionalProperties": False,
                                                    "properties": {"level": LEVEL},
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "originalUriBaseIds": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {"uri": {"type": "string", "format": "uri", "pattern": "/$"}},
                        },
                    },
                    "invocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["executionSuccessful"],
                            "properties": {
                                "executionSuccessful": {"type": "boolean"},
                                "toolExecutionNotifications": {
                                    "type": "array",
                                    "items": {
                                        "type": "object",
                                        "additionalProperties": False,
                                        "required": ["message"],
                                        "properties": {
                                            "level": LEVEL,
                                            "message": MESSAGE,
                                            "locations": {"type": "array", "uniqueItems": True, "items": LOCATION},
                                        },
                                    },
                                },
                            },
                        },
                    },
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["message"],
                            "properties": {
                                "ruleId": {"type": "string"},
                                "ruleIndex": {"type": "integer", "minimum": 0},
                                "level": LEVEL,
                                "message": MESSAGE,
                                "locations": {"type": "array", "items": LOCATION},
                                "partialFingerprints": {
                                    "type": "object",
                                    "additionalProperties": {"type": "string"},
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


def sarif_of(package: Path, tmp_path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(audit(package, "sarif", tmp_path / "audit.sarif"))
    jsonschema_rs.validator_for(SARIF, validate_formats=True).validate(value)
    run: dict[str, Any] = value["runs"][0]
    return run


def test_sarif_is_valid_and_its_rules_are_known(tmp_path: Path) -> None:
    run = sarif_of(CORPUS / "product", tmp_path)
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in run["results"])
    fingerprints = [each["partialFingerprints"]["accessor/v1"] for each in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)
    assert {"DI001", "DI002", "DI003", "DI007", "DI008"} <= {each["ruleId"] for each in run["results"]}


def test_sarif_names_what_was_not_read(tmp_path: Path) -> None:
    (tmp_path / "bad file.py").write_text("def (:\n", encoding="utf-8")
    notifications = sarif_of(tmp_path, tmp_path)["invocations"][0]["toolExecutionNotifications"]
    (location,) = notifications[0]["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("bad%20file.py")


class _Page(HTMLParser):
    """Notes what a page refers to, and whether its elements are closed in order."""

    VOID = frozenset({"meta", "input", "link", "img", "br", "rect", "path"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.nodes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.nodes += ("class", "node") in attrs or ("class", "node cycle") in attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(tmp_path: Path) -> None:
    text = audit(CORPUS / "product", "html", tmp_path / "audit.html")
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.references == []
    assert "@import" not in text
    assert page.nodes == 9


def test_the_page_escapes_what_it_shows(tmp_path: Path) -> None:
    folder = tmp_path / "<b>"
    folder.mkdir()
    (folder / "mail.py").write_text("class Mailer:\n    def send(self): ...\n\nmailer = Mailer()\n", encoding="utf-8")
    text = audit(folder, "html", tmp_path / "audit.html")
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_tables_are_grouped_by_module_and_name_every_accessor(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(CORPUS / "product"), "--format", form]) == 0
    written = capsys.readouterr().out.replace("\\", "")
    for text in (
        "9 accessors",
        "services/billing.py",
        "get_billing_service",
        "BillingService",
        "Cycles",
        "Asked at import",
        "Order of migration",
    ):
        assert text in written


def test_a_terminal_of_80_columns_breaks_no_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CORPUS / "product_clinic")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    main(["audit", ".", "--jobs", "1"])
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 80
    words = " ".join(" ".join(lines).split())
    for phrase in (
        "clinic/services/mail.py 20 get_mail_service kind: global; builds: MailService; asked from:",
        "get_mail_service (clinic/services/mail.py:20) risk: low; because: ",
        "lifetime: singleton",
    ):
        assert phrase in words


def test_markdown_cells_cannot_break_their_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a|b.py").write_text("def (:\n", encoding="utf-8")
    assert main(["audit", str(tmp_path), "--format", "markdown"]) == 0
    assert "a\\|b.py" in capsys.readouterr().out


@pytest.mark.parametrize("form", FORMATS)
def test_a_code_base_without_accessors_is_no_problem(form: str, tmp_path: Path) -> None:
    assert audit(CORPUS / "decoys", form, tmp_path / "report")


def test_what_cannot_be_done_is_one_message_and_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["audit", str(CORPUS / "decoys"), "--output", str(tmp_path / "no" / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_module_can_be_run(tmp_path: Path) -> None:
    output = tmp_path / "audit.json"
    subprocess.run(
        [sys.executable, "-m", "di", "audit", str(CORPUS / "decoys"), "--format", "json", "--output", str(output)],
        check=True,
        timeout=60,
    )
    assert json.loads(output.read_text(encoding="utf-8"))["accessors"] == []
