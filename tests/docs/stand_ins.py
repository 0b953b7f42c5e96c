"""What the pages use in the place of a database: it keeps what was committed, and counts the open sessions."""


class Session:
    """Collects rows until they are committed."""

    def __init__(self, database: "Database") -> None:
        self.database = database
        self.pending: list[str] = []

    def add(self, row: str) -> None:
        """Add a row, not committed yet."""
        self.pending.append(row)

    async def commit(self) -> None:
        """Keep what was added."""
        if self.database.full:
            raise ConnectionError
        self.database.rows += self.pending
        self.pending = []

    async def rollback(self) -> None:
        """Drop what was added."""
        self.pending = []

    async def close(self) -> None:
        """Give the connection back."""
        self.database.open_sessions -= 1


class Database:
    """A database in memory."""

    def __init__(self, name: str = "main") -> None:
        self.name = name
        self.rows: list[str] = []
        self.open_sessions = 0
        self.full = False  # then commits fail

    def session(self) -> Session:
        """Take a connection."""
        self.open_sessions += 1
        return Session(self)

    async def close(self) -> None:
        """Close every connection."""
