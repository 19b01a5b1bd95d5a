"""SupportedAppProtocol, SessionSetup, ServiceDiscovery, and the V2GTP header of a message."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from pncsim.simulator.conformance.secc.discovery import LATE_CONNECTION
from pncsim.simulator.conformance.secc.looks import offers_the_choice_of_before
from pncsim.simulator.conformance.secc.step import SETUP_TIMEOUT, CaseStep, Setting
from pncsim.simulator.conformance.secc.stimuli import foreign_session, good, ignored, out_of_turn, silence, wrong
from pncsim.simulator.conformance.secc.table import (
    AC,
    DC,
    EIM,
    RESUMED,
    WITH_TLS,
    WITHOUT_TLS,
    WOKEN,
    declared,
    table,
)
from pncsim.simulator.faults.changes import finished, no_protocol, other_session
from pncsim.wire.session.outputs import RawOctets
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.v2gtp import pack
from pncsim.wire.values import replace

NEGOTIATED = ("OK_SuccessfulNegotiation", "OK_SuccessfulNegotiationWithMinorDeviation")
NEW = ("OK_NewSessionEstablished",)
MESSAGE_TIMEOUT = 2.0
"""V2G_EVCC_Msg_Timeout of SessionSetupReq."""
NOBODYS_SESSION = bytes.fromhex("C0FFEE0015118002")


def _other_minor(message: Any) -> Any:
    offered = [replace(one, VersionNumberMinor=one.VersionNumberMinor + 1) for one in message.AppProtocol]
    return replace(message, AppProtocol=offered)


def with_header(field: str, value: int) -> Callable[[Any], Any]:
    """The finished message with one field of its V2GTP header set so."""
    at, form = {"protocolVersion": (0, ">B"), "invProtocolVersion": (1, ">B"), "payloadType": (2, ">H")}.get(
        field, (4, ">I")
    )

    def change(message: Any) -> RawOctets:
        frame = bytearray(pack(EXI, codec("iso2").encode(message)))
        struct.pack_into(form, frame, at, value)
        return RawOctets((bytes(frame),))

    return finished(change)


def _bad_header(field: str, value: int) -> CaseStep:
    says = f"SessionSetupReq with {field} {value:#x}"
    return ignored("SessionSetupReq", says, with_header(field, value), _HEADERS, seconds=MESSAGE_TIMEOUT)


_HEADERS = Setting(when=declared("V2gtpV2g", "true"))


def _resumed(way: Setting) -> dict[int, CaseStep]:
    """A session that is opened again after a pause: by its number, by a number nobody has given, by none."""
    unknown, none = finished(other_session(NOBODYS_SESSION)), finished(other_session(bytes(8)))
    return {
        1: good("SessionSetupReq", way, says="the SessionID of before", codes=("OK_OldSessionJoined",)),
        2: good("SessionSetupReq", way, says="a SessionID nobody has given", codes=NEW, change=unknown),
        3: good("SessionSetupReq", way, says="SessionID 0", codes=NEW, change=none),
    }


def _both_ways() -> dict[int, CaseStep]:
    return _resumed(RESUMED) | {number + 3: step for number, step in _resumed(WOKEN).items()}


def _discovered_again() -> dict[int, CaseStep]:
    also = (offers_the_choice_of_before,)
    return {
        number: good("ServiceDiscoveryReq", way, says="after a pause", also=also)
        for number, way in ((1, RESUMED), (2, WOKEN))
    }


CASES = (
    *table(
        "CMN",
        "SupportedAppProtocol",
        {
            1: good("SupportedAppProtocolReq", WITH_TLS, codes=NEGOTIATED),
            2: wrong(
                "SupportedAppProtocolReq",
                "SupportedAppProtocolReq with a namespace that nobody speaks",
                no_protocol,
                "Failed_NoNegotiation",
            ),
            3: silence("SupportedAppProtocolReq", after=SETUP_TIMEOUT),
            4: good("SupportedAppProtocolReq", EIM, WITHOUT_TLS, codes=NEGOTIATED),
            6: good(
                "SupportedAppProtocolReq",
                Setting(when=declared("VersionNumberMinor", "true")),
                says="another minor version",
                codes=NEGOTIATED[1:],
                change=_other_minor,
            ),
        },
    ),
    *table(
        "CMN",
        "SessionSetup",
        {
            1: good("SessionSetupReq", says="SessionID 0", codes=NEW),
            2: out_of_turn("SessionSetupReq"),
            3: silence("SessionSetupReq", after=SETUP_TIMEOUT),
            4: LATE_CONNECTION,
        },
    ),
    *table("AC", "SessionSetup", _both_ways(), AC),
    *table("DC", "SessionSetup", _both_ways(), DC),
    *table(
        "CMN",
        "V2GTPSessionSetup",
        {
            1: good("SessionSetupReq", _HEADERS, says="V2GTP header 01 FE, payload type 0x8001", codes=NEW),
            2: _bad_header("payloadLength", 0),
            3: _bad_header("payloadType", 0x7001),
            4: _bad_header("protocolVersion", 0xFF),
            5: _bad_header("invProtocolVersion", 0xFF),
        },
    ),
    *table(
        "CMN",
        "ServiceDiscovery",
        {
            1: good("ServiceDiscoveryReq"),
            2: out_of_turn("ServiceDiscoveryReq", comes=iso2.AuthorizationReq),
            3: foreign_session("ServiceDiscoveryReq"),
            4: silence("ServiceDiscoveryReq"),
        },
    ),
    *table("AC", "ServiceDiscovery", _discovered_again(), AC),
    *table("DC", "ServiceDiscovery", _discovered_again(), DC),
)
