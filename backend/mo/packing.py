"""Making a contract's key and certificate and getting them on their way, wrapped for who may unwrap them (CPS-11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.ports import SigningPort
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.source import Source
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.values import Discreet


class ContractAuthority(Protocol):
    """Issues contract certificates under the operator's Sub-CA 2."""

    async def issue_contract(
        self, emaid: str, key: ec.EllipticCurvePublicKey, ends: float
    ) -> tuple[x509.Certificate, ...]: ...
    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool: ...


class FreshContract(Discreet, Struct, frozen=True):
    """A contract certificate with its Sub-CAs and its key, which is forgotten once it is wrapped."""

    _hidden = ("key",)

    emaid: str
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey

    @property
    def leaf(self) -> x509.Certificate:
        """The contract certificate."""
        return self.chain[0]


class Packing:
    """Keys and what wraps them are drawn from ``source``; ``signing`` signs, and stores in the pool."""

    def __init__(self, authority: ContractAuthority, signing: SigningPort, source: Source) -> None:
        self._authority, self._signing, self._source = authority, signing, source

    async def make(self, emaid: str, ends: float, vehicle: ProvisionedVehicle | None) -> FreshContract:
        """A new key and certificate; a contract ends with its vehicle's provisioning certificate (CPS-9)."""
        if vehicle is not None:
            ends = min(ends, reading.not_after(vehicle.leaf))
        key = self._source.key()
        return FreshContract(emaid, await self._authority.issue_contract(emaid, key.public_key(), ends), key)

    async def store(self, contract: FreshContract, vehicle: ProvisionedVehicle, roots: Sequence[str] = ()) -> None:
        """Have it wait in the contract pool, wrapped for the vehicle's provisioning key (V2G2-820)."""
        receiver = reading.p256_key(vehicle.leaf)
        if receiver is None:
            raise Refused(f"The provisioning certificate of {vehicle.pcid} has no P-256 key.", clause="V2G2-820")
        await self._signing.sign(self._wrapped(contract, receiver), pcid=vehicle.pcid, roots=roots)

    async def hand_over(
        self, contract: FreshContract, receiver: ec.EllipticCurvePublicKey, roots: Sequence[str]
    ) -> SignedContractData:
        """The signed bundle, wrapped for ``receiver`` and stored nowhere."""
        return await self._signing.sign(self._wrapped(contract, receiver), roots=roots)

    def _wrapped(self, contract: FreshContract, receiver: ec.EllipticCurvePublicKey) -> ContractData:
        return ContractData(
            emaid=contract.emaid,
            chain=tuple(map(reading.der, contract.chain)),
            wrapped=wrap(contract.key, receiver, source=self._source),
        )
