"""From plug-in to a stream the engine can use: SDP, TCP and TLS as the vehicle wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wire.errors import PeerError
from wire.trace import Judged, Secured, Story, Tolerated, Trace
from wire.v2g.sdp import Security

if TYPE_CHECKING:
    from ev.vehicle import Vehicle
    from wire.clock import Clock
    from wire.network import Network
    from wire.streams import ByteStream

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
            actor=ACTOR,
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
                Tolerated(time=clock.now(), actor=ACTOR, what="The station offers no TLS; payment by contract is off.")
            )
        return stream, False
    return await _secure(stream, vehicle, clock, trace, on_keys), True


async def _secure(
    stream: ByteStream, vehicle: Vehicle, clock: Clock, trace: Trace, on_keys: Callable[[str], None] | None
) -> ByteStream:
    from cryptography.hazmat.primitives.serialization import Encoding

    from wire.tls import TlsClient, TlsError, open_client

    roots = vehicle.v2g_roots
    config = TlsClient(
        judge=StationJudge(vehicle, clock, trace),
        trusted_ca_keys=tuple(root.public_bytes(Encoding.DER) for root in roots),
        ask_staple=vehicle.config.ocsp != "off",
        on_keys=on_keys,
    )
    try:
        secured = await open_client(stream, config, clock)
    except TlsError as error:
        trace.emit(Secured(time=clock.now(), actor=ACTOR, ok=False, alert=error.alert, reason=error.sentence))
        raise
    trace.emit(
        Secured(
            time=clock.now(),
            actor=ACTOR,
            ok=True,
            version=secured.version,
            cipher=secured.cipher,
            peer=stream.peer,
            stapled=any(secured.staples),
        )
    )
    return secured


class StationJudge:
    """Asks :func:`tls_certs.judges.secc_judge` the two questions TLS has, and reports every verdict once."""

    def __init__(self, vehicle: Vehicle, clock: Clock, trace: Trace) -> None:
        self._roots, self._config, self._clock, self._trace = vehicle.v2g_roots, vehicle.config, clock, trace

    def chain(self, chain: Sequence[bytes], now: float) -> None:
        """Raise PeerError unless ``chain`` leads to one of the vehicle's V2G roots."""
        from tls_certs.judges import secc_judge

        secc_judge(self._roots, "off", self._tell, strict=self._config.strict)(chain, (), now)

    def staples(self, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
        """Raise PeerError unless the stapled OCSP responses are what the vehicle demands."""
        from tls_certs.judges import CHAIN, secc_judge

        def tell(what: str, ok: bool, reason: str, clause: str) -> None:
            if what != CHAIN:
                self._tell(what, ok, reason, clause)

        if self._config.ocsp != "off":
            secc_judge(self._roots, self._config.ocsp, tell, strict=self._config.strict)(chain, staples, now)

    def _tell(self, what: str, ok: bool, reason: str, clause: str) -> None:
        self._trace.emit(Judged(time=self._clock.now(), actor=ACTOR, what=what, ok=ok, reason=reason, clause=clause))


def _line(security: Security) -> str:
    return "with TLS" if security == Security.TLS else "without TLS"
