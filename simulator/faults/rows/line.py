"""RawOctets that are no message, or not framed as one: EXI and V2GTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports, Tolerates
from pncsim.simulator.faults.changes import NOISE, finished, on
from pncsim.simulator.faults.demands import goes_on
from pncsim.simulator.faults.fault import Fault, Observations
from pncsim.simulator.parameters import Bounds
from pncsim.wire.gate import Tolerance
from pncsim.wire.session.outputs import RawOctets
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import HEADER_SIZE, MAX_PAYLOAD, pack

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

SentBy = Annotated[Literal["vehicle", "station"], "Who sends it."]
"""Whose ServiceDiscovery message it is."""


def _sent(lab: Lab, where: str, by: str, change: Callable[[bytes], RawOctets | bytes]) -> None:
    """ServiceDiscoveryReq or its answer goes out as ``change`` makes it of its octets, without header."""
    name = "ServiceDiscoveryReq" if by == "vehicle" else "ServiceDiscoveryRes"
    alter = on(name, finished(lambda message: change(codec("iso2").encode(message))))
    lab.hooks.alter("vehicle" if by == "vehicle" else "station", where, alter)


def _framed(payload: bytes, header: bytes) -> RawOctets:
    """``payload`` behind what another ``header`` begins with."""
    return RawOctets((header + pack(EXI, payload)[len(header) :],))


def flipped_bit(
    lab: Lab,
    where: str,
    /,
    *,
    bit: Annotated[int, "Which of the EXI header's bits, from the left.", Bounds(0, 7)] = 0,
    by: SentBy = "vehicle",
) -> None:
    """A bit of the EXI header has turned."""
    _sent(lab, where, by, lambda payload: bytes([payload[0] ^ 0x80 >> bit]) + payload[1:])


def truncated(lab: Lab, where: str, /, *, by: SentBy = "vehicle") -> None:
    """A message without its end, whose length says so."""
    _sent(lab, where, by, lambda payload: payload[: len(payload) // 2])


def trailing(
    lab: Lab, where: str, /, *, octets: Annotated[int, "How many.", Bounds(1, 1000)] = 3, by: SentBy = "vehicle"
) -> None:
    """RawOctets follow the end of the message, within its length."""
    _sent(lab, where, by, lambda payload: payload + bytes(octets))


def wrong_length(
    lab: Lab,
    where: str,
    /,
    *,
    length: Annotated[Literal["zero", "huge", "more"], "What it says: nothing, 4 GiB, or more than comes."] = "zero",
    by: SentBy = "vehicle",
) -> None:
    """The V2GTP header has another length than the message."""

    def change(payload: bytes) -> RawOctets:
        said = {"zero": 0, "huge": 0xFFFF_FFFF, "more": min(len(payload) + 64, MAX_PAYLOAD)}[length]
        return _framed(payload, pack(EXI, b"")[:4] + said.to_bytes(4, "big"))

    _sent(lab, where, by, change)


def wrong_type(
    lab: Lab,
    where: str,
    /,
    *,
    type: Annotated[Literal["8002", "9000", "a000"], "The payload type, in hexadecimal."] = "8002",
    by: SentBy = "vehicle",
) -> None:
    """The V2GTP header has a payload type that is not for ISO 15118-2."""
    _sent(lab, where, by, lambda payload: _framed(payload, pack(int(type, 16), b"")[:4]))


def wrong_version(lab: Lab, where: str, /, *, by: SentBy = "vehicle") -> None:
    """The V2GTP header has another version."""
    _sent(lab, where, by, lambda payload: _framed(payload, b"\x02\xfd"))


def split(
    lab: Lab, where: str, /, *, octets: Annotated[int, "In each record.", Bounds(1, 1000)] = 5, by: SentBy = "vehicle"
) -> None:
    """A message comes in several records, its header too."""

    def change(payload: bytes) -> RawOctets:
        whole = pack(EXI, payload)
        return RawOctets(tuple(whole[at : at + octets] for at in range(0, len(whole), octets)))

    _sent(lab, where, by, change)


def joined(lab: Lab, where: str, /, *, by: SentBy = "vehicle") -> None:
    """A message that is to be passed over and the next one come in one record."""
    stray = pack(0xA000, bytes(HEADER_SIZE))
    _sent(lab, where, by, lambda payload: RawOctets((stray + pack(EXI, payload),)))


def _garbled(by: str = "vehicle", **_: Any) -> Observations:
    """What cannot be read ends the session, and nobody guesses at it."""
    if by == "vehicle":
        return Reports("SECC", "malformed", "V2G2-539"), Reports("EV", "closed")
    return (Reports("EV", "malformed", "V2G2-539"),)


def _ignored(case: str) -> Callable[..., Observations]:
    """The message is passed over, and so its sender waits in vain, or its receiver does."""

    def answer(by: str, **_: Any) -> Observations:
        receiver = "SECC" if by == "vehicle" else "EV"
        return Tolerates(receiver, (Tolerance.V2GTP_STRAY,), case), Reports("EV", "silent", "Table 109")

    return answer


def _length(length: str, by: str) -> Observations:
    if length == "more":  # it is waited for what does not come
        return (Reports("EV", "silent", "Table 109"),)
    return _ignored("ISO 15118-4 V2GTP _002")(by)


def _rest(by: str, **_: Any) -> Observations:
    return Tolerates("SECC" if by == "vehicle" else "EV", (Tolerance.EXI_REST,), "W3C EXI 1.0"), goes_on()


def _stray(by: str) -> Observations:
    told = Tolerates("SECC" if by == "vehicle" else "EV", (Tolerance.V2GTP_STRAY,), "ISO 15118-4 V2GTP _003")
    return told, goes_on()


ROWS = (
    Fault(
        name="garbled-vehicle",
        title="the vehicle sends bytes that are no EXI message",
        group="EXI and V2GTP",
        place="vehicle",
        answer=_garbled(),
        deed=deeds.vehicle_sends("ServiceDiscoveryReq", lambda message: NOISE),
    ),
    Fault(
        name="garbled-station",
        title="the station answers ServiceDiscoveryReq with bytes that are no EXI message",
        group="EXI and V2GTP",
        place="station",
        answer=_garbled("station"),
        deed=deeds.station_sends("ServiceDiscoveryRes", lambda message: NOISE),
    ),
    Fault(
        name="flipped-bit",
        title="bit {bit} of the EXI header of a message of the {by} has turned",
        group="EXI and V2GTP",
        place="any",
        answer=_garbled,
        deed=flipped_bit,
    ),
    Fault(
        name="truncated",
        title="a message of the {by} lacks its second half",
        group="EXI and V2GTP",
        place="any",
        answer=_garbled,
        deed=truncated,
    ),
    Fault(
        name="trailing",
        title="a message of the {by} is followed by {octets} octets more",
        group="EXI and V2GTP",
        place="any",
        answer=_rest,
        survived=True,
        deed=trailing,
    ),
    Fault(
        name="wrong-length",
        title="the V2GTP header of a message of the {by} has a wrong length: {length}",
        group="EXI and V2GTP",
        place="any",
        answer=_length,
        deed=wrong_length,
    ),
    Fault(
        name="wrong-type",
        title="the V2GTP header of a message of the {by} has the payload type {type}",
        group="EXI and V2GTP",
        place="any",
        answer=_ignored("ISO 15118-4 V2GTP _003"),
        deed=wrong_type,
    ),
    Fault(
        name="wrong-header",
        title="the V2GTP header of a message of the {by} has another version",
        group="EXI and V2GTP",
        place="any",
        answer=_ignored("ISO 15118-4 V2GTP _004"),
        deed=wrong_version,
    ),
    Fault(
        name="split-records",
        title="a message of the {by} comes in records of {octets} octets",
        group="EXI and V2GTP",
        place="any",
        answer=lambda octets, by: (goes_on(),),
        survived=True,
        deed=split,
    ),
    Fault(
        name="joined-records",
        title="a message of the {by} comes in one record with one that is nobody's",
        group="EXI and V2GTP",
        place="any",
        answer=_stray,
        survived=True,
        deed=joined,
    ),
    Fault(
        name="raw-value",
        title="the {field} of {message} is {value}, whatever the schema allows",
        group="EXI and V2GTP",
        place="any",
        answer=lambda message, field, value: (
            Tolerates(
                "SECC" if message.endswith("Req") else "EV",
                (Tolerance.EXI_LENGTH, Tolerance.EXI_RANGE, Tolerance.EXI_ENUMERATION),
                "W3C EXI 1.0",
            ),
        ),
        survived=True,
        deed=deeds.raw_value,
    ),
)
