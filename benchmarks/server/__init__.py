"""AuraStream through a real uvicorn under load: with injection, and the same routes with module globals."""
