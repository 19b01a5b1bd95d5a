"""A station and a CSMS with a small PKI behind them, for tests in virtual time and on sockets."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import Encoding

from pncsim.backend.answers import ChainStatus, PoolAnswer, RevocationStatus, SigningUse, TokenStatus
from pncsim.backend.csms.context import CsmsConfig
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.transactions import Transaction
from pncsim.backend.store import MAX_PAGE
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.hash_data import HashData
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.ocsp import request_from_hash_data
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp.channel import Connector, FrameChannel, MemoryChannel
from pncsim.wire.ocpp.frames import Frame
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Event, OcppFrame, Problem, Trace

T = TypeVar("T")

NOW = 1_795_000_000.0
IDENTITY = "CS001"
PASSWORD = "correct-horse-battery"
OCSP = "http://127.0.0.1:8080/ocsp"


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a coroutine test on a loop whose time jumps."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


@functools.cache
def shared_pki() -> Pki:
    """One PKI for all tests that change nothing in it."""
    return create_pki(NOW, ocsp_url=OCSP)


@dataclass
class Authority:
    """Signs CSRs with CPO Sub-CA 2; ``refuse`` and ``mangle`` make it misbehave."""

    pki: Pki
    clock: Clock
    refuse: bool = False
    mangle: Callable[[str], str] = lambda chain: chain
    silent: bool = False

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        if self.refuse:
            raise LocalError("The authority does not sign this.")
        if self.silent:
            await self.clock.sleep(1e6)
        leaf = self.pki.authority("cpo_sub2").issue_from_request(
            check_request(csr), PROFILES["secc_leaf"], self.clock.now()
        )
        chain = (leaf, self.pki.certificate("cpo_sub2"), self.pki.certificate("cpo_sub1"))
        return self.mangle("".join(c.public_bytes(Encoding.PEM).decode() for c in chain))


@dataclass
class Responder:
    """OCSP in-process: ``says`` overrides the status by serial number, ``dead`` refuses, ``slow`` delays in seconds."""

    pki: Pki
    clock: Clock
    says: dict[str, RevocationStatus] = field(default_factory=dict)
    dead: bool = False
    slow: float = 0.0
    asked: list[HashData] = field(default_factory=list)

    def known_status(self, hash_data: HashData) -> None:
        """Nothing is remembered here."""

    async def status(self, hash_data: HashData) -> RevocationStatus:
        await self._ask(hash_data)
        return self.says.get(hash_data.serial_number, "good")

    async def fetch(self, hash_data: HashData) -> bytes:
        await self._ask(hash_data)
        return self.pki.answer_ocsp(request_from_hash_data(hash_data), self.clock.now())

    async def _ask(self, hash_data: HashData) -> None:
        self.asked.append(hash_data)
        if self.slow:
            await self.clock.sleep(self.slow)
        if self.dead:
            raise PeerError(f"The OCSP responder {hash_data.responder_url} cannot be reached (connection refused).")


@dataclass
class Operator:
    """Contracts and tokens: what is not listed is Unknown."""

    known: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def authorize(self, emaid: str, kind: str = "eMAID") -> TokenStatus:
        self.asked.append(emaid)
        status: Any = self.known.get(emaid, "Unknown")
        return TokenStatus(status, "" if status == "Accepted" else f"{emaid} is {status}")


@dataclass
class Pool:
    """Gives ``answer`` after ``delay`` seconds, or dies."""

    clock: Clock
    answer: PoolAnswer = field(default_factory=lambda: PoolAnswer(b"\x80contract", "Accepted", "one contract"))
    delay: float = 0.0
    dead: bool = False
    asked: list[tuple[bytes, str]] = field(default_factory=list)

    async def provide(self, exi: bytes, schema: str) -> PoolAnswer:
        self.asked.append((exi, schema))
        await self.clock.sleep(self.delay)
        if self.dead:
            raise PeerError("The contract pool http://pool/ cannot be reached (connection refused).")
        return self.answer


@dataclass
class Chains:
    """Central validation with a fixed verdict."""

    verdict: ChainStatus
    judged: list[str] = field(default_factory=list)

    async def judge(self, chain: str, now: float) -> ChainStatus:
        self.judged.append(chain)
        return self.verdict


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns; a store in memory never waits."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("a store in memory has waited for something")


def books(csms: Csms) -> list[Transaction]:
    """The transactions a CSMS keeps."""
    return list(at_once(csms.transactions.page(limit=MAX_PAGE)).values)


class Hand:
    """An end of a connection in a test's hand: texts go out as a stranger's, what arrives waits to be looked at."""

    def __init__(self, channel: FrameChannel) -> None:
        self.channel = channel
        self._arrived: asyncio.Queue[str | None] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        await self.channel.deliver(lambda frame: self._arrived.put_nowait(frame.text))
        self._arrived.put_nowait(None)

    def send(self, text: str) -> None:
        self.channel.post(Frame(text))

    async def receive(self) -> str | None:
        """The next text, or None after the end."""
        return await self._arrived.get()

    async def close(self) -> None:
        await self.channel.close()
        await self._reader


class Lab:
    """The CSMS with its services and one station; ``events`` holds everything both reported."""

    def __init__(self, clock: Clock | None = None, pki: Pki | None = None) -> None:
        self.clock = clock or Clock(NOW)
        self.pki = pki or shared_pki()
        self.source = Seeded(7)
        self.events: list[Event] = []
        self._news = asyncio.Event()
        self.trace = Trace([self.events.append, lambda event: self._news.set()])
        self.authority = Authority(self.pki, self.clock)
        self.ocsp = Responder(self.pki, self.clock)
        self.operator = Operator({"DEPNCC00000001A": "Accepted"})
        self.tokens = Operator({"04A1B2C3": "Accepted"})
        self.pool = Pool(self.clock)
        self.services = Services(
            pool=self.pool,
            revocation=self.ocsp,
            authority=self.authority,
            operator=self.operator,
            tokens=self.tokens,
        )
        self.csms = Csms(self.services, self.clock, self.source, self.trace, config=CsmsConfig())
        at_once(self.csms.register.add(IDENTITY, PASSWORD))
        self.stopped: list[str] = []
        self.links: list[MemoryChannel] = []

    def connector(self) -> Connector:
        """As the CSMS's, but the test can cut the line (``cut``)."""
        inner = self.csms.connector()

        async def connect(identity: str, password: str | None) -> Any:
            channel = await inner(identity, password)
            assert isinstance(channel, MemoryChannel)
            self.links.append(channel)
            return channel

        return connect

    async def cut(self) -> None:
        """Break the connection under both ends."""
        await self.links[-1].close(1006, "cut")

    def station(self, connect: Connector | None = None, config: StationConfig | None = None, **more: Any) -> Station:
        """A station with the V2G and MO roots."""
        roots = [
            ("V2GRootCertificate", self.pki.certificate("v2g_root")),
            ("MORootCertificate", self.pki.certificate("mo_root")),
        ]
        station = Station(
            config or StationConfig(identity=IDENTITY),
            connect or self.connector(),
            self.clock,
            self.source,
            self.trace,
            **{"password": PASSWORD, "roots": roots, **more},
        )
        for outlet in station.outlets:
            outlet.stop = self.stopped.append
        return station

    async def until(self, holds: Callable[[], bool], within: float = 5.0) -> None:
        """Wait for events until ``holds()``; TimeoutError after ``within`` seconds."""
        async with self.clock.timeout(within):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def frames(self, actor: str = "CS", direction: str = "sent") -> list[str]:
        """The actions of frames one side sent or received, in order."""
        return [
            e.action for e in self.events if isinstance(e, OcppFrame) and (e.role, e.direction) == (actor, direction)
        ]

    def problems(self) -> list[str]:
        """Every problem's sentence."""
        return [e.text for e in self.events if isinstance(e, Problem)]


@asynccontextmanager
async def running(station: Station) -> AsyncIterator[Station]:
    """The station runs while the body does; how it ended is not hidden."""
    task = asyncio.create_task(station.run())
    try:
        yield station
    finally:
        await station.stop()
        await task
