import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.services.generation.drawing.lettering import TextBlock, set_text
from backend.services.generation.drawing.typefaces import FontLibrary


def lines(block: TextBlock) -> list[str]:
    return ["".join(text for _, text in line.pieces) for line in block.lines]


@given(
    text=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60),
    width=st.integers(20, 900),
    height=st.integers(12, 400),
    family=st.sampled_from(["Oswald", "Playfair Display", "Montserrat"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_text_always_fits_its_box_and_is_never_clipped(
    fonts: FontLibrary, text: str, width: int, height: int, family: str
) -> None:
    block = set_text(text, fonts.typeface(family, 700), width, height, largest=200)

    assert block.width <= width * 1.02 + 1
    assert block.height <= height * 1.02 + 1
    for mask, _, _ in block.masks(0, 0, "left"):
        ink = mask.getbbox()
        assert ink is None or (ink[0] > 0 and ink[2] < mask.width)


def test_lines_are_balanced(fonts: FontLibrary) -> None:
    block = set_text("Ranked climb with all viewers", fonts.typeface("Inter", 700), 400, 300, largest=60, most_lines=2)
    assert lines(block) == ["Ranked climb", "with all viewers"]


def test_short_text_stays_on_one_line_at_the_largest_size(fonts: FontLibrary) -> None:
    block = set_text("GG", fonts.typeface("Inter", 700), 1000, 300, largest=60)
    assert lines(block) == ["GG"]
    assert block.size == 60


def test_a_list_is_not_torn_at_its_signs(fonts: FontLibrary) -> None:
    block = set_text("Mon · Wed · Fri", fonts.typeface("Inter", 700), 500, 300, largest=120, most_lines=2)
    assert lines(block) == ["Mon · Wed · Fri"]


def test_one_endless_word_is_broken_rather_than_tiny(fonts: FontLibrary) -> None:
    block = set_text("a" * 120, fonts.typeface("Inter", 700), 300, 300, largest=60)
    assert len(block.lines) == 3
    assert block.size > 9


def test_japanese_breaks_between_characters_but_not_before_a_closing_sign(fonts: FontLibrary) -> None:
    block = set_text("最強のボスを倒した！", fonts.typeface("Inter", 700), 300, 300, largest=90)  # noqa: RUF001 - a Japanese sign
    assert len(block.lines) > 1
    assert not any(line.startswith("！") for line in lines(block))  # noqa: RUF001 - a Japanese sign


def test_korean_keeps_its_spaces(fonts: FontLibrary) -> None:
    block = set_text("오늘 밤 방송", fonts.typeface("Inter", 700), 2000, 100, largest=60, most_lines=1)
    assert lines(block) == ["오늘 밤 방송"]


def test_right_to_left_text_with_a_foreign_word_is_ordered_from_the_right(fonts: FontLibrary) -> None:
    block = set_text("بث 게임", fonts.typeface("Inter", 700), 2000, 100, largest=60, most_lines=1)
    assert [face.name for face, _ in block.lines[0].pieces][-1] == "Noto Sans Arabic"


@pytest.mark.parametrize("text", ["", "   ", "\ue000"])
def test_nothing_to_set_gives_an_empty_block(fonts: FontLibrary, text: str) -> None:
    block = set_text(text, fonts.typeface("Inter", 700), 100, 100, largest=60)
    assert (block.lines, block.width, block.height) == ((), 0, 0)
