"""Write the text an image model gets, from an asset type, a brand kit, selections and the user's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_resolver import resolve_brand
from backend.services.generation.brand_style import BrandKitSource, BrandSelection, BrandStyle, Gradient, Intensity
from backend.services.generation.image_texts import texts_from_words
from backend.services.generation.images import ImageTexts
from backend.services.generation.prompt_text import delimit, quote, sanitize
from backend.services.generation.quick_fields import fill_lines, resolve_fields
from backend.services.generation.template_errors import UnknownVibe
from backend.services.generation.template_models import Placeholder
from backend.services.generation.template_registry import DEFAULT_VERSION, TemplateRegistry

MAX_PROMPT_LENGTH: Final = 3000
_LOGO_TEMPLATE: Final = "logo"
_MODIFIERS: Final = 5
_VERBS: Final[Mapping[Intensity, str]] = {
    Intensity.SUBTLE: "Lightly hint at this brand",
    Intensity.BALANCED: "Use this brand",
    Intensity.STRONG: "Let this brand dominate",
}
_NO_BRAND_STYLE: Final = "Style: creative, vibrant, modern."


@dataclass(frozen=True, slots=True)
class LogoVibe:
    """Name one logo style."""

    key: str
    name: str
    description: str


class PromptEngine:
    """Compose prompts; it holds nothing but the templates."""

    def __init__(self, templates: TemplateRegistry) -> None:
        self._templates = templates

    def sanitize(self, text: str, max_length: int = 500) -> str:
        """Make a user's text safe to stand in a prompt."""
        return sanitize(text, max_length)

    def resolve_brand(self, kit: BrandKitSource, selection: BrandSelection | None = None) -> BrandStyle:
        """Turn a kit and a selection into concrete values."""
        return resolve_brand(kit, selection)

    def texts(self, words: str | None, style: BrandStyle | None = None) -> ImageTexts:
        """Find the words that shall be readable in the picture: the user's, else the brand's."""
        return texts_from_words(sanitize(words or "", MAX_PROMPT_LENGTH), style)

    def brand_block(self, style: BrandStyle) -> str:
        """Say everything about the brand in one bracketed line of about 80 tokens at most."""
        colors = [style.primary, *filter(None, [style.secondary])]
        if style.accent:
            colors.append(f"accent:{style.accent}")
        logo = f"Logo: {style.logo.position} {style.logo.size}, leave this place clear" if style.logo else ""
        parts = [
            f"Colors: {' '.join(colors)}",
            f"Gradient: {_gradient(style.gradient)}" if style.gradient else "",
            f"Font: {style.headline_font}",
            f"Tone: {style.tone}",
            f"Tagline: {quote(style.tagline)}" if style.tagline else "",
            f"Text: {quote(style.catchphrase)}" if style.catchphrase else "",
            logo,
        ]
        return f"[{_VERBS[style.intensity]}: {' | '.join(part for part in parts if part)}]"

    def build_v2(
        self,
        asset_type: AssetType,
        kit: BrandKitSource,
        selection: BrandSelection | None = None,
        text: str | None = None,
    ) -> str:
        """Write the prompt for a kit and a selection."""
        return self.build_styled(asset_type, resolve_brand(kit, selection), text)

    def build_styled(self, asset_type: AssetType, style: BrandStyle, text: str | None = None) -> str:
        """Write the prompt for a brand that is resolved already."""
        words = sanitize(text or "", MAX_PROMPT_LENGTH)
        return self._compose(asset_type, self.brand_block(style), delimit(words) if words else "")

    def build_no_brand(self, asset_type: AssetType, text: str | None = None) -> str:
        """Write the prompt for a user without a kit."""
        words = sanitize(text or "", MAX_PROMPT_LENGTH)
        content = delimit(words) if words else f"Content: an eye-catching {asset_type.spec.label} for a live streamer."
        return self._compose(asset_type, _NO_BRAND_STYLE, content)

    def build_v1(
        self, asset_type: AssetType, style: BrandStyle | None, text: str | None = None, version: str = DEFAULT_VERSION
    ) -> str:
        """Fill the base template of a version, with all its modifiers; lines with nothing to say are left out."""
        template = self._templates.base(asset_type, version)
        words = sanitize(text or "", MAX_PROMPT_LENGTH)
        values = dict.fromkeys(template.placeholders, "") | {
            "width": str(asset_type.spec.width),
            "height": str(asset_type.spec.height),
            "content": quote(words) if words else "",
            "brand": self.brand_block(style) if style else _NO_BRAND_STYLE,
        }
        return "\n".join([*fill_lines(template.base_prompt, values), ", ".join(template.quality_modifiers)])

    def logo_vibes(self) -> list[LogoVibe]:
        """List the logo styles."""
        vibes = self._templates.quick(_LOGO_TEMPLATE).vibes
        return [LogoVibe(key, vibe.name, vibe.description) for key, vibe in vibes.items()]

    def logo_placeholders(self) -> tuple[Placeholder, ...]:
        """List the fields of the logo form."""
        return self._templates.quick(_LOGO_TEMPLATE).placeholders

    def logo_prompt(self, vibe: str, name: str, icon: str, background_color: str) -> str:
        """Write the prompt of a styled logo, with all modifiers; an unknown style or icon is refused."""
        template = self._templates.quick(_LOGO_TEMPLATE)
        if vibe not in template.vibes:
            raise UnknownVibe(_LOGO_TEMPLATE, vibe, list(template.vibes))
        given = {"name": name, "icon": icon, "background_color": background_color}
        fields = resolve_fields(template, vibe, given)
        body = fill_lines(template.vibes[vibe].prompt, fields.prompt_values)
        return "\n\n".join(["\n".join(body), ", ".join(template.quality_modifiers)])

    def _compose(self, asset_type: AssetType, style: str, content: str) -> str:
        modifiers = self._templates.base(asset_type).quality_modifiers[:_MODIFIERS]
        spec = asset_type.spec
        opening = f"Create a {spec.label} ({asset_type}), {spec.width}x{spec.height} pixels."
        return "\n".join(line for line in (opening, style, content, ", ".join(modifiers)) if line)


def _gradient(gradient: Gradient) -> str:
    stops = "→".join(stop.color for stop in gradient.stops)
    return f"radial {stops}" if gradient.type == "radial" else f"linear {gradient.angle:g}° {stops}"
