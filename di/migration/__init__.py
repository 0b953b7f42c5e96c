"""Reads code bases that hold services behind getters, tells what is there, and moves it to injection."""
