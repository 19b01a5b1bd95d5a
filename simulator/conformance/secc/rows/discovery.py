"""SDP, and the V2GTP header of its request."""

from __future__ import annotations

import struct

from pncsim.simulator.conformance.secc.discovery import LATE, Search
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import EIM, PNC, declared, table
from pncsim.wire.v2g.sdp import SdpRequest, Security, encode_request

_HEADERS = Setting(when=declared("V2gtpSdp", "true"))
_TLS, _PLAIN = Setting(when=declared("TLS", "true")), Setting(when=declared("TLS", "false"))
ONLY_PLAIN = Setting(plain=True, when=(*declared("TLS", "false"), *declared("OnlyPlain", "true")))
_LATE = f"an SDP request {LATE:g} s after plug-in"


def _with(field: str, at: int, form: str, value: int) -> Search:
    request = bytearray(encode_request(SdpRequest(Security.NONE)))
    struct.pack_into(form, request, at, value)
    return Search(stimulus=f"an SDP request with {field} {value:#x}", wish=bytes(request))


_ASKS_TLS = "an SDP request for TLS"
_ASKS_NONE = "an SDP request for a connection without TLS"

CASES = (
    *table(
        "CMN",
        "SDP",
        {
            1: Search(stimulus=_ASKS_NONE, wish=Security.NONE, answer=Security.NONE, setting=EIM | _PLAIN),
            2: Search(stimulus=_ASKS_TLS, wish=Security.TLS, answer=Security.TLS, setting=EIM | _TLS),
            3: Search(stimulus=_ASKS_TLS, wish=Security.TLS, answer=Security.TLS, setting=PNC),
            4: Search(stimulus=_LATE, wish=Security.NONE, late=True, setting=EIM | _PLAIN),
            5: Search(stimulus=_LATE, wish=Security.TLS, late=True, setting=EIM | _TLS),
            7: Search(
                stimulus=f"{_ASKS_TLS} at a station without it",
                wish=Security.TLS,
                answer=Security.NONE,
                setting=EIM | ONLY_PLAIN,
            ),
        },
    ),
    *table(
        "CMN",
        "V2GTPSDP",
        {
            1: Search(
                stimulus="an SDP request with V2GTP header 01 FE, payload type 0x9000",
                wish=encode_request(SdpRequest(Security.NONE)),
                answer="any",
            ),
            2: _with("payloadLength", 4, ">I", 0),
            3: _with("payloadType", 2, ">H", 0x7000),
            4: _with("protocolVersion", 0, ">B", 0xFF),
            5: _with("invProtocolVersion", 1, ">B", 0xFF),
        },
        _HEADERS,
    ),
)
