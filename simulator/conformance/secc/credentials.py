"""Chains with something wrong, and what a vehicle sends that shows one: changed, and signed by whose key it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pncsim.simulator.conformance.secc.step import Prepared
from pncsim.simulator.faults.changes import on
from pncsim.simulator.lab.around import named
from pncsim.tls_certs.bad.certificates import Flaw, wrong_credentials
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.credentials import Credentials, Signer
from pncsim.wire.session.outputs import Alter
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.signature import ISO2_BY_KEY, sign
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.vehicle import Vehicle
    from pncsim.simulator.lab.lab import Lab

WITH_COUNTRY = Flaw(text="with a country, which its profile does not have", kind="profile", profile={"country": "DE"})
NO_EMAID = "an EMAID that is none"

Make = Callable[[Pki, str, Credentials, float], Credentials]
"""``make(pki, role, own, now)``: credentials that stand in for ``own``."""


def flawed(flaw: str | Flaw) -> Make:
    """A chain of the tester's PKI with one flaw (:mod:`tls_certs.bad.certificates`)."""
    return lambda pki, role, own, now: wrong_credentials(pki, role, flaw, now)


def of_another_pki(pki: Pki, role: str, own: Credentials, now: float) -> Credentials:
    """A chain of a PKI that nobody here knows, for the same contract."""
    other = create_pki(now, source=pki.source.of("another PKI"))
    issuer = PROFILES[role].issuer
    assert issuer is not None
    return other.authority(issuer).credentials(PROFILES[role], _name(own), now)


def under_a_foreign_sub_ca(pki: Pki, role: str, own: Credentials, now: float) -> Credentials:
    """The own leaf and Sub-CA 1, with the Sub-CA 2 of another PKI between them."""
    other = of_another_pki(pki, role, own, now)
    return Credentials((own.chain[0], other.chain[1], *own.chain[2:]), own.key)


def with_no_emaid(pki: Pki, role: str, own: Credentials, now: float) -> Credentials:
    """A chain of the tester's PKI whose leaf names what is no EMAID."""
    issuer = PROFILES[role].issuer
    assert issuer is not None
    return pki.authority(issuer).credentials(PROFILES[role], "12345678901234", now)


def _name(credentials: Credentials) -> str:
    from pncsim.tls_certs.reading import common_name

    return common_name(credentials.leaf)


def shows(name: str, make: Make) -> Prepared:
    """The request ``name`` shows other credentials, and is signed with their key where it is signed."""

    async def prepare(lab: Lab, vehicle: Vehicle) -> Alter:
        pki = named((await lab.region.parties()).pkis, "")
        installs = name == "CertificateInstallationReq"
        contract = vehicle.contracts.default
        own = vehicle.provisioning if installs else contract.credentials if contract is not None else None
        assert own is not None, "the tester holds what it is to show"
        bad = make(pki, "oem_leaf" if installs else "contract_leaf", own, lab.clock.now())
        field = {"OEMProvisioningCert": bad.chain_der[0]} if installs else _chain(bad)

        def change(message: Any) -> Any:
            if not isinstance(message, iso2.V2G_Message):
                return replace(message, **field)
            return signed_by(bad.signer)(message)

        return on(name, change)

    return Prepared(prepare)


def _chain(credentials: Credentials) -> dict[str, Any]:
    return {"ContractSignatureCertChain": chain_element(credentials.chain_der)}


def signed_by(signer: Signer) -> Callable[[Any], Any]:
    """The finished message, if it is signed, is so with this key; a body not yet finished passes."""

    def change(message: Any) -> Any:
        if not isinstance(message, iso2.V2G_Message) or message.Header.Signature is None:
            return message
        body: Any = message.Body.BodyElement
        signature = sign([(type(body).__name__, body)], signer, rules=ISO2_BY_KEY)
        return replace(message, Header=replace(message.Header, Signature=signature))

    return change


def signed_by_a_stranger(name: str) -> Prepared:
    """The request is signed with a key that belongs to nothing it shows."""

    async def prepare(lab: Lab, vehicle: Vehicle) -> Alter:
        pki = named((await lab.region.parties()).pkis, "")
        issuer = PROFILES["contract_leaf"].issuer
        assert issuer is not None
        stranger = pki.authority(issuer).credentials(PROFILES["contract_leaf"], "DEPNCC0STRANGE0", lab.clock.now())
        return on(name, signed_by(stranger.signer))

    return Prepared(prepare)
