"""What an authority remembers of the certificates it has issued: which ones, and which it has revoked."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, Protocol

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


class Chronicle(Protocol):
    """Keeps what several processes issue and revoke (:class:`tls_certs.ledger.Ledger`)."""

    def refresh(self) -> None:
        """Bring the registries up to what others have written."""

    def glance(self) -> None:
        """As :meth:`refresh`, where the last one was longer ago than it takes others to write."""

    def note(self, issuer: str, serial: int, revocation: Revocation | None) -> None:
        """Write down what ``issuer`` has issued or revoked."""


class Registry(Struct):
    """Serial numbers of one authority, called ``issuer`` in its ``chronicle``.

    ``complete`` says whether ``issued`` names every certificate there is. An authority from somebody else's folder does
    not know what was issued before, and calls good what it does not know to be revoked; a complete one answers
    "unknown".
    """

    issued: set[int] = field(default_factory=set)
    revoked: dict[int, Revocation] = field(default_factory=dict)
    complete: bool = True
    issuer: str = ""
    chronicle: Chronicle | None = None

    def issue(self, serial: int) -> None:
        """The authority has issued the certificate with this serial number."""
        if serial not in self.issued:
            self.issued.add(serial)
            if self.chronicle is not None:
                self.chronicle.note(self.issuer, serial, None)

    def revoke(self, serial: int, revocation: Revocation) -> None:
        """It has revoked it. The first revocation stands."""
        if serial not in self.revoked:
            self.revoked[serial] = revocation
            if self.chronicle is not None:
                self.chronicle.note(self.issuer, serial, revocation)

    def refresh(self) -> None:
        """Take in what others have issued and revoked with the same key. Raises LocalError."""
        if self.chronicle is not None:
            self.chronicle.refresh()

    def said_of(self, serial: int, *, issued: bool = False) -> tuple[Status, Revocation | None]:
        """What the authority says of the certificate with this serial number. Raises LocalError.

        ``issued``: who asks knows that it has issued it.
        """
        if self.chronicle is not None:
            self.chronicle.glance()
        revocation = self.revoked.get(serial)
        if revocation is not None:
            return Status.REVOKED, revocation
        known = issued or serial in self.issued or not self.complete
        return Status.GOOD if known else Status.UNKNOWN, None

    def status(self, serial: int) -> Status:
        """The first half of :meth:`said_of`."""
        return self.said_of(serial)[0]
