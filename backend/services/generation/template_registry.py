"""Read every template file once, at start, and refuse to start with a wrong one."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import yaml
from pydantic import ValidationError

from backend.services.generation.asset_types import ASSET_SPECS, AssetType
from backend.services.generation.template_errors import TemplateNotFound, TemplatesInvalid
from backend.services.generation.template_models import BaseTemplate, QuickTemplate

TEMPLATE_ROOT: Final = Path(__file__).parent / "templates"
DEFAULT_VERSION: Final = "v1"
_VERSION: Final = re.compile(r"[A-Za-z0-9._-]+")
_Template = TypeVar("_Template", BaseTemplate, QuickTemplate)
_Problem = tuple[Path, int, str]


class TemplateRegistry:
    """Hold the base templates by asset type and version, and the quick-create templates by id."""

    def __init__(
        self, base: Mapping[tuple[str, str], BaseTemplate], quick: Mapping[tuple[str, str], QuickTemplate]
    ) -> None:
        self._base = MappingProxyType(dict(base))
        self._quick = MappingProxyType(dict(quick))

    @classmethod
    def load(cls, root: Path = TEMPLATE_ROOT) -> "TemplateRegistry":
        """Read `base/{type}/{version}.yaml` and `quick_create/{id}/{version}.yaml`; reads files, so not on the loop.

        Raises `TemplatesInvalid` with all problems of all files.
        """
        problems: list[_Problem] = []
        base = _read_folder(root / "base", BaseTemplate, problems)
        quick = _read_folder(root / "quick_create", QuickTemplate, problems)
        missing = {spec.template for spec in ASSET_SPECS.values()} - {name for name, _ in base}
        problems.extend(
            (root / "base" / name / f"{DEFAULT_VERSION}.yaml", 1, "the file is missing") for name in sorted(missing)
        )
        if problems:
            raise TemplatesInvalid(problems)
        return cls(base, quick)

    def base(self, asset_type: AssetType, version: str = DEFAULT_VERSION) -> BaseTemplate:
        """Find the base template of an asset type."""
        try:
            return self._base[asset_type.spec.template, version]
        except KeyError:
            raise TemplateNotFound(asset_type, version) from None

    def quick(self, template_id: str, version: str = DEFAULT_VERSION) -> QuickTemplate:
        """Find a quick-create template."""
        try:
            return self._quick[template_id, version]
        except KeyError:
            raise TemplateNotFound(template_id, version) from None

    def quick_templates(self) -> dict[str, QuickTemplate]:
        """List the quick-create templates by id."""
        return {template_id: self._quick[template_id, version] for template_id, version in sorted(self._quick)}


def _read_folder(folder: Path, model: type[_Template], problems: list[_Problem]) -> dict[tuple[str, str], _Template]:
    found: dict[tuple[str, str], _Template] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        template = _read(path, model, problems)
        if template is None:
            continue
        if template.version != path.stem or not _VERSION.fullmatch(path.stem):
            problems.append((path, 1, f"version {template.version!r} does not match the file's name"))
        found[path.parent.name, path.stem] = template
    return found


def _read(path: Path, model: type[_Template], problems: list[_Problem]) -> _Template | None:
    try:
        source = path.read_text(encoding="utf-8")
        node = yaml.compose(source, yaml.SafeLoader)
        content = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        problems.append((path, error.problem_mark.line + 1 if error.problem_mark else 1, str(error.problem)))
        return None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append((path, 1, str(error)))
        return None
    if not isinstance(node, yaml.MappingNode):
        problems.append((path, 1, "the file does not hold a mapping"))
        return None
    _refuse_duplicate_keys(path, node, problems)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems.extend(
            (path, _line_of(node, item["loc"]), _describe(item["loc"], item["msg"])) for item in error.errors()
        )
        return None


def _refuse_duplicate_keys(path: Path, node: yaml.Node, problems: list[_Problem]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_duplicate_keys(path, item, problems)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                problems.append((path, key.start_mark.line + 1, f"{key.value} is given twice"))
            seen.add(str(key.value))
            _refuse_duplicate_keys(path, value, problems)


def _line_of(node: yaml.Node, location: Iterable[int | str]) -> int:
    """Follow a path of keys as far as the file goes; a missing key gives the line of what should hold it."""
    line = node.start_mark.line + 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _describe(location: Iterable[int | str], message: str) -> str:
    path = ".".join(str(step) for step in location)
    text = message.removeprefix("Value error, ")
    return f"{path}: {text}" if path else text
