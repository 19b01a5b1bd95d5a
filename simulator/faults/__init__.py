"""Faults on purpose: one table of what can be disturbed, how, and what the standard answers to it."""
