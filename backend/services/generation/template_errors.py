"""What can be wrong with a template, or with what is asked of one."""

from collections.abc import Sequence
from pathlib import Path

from backend.errors import DomainError, ValidationFailed


class TemplatesInvalid(Exception):
    """List every problem of the template files, each with file and line; the process must not start with them."""

    def __init__(self, problems: Sequence[tuple[Path, int, str]]) -> None:
        self.problems = tuple(problems)
        lines = (f"  {path}:{line}: {problem}" for path, line, problem in problems)
        super().__init__("\n".join(["The template files are not usable:", *lines]))


class TemplateNotFound(DomainError):
    """Say that there is no such template."""

    code = "TEMPLATE_NOT_FOUND"
    status = 404

    def __init__(self, template_id: str, version: str) -> None:
        super().__init__("Template not found.", details={"template_id": template_id[:100], "version": version[:100]})


class UnknownVibe(ValidationFailed):
    """Say that a template has no such vibe, and which it has."""

    def __init__(self, template_id: str, vibe: str, known: Sequence[str]) -> None:
        super().__init__(
            "vibe", f"{template_id} has no vibe {vibe[:60]!r}; use one of {', '.join(known)}.", options=list(known)
        )


class QuickCreateTokenInvalid(ValidationFailed):
    """Say that a text is not a quick-create token."""

    def __init__(self) -> None:
        super().__init__(
            "custom_prompt", "A quick-create token reads __quick_create__:template:vibe | key:value | key:value."
        )


class QuickCreateTypeMismatch(ValidationFailed):
    """Say that a template makes another type of asset than was asked for."""

    def __init__(self, template_id: str, makes: str, asked: str) -> None:
        super().__init__("asset_type", f"{template_id} makes a {makes}, not a {asked}.", template_asset_type=makes)


class FieldMissing(ValidationFailed):
    """Say that a template needs a field."""

    def __init__(self, field: str, label: str) -> None:
        super().__init__(field, f"{label} is required.", type="missing")


class FieldNotAnOption(ValidationFailed):
    """Say that a field accepts only certain values."""

    def __init__(self, field: str, options: Sequence[str]) -> None:
        super().__init__(field, f"Use one of {', '.join(options)}.", type="enum", options=list(options))


class FieldNotAColor(ValidationFailed):
    """Say that a field accepts only a colour."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "Use a colour such as #FF8800.", type="string_pattern_mismatch")
