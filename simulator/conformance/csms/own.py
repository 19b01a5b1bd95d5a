"""A CSMS of ours to be tested, with what it asks others: a PKI, its responder, operators, cards, tariffs, pools."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

from cryptography import x509
from msgspec import Struct, field

from pncsim.backend.answers import AuthorizationStatus, RevocationStatus, TokenStatus
from pncsim.backend.csms.context import CsmsConfig
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import ContractPool, PricedOffer, PricedSchedule, Services
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.rcp import RootKind
from pncsim.backend.store import MemoryStore
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.tls_certs.hash_data import HashData
from pncsim.tls_certs.ocsp import request_from_hash_data
from pncsim.tls_certs.pki import DEFAULT_EMAID, Pki, create_ocpp_pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import load_answer
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.gate import refuse
from pncsim.wire.ocpp import tls
from pncsim.wire.ocpp.channel import FrameChannel
from pncsim.wire.ocpp.handshake import LinkSecurity, shake_hands, turned_away
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

IDENTITY, PASSWORD, SERIAL = "CS-UNDER-TEST-1", "the-station-comes-in", "TESTER-0001"
GROUP = "GROUP-1"
RESPONDER = "http://responder.example/ocsp"
HOST = "localhost"


class NearResponder(Struct, frozen=True):
    """The responder of ``pki``, asked without a network."""

    pki: Pki
    clock: Clock

    def known_status(self, hash_data: HashData) -> RevocationStatus | None:
        """Nothing is remembered."""
        return None

    async def fetch(self, hash_data: HashData) -> bytes:
        """See :class:`backend.csms.ports.RevocationClient`."""
        return self.pki.answer_ocsp(request_from_hash_data(hash_data, gate=refuse), self.clock.now())

    async def status(self, hash_data: HashData) -> RevocationStatus:
        """See :class:`backend.csms.ports.RevocationClient`."""
        answer = load_answer(await self.fetch(hash_data))
        said = {"GOOD": "good", "REVOKED": "revoked"}
        status = said.get(next(iter(answer.responses)).certificate_status.name)
        return "good" if status == "good" else "revoked" if status == "revoked" else "unknown"


class Known(Struct, frozen=True):
    """Who may charge: statuses by token; those of ``grouped`` belong to the group named there."""

    statuses: dict[str, AuthorizationStatus]
    grouped: dict[str, str] = field(default_factory=dict)

    async def authorize(self, token: str, kind: str = "eMAID") -> TokenStatus:
        """See :class:`backend.csms.ports.MobilityOperator` and Tokens."""
        return TokenStatus(self.statuses.get(token, "Unknown"), group=self.grouped.get(token, ""))


class NearRoots(Struct, frozen=True):
    """The roots of ``pki``."""

    pki: Pki

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]:
        """See :class:`backend.verification.Roots`."""
        return [self.pki.root("contract_leaf")]


class OneOffer:
    """The same schedule for everybody."""

    async def offer(self, emaid: str) -> PricedOffer:
        """See :class:`backend.csms.ports.Tariffs`."""
        return PricedOffer((PricedSchedule(((0, 11_000.0), (3_600, 7_000.0))),))


class SecuredDoor(Struct, frozen=True):
    """Where stations come in with TLS: by their passwords, or by certificates of theirs (security profiles 2, 3).

    ``certificates``: whether those are asked for, and have to be shown. Both ends shake hands in this process.
    """

    csms: Csms
    pki: Pki
    clock: Clock
    certificates: ssl.VerifyMode

    @property
    def root(self) -> x509.Certificate:
        """What the certificates of both sides lead to."""
        return self.pki.root("csms_server")

    def station(self, serial: str = SERIAL) -> Credentials:
        """What the operator gives the station of that serial number."""
        authority = self.pki.authority("csms_root")
        return authority.credentials(PROFILES["station_client"], serial, self.clock.now())

    async def enter(self, user: str, password: str | None, context: ssl.SSLContext) -> FrameChannel:
        """Let a station in. Raises PeerError where that is refused."""
        near, far = shake_hands(context, self._server(), HOST)
        admission = (
            await self.csms.admit_certified(IDENTITY, far)
            if far.shown or self.certificates is ssl.CERT_REQUIRED
            else await self.csms.admit(IDENTITY, user, password, profile=2)
        )
        if admission != "welcome":
            raise turned_away("The CSMS", 404 if admission == "unknown" else 401)
        return _with(self.csms, near)

    def _server(self) -> ssl.SSLContext:
        below: Sequence[x509.Certificate] = () if self.certificates is ssl.CERT_NONE else (self.root,)
        context = tls.server_context(server_credentials(self.pki), below)
        context.verify_mode = self.certificates
        return context


def server_credentials(pki: Pki) -> Credentials:
    """What the CSMS shows."""
    return pki.credentials("csms_server")


def _with(csms: Csms, seen: LinkSecurity) -> FrameChannel:
    channel = csms.accept(IDENTITY)
    channel.secured = seen
    return channel


async def own_csms(
    clock: Clock, options: CsmsUnderTest, *, pending: bool = False, pools: bool = False, source: Source = SYSTEM
) -> tuple[Csms, Pki]:
    """A CSMS with one station, registered as IDENTITY, and the PKI its contracts come from.

    ``pending``: it answers the first BootNotification with Pending. ``pools``: it can ask a contract pool.
    """
    pki = create_pki(clock.now(), ocsp_url=RESPONDER, source=source)
    grouped = (options.group_card, options.other_group_card, options.master_card)
    voice = Voice.on(clock, Trace(), "PKI")
    services = Services(
        revocation=NearResponder(pki, clock),
        operator=Known({DEFAULT_EMAID: "Accepted"}),
        tokens=Known(
            {
                **dict.fromkeys((options.card, *grouped), "Accepted"),
                options.expired_card: "Expired",
                options.restricted_card: "Blocked",
            },
            dict.fromkeys(grouped, GROUP),
        ),
        authority=CertificateService(clock, voice, MemoryStore(), pki),
        chains=ContractChainJudge(NearRoots(pki), gate=refuse),
        tariffs=OneOffer(),
        pool=await _a_pool(pki, clock, source) if pools else None,
    )
    waiting = ["Pending"] if pending else []
    config = CsmsConfig(boot_status=lambda identity: "Pending" if waiting and waiting.pop() else "Accepted")
    csms = Csms(services, clock, source, config=config)
    await csms.register.add(IDENTITY, PASSWORD)
    return csms, pki


async def _a_pool(pki: Pki, clock: Clock, source: Source) -> ContractPool:
    """A contract pool in which a contract waits for the vehicle of ``pki``, and that of ``pki`` can be renewed."""
    from pncsim.backend.ecosystem import open_ecosystem

    around = await open_ecosystem(pki, clock, Trace(), source=source)
    vehicle = await around.oem.publish(pki.credentials("oem_leaf"), v2g_roots=(pki.root("secc_leaf"),))
    await around.mo.subscribe("the driver", vehicle)
    await around.mo.register("another driver", pki.certificate("contract_leaf"))
    return around.pool


async def with_tls(csms: Csms, pki: Pki, clock: Clock, *, profiles: Sequence[int]) -> SecuredDoor:
    """The door of ``csms`` with TLS, by which stations come in that have security profile 2, 3, or either.

    Those with certificates have a serial number there, and need no password for profile 3.
    """
    has_ocpp = {"csms_root", "csms_server"} <= pki.keys.keys()
    asks = ssl.CERT_NONE if 3 not in profiles else ssl.CERT_OPTIONAL if 2 in profiles else ssl.CERT_REQUIRED
    door = SecuredDoor(csms, pki if has_ocpp else create_ocpp_pki(clock.now(), pki.source), clock, asks)
    if 3 in profiles:
        await csms.register.add(IDENTITY, PASSWORD if 2 in profiles else None, serial_number=SERIAL)
    return door
