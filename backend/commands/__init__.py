"""What `aurastream` can be told to do, one module per command."""
