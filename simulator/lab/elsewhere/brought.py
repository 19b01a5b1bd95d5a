"""PKIs that a run brings along to running services: somebody else's, made here and believed there until the run ends.

Their roots are published in the root pool and what signs contract data below them is certified by their administrator;
their responder answers in this process, at the address that certificates of theirs name.
"""

from __future__ import annotations

import base64
import socket
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import quote, urlsplit

from cryptography import x509
from msgspec import Struct

from pncsim.backend.answers import SigningUse
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.est_client import StationEnrolment
from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.pki.responder_http import ocsp_app
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import base64_text
from pncsim.backend.store import MemoryStore
from pncsim.simulator.lab.elsewhere.callers import Callers
from pncsim.simulator.lab.roots import ROOTS, publication
from pncsim.simulator.plan import PkiPlan
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.listener import HttpListener
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice

SIGNERS = "/admin/signers"
_KINDS = {"v2g_root": "V2G", "mo_root": "MO", "oem_root": "OEM"}


class CrossedEnrolment(Struct, frozen=True):
    """Certifies stations over EST, and hands on the chains that end with the newest of ``crossed``, as far as they may.

    A certificate there is the one of an authority by another root (:meth:`Parties.cross_certify`).
    """

    calls: Calls
    crossed: Sequence[x509.Certificate]

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        """See :class:`backend.csms.ports.CertificateAuthority`."""
        chain = await StationEnrolment(self.calls).sign_csr(csr, use)
        if not self.crossed:
            return chain
        top = self.crossed[-1]
        below = [one for one in reading.load_all(chain.encode()) if one.subject != top.subject]
        return reading.pem([*below, top])


class BroughtPkis:
    """The PKIs, by their names; :meth:`withdraw` what stands of them at the services, closed with ``sockets``."""

    def __init__(
        self, clock: Clock, trace: Trace, callers: Callers, source: Source, store: MemoryStore, sockets: AsyncExitStack
    ) -> None:
        self._clock, self._callers, self._source, self._sockets = clock, callers, source, sockets
        self._store, self._voice = store, Voice.on(clock, trace, "PKI")
        self.pkis: dict[str, Pki] = {}
        self.authorities: dict[str, CertificateService] = {}
        self._placed: list[tuple[str, str]] = []

    async def bring(self, plans: Iterable[PkiPlan]) -> None:
        """Make them and have the services' administrator take them in. Raises PncError."""
        listener = HttpListener(self.host, voice=self._voice)
        self._sockets.push_async_callback(listener.stop)
        made = {plan.name: self._make(plan, f"{listener.url}/ocsp") for plan in plans}
        responder = OcspResponder(self._clock, self._voice, self._store, *made.values())
        await listener.start(ocsp_app(responder, self._voice))
        for name, pki in made.items():
            for role, kind in _KINDS.items():
                answer = await self._ask("rcp", "PUT", ROOTS, publication(pki.certificate(role), kind))
                published = answer.get("RootResponse")
                id = published.get("rootCertificateId") if isinstance(published, dict) else None
                if not isinstance(id, str):
                    raise PeerError("The root pool took a root and does not say its id.", kind="malformed")
                self._placed.append(("rcp", f"{ROOTS}/{quote(id, safe='')}"))
            if pki.algorithm == "P-256":  # ISO 15118-2 has contract data signed by no other
                await self._certify_signer(self.authorities[name])
            self._voice.story(f"The roots of the PKI {name} are in the root pool until the run ends.")

    @property
    def host(self) -> str:
        """The address of this machine that the services reach. Raises LocalError."""
        return _seen_from(self._callers.url("rcp"))

    async def place(self, service: str, path: str, name: str, body: dict[str, object]) -> None:
        """Have the administrator put something there by POST, which is taken away with the rest, below its ``name``."""
        await self._ask(service, "POST", path, body)
        self._placed.append((service, f"{path}/{quote(name, safe='')}"))

    def _make(self, plan: PkiPlan, ocsp_url: str) -> Pki:
        unit = f"PKI {plan.name}"
        pki = create_pki(
            self._clock.now(),
            ocsp_url=ocsp_url,
            organization=f"pncsim {plan.name}",
            source=self._source.of(unit),
            algorithm=plan.algorithm,
        )
        self.pkis[plan.name] = pki
        self.authorities[plan.name] = CertificateService(self._clock, self._voice.of("PKI", unit), self._store, pki)
        return pki

    async def _certify_signer(self, authority: CertificateService) -> None:
        """Let the services' provisioning service sign below this PKI, too; where it cannot, nothing is signed there."""
        try:
            made = await self._ask("admin", "POST", SIGNERS)
        except Refused as error:
            if error.http_status != 404:
                raise
            self._voice.warning(f"The services at {self._callers.where} sign below no V2G roots of others.")
            return
        place = f"{SIGNERS}/{quote(str(made['id']), safe='')}"
        self._placed.append(("admin", place))
        chain = await authority.enrol(base64.b64decode(str(made["certificateRequest"])), "cps_leaf", lambda _: True)
        await self._ask("admin", "PUT", place, {"chain": [base64_text(reading.der(one)) for one in chain]})

    def provisioning(self, pki: str, pcid: str) -> Credentials:
        """The provisioning key and certificate of a vehicle."""
        return self._leaf(pki, "oem_sub2", "oem_leaf", pcid)

    def station(self, pki: str, name: str) -> Credentials:
        """A station's V2G key and certificate."""
        return self._leaf(pki, "cpo_sub2", "secc_leaf", name)

    def contract(self, pki: str, emaid: str, ends: float | None) -> Credentials:
        """A contract's key and certificate, which ends at ``ends`` (lab seconds since the epoch) if that is said."""
        return self._leaf(pki, "mo_sub2", "contract_leaf", emaid, ends)

    def _leaf(self, pki: str, authority: str, role: str, name: str, ends: float | None = None) -> Credentials:
        own = self.pkis[pki]
        return own.authority(authority).credentials(own.profile(role), name, self._clock.now(), not_after=ends)

    async def revoke(self, certificate: x509.Certificate, reason: Reason) -> bool:
        """Revoke it, if one of these has issued it; whether one has."""
        return await Authorities(self.authorities.values()).revoke_certificate(certificate, reason)

    async def withdraw(self) -> None:
        """Take signers and roots away there, last things first; what a scenario has taken away itself is gone. Raises
        PncError."""
        while self._placed:
            service, path = self._placed.pop()
            try:
                await self._ask(service, "DELETE", path)
            except Refused as error:
                if error.http_status != 404:
                    raise

    async def _ask(
        self, service: str, method: str, path: str, body: dict[str, object] | None = None
    ) -> dict[str, object]:
        return await self._callers.administrator().call(service, method, path, body)


def _seen_from(url: str) -> str:
    """The address of this machine that services at ``url`` reach. Raises LocalError."""
    parts = urlsplit(url)
    try:
        family, _, _, _, place = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM) as towards:
            towards.connect(place)  # nothing is sent
            return str(towards.getsockname()[0])
    except OSError as error:
        raise LocalError(f"{parts.hostname} cannot be reached from here: {error.strerror or error}.") from error
