"""What injection libraries do in FastAPI, found out by running them; `scripts/compare` makes the table of it."""
