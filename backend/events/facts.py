"""What can have happened. A fact is plain frozen data that says all a listener needs without looking anything up.

``time`` is lab seconds since the epoch, certificates are DER, fingerprints SHA-256 in lower-case hex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something happened at ``time`` and cannot be undone."""

    time: float


# Roots (RCP)


@dataclass(frozen=True, slots=True, kw_only=True)
class RootAdded(Fact):
    """A root is trusted that was not; ``kind`` is V2G, MO, OEM or PE."""

    id: str
    kind: str
    certificate: bytes
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRemoved(Fact):
    """A root is trusted no more, taken out by the operator or found expired."""

    id: str
    kind: str
    certificate: bytes
    fingerprint: str
    why: Literal["withdrawn", "expired"]


# Vehicles (PCP)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePublished(Fact):
    """A provisioning certificate was published that the pool did not have."""

    pcid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleReplaced(Fact):
    """A vehicle was published again; with ``new_key`` bundles wrapped for its old key are useless (PCP-UPD-3)."""

    pcid: str
    new_key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDeleted(Fact):
    """A vehicle is not in the pool any more, taken out by its manufacturer or cleansed (PCP-DEL-1, PCP-CLEAN-1)."""

    pcid: str
    why: Literal["withdrawn", "cleansed"]


# Contracts (CCP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFact(Fact):
    """About one contract of the pool; ``root`` is the fingerprint of the V2G root its bundle is signed below."""

    emaid: str
    pcid: str
    certificate: bytes
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractAdded(ContractFact):
    """A bundle for an EMAID the pool did not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractReplaced(ContractFact):
    """A new bundle for an EMAID the pool has: renewed, or published again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDeleted(ContractFact):
    """The bundle is gone."""

    why: Literal["withdrawn", "vehicle deleted", "vehicle key changed", "cleansed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDelivered(ContractFact):
    """The bundle was handed out, through a charging station or to the manufacturer."""

    to: Literal["station", "manufacturer"]


# Certificates (PKI)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRevoked(Fact):
    """An authority has revoked a certificate it had issued; told once for each."""

    certificate: bytes
    serial: int
    reason: str
