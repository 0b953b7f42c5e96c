"""What a client learns of quick-create templates; prompts stay on the server."""

from typing import Self

from backend.api.schemas.base import ResponseModel
from backend.services.generation.asset_types import AssetType
from backend.services.generation.template_models import Option, Placeholder, QuickTemplate, Vibe


class DimensionsResponse(ResponseModel):
    """Give a size in pixels and its shape, e.g. 16:9."""

    width: int
    height: int
    aspect_ratio: str

    @classmethod
    def of(cls, asset_type: AssetType) -> Self:
        """Describe the size of an asset type."""
        spec = asset_type.spec
        return cls(width=spec.width, height=spec.height, aspect_ratio=spec.aspect_ratio)


class OptionResponse(ResponseModel):
    """Offer a value and its name."""

    value: str
    label: str

    @classmethod
    def all_of(cls, options: tuple[Option, ...]) -> list[Self]:
        """Describe all options."""
        return [cls(value=option.value, label=option.label) for option in options]


class FieldResponse(ResponseModel):
    """Describe one field of the form; with `show_for_vibes` it belongs to these vibes only."""

    id: str
    label: str
    type: str
    required: bool
    placeholder: str
    hint: str
    description: str
    max_length: int
    options: list[OptionResponse]
    default: str
    show_for_vibes: list[str]
    presets: list[OptionResponse]
    show_presets: bool

    @classmethod
    def of(cls, field: Placeholder) -> Self:
        """Describe a field."""
        return cls(
            id=field.name,
            label=field.label,
            type=field.type,
            required=field.required,
            placeholder=field.placeholder,
            hint=field.hint,
            description=field.description,
            max_length=field.max_length,
            options=OptionResponse.all_of(field.options),
            default=field.default,
            show_for_vibes=list(field.show_for_vibes),
            presets=OptionResponse.all_of(field.presets),
            show_presets=bool(field.presets),
        )


class VibeResponse(ResponseModel):
    """Name a look."""

    id: str
    name: str
    description: str

    @classmethod
    def all_of(cls, vibes: dict[str, Vibe]) -> list[Self]:
        """Describe all looks of a template."""
        return [cls(id=key, name=vibe.name, description=vibe.description) for key, vibe in vibes.items()]


class TemplateSummaryResponse(ResponseModel):
    """Describe a template in a list."""

    id: str
    name: str
    category: str
    asset_type: AssetType
    dimensions: DimensionsResponse
    vibes: list[VibeResponse]

    @classmethod
    def of(cls, template_id: str, template: QuickTemplate) -> Self:
        """Describe a template in short."""
        return cls(
            id=template_id,
            name=template.name,
            category=template.category,
            asset_type=template.asset_type,
            dimensions=DimensionsResponse.of(template.asset_type),
            vibes=VibeResponse.all_of(template.vibes),
        )


class TemplateListResponse(ResponseModel):
    """List the templates."""

    templates: list[TemplateSummaryResponse]


class TemplateResponse(TemplateSummaryResponse):
    """Describe a template with its form."""

    version: str
    fields: list[FieldResponse]
    quality_modifiers: list[str]

    @classmethod
    def of(cls, template_id: str, template: QuickTemplate) -> Self:
        """Describe a template and the fields of its form."""
        summary = TemplateSummaryResponse.of(template_id, template)
        return cls(
            **dict(summary),
            version=template.version,
            fields=[FieldResponse.of(field) for field in template.placeholders],
            quality_modifiers=list(template.quality_modifiers),
        )
