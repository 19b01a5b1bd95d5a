"""Spans of time as people write them: ``30d``."""

from __future__ import annotations

import math


def duration(text: str) -> float:
    """Seconds of ``90``, ``15m``, ``12h``, ``30d`` or ``1y`` (365 days), also negative. Raises ValueError."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        seconds = float(number) * unit
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise ValueError(f"{text!r} is no duration: a number with s, m, h, d, w or y, for instance 30d")
    return seconds


def pause(text: str) -> float:
    """A :func:`duration` to wait: above 0. Raises ValueError."""
    seconds = duration(text)
    if seconds <= 0:
        raise ValueError(f"{text!r} is no time to wait: it has to be above 0")
    return seconds
