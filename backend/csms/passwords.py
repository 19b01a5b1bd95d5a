"""Basic authentication of stations: registered identities and salted hashes of their passwords (A00.FR.2xx)."""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Literal

from pncsim.wire.errors import LocalError

Admission = Literal["welcome", "unknown", "unauthorized"]
_SCRYPT = {"n": 1024, "r": 8, "p": 1}
"""About 4 ms per check: BasicAuthPassword is a random secret of 16 to 40 characters, not something a person chose."""


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, **_SCRYPT)


class Register:
    """Identities that may connect. A station without a password is let in only where no password is asked."""

    def __init__(self) -> None:
        self._stations: dict[str, tuple[bytes, bytes] | None] = {}

    def add(self, identity: str, password: str | None = None) -> None:
        """Register ``identity`` (at most 48 characters, no colon). Raises LocalError for one that cannot be used."""
        if not 1 <= len(identity) <= 48 or ":" in identity:
            raise LocalError(f"{identity!r} is no station identity: 1 to 48 characters without a colon are allowed.")
        self._stations[identity] = None
        if password is not None:
            self.change(identity, password)

    def change(self, identity: str, password: str) -> None:
        """Replace the password; the old one counts no more (A01.FR.03)."""
        if not 16 <= len(password) <= 40:
            raise LocalError("A BasicAuthPassword has 16 to 40 characters.", clause="A00.FR.205")
        salt = os.urandom(16)
        self._stations[identity] = (salt, _hash(password, salt))

    def __contains__(self, identity: object) -> bool:
        return identity in self._stations

    def check(self, identity: str, user: str | None, password: str | None) -> Admission:
        """Whether ``identity`` (of the URL) with these Basic credentials may connect."""
        if identity not in self._stations:
            return "unknown"
        kept = self._stations[identity]
        if kept is None:
            return "welcome"
        if user != identity or password is None:
            return "unauthorized"
        salt, expected = kept
        return "welcome" if hmac.compare_digest(_hash(password, salt), expected) else "unauthorized"
