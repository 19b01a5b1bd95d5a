"""OCPP frames over WebSocket (aiohttp), both ends. Import it only where sockets are wanted: aiohttp costs 200 ms.

Part 4: the subprotocol says the version, the last path segment the identity, percent-encoded; Part 2 A: Basic
authentication before the upgrade, 401 for wrong credentials, 404 for an unknown identity.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote, unquote

from pncsim.wire.errors import Kind, LocalError, PeerError
from pncsim.wire.listener import LIMITS, HttpListener, Limits
from pncsim.wire.ocpp.channel import TURN, Admission, Connector, FrameChannel
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.ocpp.handshake import (
    LinkSecurity,
    distrusted,
    out_of_date,
    refused_in_handshake,
    security_of,
    turned_away,
)
from pncsim.wire.ocpp.session import MAX_TEXT
from pncsim.wire.ocpp.versions import V201, OcppVersion
from pncsim.wire.streams import Gate
from pncsim.wire.urls import opened, without_password
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice
from pncsim.wire.web import aiohttp, web

MAX_BYTES = 4 * MAX_TEXT

MAX_UNSENT = 1024
"""Frames that may wait for a peer that does not read."""

CLOSING = 2.0
"""Seconds of machine time for a close; a peer that does not even read is then cut off."""

STATIONS = replace(LIMITS, connections=10_000)
"""What guests of a CSMS may take: stations stay connected."""

_SIGNS = (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG)

Admit = Callable[[str, str | None, str | None], Admission | Awaitable[Admission]]
"""(identity of the path, Basic user or None, password or None) -> whether this station may come in."""

AdmitCertified = Callable[[str, LinkSecurity], Awaitable[Admission]]
"""As :data:`Admit` where stations show certificates (security profile 3): by what was shown, without a password."""

Serve = Callable[[str, "WebSocketChannel"], Awaitable[None]]
"""Serves one connection of a station until it ends."""


class WebSocketChannel:
    """A :class:`wire.ocpp.channel.FrameChannel` over an open WebSocket. ``unsent`` are the texts that wait for room.

    ``secured``: what the station's end sees of its TLS, where it has any.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
        version: OcppVersion,
        session: aiohttp.ClientSession | None = None,
        *,
        abort: Callable[[], None] = lambda: None,
        secured: LinkSecurity | None = None,
    ) -> None:
        self.version = version
        self.secured = secured
        self.close_code: int | None = None
        self.close_reason = ""
        self.unsent: deque[str] = deque()
        self._socket = socket
        self._session = session
        self._abort = abort
        self._writer: asyncio.Task[None] | None = None
        self._taken = Gate()
        self._pongs = 0
        self._ponged = Gate()

    def post(self, frame: Frame) -> None:
        """As FrameChannel."""
        if self.close_code is None:
            self.unsent.append(frame.text)
            if self._writer is None:
                self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        # Beside the reader, so that a peer that stops reading delays nobody's timeout.
        try:
            while self.unsent:
                await self._socket.send_str(self.unsent[0])
                self.unsent.popleft()
                self._taken.open()
        except (ConnectionError, aiohttp.ClientError):
            self.unsent.clear()  # the reader meets the same end and tells everybody
        finally:
            self._writer = None
            self._taken.open()

    async def deliver(self, to: Callable[[Frame], None]) -> None:
        """As FrameChannel. While a peer that does not read has MAX_UNSENT frames to take, it is not read either."""
        frames = 0
        while (text := await self.receive()) is not None:
            frames += 1
            if frames % TURN == 0:
                await asyncio.sleep(0)  # what has arrived already is received without waiting
            while len(self.unsent) > MAX_UNSENT and self.close_code is None:
                await self._taken.wait()
            to(Frame(text))

    async def receive(self) -> str | None:
        """The next text, or None after the end. A binary frame closes the connection (1003): OCPP-J is text."""
        while (message := await self._socket.receive()).type in _SIGNS:
            await self._signed_on(message)
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.BINARY:
            await self.close(1003, "text frames only")
        elif self.close_code is not None:
            # This side is closing: what is open is still needed for the close frame, and released by :meth:`close`.
            return None
        else:
            self.close_code = self._socket.close_code or 1006
            if message.type is aiohttp.WSMsgType.CLOSE:
                self.close_reason = str(message.extra or "")
            elif message.type is aiohttp.WSMsgType.ERROR:
                self.close_reason = str(message.data)
        await self._release()
        return None

    async def _signed_on(self, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.PONG:
            self._pongs += 1
            self._ponged.open()
            return
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):  # the reader meets the same end
            await self._socket.pong(message.data)

    async def ping(self) -> None:
        """As FrameChannel."""
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):  # the reader meets the same end
            before = self._pongs
            await self._socket.ping()
            while self._pongs == before and self.close_code is None:
                await self._ponged.wait()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """As FrameChannel. ``reason`` is cut to the 123 octets a close frame can carry."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
            try:
                # What is on its way, and the close frame, wait for room that a peer that does not read never makes.
                async with asyncio.timeout(CLOSING):
                    if self._writer is not None:
                        await self._writer
                    await self._socket.close(code=code, message=reason.encode()[:123])
            except TimeoutError:
                self._abort()
            self._taken.open()
        await self._release()

    async def _release(self) -> None:
        self._ponged.open()
        if self._session is not None:
            await self._session.close()


async def connect(
    url: str,
    identity: str,
    *,
    versions: Sequence[OcppVersion] = (V201,),
    password: str | None = None,
    tls: ssl.SSLContext | None = None,
    compress: bool = False,
    opening_timeout: float = 10.0,
    now: Callable[[], float] | None = None,
) -> WebSocketChannel:
    """Connect station ``identity`` to the CSMS endpoint ``url`` (ws:// or wss://, without the identity).

    ``versions`` are offered, the preferred one first; the channel's is what the CSMS chose. ``tls`` is needed for wss
    (see wire.ocpp.tls); with ``now`` the CSMS's certificate is also checked at lab time.
    A user and a password in ``url`` count where none is given; they are shown nowhere. Raises PeerError with the HTTP
    status, the TLS failure or the missing subprotocol; LocalError for a url that cannot be used.
    """
    try:
        url, user, told = opened(url)
    except ValueError:
        raise LocalError(f"{without_password(url)} cannot be used as the CSMS's address: it cannot be read.") from None
    address = f"{url.rstrip('/')}/{quote(identity, safe='')}"
    if not url.startswith("wss://" if tls is not None else "ws://"):
        wanted = "wss://" if tls is not None else "wss:// (or ws:// without TLS)"
        raise LocalError(f"{without_password(url)} cannot be used as the CSMS's address: it must begin with {wanted}.")
    password = password or told
    headers = {} if password is None else {"Authorization": basic(user or identity, password)}
    session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=opening_timeout))
    try:
        socket = await session.ws_connect(
            address,
            protocols=[version.subprotocol for version in versions],
            headers=headers,
            ssl=tls if tls is not None else True,
            compress=15 if compress else 0,
            autoping=False,
            max_msg_size=MAX_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=opening_timeout),
        )
    except BaseException as error:
        await session.close()
        raise _refusal(without_password(address), error) from error
    link = None if tls is None else socket.get_extra_info("ssl_object")
    secured = None if link is None else security_of(link)
    if now is not None and secured is not None:
        late = out_of_date(f"The CSMS at {address}", secured.shown, now())
        if late is not None:
            await socket.close(code=1008)
            await session.close()
            raise late
    chosen = next((version for version in versions if version.subprotocol == socket.protocol), None)
    if chosen is None:
        await socket.close(code=1002)
        await session.close()
        offered = " or ".join(version.subprotocol for version in versions)
        raise PeerError(
            f"The CSMS at {address} did not choose the subprotocol {offered} (it answered {socket.protocol!r}).",
            kind="no common protocol",
            clause=versions[0].clause("3.1.2"),
        )
    return WebSocketChannel(socket, chosen, session, secured=secured)


def _refusal(address: str, error: BaseException) -> BaseException:
    """Why there is no connection. The kind says whether trying again may help: only "unreachable" and "silent" can."""
    who = f"The CSMS at {address}"
    match error:
        case aiohttp.WSServerHandshakeError(status=401 | 403 | 404 as status):
            return turned_away(who, status)
        case aiohttp.WSServerHandshakeError():
            text = f"did not upgrade to WebSocket: HTTP {error.status} {error.message}."
            kind: Kind = "unreachable" if error.status >= 500 else "no common protocol"
            advice = "" if error.status >= 500 else "Check scheme, host and path of the address."
            return PeerError(f"{who} {text}", kind=kind, advice=advice, http_status=error.status)
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as refused):
            return distrusted(who, refused)
        case aiohttp.ClientConnectorSSLError(os_error=ssl.SSLError() as refused):
            return refused_in_handshake(who, refused)
        case ssl.SSLError() | aiohttp.ClientOSError(__cause__=ssl.SSLError()):
            cause = error if isinstance(error, ssl.SSLError) else error.__cause__
            assert isinstance(cause, ssl.SSLError)
            return refused_in_handshake(who, cause)
        case aiohttp.InvalidURL():
            return LocalError(f"{address} is no WebSocket address.")
        case aiohttp.ClientConnectorDNSError(os_error=OSError(strerror=str(why))):
            return PeerError(f"{who} cannot be reached ({why}).", kind="unreachable", advice="Is the name right?")
        case aiohttp.ClientConnectorError(errno=int(number)):
            return PeerError(f"{who} cannot be reached ({os.strerror(number)}).", kind="unreachable")
        case aiohttp.ClientResponseError() | aiohttp.ServerDisconnectedError() if address.startswith("ws:"):
            return PeerError(
                f"{who} did not answer the WebSocket upgrade in HTTP.",
                kind="no common protocol",
                clause="RFC 6455 4.2.2",
                advice="Is it wss:// there, with TLS?",
            )
        case aiohttp.ServerDisconnectedError():
            return PeerError(
                f"{who} closed the connection without an answer.",
                kind="unreachable",
                advice="Does it ask for a certificate of the station (security profile 3)?",
            )
        case TimeoutError():
            # Before OSError, of which it is one. aiohttp's own say nothing.
            return PeerError(f"{who} cannot be reached (it does not answer in time).", kind="unreachable")
        case aiohttp.ClientError() | OSError():
            why = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
            return PeerError(f"{who} cannot be reached ({why}).", kind="unreachable")
    return error


def basic(user: str, password: str) -> str:
    """An Authorization header for Basic authentication in UTF-8 (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def read_basic(header: str | None) -> tuple[str | None, str | None]:
    """User and password of an Authorization header; (None, None) where there are none."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        user, colon, password = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except ValueError:  # no base64, characters outside ASCII, or octets that are no UTF-8
        return None, None
    return (user, password) if colon else (None, None)


class WebSocketServer:
    """A CSMS endpoint. ``url`` is what stations are given; :meth:`close` ends all connections with 1001.

    ``versions`` are those spoken here; among them the station's preference counts. ``admit_certified`` counts instead
    of ``admit`` where it is given. ``report`` is told in one sentence about guests that are sent away after admission,
    ``voice`` is the listener's.
    """

    def __init__(
        self,
        admit: Admit,
        serve: Serve,
        path: str = "/ocpp",
        *,
        versions: Sequence[OcppVersion] = (V201,),
        admit_certified: AdmitCertified | None = None,
        report: Callable[[str], None] = lambda text: None,
        voice: Voice | None = None,
    ) -> None:
        self._admit, self._admit_certified = admit, admit_certified
        self._serve = serve
        self._report = report
        self._voice = voice
        self._path = path.rstrip("/")
        self._versions = {version.subprotocol: version for version in versions}
        self._listener: HttpListener | None = None
        self._channels: set[WebSocketChannel] = set()
        self.url = ""
        self.port = 0

    def mount(self, application: web.Application) -> None:
        """Answer at the path of this endpoint within ``application``, whoever listens for that."""
        application.router.add_get(self._path + "/{identity:.*}", self._connected)

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None, *, limits: Limits = STATIONS
    ) -> None:
        """Listen alone. ``port`` 0 lets the system choose. Raises LocalError when the address cannot be bound."""
        self._listener = HttpListener(host, port, tls=tls, limits=limits, voice=self._voice)
        application = web.Application()
        self.mount(application)
        await self._listener.start(application)
        self.port = self._listener.port
        self.url = f"ws{self._listener.url.removeprefix('http')}{self._path}"

    @property
    def knocks(self) -> int:
        """How many have connected to the port of this endpoint alone, whatever has come of it."""
        return 0 if self._listener is None else self._listener.knocks

    async def close(self) -> None:
        """Close every connection, and stop listening if it was this endpoint that did.

        Both at once: a station that is sent away and comes back in no time finds nobody.
        """
        ends = [channel.close(1001, "the CSMS is going away") for channel in self._channels]
        await asyncio.gather(*ends, *([] if self._listener is None else [self._listener.stop()]))

    async def _admission(self, request: web.Request, identity: str) -> Admission:
        link = None if request.transport is None else request.transport.get_extra_info("ssl_object")
        secured = None if link is None else security_of(link)
        if secured is not None and self._voice is not None:
            self._voice.ocpp_secured(identity, secured.version, secured.cipher, secured.subject, secured.shown)
        if self._admit_certified is not None:
            return "unauthorized" if secured is None else await self._admit_certified(identity, secured)
        user, password = read_basic(request.headers.get("Authorization"))
        asked = self._admit(identity, user, password)
        return asked if isinstance(asked, str) else await asked

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        path, _, last = request.rel_url.raw_path.rpartition("/")
        identity = unquote(last)
        if path != self._path or not identity or len(identity) > 48:
            return web.Response(status=404, text="no such station")
        admission = await self._admission(request, identity)
        if admission == "unknown":
            return web.Response(status=404, text="no such station")
        if admission == "unauthorized":
            return web.Response(
                status=401, text="wrong credentials", headers={"WWW-Authenticate": 'Basic realm="OCPP"'}
            )
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=426, text="WebSocket only", headers={"Upgrade": "websocket"})
        if not request.headers.get("Sec-WebSocket-Key", "").isascii():
            return web.Response(status=400, text="Sec-WebSocket-Key is not base64")
        offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        version = next((self._versions[name] for name in offered if name in self._versions), None)
        common = () if version is None else (version.subprotocol,)
        socket = web.WebSocketResponse(protocols=common, max_msg_size=MAX_BYTES, timeout=2.0, autoping=False)
        await socket.prepare(request)
        if version is None:
            spoken = " or ".join(self._versions)
            self._report(f"Station {identity!a} was sent away: it speaks {', '.join(offered)!a}, not {spoken}.")
            # Part 4 3.1.2: without a common version finish the handshake, then close.
            await socket.close(code=1002, message=f"only {spoken} is spoken here".encode())
            return socket
        channel = WebSocketChannel(socket, version, abort=lambda: _cut(request))
        self._channels.add(channel)
        try:
            await self._serve(identity, channel)
        finally:
            self._channels.discard(channel)
            await channel.close(1011, "the CSMS stopped serving")
        return socket


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def connector(
    url: str,
    tls: ssl.SSLContext | None = None,
    *,
    versions: Sequence[OcppVersion] = (V201,),
    compress: bool = False,
    now: Callable[[], float] | None = None,
) -> Connector:
    """A way for a station to reach the CSMS endpoint ``url``; see :func:`connect`."""

    async def open_channel(identity: str, password: str | None) -> FrameChannel:
        return await connect(
            url,
            identity,
            versions=versions,
            password=password,
            tls=tls,
            compress=compress,
            now=now,
        )

    return open_channel
