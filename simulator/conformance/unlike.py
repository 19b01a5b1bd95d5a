"""What a case says that is played step by step: what was seen is not what is demanded."""

from __future__ import annotations


class Unlike(Exception):
    """What was seen is not what is demanded; the text says both."""


def must(holds: object, otherwise: str) -> None:
    """Raise Unlike unless it ``holds``."""
    if not holds:
        raise Unlike(otherwise)
