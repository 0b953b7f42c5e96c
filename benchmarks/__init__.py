"""Measurements of what injection costs; run `python -m benchmarks.requests`."""
