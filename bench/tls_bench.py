"""What a V2G TLS handshake and a message behind it cost: both sides in memory, CPU time of this process."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PncError
from pncsim.wire.pipe import memory_pipe
from pncsim.wire.streams import ByteStream
from pncsim.wire.tls import TlsClient, TlsServer, open_client, open_server

Issuer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@dataclass(frozen=True)
class HandshakeCost:
    """CPU milliseconds of one handshake, vehicle and station together, without judging certificates."""

    median: float
    best: float
    first: float
    """The first handshake, which also builds both contexts (OpenSSL's import not counted)."""


class _AcceptAll:
    """Judging belongs to ``tls_certs`` and is measured there."""

    def chain(self, chain: Sequence[bytes], now: float) -> None:
        """Accept."""

    def staples(self, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
        """Accept."""


def _issue(name: str, issuer: Issuer | None) -> Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    return certificate, key


def _configurations() -> tuple[TlsClient, TlsServer]:
    sub1 = _issue("sub1", _issue("root", None))
    sub2 = _issue("sub2", sub1)
    leaf = _issue("leaf", sub2)
    server = TlsServer(credentials=Credentials((leaf[0], sub2[0], sub1[0]), leaf[1]), staples=(bytes(800),))
    return TlsClient(judge=_AcceptAll()), server


async def _measure(rounds: int) -> HandshakeCost:
    client, server = _configurations()
    clock = Clock()
    costs = []
    for _ in range(rounds + 1):
        ours, theirs = memory_pipe()
        began = time.process_time_ns()
        await asyncio.gather(open_client(ours, client, clock), open_server(theirs, server, clock))
        costs.append((time.process_time_ns() - began) / 1e6)
    return HandshakeCost(statistics.median(costs[1:]), min(costs[1:]), costs[0])


def handshake_cost(rounds: int = 200) -> HandshakeCost:
    """Measure ``rounds`` -2 handshakes (three certificates, an 800-octet staple) after one that warms up."""
    import pncsim.wire.tls.openssl  # noqa: F401  the import is not what is measured

    return asyncio.run(_measure(rounds))


MESSAGE = bytes(120)


class _Player:
    """Sends back whatever comes, ``left`` times."""

    def __init__(self, stream: ByteStream, left: int) -> None:
        self._stream, self._left = stream, left
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stream.attach(self)

    def received(self, data: bytes) -> None:
        if self._left:
            self._left -= 1
            self._stream.write(data)
        else:
            self.done.set_result(None)

    def ended(self, error: PncError | None) -> None:
        """Not before all is measured."""

    def drained(self) -> None:
        """Nothing ever fills up."""


async def _play(secured: bool, messages: int) -> float:
    ours, theirs = memory_pipe()
    if secured:
        client, server = _configurations()
        clock = Clock()
        ours, theirs = await asyncio.gather(open_client(ours, client, clock), open_server(theirs, server, clock))
    began = time.process_time_ns()
    far, near = _Player(theirs, messages), _Player(ours, messages // 2)
    ours.write(MESSAGE)
    await near.done
    assert not far.done.done()
    return (time.process_time_ns() - began) / 1e3 / messages


def message_cost(*, secured: bool, messages: int = 20_000) -> float:
    """CPU microseconds of one message from one side's write to the other's receiver, with or without TLS."""
    return asyncio.run(_play(secured, messages))


if __name__ == "__main__":
    cost = handshake_cost()
    print(f"TLS handshake, both sides: median {cost.median:.2f} ms CPU, best {cost.best:.2f}, first {cost.first:.2f}")
    with_tls, without = message_cost(secured=True), message_cost(secured=False)
    print(f"a message of {len(MESSAGE)} octets, one way: {with_tls:.1f} us CPU, {without:.1f} without TLS")
