"""The one stream of events: every actor reports here, every view (story, log, report, dashboard) reads from here.

Events are plain data with the lab's time and the actor that saw them. Readers never write back. No event carries key
material: the fields hold what was on the wire, certificates, verdicts and sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["sent", "received"]


@dataclass(slots=True, frozen=True, kw_only=True)
class Event:
    """What happened: ``time`` in lab seconds since the epoch, ``actor`` as in ACTORS below."""

    time: float
    actor: str


@dataclass(slots=True, frozen=True, kw_only=True)
class V2gMessage(Event):
    """A V2GTP message, with its bytes as on the wire (without the 8-byte header) and its decoded value."""

    direction: Direction
    name: str
    payload: bytes
    value: object


@dataclass(slots=True, frozen=True, kw_only=True)
class StateEntered(Event):
    """A state machine moved on; ``state`` is a row of the printed table."""

    state: str


@dataclass(slots=True, frozen=True, kw_only=True)
class Judged(Event):
    """Somebody verified something: ``what`` ("SECC certificate chain", "OCSP response", "signature of …")."""

    what: str
    ok: bool
    reason: str
    clause: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Secured(Event):
    """A TLS handshake was completed or refused (``ok`` False, ``reason`` says why, ``alert`` the code if any)."""

    ok: bool
    version: str = ""
    cipher: str = ""
    peer: str = ""
    stapled: bool = False
    alert: int | None = None
    reason: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class OcppFrame(Event):
    """An OCPP-J frame as text; secrets (passwords) are masked before the event is made."""

    direction: Direction
    peer: str
    action: str
    frame: str


@dataclass(slots=True, frozen=True, kw_only=True)
class HttpExchange(Event):
    """One HTTP request and its answer, as seen by ``actor``."""

    method: str
    url: str
    status: int
    text: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class ServiceCall(Event):
    """A call between back-end services (in-process or remote) and how it ended, in one sentence."""

    service: str
    operation: str
    ok: bool
    text: str


@dataclass(slots=True, frozen=True, kw_only=True)
class Power(Event):
    """A sample of the energy transfer: W, Wh since the start of the session, V, A and state of charge in percent."""

    watts: float
    energy_wh: float
    volts: float
    amperes: float
    soc: float | None = None


@dataclass(slots=True, frozen=True, kw_only=True)
class Tolerated(Event):
    """A liberty of the peer that was let pass, and what the standard says instead."""

    what: str
    clause: str = ""


@dataclass(slots=True, frozen=True, kw_only=True)
class Story(Event):
    """A milestone told in one sentence for people."""

    text: str


@dataclass(slots=True, frozen=True, kw_only=True)
class Problem(Event):
    """Something went wrong: the sentence of the error, its clause and what to try."""

    text: str
    clause: str = ""
    advice: str = ""


@dataclass(slots=True)
class Trace:
    """The sink. Readers subscribe with a callable; emitting costs one loop over them."""

    readers: list[Callable[[Event], None]] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        """Hand ``event`` to every reader, in the order they subscribed."""
        for reader in self.readers:
            reader(event)

    def subscribe(self, reader: Callable[[Event], None]) -> None:
        """Let ``reader`` see every event from now on."""
        self.readers.append(reader)


ACTORS = {
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
