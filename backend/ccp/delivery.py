"""Answering vehicles: who asks is verified, then the right bundle is found or made (rules CCP-GET-1 to CCP-GET-6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.bundle import SignedContractData
from pncsim.backend.ccp import replays
from pncsim.backend.ccp.store import StoredContract, of_vehicle
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.ports import RenewalPort, VehiclePort
from pncsim.backend.refusal import Refused
from pncsim.backend.root_ids import match
from pncsim.backend.store import Store
from pncsim.backend.verification import Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.tls_certs.validation import Use
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.gate import Tolerance
from pncsim.wire.identifiers import same_emaid
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.voice import Voice

BundlePolicy = Literal["default-first", "default-only", "most-recent"]
"""Which of several bundles a vehicle gets (CCP-GET-4): the default if it is usable and else the most recent, only the
default (Open Plug&Charge), or always the most recent (CharIN 2.1.3.2)."""


class BundleDelivery:
    """Finds the bundle a request asks for. Every refusal is a PncError; its kind says what code the answer has."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        *,
        verifier: Verifier,
        vehicles: VehiclePort,
        store: Store,
        renewals: RenewalPort | None,
        policy: BundlePolicy,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._verifier = verifier
        self._vehicles = vehicles
        self._store = store
        self._renewals = renewals
        self.policy = policy

    async def install(
        self, request: iso2.CertificateInstallationReq, header: iso2.MessageHeaderType
    ) -> SignedContractData:
        """The stored bundle for the vehicle that signed ``request``."""
        leaf = _certificate(request.OEMProvisioningCert, "OEMProvisioningCert")
        name = reading.common_name(leaf)
        signed = ("CertificateInstallationReq", request)
        self._check_signature(header.Signature, signed, leaf, "provisioning certificate")
        self._check_dates(leaf)
        vehicle = await self._vehicles.find(name)
        if vehicle is None:
            raise _none_available(f"The provisioning pool knows no vehicle {name!r}.", "CCP-GET-1")
        await self._check_provisioning_chain(leaf, vehicle)
        if not reading.same_key(leaf, vehicle.leaf):
            raise _none_available(
                f"{name} was published with another key than the certificate in the request has.", "PCP-UPD-3"
            )
        await self._note(vehicle, header)
        contract = await self._select(vehicle, request.ListOfRootCertificateIDs.RootCertificateID)
        return contract.bundle

    async def update(self, request: iso2.CertificateUpdateReq, header: ds.SignatureType | None) -> SignedContractData:
        """A new bundle in place of the contract that signed ``request``, wrapped for its key (V2G2-821)."""
        chain = chain_octets(request.ContractSignatureCertChain)
        leaf = _certificate(chain[0], "ContractSignatureCertChain")
        self._check_signature(header, ("CertificateUpdateReq", request), leaf, "contract certificate")
        name = reading.common_name(leaf)
        if not same_emaid(request.eMAID, name):
            raise _none_available(f"The request is for {request.eMAID!r}, its certificate for {name!r}.", "V2G2-108")
        await self._verifier.full(chain, Use.CONTRACT, gate=self._voice.tolerate)
        if self._renewals is None:
            raise _none_available("This pool has no mobility operator to ask for a new contract.", "V2G2-696")
        roots = await self._vehicle_roots(request.ListOfRootCertificateIDs.RootCertificateID)
        return await self._renewals.renew(request.eMAID, leaf, roots=roots)

    def _check_signature(
        self, header: ds.SignatureType | None, part: signature.Part, leaf: x509.Certificate, whose: str
    ) -> None:
        """CCP-GET-2: the request was signed with the key of the certificate it shows."""
        key = reading.p256_key(leaf)
        if key is None:
            raise Refused(f"The {whose} has no P-256 key.", clause="V2G2-007", kind="key type")
        signature.verify(header, [part], key, gate=self._voice.tolerate)
        self._voice.judged(f"signature of {part[0]}", True, f"made with the key of the {whose}", "V2G2-771")

    async def _note(self, vehicle: ProvisionedVehicle, header: iso2.MessageHeaderType) -> None:
        """A request that was seen in another session is answered; it is recorded as a replay, and told."""
        assert header.Signature is not None, "it was verified"
        seen = await replays.note(self._store, vehicle.pcid, header.Signature, header.SessionID, self._clock.now())
        if seen is not None:
            self._voice.warning(
                f"The request of {vehicle.pcid} in session {header.SessionID.hex()} was seen before, in session "
                f"{seen.session}: somebody has replayed it, or the vehicle signs without chance."
            )

    def _check_dates(self, leaf: x509.Certificate) -> None:
        """Dates come before the pool: an expired vehicle was cleansed from it, and shall still hear why."""
        if not reading.valid_at(leaf, self._clock.now()):
            raise Refused(
                f"The provisioning certificate {reading.common_name(leaf)} is valid from "
                f"{leaf.not_valid_before_utc} to {leaf.not_valid_after_utc}.",
                clause="CCP-GET-2",
                kind="expired",
            )

    async def _check_provisioning_chain(self, leaf: x509.Certificate, vehicle: ProvisionedVehicle) -> None:
        """The request carries the leaf alone; the published Sub-CAs complete it."""
        await self._verifier.full((leaf, *vehicle.chain[1:]), Use.PROVISIONING, gate=self._voice.tolerate)
        self._voice.judged(
            "provisioning certificate", True, f"{vehicle.pcid} leads to a known root and is not revoked", "CCP-GET-2"
        )

    async def _select(self, vehicle: ProvisionedVehicle, ids: Iterable[ds.X509IssuerSerialType]) -> StoredContract:
        """CCP-GET-3 and -4: signed below a root the vehicle lists, still valid, by policy."""
        contracts = [contract async for contract in of_vehicle(self._store, vehicle.pcid)]
        if not contracts:
            raise _none_available(f"There is no contract for {vehicle.pcid}.", "CCP-GET-1")
        roots = await self._vehicle_roots(ids)
        reasons = []
        for contract in _ordered(contracts, self.policy):
            if contract.entry.root not in roots:
                reasons.append(f"{contract.entry.emaid} is signed below a V2G root the vehicle does not list.")
                continue
            try:
                await self._verifier.full(contract.bundle.provisioning_certificates, Use.CPS, gate=self._voice.tolerate)
                await self._verifier.full(
                    contract.bundle.contract_certificates, Use.CONTRACT, gate=self._voice.tolerate
                )
            except PncError as error:
                reasons.append(f"{contract.entry.emaid}: {error.sentence}")
                continue
            return contract
        raise _none_available(" ".join(reasons) or f"{vehicle.pcid} has no default contract.", "CCP-GET-3")

    async def _vehicle_roots(self, ids: Iterable[ds.X509IssuerSerialType]) -> tuple[str, ...]:
        """The V2G roots of the root pool that the vehicle lists, as fingerprints; never empty."""
        entries = list(ids)
        found = []
        for root in await self._verifier.anchors(Use.CPS):
            how = match(entries, root)
            if how in _LIBERTIES:
                what = f"The vehicle lists the root {reading.common_name(root)} {_LIBERTIES[how]}."
                self._voice.tolerate(Tolerance.ROOT_LISTED(what, "CCP-GET-3"))
            if how is not None:
                found.append(reading.fingerprint(reading.der(root)))
        if not found:
            listed = "; ".join(f"{entry.X509IssuerName} serial {entry.X509SerialNumber}" for entry in entries)
            raise _none_available(f"The root pool has none of the V2G roots the vehicle lists: {listed}.", "CCP-GET-3")
        return tuple(found)


_LIBERTIES = {
    "name": "with another serial number",
    "serial": "by its serial number and something that is no distinguished name",
}
"""How a vehicle's list may differ from the root it means."""


def _ordered(contracts: list[StoredContract], policy: BundlePolicy) -> list[StoredContract]:
    recent = sorted(contracts, key=lambda c: (c.entry.valid_from, c.stored_at), reverse=True)
    if policy == "most-recent":
        return recent
    default = [c for c in recent if c.entry.default]
    return default if policy == "default-only" else default + [c for c in recent if not c.entry.default]


def _certificate(octets: bytes, field: str) -> x509.Certificate:
    try:
        return certificates.load(octets, field)
    except Refused as error:
        raise Refused(error.sentence, clause="V2G2-009", kind="unparsable") from None


def _none_available(sentence: str, clause: str) -> Refused:
    return Refused(sentence, clause=clause, http_status=404, kind="no contract")
