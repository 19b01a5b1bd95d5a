"""Measurements; `make bench` runs them all. Not installed."""
