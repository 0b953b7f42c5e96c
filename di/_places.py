"""Places in the user's code, for error texts."""

import sys
from typing import Final

OWN_PACKAGES: Final = frozenset({"di", "middleware", "lagom", "contextlib"})


def calling_line() -> str:
    """Return `file:line` of the innermost frame outside of the injection layer: where something was registered."""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at callers
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OWN_PACKAGES:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
