"""The clients of the outside, against servers that speak its protocols."""
