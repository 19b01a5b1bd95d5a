"""The way to the CSMS that is tested: ours in this process, somebody's by its address."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from cryptography import x509
from msgspec import Struct

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.conformance.csms.desk import StationDesk, StationDoor, StationSecurity, contract_in, octets
from pncsim.simulator.conformance.csms.operator import (
    CsmsOperator,
    NoOperator,
    OperatorAtTerminal,
    OperatorByCommand,
    OperatorHere,
)
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.csms.own import IDENTITY, PASSWORD, SERIAL, own_csms, with_tls
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder import credentials_in
from pncsim.tls_certs.pki import Pki, create_ocpp_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import turned_away
from pncsim.wire.source import SYSTEM, Source


class DeskSetting(Struct, frozen=True, kw_only=True):
    """What a CSMS of ours is set to for a case: see :func:`simulator.conformance.csms.own.own_csms`.

    ``profile``: the security profile by which stations come in. ``upgrades``: they may do so by higher ones, too.
    """

    pending: bool = False
    pools: bool = False
    profile: int = 1
    upgrades: bool = False


@asynccontextmanager
async def stationed(
    target: str, options: CsmsUnderTest, setting: DeskSetting, source: Source = SYSTEM
) -> AsyncIterator[StationDesk]:
    """A desk at ``target``, or at a CSMS of ours ("") that is set so; ours draws from ``source``.

    Raises LocalError for a target or files that cannot be used.
    """
    clock = Clock()
    if target:
        desk = _far(target, clock, options)
        try:
            yield desk
        finally:
            await desk.leave()
        return
    csms, pki = await own_csms(clock, options, pending=setting.pending, pools=setting.pools, source=source)
    door, security = await _near(csms, pki, clock, setting)
    first, later = (None, security) if setting.upgrades else (security, None)
    desk = StationDesk(door, clock, options, IDENTITY, PASSWORD, OperatorHere(csms), pki, source, first, later)
    try:
        yield desk
    finally:
        await desk.leave()
        await csms.close()


def _far(target: str, clock: Clock, options: CsmsUnderTest) -> StationDesk:
    door, identity = sockets_at(target, options)
    password = _password(options)
    secured = target.startswith("wss:")
    security = _security(options, clock, identity) if secured or options.trust is not None else None
    first, later = (security, None) if secured else (None, security)
    operator = operator_of(options)
    return StationDesk(door, clock, options, identity, password, operator, security=first, later=later)


def _password(options: CsmsUnderTest) -> str | None:
    return None if options.password is None else octets(options.password).decode("utf-8", "replace").strip()


def check_files(target: str, options: CsmsUnderTest) -> None:
    """Raise LocalError for a file of the user's that cannot be used at ``target``, whatever case needs it."""
    _password(options)
    if target.startswith("wss:") or options.trust is not None:
        _trusted_and_shown(options)
    for chain in filter(None, (options.contract, options.revoked_contract)):
        contract_in(chain)
    for request in filter(None, (options.installation_request, options.update_request)):
        octets(request)


async def _near(csms: Csms, pki: Pki, clock: Clock, setting: DeskSetting) -> tuple[StationDoor, StationSecurity | None]:
    """The door of a CSMS of ours, in memory, and what the station needs for it."""
    profile = setting.profile

    async def memory(user: str, password: str | None, tls: ssl.SSLContext | None, at: str) -> FrameChannel:
        admission = await csms.admit(IDENTITY, user, password, profile=1)
        if admission != "welcome":
            raise turned_away("The CSMS", 404 if admission == "unknown" else 401)
        return csms.accept(IDENTITY)

    if profile == 1 and not setting.upgrades:
        return memory, None
    door = await with_tls(csms, pki, clock, profiles=(2, 3) if setting.upgrades else (profile,))

    async def secured(user: str, password: str | None, tls: ssl.SSLContext | None, at: str) -> FrameChannel:
        return await (memory(user, password, None, at) if tls is None else door.enter(user, password, tls))

    if profile == 2:
        return secured, StationSecurity((door.root,))
    wrong = (
        ("a certificate of another operator", stranger(clock, SERIAL)),
        ("that of another station", door.station("ANOTHER-1")),
    )
    return secured, StationSecurity((door.root,), door.station(), wrong)


def _trusted_and_shown(options: CsmsUnderTest) -> tuple[tuple[x509.Certificate, ...], Credentials | None]:
    """What is in the user's files for TLS. Raises LocalError for what cannot be used."""
    if options.trust is None:
        raise LocalError("A CSMS at wss:// needs a root to be trusted by.", advice="Give --trust FILE.")
    roots = reading.load_all(octets(options.trust), f"The root in {options.trust}")
    place = options.station_credentials
    return roots, None if place is None else credentials_in(place, "the station")


def _security(options: CsmsUnderTest, clock: Clock, identity: str) -> StationSecurity:
    roots, shown = _trusted_and_shown(options)
    if shown is None:
        return StationSecurity(roots)
    return StationSecurity(roots, shown, (("a certificate of another operator", stranger(clock, identity)),))


def stranger(clock: Clock, serial: str) -> Credentials:
    """What another operator gives a station of that serial number."""
    authority = create_ocpp_pki(clock.now()).authority("csms_root")
    return authority.credentials(PROFILES["station_client"], serial, clock.now())


def sockets_at(target: str, options: CsmsUnderTest) -> tuple[StationDoor, str]:
    """The door at ``target``, and the identity its path ends with. Raises LocalError for what is no address."""
    try:
        parts = urlsplit(target)
        port = parts.port
    except ValueError as error:
        raise LocalError(f"The address of the CSMS cannot be read: {error}.") from None
    path, _, identity = parts.path.rpartition("/")
    if parts.scheme not in ("ws", "wss") or not parts.netloc or port == 0 or not identity or "@" in parts.netloc:
        raise LocalError(
            "The CSMS's address is ws(s)://HOST[:PORT]/PATH/ID, where ID is the station the tester plays.",
            advice="A password is given in a file: --password FILE.",
        )

    async def door(user: str, password: str | None, tls: ssl.SSLContext | None, at: str) -> FrameChannel:
        from pncsim.wire.ocpp.websocket import connect

        # The user counts only where it stands in the address; the password beside it outweighs the one in there.
        named = "" if password is None else f"{quote(user, safe='')}:@"
        url = at or urlunsplit((parts.scheme, f"{named}{parts.netloc}", path, "", ""))
        return await connect(url, unquote(identity), password=password, tls=tls)

    return door, unquote(identity)


def operator_of(options: CsmsUnderTest) -> CsmsOperator:
    """Who operates somebody's CSMS. Raises LocalError for a command that is none."""
    if options.csms_command is not None:
        return OperatorByCommand(options.csms_command)
    return OperatorAtTerminal() if options.manual else NoOperator()
