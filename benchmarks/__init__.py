"""What injection costs, against its rivals and against code written by hand; run `scripts/bench`."""
