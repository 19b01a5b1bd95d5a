"""An HTTP request as the command that sends it again."""

from __future__ import annotations

import base64
import shlex

from pncsim.wire.http_said import MASK
from pncsim.wire.trace import HttpExchange


def curl_of(event: HttpExchange) -> str:
    """The request as a command for ``curl`` in a POSIX shell; what was masked of it is left for who sends it.

    A body that is no text is written in base64 (RFC 4648, 4) and decoded on the way.
    """
    head, _, body = event.request.partition(b"\r\n\r\n")
    _, *lines = head.decode(errors="replace").split("\r\n")
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines) if name]
    hosts = [value for name, value in fields if name.lower() == "host"]
    # Whoever serves has seen a path alone.
    url = f"http://{hosts[0]}{event.url}" if event.url.startswith("/") and hosts else event.url
    words = [f"curl -i -X {shlex.quote(event.method)} {shlex.quote(url)}"]
    for name, value in fields:
        if name.lower() not in ("host", "content-length", "accept-encoding"):
            words.append(f"-H {shlex.quote(f'{name}: {value}')}")
    lead = ""
    if body:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""
        if text and text.isprintable():
            # With --data-binary, what begins with @ would be the name of a file.
            words.append(f"{'--data-raw' if text.startswith('@') else '--data-binary'} {shlex.quote(text)}")
        else:
            lead = f"echo {base64.b64encode(body).decode()} | base64 -d | "
            words.append("--data-binary @-")
    return lead + " \\\n  ".join(words)


def masked(command: str) -> bool:
    """Whether something of it was masked, and has to be put in."""
    return MASK.decode() in command
