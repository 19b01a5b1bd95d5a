"""The way to the CSMS that is tested: ours in this process, somebody's by its address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pncsim.simulator.conformance.csms.desk import StationDesk, StationDoor, octets
from pncsim.simulator.conformance.csms.operator import (
    CsmsOperator,
    NoOperator,
    OperatorAtTerminal,
    OperatorByCommand,
    OperatorHere,
)
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.own import IDENTITY, PASSWORD, own_csms
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import turned_away
from pncsim.wire.source import SYSTEM, Source


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
        password = None if options.password is None else octets(options.password).decode("utf-8", "replace").strip()
        desk = StationDesk(door, clock, options, identity, password, operator_of(options))
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

    desk = StationDesk(memory, clock, options, IDENTITY, PASSWORD, OperatorHere(csms), pki, source)
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
            tls = client_context(reading.load_all(octets(options.trust), f"The root in {options.trust}"))
        # The user counts only where it stands in the address; the password beside it outweighs the one in there.
        at = "" if password is None else f"{quote(user, safe='')}:@"
        url = urlunsplit((parts.scheme, f"{at}{parts.netloc}", path, "", ""))
        return await connect(url, unquote(identity), password=password, tls=tls)

    return door, unquote(identity)


def operator_of(options: CsmsUnderTest) -> CsmsOperator:
    """Who operates somebody's CSMS. Raises LocalError for a command that is none."""
    if options.csms_command is not None:
        return OperatorByCommand(options.csms_command)
    return OperatorAtTerminal() if options.manual else NoOperator()
