"""What a lab and a dashboard say to each other, over whatever stream lies between: frames of MessagePack.

A frame is four octets of length and one of the values below. A lab reports; a dashboard asks, and each request with a
number is answered once. Nothing in here can run code: who attaches to a socket of somebody else's reads data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from pncsim.simulator.by_hand.seen import HandSeen
from pncsim.simulator.result import RunResult
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError

LONGEST = 1 << 24
"""Octets of a frame; more is refused unread."""
COUNTED = 1_000
"""So far it is counted what services keep beyond what is told: those that keep thousands have more to do."""

# A lab reports


class FieldTold(Struct, frozen=True):
    """Something a person may type: its name, what it means, what it is if left empty, the words allowed (none: any).

    ``secret``: it is not shown as it is typed, and not remembered.
    """

    name: str
    help: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    secret: bool = False


class LabHello(Struct, tag="hello", frozen=True):
    """Who speaks: ``name`` of the side ("lab", "secc"), and which ``commands`` it understands, each with its help.

    ``fields``: the arguments of the commands that have any. ``around``: whether it tells of PKI and services.
    """

    name: str
    version: str
    commands: dict[str, str] = field(default_factory=dict)
    fields: dict[str, tuple[FieldTold, ...]] = field(default_factory=dict)
    around: bool = True


class RunBegan(Struct, tag="began", frozen=True, kw_only=True):
    """A run began, at this lab time; ``several`` vehicles may take part. ``typed``: what a person has chosen of its
    ``options``.
    """

    run: str
    scenario: str
    title: str = ""
    transport: str = ""
    started: float = 0.0
    several: bool = False
    options: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    seed: str | None = None
    typed: dict[str, str] = field(default_factory=dict)
    vehicle_profile: str = ""


class EventsTold(Struct, tag="told", frozen=True):
    """Records of events (:mod:`form`), in order; ``dropped``: how many before them were not kept long enough.

    ``now``: lab time.
    """

    records: tuple[bytes, ...]
    dropped: int = 0
    now: float = 0.0


class RunHeld(Struct, tag="held", frozen=True):
    """Whether the run is held: no message passes and lab time stands still."""

    held: bool


class HandTold(Struct, tag="hand", frozen=True):
    """How everybody stands in a lab that is played by hand; told whenever it has changed."""

    hand: HandSeen


class StatusHeard(Struct, frozen=True):
    """An OCSP answer about a certificate that somebody (``by``) goes by, of lab time ``at``, good ``until`` then."""

    by: str
    status: str
    at: float
    until: float


class CertificateTold(Struct, frozen=True, kw_only=True):
    """A certificate, who holds it, and what is known of its revocation.

    ``name``: what commands know it by. ``role``: as profiles have it. ``pki``: the name of the PKI it is a role of.
    ``said``: what its authority says now (good, revoked, unknown), empty where that is nobody here; with ``reason`` and
    since when.
    """

    name: str
    role: str
    der: bytes
    holders: tuple[str, ...] = ()
    pki: str = ""
    said: str = ""
    reason: str = ""
    since: float = 0.0
    heard: tuple[StatusHeard, ...] = ()


class PoolLine(Struct, frozen=True, kw_only=True):
    """Something a service keeps: whose it is (``pool``), its ``name`` there, and ``about`` it.

    ``certificate``: the SHA-256 of the certificate in it, in hex, and ``ends`` when that does.
    """

    pool: str
    name: str
    about: str = ""
    certificate: str = ""
    ends: float = 0.0


class DeliveryTold(Struct, frozen=True, kw_only=True):
    """An event on its way to somebody who asked for it; ``about``: the EMAID or PCID it is about."""

    type: str
    to: str
    state: str
    at: float
    about: str = ""
    attempts: int = 0
    text: str = ""
    body: bytes = b""


class AroundTold(Struct, tag="around", frozen=True, kw_only=True):
    """The PKI and the services around stations and vehicles, as they stood at lab time ``now``.

    ``more``: by service, how much it keeps beyond what is told, up to :data:`COUNTED` or a little more.
    ``listeners``: who asked for events, and which.
    """

    now: float = 0.0
    certificates: tuple[CertificateTold, ...] = ()
    pools: tuple[PoolLine, ...] = ()
    listeners: tuple[PoolLine, ...] = ()
    deliveries: tuple[DeliveryTold, ...] = ()
    more: dict[str, int] = field(default_factory=dict)


class RunEnded(Struct, tag="ended", frozen=True):
    """A run is over; what it came to."""

    result: RunResult


class RequestDone(Struct, tag="answer", frozen=True):
    """LabRequest ``id`` was done, and what it brought; or ``error`` says why not."""

    id: int
    brought: Any = None
    error: str = ""


LabReport = LabHello | RunBegan | EventsTold | RunHeld | HandTold | AroundTold | RunEnded | RequestDone

# A dashboard asks


class StartRun(Struct, tag="start", frozen=True, kw_only=True):
    """Run a scenario: a name, or a file as `pnc run` takes it. Options and faults are as a person types them.

    ``by-hand``: a lab that stays open until :class:`StopRun`, always on sockets.
    """

    scenario: str
    options: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    transport: Transport = "memory"
    expect_fault: bool = False
    seed: str | None = None
    lab: str | None = None
    evidence: str | None = None
    vehicle_profile: str = ""
    held: bool = False
    id: int = 0


class StopRun(Struct, tag="stop", frozen=True):
    """End the run: the stations ask their vehicles to stop, and what has not ended then is broken off.

    ``now``: break it off at once, in order.
    """

    now: bool = False
    id: int = 0


class HoldRun(Struct, tag="hold", frozen=True):
    """Hold the run, or let it go on."""

    held: bool
    id: int = 0


class StepRun(Struct, tag="step", frozen=True):
    """Let one more V2G message be sent."""

    id: int = 0


class DoInLab(Struct, tag="do", frozen=True):
    """A command on the lab, by its name (:mod:`lab_commands`), with its arguments as a person types them."""

    command: str
    arguments: dict[str, str] = field(default_factory=dict)
    id: int = 0


class LeaveLab(Struct, tag="leave", frozen=True):
    """Nobody needs this lab any more."""


LabRequest = StartRun | StopRun | HoldRun | StepRun | DoInLab | LeaveLab


def _from_path(value: object) -> object:
    return str(value)


def _to_path(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(kind)


_encode = msgspec.msgpack.Encoder(enc_hook=_from_path).encode
_report: msgspec.msgpack.Decoder[LabReport] = msgspec.msgpack.Decoder(LabReport, dec_hook=_to_path)
_request: msgspec.msgpack.Decoder[LabRequest] = msgspec.msgpack.Decoder(LabRequest)


def frame(said: LabReport | LabRequest) -> bytes:
    """``said`` as it travels."""
    told = _encode(said)
    return len(told).to_bytes(4, "big") + told


class FrameCutter:
    """Cuts what arrives into frames. Raises LocalError for what can be none."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, octets: bytes) -> list[bytes]:
        """The frames that are complete by now, without their length."""
        self._waiting += octets
        found, at = [], 0
        while len(self._waiting) - at >= 4:
            length = int.from_bytes(self._waiting[at : at + 4], "big")
            if length > LONGEST:
                raise LocalError(f"The other side announces {length} octets at once: it is no lab.")
            if len(self._waiting) - at - 4 < length:
                break
            found.append(bytes(self._waiting[at + 4 : at + 4 + length]))
            at += 4 + length
        del self._waiting[:at]
        return found


def report_of(octets: bytes) -> LabReport:
    """What a lab reports in a frame. Raises LocalError."""
    try:
        return _report.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LocalError(f"The lab says what is no report: {error}.", advice="Is it of this release?") from error


def request_of(octets: bytes) -> LabRequest:
    """What a dashboard asks in a frame. Raises LocalError."""
    try:
        return _request.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LocalError(f"The dashboard says what is no request: {error}.", advice="Is it of this release?") from error
