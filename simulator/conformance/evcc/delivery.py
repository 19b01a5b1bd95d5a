"""Contracts as the tester delivers them: right ones, and ones of which one thing is wrong that one check alone finds.

They are made as the vehicle asks for them, for the key it shows, so that any vehicle that trusts the tester's V2G root
can be given one; what lies in a pool is of no account.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.cps.service import CpsSigner, sign_contract
from pncsim.simulator.conformance.evcc.step import Meanwhile, Remade
from pncsim.simulator.lab.around import named
from pncsim.tls_certs import reading
from pncsim.tls_certs.bad.certificates import wrong_credentials
from pncsim.tls_certs.chain_element import chain_element, chain_octets
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.identifiers import normal_emaid
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.key_transport import WrappedKey, wrap
from pncsim.wire.values import Discreet, replace

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The prime of P-256: the other point with the same X has this minus Y, and agrees on the same key."""
_HALF, _COORDINATE, _CURVE = 16, 32, ec.SECP256R1()
_OTHER_EMAID = "DEPNCC0AN0TH3R"


class Parcel(Discreet, Struct):
    """A delivery in the making, for the holder of ``receiver``: the contract, its name and its wrapped key, and who
    signs. ``ephemeral`` and ``iv`` are what the key is wrapped with."""

    _hidden = ("ephemeral",)

    pki: Pki
    now: float
    receiver: ec.EllipticCurvePublicKey
    contract: Credentials
    emaid: str
    signer: Credentials
    ephemeral: ec.EllipticCurvePrivateKey
    iv: bytes
    wrapped: WrappedKey

    def wrap(self, key: ec.EllipticCurvePrivateKey) -> WrappedKey:
        """``key`` for the vehicle."""
        return wrap(key, self.receiver, ephemeral=self.ephemeral, iv=self.iv)

    def holds(self, contract: Credentials) -> None:
        """Another contract is in it, with its key."""
        self.contract, self.wrapped = contract, self.wrap(contract.key)


ParcelFlaw = Callable[[Parcel], None]
"""What is wrong before it is signed."""
Alteration = Callable[[Parcel, SignedContractData], SignedContractData]
"""What is altered in it afterwards."""


def delivers(flaw: ParcelFlaw | None = None, alteration: Alteration | None = None) -> Remade:
    """The answer is a delivery; without ``flaw`` and ``alteration`` a right one."""

    async def make(lab: Lab) -> Callable[[Any, Meanwhile], Any]:
        pki = named((await lab.region.parties()).pkis, "")
        root = pki.certificate("v2g_root")

        def change(message: iso2.V2G_Message, so_far: Meanwhile) -> iso2.V2G_Message:
            parcel = _parcel(pki, lab.clock.now(), so_far.request)
            if flaw is not None:
                flaw(parcel)
            data = ContractData(emaid=parcel.emaid, chain=parcel.contract.chain_der, wrapped=parcel.wrapped)
            signed = sign_contract(data, CpsSigner(parcel.signer, root))
            if alteration is not None:
                signed = alteration(parcel, signed)
            updates = isinstance(message.Body.BodyElement, iso2.CertificateUpdateRes)
            answer = signed.update_response if updates else signed.installation_response
            return answer(message.Header.SessionID)

        return change

    return Remade(make, anew=True)


def _parcel(pki: Pki, now: float, request: Any) -> Parcel:
    updates = isinstance(request, iso2.CertificateUpdateReq)
    shown = chain_octets(request.ContractSignatureCertChain)[0] if updates else request.OEMProvisioningCert
    receiver = reading.p256_key(reading.load(shown))
    if receiver is None:
        raise PeerError("The vehicle shows a certificate without a P-256 key.", clause="V2G2-007")
    emaid = normal_emaid(request.eMAID) if updates else reading.common_name(pki.certificate("contract_leaf"))
    contract, source = _contract(pki, emaid, now), pki.source
    ephemeral, iv = source.key(_CURVE), source.octets(_HALF)
    return Parcel(
        pki=pki,
        now=now,
        receiver=receiver,
        contract=contract,
        emaid=emaid,
        signer=pki.credentials("cps_leaf"),
        ephemeral=ephemeral,
        iv=iv,
        wrapped=wrap(contract.key, receiver, ephemeral=ephemeral, iv=iv),
    )


def _contract(pki: Pki, emaid: str, now: float, **more: Any) -> Credentials:
    return pki.authority("mo_sub2").credentials(PROFILES["contract_leaf"], emaid, now, **more)


# ---- before it is signed -----------------------------------------------------------------------------------------


def by_a_stranger(parcel: Parcel) -> None:
    """The signature is made with a key that belongs to nothing in it."""
    parcel.signer = replace(parcel.signer, key=parcel.pki.source.key(_CURVE))


def under_a_foreign_root(parcel: Parcel) -> None:
    """The provisioning service stands under a V2G root that the vehicle does not know."""
    parcel.signer = create_pki(parcel.now, source=parcel.pki.source.of("another PKI")).credentials("cps_leaf")


def by_flawed(name: str) -> ParcelFlaw:
    """The provisioning service's chain has this flaw (:mod:`tls_certs.bad.certificates`)."""

    def flaw(parcel: Parcel) -> None:
        parcel.signer = wrong_credentials(parcel.pki, "cps_leaf", name, parcel.now)

    return flaw


def with_another_key(parcel: Parcel) -> None:
    """The key is not the one of the contract certificate."""
    parcel.wrapped = parcel.wrap(parcel.pki.source.key(_CURVE))


def with_no_scalar(parcel: Parcel) -> None:
    """What is decrypted is above the order of the curve: CBC lets whoever knows the first half choose another one."""
    first = parcel.contract.key.private_numbers().private_value.to_bytes(_COORDINATE, "big")[:_HALF]
    iv = bytes(one ^ other ^ 0xFF for one, other in zip(parcel.iv, first, strict=True))
    parcel.wrapped = parcel.wrapped._replace(encrypted=iv + parcel.wrapped.encrypted[_HALF:])


def with_no_point(parcel: Parcel) -> None:
    """The DHpublickey is on no curve."""
    point = parcel.wrapped.dh_public
    parcel.wrapped = parcel.wrapped._replace(dh_public=point[:-1] + bytes([point[-1] ^ 1]))


def for_another_name(parcel: Parcel) -> None:
    """The eMAID is not the one in the certificate."""
    parcel.emaid = _OTHER_EMAID


def with_an_expired_contract(parcel: Parcel) -> None:
    """The contract certificate ended a minute ago."""
    parcel.holds(_contract(parcel.pki, parcel.emaid, parcel.now, not_after=parcel.now - 60))


# ---- after it was signed: whatever else is looked at is right ------------------------------------------------------


def another_certificate(parcel: Parcel, signed: SignedContractData) -> SignedContractData:
    """Another certificate for the same name and key."""
    other = _contract(parcel.pki, parcel.emaid, parcel.now, key=parcel.contract.key)
    return replace(signed, contract_chain=chain_element(other.chain_der, id=signed.contract_chain.Id))


def encrypted_anew(parcel: Parcel, signed: SignedContractData) -> SignedContractData:
    """The same key, encrypted with another initial vector."""
    parcel.iv = parcel.pki.source.octets(_HALF)
    return replace(
        signed, encrypted_key=replace(signed.encrypted_key, value=parcel.wrap(parcel.contract.key).encrypted)
    )


def the_opposite_point(parcel: Parcel, signed: SignedContractData) -> SignedContractData:
    """The other point with the same X, which gives the same session key."""
    point = signed.dh_public.value
    y = _FIELD - int.from_bytes(point[-_COORDINATE:], "big")
    opposite = point[:-_COORDINATE] + y.to_bytes(_COORDINATE, "big")
    return replace(signed, dh_public=replace(signed.dh_public, value=opposite))


def spelt_otherwise(parcel: Parcel, signed: SignedContractData) -> SignedContractData:
    """The same eMAID in small letters."""
    return replace(signed, emaid=replace(signed.emaid, value=signed.emaid.value.lower()))


FLAWS: dict[str, tuple[str, ParcelFlaw]] = {
    "01": ("signed with a key that belongs to no certificate in it", by_a_stranger),
    "03_domain": ("by a provisioning service whose certificate lacks DC=CPS", by_flawed("no-domain")),
    "03_expired": ("by a provisioning service whose certificate has expired", by_flawed("expired")),
    "03_sub_ca": ("by a provisioning service whose Sub-CA has expired", by_flawed("sub-ca-expired")),
    "03_root": ("by a provisioning service under another V2G root", under_a_foreign_root),
    "04": ("with a key that is not the contract certificate's", with_another_key),
    "05_scalar": ("whose key decrypts to a number above the order of the curve", with_no_scalar),
    "05_point": ("whose DHpublickey is no point of the curve", with_no_point),
    "08_emaid": ("whose eMAID is not the certificate's", for_another_name),
    "08_expired": ("with a contract certificate that has expired", with_an_expired_contract),
}
ALTERATIONS: dict[str, tuple[str, Alteration]] = {
    "02_chain": ("whose contract certificate was exchanged after it was signed", another_certificate),
    "02_key": ("whose key was encrypted anew after it was signed", encrypted_anew),
    "02_point": ("whose DHpublickey was altered after it was signed", the_opposite_point),
    "02_emaid": ("whose eMAID was written otherwise after it was signed", spelt_otherwise),
}
"""What may be wrong with a delivery, by the number of its case."""
