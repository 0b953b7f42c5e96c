"""What kits and sections may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from backend.services.branding.brand_kit_data import BrandKitDraft, BrandKitPatch
from backend.services.branding.sections import SECTION_COLUMNS, SECTION_MODELS, Voice
from backend.services.branding.vocabulary import KitTone, Section, VoiceTone

KIT: dict[str, Any] = {
    "name": "  Night Owl ",
    "primary_colors": ["#1a2b3c", "#ffffff"],
    "fonts": {"headline": "Oswald", "body": "Open Sans"},
}


def test_kit_is_kept_trimmed_and_in_upper_case_colors() -> None:
    draft = BrandKitDraft.model_validate(KIT)
    assert (draft.name, draft.primary_colors) == ("Night Owl", ("#1A2B3C", "#FFFFFF"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("name", None),
        ("name", "a\x00b"),
        ("primary_colors", []),
        ("primary_colors", ["#111111"] * 6),
        ("primary_colors", ["red"]),
        ("primary_colors", ["#12345g"]),
        ("primary_colors", ["#1234567"]),
        ("accent_colors", ["#111111"] * 4),
        ("fonts", {"headline": "Comic Sans", "body": "Inter"}),
        ("fonts", {"headline": "Inter"}),
        ("tone", "grumpy"),
        ("style_reference", "x" * 501),
        ("logo_url", "javascript:alert(1)"),
        ("logo_url", "https://" + "x" * 3000),
        ("surprise", 1),
        ("is_active", True),
    ],
)
def test_invalid_kit_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        BrandKitDraft.model_validate(KIT | {field: value})
    assert {problem["loc"][0] for problem in refused.value.errors()} == {field}


@pytest.mark.parametrize("field", ["name", "primary_colors", "accent_colors", "fonts", "tone"])
def test_null_is_refused_where_a_kit_needs_a_value(field: str) -> None:
    with pytest.raises(ValidationError):
        BrandKitPatch.model_validate({field: None})


def test_patch_knows_null_from_nothing() -> None:
    patch = BrandKitPatch.model_validate({"logo_url": None})
    assert patch.model_dump(exclude_unset=True) == {"logo_url": None}


def test_patch_documents_no_default() -> None:
    fields = BrandKitPatch.model_json_schema()["properties"].values()
    assert not [field for field in fields if "default" in field]


@pytest.mark.parametrize(
    ("section", "value"),
    [
        (Section.COLORS, {"primary": [{"hex": "#000000", "name": "x"}] * 6}),
        (Section.COLORS, {"accent": [{"hex": "#000000", "name": "x"}] * 4}),
        (Section.COLORS, {"primary": [{"hex": "000000", "name": "x"}]}),
        (Section.COLORS, {"primary": [{"hex": "#000000", "name": "x" * 51}]}),
        (Section.COLORS, {"gradients": [{"name": "g", "stops": [{"color": "#000000", "position": 0}]}]}),
        (
            Section.COLORS,
            {"gradients": [{"name": "g", "stops": [{"color": "#000000", "position": p} for p in (50, 10)]}]},
        ),
        (
            Section.COLORS,
            {"gradients": [{"name": "g", "angle": 361, "stops": [{"color": "#000000", "position": 1}] * 2}]},
        ),
        (Section.TYPOGRAPHY, {"headline": {"family": "Inter", "weight": 450}}),
        (Section.TYPOGRAPHY, {"headline": {"family": "", "weight": 400}}),
        (Section.VOICE, {"tone": "grumpy"}),
        (Section.VOICE, {"personality_traits": ["x" * 31]}),
        (Section.VOICE, {"catchphrases": ["a"] * 11}),
        (Section.VOICE, {"tagline": "x" * 101}),
        (Section.VOICE, {"tagline": "a\x00b"}),
        (Section.GUIDELINES, {"logo_min_size_px": 15}),
        (Section.GUIDELINES, {"logo_clear_space_ratio": 0.05}),
        (Section.GUIDELINES, {"primary_color_ratio": 60, "secondary_color_ratio": 30, "accent_color_ratio": 11}),
        (Section.GUIDELINES, {"prohibited_modifications": ["x"] * 11}),
        (Section.STREAMER_ASSETS, {"overlays": [{"id": "a", "url": "ftp://x", "overlay_type": "brb"}]}),
        (Section.STREAMER_ASSETS, {"alerts": [{"id": "../x", "image_url": "https://x.y", "alert_type": "raid"}]}),
        (Section.SOCIAL_PROFILES, {"profiles": [{"platform": "x", "username": "y", "url": "javascript:alert(1)"}]}),
        (Section.LOGOS, {"watermark_opacity": 101}),
        (Section.VOICE, {"surprise": 1}),
        (Section.VOICE, []),
    ],
)
def test_invalid_section_is_refused(section: Section, value: object) -> None:
    with pytest.raises(ValidationError):
        SECTION_MODELS[section].model_validate(value)


@pytest.mark.parametrize("section", list(Section))
def test_empty_section_is_its_defaults_and_survives_json(section: Section) -> None:
    model = SECTION_MODELS[section]
    assert model.model_validate(model().model_dump(mode="json")) == model() == model.model_validate({})


def test_every_section_has_a_column_of_its_own() -> None:
    assert len(set(SECTION_COLUMNS.values())) == len(Section) == len(SECTION_MODELS)


def test_every_tone_of_a_kit_is_a_tone_of_a_voice() -> None:
    assert {tone.value for tone in KitTone} < {tone.value for tone in VoiceTone}


def test_voice_is_casual_until_told_otherwise() -> None:
    assert Voice().tone == "casual"
