"""Which runs are meant by an expression: ``renewed and not (dc or fault)``.

A word means every run that has it in one of its labels, whatever its case; what has blanks or brackets in it stands in
double quotes (``"OCPP C07"``). A number such as ``2.4`` means what begins with it: 2.4.1.1, but not 2.1.2.4. ``not``
binds more than ``and``, ``and`` more than ``or``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pncsim.wire.errors import LocalError

Selects = Callable[[Iterable[str]], bool]
"""Whether a run with these labels is meant."""

_TOKEN = re.compile(r'\s*("[^"]*"|[()]|[^\s()"]+)')
_NUMBER = re.compile(r"\d+(\\\.\d+)*")
"""A dotted number, its dots escaped."""
_WORDS_OF_OURS = ("and", "or", "not", "(", ")")


def selection(text: str) -> Selects:
    """What ``text`` selects. Raises LocalError for what is no expression."""
    reading = _Reading(text)
    chosen = reading.either()
    if reading.tokens:
        raise reading.refused(f"at {reading.tokens[0]!r} its end was expected, or `and` or `or`")
    return chosen


class _Reading:
    """The tokens that are still to be read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != "".join(text.split()) and text.count('"') % 2:
            raise self.refused("a double quote is not closed")

    def refused(self, why: str) -> LocalError:
        """The error about the whole."""
        return LocalError(
            f"{self._text!r} selects nothing: {why}.", advice="Write words with `and`, `or`, `not` and brackets."
        )

    def either(self) -> Selects:
        """Alternatives."""
        parts = [self._both()]
        while self._next("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda labels: any(part(labels) for part in parts)

    def _both(self) -> Selects:
        parts = [self._one()]
        while self._next("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda labels: all(part(labels) for part in parts)

    def _one(self) -> Selects:
        if self._next("not"):
            other = self._one()
            return lambda labels: not other(labels)
        if self._next("("):
            inside = self.either()
            if not self._next(")"):
                raise self.refused("a bracket is not closed")
            return inside
        if not self.tokens or self.tokens[0] in _WORDS_OF_OURS:
            found = repr(self.tokens[0]) if self.tokens else "its end"
            raise self.refused(f"at {found} a word was expected")
        word = re.escape(self.tokens.pop(0).strip('"'))
        number = _NUMBER.fullmatch(word)
        pattern = re.compile(rf"(?<![\d.]){word}(?!\d)" if number else word, re.IGNORECASE)
        return lambda labels: any(pattern.search(label) for label in labels)

    def _next(self, token: str) -> bool:
        if self.tokens and self.tokens[0] == token:
            self.tokens.pop(0)
            return True
        return False
