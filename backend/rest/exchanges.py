"""What a face tells of each request it answered: in few words to whoever counts, with head and body for evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from pncsim.wire.http_said import said

if TYPE_CHECKING:
    from aiohttp import web


class Exchange(Struct, frozen=True, gc=False):
    """A request and its answer, for who counts or writes them down; no header, no query and no body is told on.

    ``service`` and ``operation`` are the route's, empty where there is none. ``client`` is whose token it was, empty
    without one. ``seconds`` are the machine's, from the header read to the answer made. All else is looked up for who
    asks: most of it is for an access log alone.
    """

    request: web.Request
    answer: web.StreamResponse
    service: str
    operation: str
    client: str
    seconds: float

    @property
    def method(self) -> str:
        """As sent."""
        return self.request.method

    @property
    def path(self) -> str:
        """Decoded, and without the query."""
        return self.request.path

    @property
    def address(self) -> str:
        """The connection's other end; empty where nobody knows it."""
        return self.request.remote or ""

    @property
    def status(self) -> int:
        """The answer's."""
        return self.answer.status

    @property
    def octets(self) -> int:
        """How long the answer's body is."""
        return octets_in(self.answer)

    @property
    def error(self) -> ErrorBody:
        """What the answer says of an error."""
        return error_of(self.answer)


ExchangeReader = Callable[[Exchange], None]
"""Hears of each exchange; it must not fail, and takes no time worth mentioning."""


class ErrorBody(Struct, frozen=True):
    """What of the published error body is told on; members have the names of the body."""

    errorCode: str = ""
    traceId: str = ""


_NONE = ErrorBody()
_READ = msgspec.json.Decoder(ErrorBody)


def error_of(response: web.StreamResponse) -> ErrorBody:
    """What the error body of an answer says; empty where there is none."""
    if response.status < 400:
        return _NONE
    body = getattr(response, "body", None)  # a stream has none
    if not isinstance(body, bytes):
        return _NONE
    try:
        return _READ.decode(body)
    except msgspec.DecodeError:
        return _NONE


def octets_in(response: web.StreamResponse) -> int:
    """How long the body of an answer is; the library's own count takes ten times as long where it is all there."""
    body = getattr(response, "body", None)
    return len(body) if isinstance(body, bytes) else response.content_length or 0


async def octets_of(request: web.Request, response: web.StreamResponse) -> tuple[bytes, bytes]:
    """Head and body of both, as the application saw and made them; secrets are masked."""
    from pncsim.wire.web import web

    try:
        body = await request.read()
    except (web.HTTPException, ConnectionError):
        body = b""  # it was refused before it was read
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    answer = response.body if isinstance(response, web.Response) else b""
    return (
        said(f"{request.method} {request.raw_path} {version}", request.headers.items(), body),
        said(
            f"HTTP/1.1 {response.status} {response.reason}",
            response.headers.items(),
            answer if isinstance(answer, bytes) else b"",
        ),
    )
