"""The grid: the main job with every actor killed, and silenced, at every message; what must come of it and does."""
