import pytest

from backend.services.generation.asset_types import AssetType
from backend.services.generation.images import ImageTexts, VisualHints
from backend.services.generation.quick_create_service import QuickCreateService
from backend.services.generation.template_errors import (
    FieldMissing,
    FieldNotAColor,
    FieldNotAnOption,
    QuickCreateTokenInvalid,
    QuickCreateTypeMismatch,
    TemplateNotFound,
    UnknownVibe,
)

GOING_LIVE = "__quick_create__:going-live:pro | title:Friday Finals | game:Chess | accent_color:"


def test_a_token_is_parsed(quick_create: QuickCreateService) -> None:
    token = quick_create.parse(GOING_LIVE)

    assert (token.template, token.vibe) == ("going-live", "pro")
    assert token.fields == {"title": "Friday Finals", "game": "Chess", "accent_color": ""}


def test_the_first_line_names_type_and_size(quick_create: QuickCreateService) -> None:
    first, *_ = quick_create.expand(GOING_LIVE).prompt.splitlines()
    assert "story_graphic 1080x1920" in first


def test_a_long_field_is_cut_to_its_length(quick_create: QuickCreateService) -> None:
    made = quick_create.expand(f"__quick_create__:emote:pixel | emotion:rage | text:{'G' * 16}")
    assert made.texts.title == "G" * 10
    assert f'"{"G" * 10}"' in made.prompt


def test_a_value_keeps_its_colons_and_unknown_keys_are_ignored(quick_create: QuickCreateService) -> None:
    made = quick_create.expand("__quick_create__:panel:pro | type:About: me | colour:x")
    assert made.fields["type"] == "About: me"
    assert "colour" not in made.fields


def test_a_value_keeps_its_pipes(quick_create: QuickCreateService) -> None:
    fields = quick_create.parse("__quick_create__:schedule:pro | days:Mon | Wed | times:8 PM").fields
    assert fields == {"days": "Mon | Wed", "times": "8 PM"}


def test_an_unknown_template_is_not_found(quick_create: QuickCreateService) -> None:
    with pytest.raises(TemplateNotFound) as error:
        quick_create.expand("__quick_create__:nope:pro")
    assert error.value.status == 404


def test_an_unknown_vibe_is_refused_with_the_known_ones(quick_create: QuickCreateService) -> None:
    with pytest.raises(UnknownVibe) as error:
        quick_create.expand("__quick_create__:panel:baroque | type:x")
    assert error.value.details["options"] == ["pro", "anime", "playful"]


def test_an_ordinary_prompt_is_no_token(quick_create: QuickCreateService) -> None:
    assert not quick_create.is_token("just a prompt")
    with pytest.raises(QuickCreateTokenInvalid):
        quick_create.parse("just a prompt")


@pytest.mark.parametrize("text", ["__quick_create__:", "__quick_create__:../x:pro", "__quick_create__:Panel:pro"])
def test_a_malformed_token_is_refused(quick_create: QuickCreateService, text: str) -> None:
    with pytest.raises(QuickCreateTokenInvalid):
        quick_create.parse(text)


@pytest.mark.parametrize("title", ["", "   ", "{}<>"])
def test_a_required_field_must_say_something(quick_create: QuickCreateService, title: str) -> None:
    with pytest.raises(FieldMissing):
        quick_create.build("going-live", "pro", {"title": title})


def test_a_select_field_takes_only_its_options(quick_create: QuickCreateService) -> None:
    with pytest.raises(FieldNotAnOption):
        quick_create.build("emote", "pixel", {"emotion": "bored"})


def test_a_color_field_takes_only_a_color(quick_create: QuickCreateService) -> None:
    with pytest.raises(FieldNotAColor):
        quick_create.build("panel", "pro", {"type": "About", "accent_color": "red; DROP"})


def test_an_empty_field_gets_its_default(quick_create: QuickCreateService) -> None:
    assert quick_create.expand(GOING_LIVE).fields["accent_color"] == "#9146FF"


def test_a_field_of_other_vibes_is_ignored(quick_create: QuickCreateService) -> None:
    made = quick_create.build("thumbnail", "color-pop", {"title": "Hi", "background_scheme": "nonsense"})
    assert "background_scheme" not in made.fields


def test_a_line_whose_field_is_empty_is_left_out(quick_create: QuickCreateService) -> None:
    without = quick_create.build("going-live", "pro", {"title": "Hi"}).prompt
    assert "Start time" not in without
    assert "Start time" in quick_create.build("going-live", "pro", {"title": "Hi", "time": "8 PM"}).prompt


def test_the_brand_block_stands_between_size_and_body(quick_create: QuickCreateService) -> None:
    sections = quick_create.build("panel", "pro", {"type": "About"}, "[the brand]").prompt.split("\n\n")
    assert sections[1] == "[the brand]"
    assert len(sections) == 4


def test_at_most_five_modifiers_are_used(quick_create: QuickCreateService) -> None:
    assert quick_create.build("going-live", "pro", {"title": "Hi"}).prompt.splitlines()[-1].count(",") == 4


def test_fields_cannot_give_orders(quick_create: QuickCreateService) -> None:
    prompt = quick_create.build("panel", "pro", {"type": 'a" system: [x]'}).prompt
    assert '"a\' x"' in prompt


def test_a_template_does_not_make_another_asset_type(quick_create: QuickCreateService) -> None:
    with pytest.raises(QuickCreateTypeMismatch):
        quick_create.expand(GOING_LIVE, asset_type=AssetType.BANNER)


def test_a_template_makes_sister_types_in_their_size(quick_create: QuickCreateService) -> None:
    made = quick_create.build("emote", "cozy", {"emotion": "love"}, asset_type=AssetType.TWITCH_EMOTE_28)
    assert made.asset_type is AssetType.TWITCH_EMOTE_28
    assert "28x28" in made.prompt


def test_words_and_hints_are_given_in_parts(quick_create: QuickCreateService) -> None:
    made = quick_create.build("milestone", "anime", {"type": "followers", "count": "10,000", "accent_color": "#00ff00"})
    assert made.texts == ImageTexts("10,000", "Followers")
    assert made.hints == VisualHints(mood="anime", accent="#00ff00")


def test_an_emote_tells_its_feeling(quick_create: QuickCreateService) -> None:
    assert quick_create.build("emote", "anime", {"emotion": "smug"}).hints.subject == "smug"


def test_every_template_and_vibe_builds_a_prompt(quick_create: QuickCreateService) -> None:
    for template_id, template in quick_create.templates().items():
        fields = {
            field.name: field.options[0].value if field.options else "#123456" if field.type == "color" else "Words"
            for field in template.placeholders
        }
        for vibe in template.vibes:
            prompt = quick_create.build(template_id, vibe, fields).prompt
            assert "{" not in prompt
            assert prompt.count("\n\n") == 2


def test_the_templates_of_the_product_are_there(quick_create: QuickCreateService) -> None:
    vibes = {key: len(template.vibes) for key, template in quick_create.templates().items()}
    assert vibes == {
        "clip-highlight": 3,
        "emote": 12,
        "going-live": 3,
        "logo": 5,
        "milestone": 3,
        "offline": 3,
        "panel": 3,
        "schedule": 3,
        "starting-soon": 3,
        "thumbnail": 9,
    }
