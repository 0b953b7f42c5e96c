"""What `import di` offers, and what it leaves for later."""

import subprocess
import sys

import pytest

import di


def test_the_package_offers_what_it_lists_and_nothing_else() -> None:
    assert [name for name in di.__all__ if getattr(di, name, None) is None] == []
    with pytest.raises(AttributeError, match="module 'di' has no attribute 'nothing'"):
        di.nothing  # noqa: B018 - asking is what is tested


def test_a_start_does_not_wait_for_what_only_people_look_at() -> None:
    code = (
        "import sys; before = set(sys.modules); import di, middleware;"
        "print([name for name in ('tomllib', 'di._graph_view') if name in sys.modules.keys() - before])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
