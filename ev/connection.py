"""From plug-in to a stream the engine can use: SDP, TCP and TLS as the vehicle wants them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pncsim.wire.errors import PeerError
from pncsim.wire.trace import Judged, Secured, Story, Tolerated, Trace
from pncsim.wire.v2g.sdp import Security

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.wire.clock import Clock
    from pncsim.wire.network import Network
    from pncsim.wire.streams import ByteStream

ACTOR = "EV"


async def connect(
    network: Network, vehicle: Vehicle, clock: Clock, trace: Trace, on_keys: Callable[[str], None] | None
) -> tuple[ByteStream, bool]:
    """The stream to the station and whether it is secured. Raises PncError when there is none to be had."""
    config = vehicle.config
    want = Security.NONE if config.tls == "off" else Security.TLS
    address = await network.find(want)
    trace.emit(
        Story(
            time=clock.now(),
            role=ACTOR,
            text=f"A station answers at {address.host} port {address.port}, {_line(address.security)}.",
        )
    )
    if address.security != want and (want == Security.NONE or config.tls == "require" or config.payment == "contract"):
        raise PeerError(
            f"The vehicle asked for a station {_line(want)}; the station's answer says {_line(address.security)}.",
            clause="V2G2-634",
            advice="Allow the vehicle the other kind of connection, or look at the station's TLS settings.",
        )
    stream = await network.connect(address)
    if address.security == Security.NONE:
        if want == Security.TLS:
            trace.emit(
                Tolerated(time=clock.now(), role=ACTOR, what="The station offers no TLS; payment by contract is off.")
            )
        return stream, False
    return await _secure(stream, vehicle, clock, trace, on_keys), True


async def _secure(
    stream: ByteStream, vehicle: Vehicle, clock: Clock, trace: Trace, on_keys: Callable[[str], None] | None
) -> ByteStream:
    from cryptography.hazmat.primitives.serialization import Encoding

    from pncsim.tls_certs.judges import StationJudge
    from pncsim.wire.tls import TlsClient, TlsError, open_client

    def judged(what: str, ok: bool, reason: str, clause: str) -> None:
        trace.emit(Judged(time=clock.now(), role=ACTOR, what=what, ok=ok, reason=reason, clause=clause))

    def tolerated(what: str, clause: str) -> None:
        trace.emit(Tolerated(time=clock.now(), role=ACTOR, what=what, clause=clause))

    roots = vehicle.v2g_roots
    config = TlsClient(
        judge=StationJudge(roots, vehicle.config.ocsp, judged, strict=vehicle.config.strict, tolerate=tolerated),
        trusted_ca_keys=tuple(root.public_bytes(Encoding.DER) for root in roots),
        ask_staple=vehicle.config.ocsp != "off",
        on_keys=on_keys,
    )
    try:
        secured = await open_client(stream, config, clock)
    except TlsError as error:
        trace.emit(Secured(time=clock.now(), role=ACTOR, ok=False, alert=error.alert, reason=error.sentence))
        raise
    trace.emit(
        Secured(
            time=clock.now(),
            role=ACTOR,
            ok=True,
            version=secured.version,
            cipher=secured.cipher,
            peer=stream.peer,
            stapled=any(secured.staples),
        )
    )
    return secured


def _line(security: Security) -> str:
    return "with TLS" if security == Security.TLS else "without TLS"
