"""Which stations there are: identities, salted hashes of their passwords (A00.FR.2xx), what their boot was answered."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal

from msgspec import Struct

from pncsim.backend.store import Change, KeptKind, Store
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp.channel import Admission
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace

RegistrationStatus = Literal["Accepted", "Pending", "Rejected"]
"""OCPP RegistrationStatusEnumType."""

_SCRYPT = {"n": 1024, "r": 8, "p": 1}
"""About 4 ms per check: BasicAuthPassword should be random, 16 to 40 characters, but a person may have chosen it."""


def _hash(password: str, salt: bytes, drawn: bool) -> bytes:
    if drawn:
        return hashlib.sha256(salt + password.encode()).digest()
    # scrypt begins with HMAC, which fills its key up with NULs: one more behind a password would change nothing
    # (RFC 2104 2). Hashed first, each is a key of its own.
    return hashlib.scrypt(hashlib.sha256(password.encode()).digest(), salt=salt, **_SCRYPT)


class RegisteredStation(Struct, frozen=True):
    """One station. ``digest`` is empty for one that needs no password; ``registration`` before its first boot.

    ``drawn``: the password came from a :class:`Source`. Nobody guesses 128 random bits or more, so it takes no
    slow hash. ``serial_number``: what its own certificate has to name it by (A00.FR.406). ``lowest``: the security
    profile below which it does not come in any more, ``upgrade``: the one it was told to come in by; 0 for none (A05).
    """

    identity: str
    salt: bytes = b""
    digest: bytes = b""
    registration: RegistrationStatus | Literal[""] = ""
    drawn: bool = False
    serial_number: str = ""
    lowest: int = 0
    upgrade: int = 0


STATIONS: KeptKind[RegisteredStation] = KeptKind("stations", RegisteredStation, key=lambda station: station.identity)


class Register:
    """The stations that may connect. One without a password is let in only where no password is asked."""

    def __init__(self, store: Store, source: Source = SYSTEM) -> None:
        self._store, self._source = store, source

    async def add(
        self, identity: str, password: str | None = None, *, drawn: bool = False, serial_number: str = ""
    ) -> None:
        """Register ``identity`` (at most 48 characters, no colon). Raises LocalError for one that cannot be used.

        ``drawn``: the password is 128 random bits at least, from a :class:`Source`. ``serial_number``: of the station.
        """
        if not 1 <= len(identity) <= 48 or ":" in identity:
            raise LocalError(f"{identity!r} is no station identity: 1 to 48 characters without a colon are allowed.")
        salt, digest = self._secret(password, drawn)
        station = RegisteredStation(identity, salt, digest, drawn=drawn, serial_number=serial_number)
        await self._store.of(STATIONS).put(station)

    async def change(self, identity: str, password: str) -> None:
        """Replace the password; the old one counts no more (A01.FR.03)."""
        salt, digest = self._secret(password, drawn=False)
        await self._amend(identity, salt=salt, digest=digest, drawn=False)

    async def booted(self, identity: str, registration: RegistrationStatus) -> None:
        """Remember what a BootNotification was answered; it outlives the connection."""
        await self._amend(identity, registration=registration)

    async def find(self, identity: str) -> RegisteredStation | None:
        """What is kept of a station, or None."""
        return await self._store.of(STATIONS).get(identity)

    async def check(self, identity: str, user: str | None, password: str | None) -> Admission:
        """Whether ``identity`` (of the URL) with these Basic credentials may connect."""
        station = await self.find(identity)
        if station is None:
            return "unknown"
        if not station.digest:
            return "welcome"
        if user != identity or password is None:
            return "unauthorized"
        given = _hash(password, station.salt, station.drawn)
        return "welcome" if hmac.compare_digest(given, station.digest) else "unauthorized"

    async def upgrades(self, identity: str, profile: int) -> None:
        """It was told to come in by this security profile; once it has, it does so by no lower one (A05)."""
        await self._amend(identity, upgrade=profile)

    async def comes_by(self, identity: str, profile: int) -> bool:
        """Whether it may come in by this security profile; where it was told to, it has now."""
        station = await self.find(identity)
        if station is None or profile < station.lowest:
            return False
        if station.lowest < station.upgrade <= profile:
            await self._amend(identity, lowest=station.upgrade)
        return True

    def _secret(self, password: str | None, drawn: bool) -> tuple[bytes, bytes]:
        if password is None:
            return b"", b""
        if not 16 <= len(password) <= 40:
            raise LocalError("A BasicAuthPassword has 16 to 40 characters.", clause="A00.FR.205")
        salt = self._source.octets(16)
        return salt, _hash(password, salt, drawn)

    async def _amend(self, identity: str, **changes: Any) -> None:
        """Change what is kept of a station; of one that is not registered nothing is."""

        async def step(change: Change) -> None:
            station = await change.of(STATIONS).get(identity)
            if station is not None:
                await change.of(STATIONS).put(replace(station, **changes))

        await self._store.change(step)
