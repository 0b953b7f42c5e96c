"""Who asked an old getter: places in the user's code, read from the stack."""

import asyncio.events
import asyncio.runners
import sys
from types import FrameType
from typing import Final

from di._places import OWN_PACKAGES

# Below the frames of an event loop stands whoever started it, not who asks; uvloop has no frames but its runner's.
_LOOP: Final = frozenset({asyncio.events.__file__, asyncio.runners.__file__})


def asking_place() -> str:
    """Return where the injection layer was asked, and who called the function that asked: a getter, usually."""
    frame = sys._getframe(1)  # noqa: SLF001 - the documented way to look at callers
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OWN_PACKAGES:
        frame = frame.f_back
    caller = frame.f_back
    if caller is None or frame.f_code.co_name == "<module>":
        return place_of(frame)
    return f"{place_of(frame)} (called from {place_of(caller)})"


def place_of(frame: FrameType) -> str:
    """Return `file:line` of a frame."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def importing_place(frame: FrameType | None) -> str | None:
    """Return the line of the innermost module that is being imported while a frame runs, None if none is.

    Costs a walk up the stack, to the event loop at most.
    """
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>" and _is_imported(frame):
            return place_of(frame)
        if code.co_filename in _LOOP:
            return None
        frame = frame.f_back
    return None


def _is_imported(frame: FrameType) -> bool:
    """Whether a module's own statements run because of an import: not as a script, nor by `exec` of some text."""
    name = frame.f_globals.get("__name__", "__main__")
    module = sys.modules.get(name)
    return name != "__main__" and module is not None and vars(module) is frame.f_globals
