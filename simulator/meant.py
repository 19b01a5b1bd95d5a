"""What a person may have meant by a word that is none of those known."""

from __future__ import annotations

from collections.abc import Iterable


def meant(word: str, known: Iterable[str]) -> str:
    """``Did you mean …?`` with the word of ``known`` that comes nearest; empty where none comes near."""
    from difflib import get_close_matches

    nearest = get_close_matches(word, list(known), 1)
    return f"Did you mean {nearest[0]}?" if nearest else ""
