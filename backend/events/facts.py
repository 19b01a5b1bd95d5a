"""What can have happened. A fact is plain frozen data that says all a listener needs without looking anything up.

``time`` is lab seconds since the epoch, certificates are DER, fingerprints SHA-256 in lower-case hex.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Fact(Struct, frozen=True, kw_only=True):
    """Something happened at ``time`` and cannot be undone."""

    time: float


# Roots (RCP)


class RootAdded(Fact, frozen=True, kw_only=True):
    """A root is trusted that was not; ``kind`` is V2G, MO, OEM or PE."""

    id: str
    kind: str
    certificate: bytes
    fingerprint: str


class RootRemoved(Fact, frozen=True, kw_only=True):
    """A root is trusted no more, taken out by the operator or found expired or revoked.

    ``purge``: it is compromised, and everything issued under it has to go as well (RCP-9).
    """

    id: str
    kind: str
    certificate: bytes
    fingerprint: str
    why: Literal["withdrawn", "expired", "revoked"]
    purge: bool = False


# Vehicles (PCP)


class VehiclePublished(Fact, frozen=True, kw_only=True):
    """A provisioning certificate was published that the pool did not have."""

    pcid: str


class VehicleReplaced(Fact, frozen=True, kw_only=True):
    """A vehicle was published again; with ``new_key`` bundles wrapped for its old key are useless (PCP-UPD-3)."""

    pcid: str
    new_key: bool


class VehicleDeleted(Fact, frozen=True, kw_only=True):
    """A vehicle is not in the pool any more, taken out by its manufacturer or cleansed (PCP-DEL-1, PCP-CLEAN-1)."""

    pcid: str
    why: Literal["withdrawn", "factory reset", "cleansed", "root purged"]


# Contracts (CCP)


class ContractFact(Fact, frozen=True, kw_only=True):
    """About one contract of the pool; ``root`` is the fingerprint of the V2G root its bundle is signed below."""

    emaid: str
    pcid: str
    certificate: bytes
    root: str


class ContractAdded(ContractFact, frozen=True, kw_only=True):
    """A bundle for an EMAID the pool did not have."""


class ContractReplaced(ContractFact, frozen=True, kw_only=True):
    """A new bundle for an EMAID the pool has: renewed, or published again."""


class ContractDeleted(ContractFact, frozen=True, kw_only=True):
    """The bundle is gone."""

    why: Literal[
        "withdrawn", "vehicle deleted", "factory reset", "vehicle key changed", "cleansed", "revoked", "root purged"
    ]


class ContractDelivered(ContractFact, frozen=True, kw_only=True):
    """The bundle was handed out, through a charging station or to the manufacturer."""

    to: Literal["station", "manufacturer"]


class RequestReplayed(Fact, frozen=True, kw_only=True):
    """A vehicle's signed request for installation came again in another session; SessionIDs are in hex."""

    pcid: str
    session: str
    first_session: str
    first_seen: float


# Certificates (PKI)


class CertificateRevoked(Fact, frozen=True, kw_only=True):
    """An authority has revoked a certificate it had issued; told once for each.

    ``serial`` is in lower-case hex: it has up to 20 octets, and numbers are kept in eight.
    """

    certificate: bytes
    serial: str
    reason: str
