"""What the pools and the parties around them ask of each other, met in process or by a client of the same shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cryptography import x509

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.ccp.store import ContractEntry
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.tls_certs.revocation import Reason


class Calls(Protocol):
    """Calls the service of a name in the name of a participant; raises Refused for a no, PeerError for no answer."""

    async def call(
        self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]: ...
    async def get(self, service: str, path: str) -> bytes: ...
    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes: ...


class ProvisioningPort(Protocol):
    """The provisioning pool as a mobility operator or the provisioning service sees it."""

    async def get(self, pcid: str) -> ProvisionedVehicle: ...


class ContractPoolPort(Protocol):
    """The contract pool as the provisioning service sees it."""

    async def add(self, pcid: str, bundle: SignedContractData) -> None: ...
    async def lookup(self, emaid: str) -> ContractEntry: ...


class SigningPort(Protocol):
    """The provisioning service as a mobility operator sees it."""

    async def sign(
        self, data: ContractData, *, pcid: str | None = None, roots: Sequence[str] = ()
    ) -> SignedContractData: ...


class ContractMaker(Protocol):
    """The contract service as an operator without a PKI of its own sees it."""

    async def generate(
        self, emaid: str, pcid: str, *, begins: float, ends: float, roots: Sequence[str] = ()
    ) -> x509.Certificate: ...


class DeletionPort(Protocol):
    """The contract pool as a mobility operator sees it when a contract ends."""

    async def delete(self, emaid: str, *, skip_revocation: bool = False) -> None: ...


class RenewalPort(Protocol):
    """The mobility operator as the contract pool sees it when a vehicle asks for an update."""

    async def renew(
        self, emaid: str, previous: x509.Certificate, *, roots: Sequence[str] = ()
    ) -> SignedContractData: ...


class RevocationPort(Protocol):
    """Revokes certificates this operator's own authorities issued."""

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool: ...


class VehiclePort(Protocol):
    """The provisioning pool as the contract pool sees it: entries as stored, to be verified there."""

    async def find(self, pcid: str) -> ProvisionedVehicle | None: ...
