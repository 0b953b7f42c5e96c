from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from backend.services.branding.vocabulary import BrandFont
from backend.services.generation.drawing.typefaces import FONT_ROOT, Face, FontLibrary


def drawn(face: Face, text: str) -> bytes:
    image = Image.new("L", (80, 80))
    ImageDraw.Draw(image).text((10, 60), text, 255, face.at(32), anchor="ls")
    return image.tobytes()


def test_every_font_a_kit_may_name_is_bundled_in_two_weights(fonts: FontLibrary) -> None:
    assert set(fonts.families) == {font.value for font in BrandFont}
    for family in fonts.families:
        assert {fonts.typeface(family, weight).faces[0].weight for weight in (400, 700)} == {400, 700}


def test_every_bundled_font_comes_with_its_licence() -> None:
    folders = [path for path in FONT_ROOT.iterdir() if path.is_dir()]
    assert len(folders) == 28
    for folder in folders:
        assert "licen" in (folder / "LICENSE").read_text(encoding="utf-8").lower()


def test_the_bundle_stays_small() -> None:
    assert sum(path.stat().st_size for path in Path(FONT_ROOT).rglob("*") if path.is_file()) < 5_000_000


def test_the_index_lists_glyphs_the_files_have(fonts: FontLibrary) -> None:
    """A private-use character is in no file, so it draws what each font shows for a missing glyph."""
    for family in (*fonts.families, "Noto Sans", "Noto Sans JP", "Noto Sans KR", "Noto Emoji"):
        for face in {face for face in fonts.typeface(family, 700).faces if face.name == family}:
            missing = drawn(face, "\ue123")
            letter = next(chr(code) for code in face.starts if chr(code).isalnum() or family == "Noto Emoji")
            assert drawn(face, letter) != missing, (family, face.starts[0])


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Łódź", "Poppins"),
        ("Игра", "Noto Sans"),
        ("παίζω", "Noto Sans"),
        ("لعبة", "Noto Sans Arabic"),
        ("משחק", "Noto Sans Hebrew"),
        ("เกม", "Noto Sans Thai"),
        ("खेल", "Noto Sans Devanagari"),
        ("遊び", "Noto Sans JP"),
        ("게임", "Noto Sans KR"),
        ("🎮", "Noto Emoji"),
    ],
)
def test_characters_outside_the_brands_font_come_from_another(fonts: FontLibrary, text: str, family: str) -> None:
    assert {face.name for face, _ in fonts.typeface("Poppins", 700).runs(text)} == {family}


def test_characters_no_font_has_are_left_out(fonts: FontLibrary) -> None:
    assert fonts.typeface("Lato", 400).drawable("a\U00013000 b\ue000c") == "a bc"


def test_mixed_text_keeps_every_character_in_order(fonts: FontLibrary) -> None:
    runs = fonts.typeface("Lato", 700).runs("Играй, now 🎮 최강!")
    assert "".join(text for _, text in runs) == "Играй, now 🎮 최강!"


def test_an_unknown_family_is_set_in_inter(fonts: FontLibrary) -> None:
    assert fonts.typeface("Comic Papyrus", 400).family == "Inter"


@pytest.mark.parametrize(("weight", "nearest"), [(100, 400), (500, 400), (600, 700), (900, 700)])
def test_a_weight_becomes_the_nearest_there_is(fonts: FontLibrary, weight: int, nearest: int) -> None:
    assert fonts.typeface("Rubik", weight).faces[0].weight == nearest
