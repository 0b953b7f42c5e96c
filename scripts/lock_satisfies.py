"""Tell, without network, whether requirements.lock holds a fitting version of everything pyproject.toml asks for."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[1]


def main() -> None:
    """End with a line per missing or unfitting package."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked: dict[str, list[Version]] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (CHECKOUT / "requirements.lock").read_text(), re.MULTILINE
    ):
        locked.setdefault(canonicalize_name(name), []).append(Version(version))
    problems = [text for text in wanted if not _is_met(Requirement(text), locked)]
    if problems:
        sys.exit("requirements.lock does not satisfy: " + ", ".join(problems) + "; run scripts/lock")


def _is_met(requirement: Requirement, locked: dict[str, list[Version]]) -> bool:
    versions = locked.get(canonicalize_name(requirement.name), [])
    return bool(versions) and all(requirement.specifier.contains(version, prereleases=True) for version in versions)


if __name__ == "__main__":
    main()
