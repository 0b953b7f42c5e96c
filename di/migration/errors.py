"""What keeps the migration commands from doing what they were asked."""

from pathlib import Path

from di.errors import DiError

__all__ = ["EditLostError", "FreezeBaselineError", "MigrationError", "NothingToReadError"]


class MigrationError(DiError):
    """Base of what a person at a command line can mend."""


class EditLostError(MigrationError):
    """The two parsers do not agree where something stands in a file; nothing was written."""

    def __init__(self, path: Path, count: int) -> None:
        super().__init__(
            f"{path} cannot be rewritten: {count} of the places that change were not found again. Nothing was written. "
            "Name the other files after PATH to migrate them, and report this one: it is a defect of the tool."
        )


class NothingToReadError(MigrationError):
    """A path that does not exist, or below which there is no Python file."""

    def __init__(self, path: Path) -> None:
        reason = "there is no Python file below it" if path.exists() else "it does not exist"
        super().__init__(f"{path} cannot be read: {reason}. Name the folder that holds the application's packages.")


class FreezeBaselineError(MigrationError):
    """A baseline of `di freeze` that cannot be used."""

    def __init__(self, path: str, reason: str, renewal: str) -> None:
        super().__init__(
            f"Baseline {path} cannot be used: {reason}. Name another one with --baseline, "
            f"or write it with `{renewal}` and commit it."
        )
