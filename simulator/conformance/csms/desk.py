"""The tester's desk: a charging station of the tester's, and the way to the CSMS that is tested."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from cryptography import x509

from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.own import IDENTITY, PASSWORD, own_csms
from pncsim.simulator.conformance.octt import answered, refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Request
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import turned_away
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

PATIENCE = 30.0
"""Seconds a CSMS has for an answer."""

StationDoor = Callable[[str, str | None], Awaitable[FrameChannel]]
"""Opens a connection of the tester's station for (user, password). Raises PeerError where the CSMS lets nobody in."""


class StationDesk:
    """One case's station ``identity`` at ``door``, with its ``password`` there.

    ``pki``: that of our own CSMS, None at somebody else's.
    """

    def __init__(
        self,
        door: StationDoor,
        clock: Clock,
        options: CsmsUnderTest,
        identity: str,
        password: str | None,
        pki: Pki | None = None,
        source: Source = SYSTEM,
    ) -> None:
        self.identity, self.password, self.options = identity, password, options
        self._door, self._pki, self._source = door, pki, source
        self.clock, self.trace = clock, Trace()
        self._voice = Voice.on(clock, self.trace, "CS", identity)
        self._peer: OcppPeer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def time(self) -> str:
        """Now, as OCPP writes it."""
        return timestamp(self.clock.now())

    def new_id(self) -> str:
        """The id of a transaction there has never been."""
        return self._source.octets(16).hex()

    async def connect(self, user: str, password: str | None) -> None:
        """Come in. Raises PeerError where the CSMS does not let the station in."""
        channel = await self._door(user, password)
        self._peer = OcppPeer(
            channel, self.clock, self._source, self._voice, peer="CSMS", handlers={}, default_timeout=PATIENCE
        )
        self._tasks.append(asyncio.create_task(self._peer.run()))

    async def boot(self, *, wanted: str = "Accepted", **more: Any) -> Any:
        """Come in as it should be and boot; what that was answered. Raises PeerError unless the CSMS does as wanted."""
        await self.connect(self.identity, self.password)
        plate: Any = {"chargingStation": {"model": "tester", "vendorName": "pncsim"}, "reason": "PowerUp"}
        answer = await self.ask(v201.BootNotification(plate | more))
        if answer["status"] != wanted:
            raise PeerError(
                f"The CSMS answered BootNotification with {answer['status']}, not {wanted}: the case cannot begin.",
                kind="refused",
            )
        return answer

    async def ask(self, request: Request[A]) -> A:
        """Call the CSMS. Raises Unlike for whatever is not the action's response, as its schema has it."""
        assert self._peer is not None, "who calls has come in"
        return await answered(request.action, self._peer.ask(request))

    async def refused(self, request: Request[Any]) -> str:
        """The code of the CALLERROR that answers ``request``. Raises Unlike for any other answer, or none."""
        assert self._peer is not None, "who calls has come in"
        return await refused(request.action, self._peer.ask(request))

    def contract(self, *, revoked: bool = False) -> tuple[x509.Certificate, ...]:
        """A contract's certificate, its Sub-CAs and root. Raises LocalError where the tester was given none."""
        if self._pki is not None:
            leaf = self._pki.certificate("contract_leaf")
            if revoked:
                self._pki.issuer_authority(leaf).revoke(leaf, self.clock.now())
            return (*self._pki.chain("contract_leaf"), self._pki.root("contract_leaf"))
        name = "revoked-contract" if revoked else "contract"
        path = self.options.revoked_contract if revoked else self.options.contract
        if path is None:
            raise LocalError("The tester has no such contract to show.", advice=f"Give --{name} FILE.")
        chain = reading.load_all(_octets(path), f"The contract in {path}")
        if len(chain) < 2:
            raise LocalError(f"{path} has one certificate: its issuers, to the root, have to follow it.")
        return chain

    async def leave(self) -> None:
        """Close what is open."""
        if self._peer is not None:
            await self._peer.close(1000, "the case is over")
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def stationed(
    target: str, options: CsmsUnderTest, *, pending: bool = False, source: Source = SYSTEM
) -> AsyncIterator[StationDesk]:
    """A desk at ``target``, or at a CSMS of ours ("") that is ``pending`` or accepts; ours draws from ``source``.

    Raises LocalError for a target or files that cannot be used.
    """
    clock = Clock()
    if target:
        door, identity = sockets_at(target, options)
        password = None if options.password is None else _octets(options.password).decode("utf-8", "replace").strip()
        desk = StationDesk(door, clock, options, identity, password)
        try:
            yield desk
        finally:
            await desk.leave()
        return
    csms, pki = await own_csms(clock, options, pending=pending, source=source)

    async def memory(user: str, password: str | None) -> FrameChannel:
        admission = await csms.admit(IDENTITY, user, password)
        if admission != "welcome":
            raise turned_away("The CSMS", 404 if admission == "unknown" else 401)
        return csms.accept(IDENTITY)

    desk = StationDesk(memory, clock, options, IDENTITY, PASSWORD, pki, source)
    try:
        yield desk
    finally:
        await desk.leave()
        await csms.close()


def sockets_at(target: str, options: CsmsUnderTest) -> tuple[StationDoor, str]:
    """The door at ``target``, and the identity its path ends with. Raises LocalError for what is no address."""
    try:
        parts = urlsplit(target)
    except ValueError:
        raise LocalError("The address of the CSMS cannot be read.") from None
    path, _, identity = parts.path.rpartition("/")
    if parts.scheme not in ("ws", "wss") or not parts.netloc or not identity or "@" in parts.netloc:
        raise LocalError(
            "The CSMS's address is ws(s)://HOST[:PORT]/PATH/ID, where ID is the station the tester plays.",
            advice="A password is given in a file: --password FILE.",
        )

    async def door(user: str, password: str | None) -> FrameChannel:
        from pncsim.wire.ocpp.tls import client_context
        from pncsim.wire.ocpp.websocket import connect

        tls = None
        if parts.scheme == "wss":
            if options.trust is None:
                raise LocalError("A CSMS at wss:// needs a root to be trusted by.", advice="Give --trust FILE.")
            tls = client_context(reading.load_all(_octets(options.trust), f"The root in {options.trust}"))
        # The user counts only where it stands in the address; the password beside it outweighs the one in there.
        at = "" if password is None else f"{quote(user, safe='')}:@"
        url = urlunsplit((parts.scheme, f"{at}{parts.netloc}", path, "", ""))
        return await connect(url, unquote(identity), password=password, tls=tls)

    return door, unquote(identity)


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
