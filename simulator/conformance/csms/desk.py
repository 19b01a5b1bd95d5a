"""The tester's desk: a charging station of the tester's, and the way to the CSMS that is tested."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec import Struct

from pncsim.secc.station import identity
from pncsim.secc.station.identity import CertificateRequest
from pncsim.simulator.conformance.csms import vehicles
from pncsim.simulator.conformance.csms.awaited import AT_REST, CallDue
from pncsim.simulator.conformance.csms.operator import CsmsOperator
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.simulator.conformance.octt import answered, refused
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.tls_certs.hash_data import HashName, hash_data
from pncsim.tls_certs.pki import Pki, create_ocpp_pki
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import A, Handler, Reply, Request
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import LinkSecurity
from pncsim.wire.ocpp.peer import OcppPeer
from pncsim.wire.ocpp.tls import client_context
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

PATIENCE = 30.0
"""Seconds a CSMS has for an answer."""
AS_IT_LIKES = 60
"""Seconds until a station boots once more that may choose itself (interval 0)."""

StationDoor = Callable[[str, str | None, ssl.SSLContext | None, str], Awaitable[FrameChannel]]
"""Opens a connection of the tester's station for (user, password, TLS or none, another address than the target's or
""). Raises PeerError where the CSMS lets nobody in."""


class StationSecurity(Struct, frozen=True):
    """What the station does TLS with: the ``roots`` it trusts, what it has ``shown`` where it is asked.

    ``wrong``: credentials by which no CSMS may let it in, each with words for it.
    """

    roots: tuple[x509.Certificate, ...]
    shown: Credentials | None = None
    wrong: tuple[tuple[str, Credentials], ...] = ()

    def context(self, shown: Credentials | None = None) -> ssl.SSLContext:
        """TLS as it should be, or with other credentials."""
        return client_context(self.roots, shown or self.shown)

    @property
    def showing_nothing(self) -> ssl.SSLContext:
        """TLS of a station that comes in by its password (security profile 2)."""
        return client_context(self.roots)


class StationDesk:
    """One case's station, called ``name``, at ``door``, with its ``password`` there.

    ``pki``: that of our own CSMS, None at somebody else's. ``security``: None where it comes in without TLS; ``later``
    is what it has for TLS once it has to (A05).
    """

    def __init__(
        self,
        door: StationDoor,
        clock: Clock,
        options: CsmsUnderTest,
        name: str,
        password: str | None,
        operator: CsmsOperator,
        pki: Pki | None = None,
        source: Source = SYSTEM,
        security: StationSecurity | None = None,
        later: StationSecurity | None = None,
    ) -> None:
        self.identity, self.password, self.options = name, password, options
        self._door, self._operator, self._pki, self._source = door, operator, pki, source
        self.clock, self.trace = clock, Trace()
        self._voice = Voice.on(clock, self.trace, "CS", name)
        self.security, self.later = security, later
        self.secured: LinkSecurity | None = None
        self.interval = AS_IT_LIKES
        """Seconds it was told when it booted last."""
        self.list_version = 0
        """That of the local list it was sent last."""
        self.heard: Counter[str] = Counter()
        """How often the CSMS has made each call."""
        self._key: CertificateRequest | None = None
        self._peer: OcppPeer | None = None
        self._due: CallDue | None = None
        self._spare: x509.Certificate | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def patience(self) -> float:
        """Seconds the CSMS has for a call once everything is done that sets it off."""
        return self._operator.patience

    @property
    def time(self) -> str:
        """Now, as OCPP writes it."""
        return timestamp(self.clock.now())

    def new_id(self) -> str:
        """The id of a transaction there has never been."""
        return self._source.octets(16).hex()

    async def connect(
        self, user: str, password: str | None, tls: ssl.SSLContext | None = None, *, at: str = ""
    ) -> None:
        """Come in, with ``tls`` in place of the right one, and at another address.

        Raises PeerError where the CSMS lets nobody in like that.
        """
        right = None if self.security is None else self.security.context()
        channel = await self._door(user, password, tls or right, at)
        self.secured = channel.secured
        handlers: dict[str, Handler] = {action: partial(self._called, action) for action in AT_REST}
        self._peer = OcppPeer(
            channel, self.clock, self._source, self._voice, peer="CSMS", handlers=handlers, default_timeout=PATIENCE
        )
        self._tasks.append(asyncio.create_task(self._peer.run()))

    async def boot(self, *, wanted: str = "Accepted", **more: Any) -> Any:
        """Come in as it should be and boot; what that was answered. Raises PeerError unless the CSMS does as wanted."""
        await self.connect(self.identity, self.password)
        answer = await self.register(**more)
        if answer["status"] != wanted:
            raise PeerError(
                f"The CSMS answered BootNotification with {answer['status']}, not {wanted}: the case cannot begin.",
                kind="refused",
            )
        return answer

    async def register(self, **more: Any) -> Any:
        """BootNotification, with these members; what that was answered."""
        named = {"model": "tester", "vendorName": "pncsim", "serialNumber": self.serial}
        plate: Any = {"chargingStation": named, "reason": "PowerUp"}
        answer = await self.ask(v201.BootNotification(plate | more))
        self.interval = answer["interval"] or AS_IT_LIKES
        return answer

    async def come_again(self, *, reason: str) -> None:
        """Go, and come again as after a reset. Raises Unlike unless the CSMS lets the station in and accepts it."""
        await self.go()
        try:
            await self.connect(self.identity, self.password)
        except PeerError as error:
            raise Unlike(f"The CSMS did not let the station in again: {error.sentence}") from error
        answer = await self.register(reason=reason)
        must(answer["status"] == "Accepted", f"The station came again, and was answered {answer['status']}.")

    def _called(self, action: str, request: Any) -> Reply[Any]:
        self.heard[action] += 1
        meant = self._due is not None and self._due.meets(action, request)
        if action == "SendLocalList":
            self.list_version = request["versionNumber"]
        if self._due is not None and meant:
            return self._due.take(request)
        if action == "GetLocalListVersion":
            return {"versionNumber": self.list_version}
        return AT_REST[action](request)

    def due(self, action: str, unlike: Callable[[Any], str], answer: Callable[[Any], Any]) -> CallDue:
        """From now on a call of ``action`` that is not ``unlike`` what it has to be is answered with ``answer``."""
        self._due = CallDue(action, unlike, answer)
        return self._due

    async def let(self, action: str, payload: Any, words: str) -> None:
        """Have the operator of the CSMS let it send this. Raises LocalError where nobody can."""
        await self._operator.let(self.identity, action, payload, words)

    async def call(self, action: str, payload: Any) -> Any:
        """:meth:`ask` by the name of an action."""
        return await self.ask(Request(action, payload))

    async def ask(self, request: Request[A]) -> A:
        """Call the CSMS. Raises Unlike for whatever is not the action's response, as its schema has it."""
        assert self._peer is not None, "who calls has come in"
        return await answered(request.action, self._peer.ask(request))

    async def refused(self, request: Request[Any]) -> str:
        """The code of the CALLERROR that answers ``request``. Raises Unlike for any other answer, or none."""
        assert self._peer is not None, "who calls has come in"
        return await refused(request.action, self._peer.ask(request))

    def secured_by(self) -> StationSecurity:
        """What it does TLS with. Raises LocalError where the CSMS is reached without."""
        if self.security is None:
            raise LocalError("The CSMS is reached without TLS.", advice="Its address has to begin with wss://.")
        return self.security

    def certified_by(self) -> StationSecurity:
        """The same of a station that has a certificate. Raises LocalError where it has none."""
        security = self.secured_by()
        if security.shown is None:
            raise LocalError(
                "The tester's station has no certificate to show.", advice="Give --station-credentials FILE."
            )
        return security

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
        return contract_in(path)

    def emaid(self) -> str:
        """The EMAID of the contract."""
        return reading.common_name(self.contract()[0])

    def chain(self) -> str:
        """Its chain in PEM, without the root."""
        return reading.pem(self.contract()[:-1])

    def vehicle_asks(self, what: Literal["installation", "update"]) -> str:
        """A request of a vehicle, as EXI in base64. Raises LocalError where the tester was given none."""
        if self._pki is not None:
            roots = [self._pki.root("secc_leaf")]
            if what == "installation":
                exi = vehicles.installation(self._pki.credentials("oem_leaf"), roots)
            else:
                exi = vehicles.update(self._pki.credentials("contract_leaf"), self.emaid(), roots)
        else:
            path = self.options.installation_request if what == "installation" else self.options.update_request
            if path is None:
                raise LocalError("The tester has no such request.", advice=f"Give --{what}-request FILE.")
            exi = octets(path)
        return base64.b64encode(exi).decode("ascii")

    def csr(self) -> str:
        """A request for a certificate of the station, with a new key."""
        shown = self._shown
        owner = next(iter(reading.values_of(shown.leaf.subject, NameOID.ORGANIZATION_NAME)), "") if shown else ""
        self._key = identity.request(self.serial, owner or "pncsim", "DE", self._source)
        return self._key.pem

    def is_for_its_key(self, certificate: x509.Certificate) -> bool:
        """Whether that is what the last request was about."""
        return self._key is not None and certificate.public_key() == self._key.key.public_key()

    def renewed(self, chain: Sequence[x509.Certificate]) -> Credentials:
        """The certificate that has come, with the key it was asked for."""
        assert self._key is not None, "it has asked"
        return Credentials(tuple(chain), self._key.key)

    @property
    def _shown(self) -> Credentials | None:
        """The certificate it has, whether it comes in by that already or later."""
        known = self.security or self.later
        return None if known is None else known.shown

    @property
    def serial(self) -> str:
        """Its serial number: what its certificate names, or its identity."""
        return self.identity[:25] if self._shown is None else reading.common_name(self._shown.leaf)

    def a_certificate(self) -> str:
        """A root in PEM that a CSMS may bring to a station."""
        return reading.pem([self._root()])

    def a_certificate_hash(self, algorithm: HashName) -> Any:
        """Its hash data, as a station reports them."""
        root = self._root()
        return hash_data(root, root, algorithm).certificate_payload()

    def _root(self) -> x509.Certificate:
        if self._pki is not None:
            return self._pki.root("contract_leaf")
        if self._spare is None:
            self._spare = create_ocpp_pki(self.clock.now()).root("csms_server")
        return self._spare

    async def go(self) -> None:
        """Close the connection there is."""
        if self._peer is not None:
            await self._peer.close(1000, "the station goes")
            self._peer = None

    async def leave(self) -> None:
        """Close what is open."""
        await self.go()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def contract_in(path: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a contract in a file, up to the root. Raises LocalError for what is none."""
    chain = reading.load_all(octets(path), f"The contract in {path}")
    if len(chain) < 2:
        raise LocalError(f"{path} has one certificate: its issuers, to the root, have to follow it.")
    return chain


def octets(path: Path) -> bytes:
    """What a file holds. Raises LocalError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
