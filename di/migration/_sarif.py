"""The audit as SARIF 2.1.0, which code hosts show beside the lines."""

import hashlib
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from di.migration._audit import Audit
from di.migration._facts import Unread
from di.migration._findings import RULES, Finding, Rule, find
from di.migration._json import relative_path

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(audit: Audit) -> dict[str, Any]:
    """Return the audit as a SARIF log of one run."""
    seen: Counter[str] = Counter()
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver()},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"SRCROOT": {"uri": Path.cwd().as_uri() + "/"}},
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_notification(each) for each in audit.unread],
                    }
                ],
                "results": [_result(each, seen) for each in find(audit)],
            }
        ],
    }


def _driver() -> dict[str, Any]:
    driver: dict[str, Any] = {"name": "di audit", "rules": [_rule(each) for each in RULES]}
    try:
        driver["version"] = version("aurastream")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return driver
    return driver


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(finding: Finding, seen: Counter[str]) -> dict[str, Any]:
    identity = f"{finding.rule.id}:{relative_path(finding.path)}:{finding.identity}"
    seen[identity] += 1
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.index(finding.rule),
        "level": finding.rule.level,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": {**_artifact(finding.path), "region": {"startLine": finding.line}}}],
        "partialFingerprints": {
            "accessor/v1": hashlib.sha256(f"{identity}:{seen[identity]}".encode()).hexdigest(),
        },
    }


def _notification(unread: Unread) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": unread.reason},
        "locations": [{"physicalLocation": _artifact(unread.path)}],
    }


def _artifact(path: Path) -> dict[str, Any]:
    return {"artifactLocation": {"uri": quote(relative_path(path)), "uriBaseId": "SRCROOT"}}
