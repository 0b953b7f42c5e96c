"""Check the fields of a quick-create form and write them into its prompt."""

from collections.abc import Mapping
from dataclasses import dataclass

from backend.services.generation.prompt_text import quote, sanitize
from backend.services.generation.template_errors import FieldMissing, FieldNotAColor, FieldNotAnOption
from backend.services.generation.template_models import HEX_COLOR, Placeholder, QuickTemplate, placeholder_names


@dataclass(frozen=True, slots=True)
class ResolvedFields:
    """Hold each shown field's value as it is, as a person reads it (`shown`), and as the prompt has it."""

    values: Mapping[str, str]
    shown: Mapping[str, str]
    prompt_values: Mapping[str, str]


def resolve_fields(template: QuickTemplate, vibe: str, given: Mapping[str, str]) -> ResolvedFields:
    """Sanitise what was given, put defaults in the place of what was not, refuse what the form does not allow.

    Unknown keys, and fields this vibe does not show, are ignored.
    """
    values: dict[str, str] = {}
    shown: dict[str, str] = {}
    prompt_values: dict[str, str] = {}
    for field in template.placeholders:
        if not field.shown_for(vibe):
            continue
        value = sanitize(given.get(field.name, ""), field.max_length) or field.default
        if not value and field.required:
            raise FieldMissing(field.name, field.label)
        values[field.name] = value
        shown[field.name], prompt_values[field.name] = _check(field, value) if value else ("", "")
    return ResolvedFields(values, shown, prompt_values)


def fill_lines(body: str, values: Mapping[str, str]) -> list[str]:
    """Put values into a prompt line by line; a line that names fields, none of which has a value, is left out."""
    lines = []
    for line in body.splitlines():
        names = placeholder_names(line)
        if line.strip() and (not names or any(values.get(name) for name in names)):
            lines.append(line.strip().format_map({name: values.get(name, "") for name in names}))
    return lines


def _check(field: Placeholder, value: str) -> tuple[str, str]:
    if field.type == "select":
        label = next((option.label for option in field.options if option.value == value), None)
        if label is None:
            raise FieldNotAnOption(field.name, [option.value for option in field.options])
        return label, label.lower()
    if field.type == "color":
        if not HEX_COLOR.fullmatch(value):
            raise FieldNotAColor(field.name)
        return value.upper(), value.upper()
    return value, quote(value)
