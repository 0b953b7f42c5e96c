"""The audit as JSON; `docs/audit.schema.json` describes it."""

import os
from pathlib import Path
from typing import Any

from di.migration._accessor import Accessor
from di.migration._audit import Audit, Audited
from di.migration._calls import Call
from di.migration._facts import Module
from di.migration._resets import Reset, ResetKind, Touched

SCHEMA_VERSION = 1


def relative_path(path: Path, folder: Path | None = None) -> str:
    """Write a path relative to a folder (the current one), also where it lies outside of it, with slashes."""
    return Path(os.path.relpath(path, folder or Path.cwd())).as_posix()


def to_json(audit: Audit) -> dict[str, Any]:
    """Return the audit as a value of JSON types."""
    return {
        "version": SCHEMA_VERSION,
        "summary": {
            "path": relative_path(audit.root),
            "files": audit.files,
            "lines": audit.lines,
            "accessors": len(audit.accessors),
            "calls": len(audit.calls),
            "route_calls": sum(call.context == "route" for call in audit.calls),
            "handlers": audit.handlers,
        },
        "accessors": [_accessor(each) for each in audit.accessors],
        "calls": [_call(each) for each in audit.calls],
        "resets": [_reset(each) for each in audit.resets if each.kind is not ResetKind.FILL],
        "fills": [_reset(each) for each in audit.resets if each.kind is ResetKind.FILL],
        "touched": [_touched(each) for each in audit.touched],
        "cycles": [
            {"members": [_reference(each) for each in cycle.members], "while_built": cycle.while_built}
            for cycle in audit.cycles
        ],
        "order": [_reference(each) for each in audit.order],
        "unread": [{"file": relative_path(each.path), "reason": each.reason} for each in audit.unread],
    }


def _accessor(each: Audited) -> dict[str, Any]:
    accessor = each.accessor
    return {
        "file": relative_path(accessor.module.path),
        "line": accessor.line,
        "name": accessor.name,
        "kind": accessor.kind.value,
        "variants": sorted(accessor.variants),
        "classes": list(accessor.class_names),
        "parameters": list(accessor.parameters),
        "eager": [target.name for target in each.reached.eager],
        "lazy": [target.name for target in each.reached.lazy],
        "reaches": [
            *({**_reference(target), "how": "eager"} for target in each.reached.eager),
            *({**_reference(target), "how": "lazy"} for target in each.reached.lazy),
        ],
        "asks": [_reference(target) for target in accessor.targets],
        "thread_safe": each.thread_safe,
        "never_called": each.never_called,
        "captures": [_place(call.module, call.line) for call in each.captures],
        "constructed_directly": [_place(place.module, place.line) for place in each.constructed],
        "same_class": [_reference(twin) for twin in each.twins],
        "lifetime": each.lifetime.name,
        "lifetime_reason": each.lifetime.reason,
        "risk": each.risk.level,
        "risk_score": each.risk.score,
        "risk_reasons": list(each.risk.reasons),
    }


def _call(call: Call) -> dict[str, Any]:
    return {
        **_place(call.module, call.line),
        "accessor": call.accessor.name,
        "context": call.context.value,
        "form": call.form.value,
        "detail": call.detail.value if call.detail is not None else None,
        "function": call.function.qualname if call.function is not None else None,
        "declared": _place(call.accessor.module, call.accessor.line),
    }


def _reset(reset: Reset) -> dict[str, Any]:
    return {
        **_place(reset.module, reset.function.line),
        "name": reset.function.qualname,
        "accessor": reset.accessor.name,
        "kind": reset.kind.value,
    }


def _touched(touched: Touched) -> dict[str, Any]:
    return {
        **_place(touched.module, touched.line),
        "accessor": touched.accessor.name,
        "how": touched.how.value,
        "text": touched.text,
    }


def _reference(accessor: Accessor) -> dict[str, Any]:
    return {"name": accessor.name, **_place(accessor.module, accessor.line)}


def _place(module: Module, line: int) -> dict[str, Any]:
    return {"file": relative_path(module.path), "line": line}
