"""A CSMS of ours to be tested, with what it asks others: a PKI, its responder, an operator and a list of cards."""

from __future__ import annotations

from msgspec import Struct, field

from pncsim.backend.answers import AuthorizationStatus, RevocationStatus, TokenStatus
from pncsim.backend.csms.context import CsmsConfig
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.simulator.conformance.csms.options import CsmsUnderTest
from pncsim.tls_certs.hash_data import HashData
from pncsim.tls_certs.ocsp import request_from_hash_data
from pncsim.tls_certs.pki import DEFAULT_EMAID, Pki, create_pki
from pncsim.tls_certs.reading import load_answer
from pncsim.wire.clock import Clock
from pncsim.wire.gate import refuse
from pncsim.wire.source import SYSTEM, Source

IDENTITY, PASSWORD = "CS-UNDER-TEST-1", "the-station-comes-in"
GROUP = "GROUP-1"
RESPONDER = "http://responder.example/ocsp"


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


async def own_csms(clock: Clock, options: CsmsUnderTest, *, pending: bool, source: Source = SYSTEM) -> tuple[Csms, Pki]:
    """A CSMS with one station, registered as IDENTITY, and the PKI its contracts come from.

    ``pending``: it answers BootNotification with Pending.
    """
    pki = create_pki(clock.now(), ocsp_url=RESPONDER, source=source)
    grouped = (options.group_card, options.other_group_card, options.master_card)
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
    )
    config = CsmsConfig(boot_status=lambda identity: "Pending" if pending else "Accepted")
    csms = Csms(services, clock, source, config=config)
    await csms.register.add(IDENTITY, PASSWORD)
    return csms, pki
