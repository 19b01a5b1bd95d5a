"""An HTTP message as it is kept for evidence: head and body as octets, without what would let somebody in.

Whoever keeps it asks first whether anybody will read it (:attr:`wire.voice.Voice.wants_bytes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = b"***"
LONGEST = 1_048_576
"""Octets of a body that are kept whole; of a longer one the size is told instead."""

_MADE_ANEW = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"})
"""Fields of one connection, or of the library that speaks there."""
_SECRET_FIELDS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_NAMES = rb"(?:[a-z_]*secret|[a-z_]*password|(?:access|refresh|id)_?token|token|code|code_verifier|assertion)"
_IN_JSON = re.compile(rb'("' + _NAMES + rb'"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_IN_FORM = re.compile(rb"((?:^|[&?])" + _NAMES + rb"=)[^&\s]*", re.IGNORECASE)


def said(first: str, fields: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """The message that begins with ``first``: its secrets masked, its Content-Length that of what is kept."""
    if len(body) > LONGEST:
        body = f"({len(body)} octets, too many to be kept)".encode()
    elif body[:1] in (b"{", b"["):
        body = _IN_JSON.sub(rb'\1"' + MASK + b'"', body)
    elif b"=" in body and body.isascii():
        body = _IN_FORM.sub(rb"\1" + MASK, body)
    head = [_IN_FORM.sub(rb"\1" + MASK, _octets(first))]
    for name, value in fields:
        if name.lower() in _MADE_ANEW:
            continue
        if name.lower() in _SECRET_FIELDS:
            # The scheme says how somebody came in; the rest is the key.
            scheme, space, _ = value.partition(" ")
            value = f"{scheme} {MASK.decode()}" if space else MASK.decode()
        head.append(_IN_FORM.sub(rb"\1" + MASK, _octets(f"{name}: {value}")))
    head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _octets(line: str) -> bytes:
    # What a peer may have put into a line is spelled out; it stays one line.
    return line.encode("utf-8", "backslashreplace").replace(b"\r", b"\\r").replace(b"\n", b"\\n")
