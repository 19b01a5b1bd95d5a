"""Runs: finding scenarios, running them, and what a run can be told meanwhile."""
