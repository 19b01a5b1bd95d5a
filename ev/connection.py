"""From plug-in to a stream the engine can use: SDP, TCP and TLS as the vehicle wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.v2g.sdp import ATTEMPTS, Security

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.wire.clock import Clock
    from pncsim.wire.network import Network
    from pncsim.wire.streams import ByteStream
    from pncsim.wire.voice import Voice


async def connect(network: Network, vehicle: Vehicle, clock: Clock, voice: Voice) -> tuple[ByteStream, bool]:
    """The stream to the station and whether it is secured. Raises PncError if there is none; that is told already."""
    try:
        stream, security = await _reach(network, vehicle, voice)
    except PncError as error:
        voice.problem(error)
        raise
    if security == Security.NONE:
        return stream, False
    return await _secure(stream, vehicle, clock, voice), True


async def _reach(network: Network, vehicle: Vehicle, voice: Voice) -> tuple[ByteStream, Security]:
    config = vehicle.config
    want = Security.NONE if config.tls == "off" else Security.TLS
    address = await network.find(want, voice, attempts=round(ATTEMPTS * config.patience))
    voice.story(f"A station answers at {address.host} port {address.port}, {_line(address.security)}.")
    if address.security != want and (want == Security.NONE or config.tls == "require" or config.payment == "contract"):
        raise PeerError(
            f"The vehicle asked for a station {_line(want)}; the station's answer says {_line(address.security)}.",
            clause="V2G2-634",
            advice="Allow the vehicle the other kind of connection, or look at the station's TLS settings.",
        )
    stream = await network.connect(address, voice)
    if address.security != want:
        voice.warning("The station offers no TLS; payment by contract is off.")
    return stream, address.security


async def _secure(stream: ByteStream, vehicle: Vehicle, clock: Clock, voice: Voice) -> ByteStream:
    from pncsim.tls_certs import reading
    from pncsim.tls_certs.judges import StationJudge
    from pncsim.wire.tls import TlsClient, TlsError, open_client

    roots, how = (*vehicle.v2g_roots, *vehicle.private_roots), vehicle.config
    offered: list[bytes] = []
    judge = StationJudge(
        roots, how.ocsp, voice.judged, gate=voice.tolerate, pairing=how.pairing, algorithms=how.algorithms
    )
    config = TlsClient(
        judge=judge,
        trusted_ca_keys=tuple(map(reading.der, roots)),
        ask_staple=how.ocsp != "off",
        ciphers=how.suites,
        curves=how.algorithms,
        on_keys=voice.key_log,
        on_hello=offered.append,
    )
    try:
        secured = await open_client(stream, config, clock)
    except TlsError as error:
        voice.not_secured(error, hello=b"".join(offered), chain=error.peer_chain, staples=error.staples)
        raise
    if judge.paired is not None:
        vehicle.private_roots = (*vehicle.private_roots, judge.paired)
        voice.story(f"The vehicle is paired with {judge.paired.subject.rfc4514_string()}.")
    voice.secured(
        version=secured.version,
        cipher=secured.cipher,
        peer=stream.peer,
        chain=secured.peer_chain,
        staples=secured.staples,
    )
    return secured


def _line(security: Security) -> str:
    return "with TLS" if security == Security.TLS else "without TLS"
