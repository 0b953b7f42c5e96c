"""Expand a short token of the client into a full prompt, so that prompt bodies stay on the server."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from backend.services.generation.asset_types import AssetType
from backend.services.generation.images import ImageTexts, VisualHints
from backend.services.generation.quick_fields import fill_lines, resolve_fields
from backend.services.generation.template_errors import QuickCreateTokenInvalid, QuickCreateTypeMismatch, UnknownVibe
from backend.services.generation.template_models import QuickTemplate
from backend.services.generation.template_registry import TemplateRegistry

TOKEN_PREFIX: Final = "__quick_create__:"  # noqa: S105 - a marker, not a secret
_HEAD: Final = re.compile(r"([a-z-]+):([a-z0-9-]+)")
_NEXT_FIELD: Final = re.compile(r"\s*\|\s*(?=[A-Za-z][A-Za-z0-9_]*:)")
_TITLE_FIELDS: Final = ("title", "message", "text", "name", "count", "days", "type")
_SUBTITLE_FIELDS: Final = ("subtitle", "game", "times", "schedule", "type")
_DETAIL_FIELDS: Final = ("time",)
_MODIFIERS: Final = 5


@dataclass(frozen=True, slots=True)
class QuickCreateToken:
    """Hold what a token says, not yet checked against any template."""

    template: str
    vibe: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuickPrompt:
    """Carry the expanded prompt, and the same in parts for a renderer that cannot read.

    `fields` are the checked values by name, as a person reads them.
    """

    prompt: str = field(repr=False)
    asset_type: AssetType
    texts: ImageTexts
    hints: VisualHints
    fields: Mapping[str, str]


class QuickCreateService:
    """Read tokens and build prompts from quick-create templates."""

    def __init__(self, templates: TemplateRegistry) -> None:
        self._templates = templates

    def templates(self) -> dict[str, QuickTemplate]:
        """List the templates by id."""
        return self._templates.quick_templates()

    def template(self, template_id: str) -> QuickTemplate:
        """Find a template, or raise `TemplateNotFound`."""
        return self._templates.quick(template_id)

    def is_token(self, text: str) -> bool:
        """Say whether a prompt claims to be a token."""
        return text.startswith(TOKEN_PREFIX)

    def parse(self, text: str) -> QuickCreateToken:
        """Read a token; a value may hold colons, and a pipe where no `key:` follows it."""
        if not self.is_token(text):
            raise QuickCreateTokenInvalid
        head, *pairs = _NEXT_FIELD.split(text.removeprefix(TOKEN_PREFIX).strip())
        match = _HEAD.fullmatch(head.strip(" |"))
        if match is None:
            raise QuickCreateTokenInvalid
        fields = {key.strip(): value.strip() for key, _, value in (pair.partition(":") for pair in pairs)}
        return QuickCreateToken(match[1], match[2], fields)

    def expand(self, text: str, *, asset_type: AssetType | None = None, brand_block: str | None = None) -> QuickPrompt:
        """Read a token and build its prompt; an `asset_type` must be the one the template makes."""
        token = self.parse(text)
        return self.build(token.template, token.vibe, token.fields, brand_block, asset_type=asset_type)

    def build(
        self,
        template_id: str,
        vibe_id: str,
        fields: Mapping[str, str],
        brand_block: str | None = None,
        *,
        asset_type: AssetType | None = None,
    ) -> QuickPrompt:
        """Write the prompt: asset type and size, brand, the vibe's body with the fields, at most five modifiers.

        Raises `TemplateNotFound`, `UnknownVibe`, `QuickCreateTypeMismatch` or what is wrong with a field.
        """
        template = self._templates.quick(template_id)
        vibe = template.vibes.get(vibe_id)
        if vibe is None:
            raise UnknownVibe(template_id, vibe_id, list(template.vibes))
        made = asset_type or template.asset_type
        if made.spec.template != template.asset_type.spec.template:
            raise QuickCreateTypeMismatch(template_id, template.asset_type, made)
        resolved = resolve_fields(template, vibe_id, fields)
        spec = made.spec
        sections = [
            f"Create a {spec.label} ({made} {spec.width}x{spec.height}).",
            brand_block or "",
            "\n".join(fill_lines(vibe.prompt, resolved.prompt_values)),
            ", ".join(template.quality_modifiers[:_MODIFIERS]),
        ]
        return QuickPrompt(
            "\n\n".join(section for section in sections if section),
            made,
            _texts(resolved.shown),
            _hints(vibe_id, resolved.values),
            resolved.shown,
        )


def _texts(shown: Mapping[str, str]) -> ImageTexts:
    """Choose what is to be read in the picture; "Follower goal" is the subtitle of a count and a title on its own."""
    remaining = {name: value for name, value in shown.items() if value}
    chosen = []
    for names in (_TITLE_FIELDS, _SUBTITLE_FIELDS, _DETAIL_FIELDS):
        name = next((name for name in names if name in remaining), None)
        chosen.append(remaining.pop(name) if name else "")
    return ImageTexts(*chosen)


def _hints(vibe: str, values: Mapping[str, str]) -> VisualHints:
    return VisualHints(
        mood=vibe,
        subject=values.get("emotion") or values.get("icon") or "",
        accent=values.get("accent_color", ""),
        background=values.get("background_color") or values.get("background_scheme") or "",
    )
