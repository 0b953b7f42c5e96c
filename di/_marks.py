"""What stands for nothing: `None` is a legal instance."""

from typing import Final


class _Missing:
    """The type of `MISSING`."""


MISSING: Final = _Missing()
