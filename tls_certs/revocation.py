"""What an authority remembers of the certificates it has issued: which ones, and which it has revoked. Plain data."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from cryptography import x509
from msgspec import Struct, field


class Status(StrEnum):
    """What OCSP or a CRL says of a certificate (RFC 6960 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


Reason = Literal[
    "unspecified",
    "key_compromise",
    "ca_compromise",
    "affiliation_changed",
    "superseded",
    "cessation_of_operation",
    "certificate_hold",
    "privilege_withdrawn",
    "aa_compromise",
]
"""Why a certificate was revoked (RFC 5280 5.3.1), spelled as the members of ``x509.ReasonFlags``."""


class Revocation(Struct, frozen=True):
    """When (lab seconds since the epoch) and why a certificate was revoked."""

    time: float
    reason: Reason = "unspecified"

    @property
    def flag(self) -> x509.ReasonFlags:
        """The reason as ``cryptography`` names it."""
        return x509.ReasonFlags[self.reason]


class Registry(Struct):
    """Serial numbers of one authority.

    ``complete`` says whether ``issued`` names every certificate there is. An authority from a folder does not know what
    earlier runs issued, and calls good what it does not know to be revoked; a complete one answers "unknown".
    """

    issued: set[int] = field(default_factory=set)
    revoked: dict[int, Revocation] = field(default_factory=dict)
    complete: bool = True

    def status(self, serial: int) -> Status:
        """What the authority says of the certificate with this serial number."""
        if serial in self.revoked:
            return Status.REVOKED
        return Status.GOOD if serial in self.issued or not self.complete else Status.UNKNOWN
