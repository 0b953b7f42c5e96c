"""Read back what a server wrote to its log since it was started."""

import json
import re
from pathlib import Path

ROTATE_AT = 5_000_000  # bytes
LAST_BYTES = 20_000
EXCEPTION = re.compile(r"^[A-Za-z_][\w.]*: \S")  # how Python names an exception at the end of a traceback


class Log:
    """A server's log file; one older part is kept beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start = 0

    def mark(self) -> None:
        """Begin a new run: a log that has grown large is set aside, and questions are about what follows."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        size = self.path.stat().st_size if self.path.exists() else 0
        if size > ROTATE_AT:
            self.path.replace(self.path.with_suffix(".old.log"))
            size = 0
        self._start = size

    def mentions(self, text: str) -> bool:
        """Tell whether this run wrote `text`."""
        return text in self._since_mark()

    def last_line(self, wanted: re.Pattern[str]) -> str:
        """Return the last line of this run that matches, else its last line, shortened to one a person can read."""
        lines = [line for line in self._since_mark().splitlines() if line.strip()]
        matching = [line for line in lines if wanted.search(line)]
        return (matching or lines or [""])[-1].strip()[:300]

    def last_error(self) -> str:
        """Return what this run failed of, from structured lines as well as from plain ones."""
        found = [error for line in self._since_mark().splitlines() if (error := _error_of(line))]
        return (found or [""])[-1][:300]

    def _since_mark(self) -> str:
        if not self.path.exists():
            return ""
        with self.path.open("rb") as file:
            file.seek(max(self._start, self.path.stat().st_size - LAST_BYTES))
            return file.read().decode(errors="replace")


def _error_of(line: str) -> str:
    """Return the exception a log line tells of, or a plain line itself."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.strip() if line[:1].strip() else ""
    if not isinstance(record, dict):
        return ""
    text = f"{record.get('event', '')}\n{record.get('exception', '')}"
    named = [part for part in text.splitlines() if EXCEPTION.match(part)]
    return named[-1] if named else ""
