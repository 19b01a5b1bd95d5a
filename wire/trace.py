"""The one stream of events: every actor reports here, every view (story, log, report, dashboard) reads from here.

Events are plain data that say who saw what and when; actors make them through their :class:`wire.voice.Voice`. Readers
never write back. No event carries key material: the fields hold what was on the wire, certificates, verdicts and
sentences.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from pncsim.wire.errors import Kind
from pncsim.wire.ocpp.frames import Content, Frame

Direction = Literal["sent", "received"]
Carrier = Literal["UDP", "TCP"]
LinkMark = Literal["", "opened", "ended", "reset"]
EndPoint = tuple[str, int]
"""A numeric address without scope, and a port."""


class Event(Struct, frozen=True, kw_only=True):
    """What happened, and who saw it.

    ``time``: lab seconds since the epoch. ``role``: a key of ROLES below; ``unit``: which of them ("EV-2", "CS001/1",
    "MO DEABC"). ``session``: the ISO 15118 SessionID as hex, from the moment ``unit`` knows it. ``seq`` and ``run`` are
    the stream's: numbers without gaps from 1 on, and the run the stream belongs to.
    """

    time: float
    role: str
    unit: str = ""
    session: str = ""
    seq: int = 0
    run: str = ""


class V2gMessage(Event, frozen=True, kw_only=True):
    """A V2GTP message, with its bytes as on the wire (without the 8-byte header) and its decoded value.

    ``value`` is None for octets that say nothing: what cannot be read, and what a lab sends instead of a message.
    """

    direction: Direction
    name: str
    payload: bytes
    value: object


class LinkBytes(Event, frozen=True, kw_only=True):
    """What passed between vehicle and station below TLS, as ``unit`` handed it over or got it.

    On the stream only while :attr:`Trace.wants_bytes`. ``data`` is a UDP datagram, or the next of what a TCP connection
    carries in this ``direction``; ``mark`` says instead that the connection was opened, ended (FIN) or reset.
    """

    direction: Direction
    carrier: Carrier
    local: EndPoint
    remote: EndPoint
    data: bytes = b""
    mark: LinkMark = ""


class StateEntered(Event, frozen=True, kw_only=True):
    """A state machine moved on; ``state`` is a row of the printed table."""

    state: str


class Judged(Event, frozen=True, kw_only=True):
    """Somebody verified something: ``what`` ("SECC certificate chain", "OCSP response", "signature of …")."""

    what: str
    ok: bool
    reason: str
    clause: str = ""


class SdpDatagram(Event, frozen=True, kw_only=True):
    """A valid datagram of the SECC discovery protocol, V2GTP header included, sent to or received from ``peer``."""

    direction: Direction
    peer: EndPoint
    data: bytes


class Secured(Event, frozen=True, kw_only=True):
    """A TLS handshake was completed or refused (``ok`` False, ``reason`` says why, ``alert`` the code if any).

    ``hello``: the ClientHello, where the handshake failed. ``chain`` (DER, leaf first) and ``staples`` (OCSPResponse
    DER or None for each certificate) are what the station presented, as ``unit`` sent or received it.
    """

    ok: bool
    version: str = ""
    cipher: str = ""
    peer: str = ""
    stapled: bool = False
    alert: int | None = None
    reason: str = ""
    hello: bytes = b""
    chain: tuple[bytes, ...] = ()
    staples: tuple[bytes | None, ...] = ()


class OcppSecured(Event, frozen=True, kw_only=True):
    """A TLS handshake between station and CSMS was completed, or refused (``ok`` False), as ``unit`` sees it.

    ``shown``: the subject of the certificate the other side has shown, empty where it showed none;
    ``certificate``: that itself (DER). ``alert`` and ``reason``: by what it was refused, and why.
    """

    ok: bool
    peer: str
    version: str = ""
    cipher: str = ""
    shown: str = ""
    certificate: bytes = b""
    alert: int | None = None
    reason: str = ""


class OcppFrame(Event, frozen=True, kw_only=True):
    """An OCPP-J frame as text; secrets (passwords) are masked before the event is made.

    ``action`` is that of the CALL, also with what answers it; empty where it is not known.
    """

    direction: Direction
    peer: str
    action: str
    frame: str

    @property
    def content(self) -> Content:
        """What the text says: a CALL, a CALLRESULT, a CALLERROR (its code and description too), or no frame at all."""
        return _content(self.frame)


@lru_cache(maxsize=64)
def _content(text: str) -> Content:
    # Both ends report the same text, and several readers ask; nobody pays where nobody asks.
    return Frame(text).content


class HttpExchange(Event, frozen=True, kw_only=True):
    """One HTTP request and its answer, as seen by ``role``.

    ``request`` and ``response`` are head and body (:func:`wire.http_said.said`), where :attr:`Trace.wants_bytes`.
    """

    method: str
    url: str
    status: int
    text: str = ""
    request: bytes = b""
    response: bytes = b""


class ServiceCall(Event, frozen=True, kw_only=True):
    """A call between back-end services (in-process or remote) and how it ended, in one sentence.

    ``asked`` and ``answered``: the octets that were handed over and came back, where :attr:`Trace.wants_bytes` and
    somebody would send them over HTTP: an EXI message, an OCSP request, a certificate request.
    """

    service: str
    operation: str
    ok: bool
    text: str
    asked: bytes = b""
    answered: bytes = b""


class Power(Event, frozen=True, kw_only=True):
    """A sample of the energy transfer: W, Wh since the start of the session, V, A and state of charge in percent."""

    watts: float
    energy_wh: float
    volts: float
    amperes: float
    soc: float | None = None


class PilotChanged(Event, frozen=True, kw_only=True):
    """What an EVSE sees on the control pilot: a state of IEC 61851-1 (A to F), and its duty cycle in percent."""

    state: str
    duty: float


class Tolerated(Event, frozen=True, kw_only=True):
    """A liberty of the peer that was let pass: ``code`` is a row of :class:`wire.gate.Tolerance`."""

    code: str
    what: str
    clause: str = ""


class Warned(Event, frozen=True, kw_only=True):
    """Something in the set-up of our own side that will surprise who has set it up, in one sentence."""

    text: str


class Story(Event, frozen=True, kw_only=True):
    """A milestone told in one sentence for people."""

    text: str


class Problem(Event, frozen=True, kw_only=True):
    """Something went wrong: everything its error knows (see :class:`wire.errors.PncError`).

    ``response_code`` is what was answered to the peer, or what the peer has answered.
    """

    text: str
    kind: Kind = "unspecific"
    response_code: str | None = None
    alert: int | None = None
    http_status: int | None = None
    ocpp_status: str | None = None
    clause: str = ""
    advice: str = ""


Reader = Callable[[Event], None]


class Trace:
    """The sink of one run. Readers subscribe with a callable; emitting costs one loop over them.

    A reader that raises is not asked again and never harms who reports: it is kept in ``failures`` with its exception.
    ``wants_bytes``: :class:`LinkBytes` are told of connections opened from now on. ``key_log`` gets the lines of a TLS
    key log (NSS format) as the keys are made: they are secrets, go nowhere else and are never events.
    """

    def __init__(self, readers: Iterable[Reader] = (), *, run: str = "", wants_bytes: bool = False) -> None:
        self.run = run
        self.readers = list(readers)
        self.failures: list[tuple[Reader, Exception]] = []
        self.wants_bytes = wants_bytes
        self.key_log: Callable[[str], None] | None = None
        self._numbers = itertools.count(1)

    def emit(self, event: Event) -> None:
        """Number ``event`` and hand it to every reader, in the order they subscribed."""
        # Events are frozen for everybody but the stream, which gives them their place in it.
        force_setattr(event, "seq", next(self._numbers))
        force_setattr(event, "run", self.run)
        for reader in tuple(self.readers):
            try:
                reader(event)
            except Exception as error:
                self.readers.remove(reader)
                self.failures.append((reader, error))

    def subscribe(self, reader: Reader) -> None:
        """Let ``reader`` see every event from now on."""
        self.readers.append(reader)


ROLES = {
    "EV": "the vehicle (EVCC)",
    "SECC": "the charging station's ISO 15118 side",
    "CS": "the charging station's OCPP side",
    "CSMS": "the operator's management system",
    "CCP": "contract certificate pool",
    "PCP": "provisioning certificate pool",
    "RCP": "root certificate pool",
    "CPS": "certificate provisioning service",
    "MO": "mobility operator",
    "OEM": "vehicle manufacturer",
    "PKI": "certificate authorities and OCSP responders",
    "LAB": "the lab itself",
}
