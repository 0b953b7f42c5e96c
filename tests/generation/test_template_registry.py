import shutil
from pathlib import Path

import pytest

from backend.services.generation.asset_types import AssetType
from backend.services.generation.template_errors import TemplateNotFound, TemplatesInvalid
from backend.services.generation.template_registry import TEMPLATE_ROOT, TemplateRegistry


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TEMPLATE_ROOT, tmp_path / "templates"))


def edit(path: Path, old: str, new: str) -> int:
    """Replace text once and give the line it stood in."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("asset_type: twitch_panel", "asset_type: poster", "asset_type"),
        ("type: color,", "type: colour,", "placeholders.1.type"),
        ("max_length: 30", "max_length: many", "placeholders.0.max_length"),
        ("    prompt: |", "    prompts: |", "vibes.pro.prompts"),
        ("name: Panel", "name: [Panel", ""),
        ("version: v1", "version: v1\nversion: v1", "version is given twice"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(root: Path, old: str, new: str, expected: str) -> None:
    path = root / "quick_create" / "panel" / "v1.yaml"
    line = edit(path, old, new)

    with pytest.raises(TemplatesInvalid) as error:
        TemplateRegistry.load(root)

    found = [problem for problem in error.value.problems if problem[0] == path and expected in problem[2]]
    assert line in {problem[1] for problem in found} | {problem[1] - 1 for problem in found}


def test_all_problems_of_all_files_are_told_at_once(root: Path) -> None:
    edit(root / "quick_create" / "panel" / "v1.yaml", "version: v1", "version: v2")
    (root / "base" / "banner" / "v1.yaml").unlink()

    with pytest.raises(TemplatesInvalid) as error:
        TemplateRegistry.load(root)

    assert {path.parent.name for path, _, _ in error.value.problems} == {"panel", "banner"}


def test_a_prompt_may_only_use_fields_its_vibe_shows(root: Path) -> None:
    path = root / "quick_create" / "panel" / "v1.yaml"
    edit(path, "in strong letters: {type}", "in strong letters: {kind}")

    with pytest.raises(TemplatesInvalid, match="vibe pro: uses unknown placeholders: kind"):
        TemplateRegistry.load(root)


def test_a_second_version_is_found_beside_the_first(root: Path) -> None:
    first = root / "base" / "banner" / "v1.yaml"
    second = first.with_name("2.0_beta.yaml")
    second.write_text(first.read_text(encoding="utf-8").replace("version: v1", "version: 2.0_beta"), encoding="utf-8")

    assert TemplateRegistry.load(root).base(AssetType.BANNER, "2.0_beta").version == "2.0_beta"


@pytest.mark.parametrize("template_id", ["nope", "../quick_create/panel", "panel/v1", "", "\N{SNOWMAN}"])
def test_an_unknown_id_is_not_found(templates: TemplateRegistry, template_id: str) -> None:
    with pytest.raises(TemplateNotFound):
        templates.quick(template_id)
