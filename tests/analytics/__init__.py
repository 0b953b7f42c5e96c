"""Counters, flush and reports of analytics on real servers."""
