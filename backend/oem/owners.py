"""The people who own vehicles: who they are, which are theirs, and what is theirs to decide (OEM-1, OEM-2)."""

from __future__ import annotations

import hashlib
import hmac
import re

from pncsim.backend.oem.consent_store import OWNERS, VehicleOwner
from pncsim.backend.oem.store import FLEET, FleetVehicle
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

SHORTEST, LONGEST = 10, 200
"""Characters of a password."""
WRONG, WINDOW, NAMES = 10, 3_600.0, 10_000
"""So many wrong passwords for one name within so many seconds of lab time; and names they are counted for."""
_CHALLENGE = 'Basic realm="manufacturer", charset="UTF-8"'
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@_-]{0,63}", re.ASCII)


class Owners:
    """Owners and their vehicles. Each process counts wrong passwords for itself."""

    def __init__(self, clock: Clock, voice: Voice, store: Store, source: Source = SYSTEM) -> None:
        self._clock, self._voice, self._store, self._source = clock, voice, store, source
        self._wrong: dict[str, list[float]] = {}

    async def add(self, name: str, *, maker: str = "", password: str | None = None) -> str:
        """Take an owner in, or give the one there is another password; the password, drawn where none is given.

        Raises Refused for a name that is none or another manufacturer's, and for a password that is too short.
        """
        if not _NAME.fullmatch(name):
            raise Refused(f"{name[:80]!r} is no name: up to 64 letters, digits and . @ _ -", clause="OEM-2")
        if password is not None and not SHORTEST <= len(password) <= LONGEST:
            raise Refused(f"A password has {SHORTEST} to {LONGEST} characters.", clause="OEM-2")
        secret = self._source.token(18) if password is None else password
        salt = self._source.octets(16)
        owner = VehicleOwner(
            name=name, maker=maker, salt=salt, digest=_digest(salt, secret), created_at=self._clock.now()
        )

        async def keep(change: Change) -> None:
            there = await change.of(OWNERS).put(owner)
            if there is not None and there.maker != maker:
                raise Refused(f"There is an owner {name} already.", clause="OEM-2", http_status=409)

        await self._store.change(keep)
        self._wrong.pop(name, None)
        return secret

    async def authenticate(self, name: str, password: str) -> VehicleOwner:
        """The owner whose password that is; Refused with 401, in the same words and time for whatever reason.

        After :data:`WRONG` wrong ones nobody is told any more for a while whether one was right (429).
        """
        name = name[:LONGEST]
        now = self._clock.now()
        wrong = [when for when in self._wrong.get(name, ()) if when + WINDOW > now]
        if len(wrong) >= WRONG:
            wait = wrong[0] + WINDOW - now
            raise Refused(
                f"{len(wrong)} wrong passwords for one name; try again in {wait:.0f} s.",
                clause="OEM-2",
                http_status=429,
                retry_after=wait,
            )
        owner = await self._store.of(OWNERS).get(name) if _NAME.fullmatch(name) else None
        salt, digest = (owner.salt, owner.digest) if owner is not None else (bytes(16), bytes(64))
        right = hmac.compare_digest(_digest(salt, password[:LONGEST]), digest)
        if owner is None or not right:
            if name not in self._wrong and len(self._wrong) >= NAMES:
                self._wrong.pop(next(iter(self._wrong)))
            self._wrong[name] = [*wrong, now]
            raise Refused(
                "There is no owner of that name and password.", clause="OEM-2", http_status=401, challenge=_CHALLENGE
            )
        self._wrong.pop(name, None)
        return owner

    async def vehicles(self, owner: str) -> list[FleetVehicle]:
        """The vehicles of an owner, with the PCIDs the manufacturer hands out (OEM-1)."""
        return [vehicle async for vehicle in every(self._store.of(FLEET), ("owner", owner))] if owner else []

    async def give(self, vin: str, owner: str, *, maker: str = "") -> FleetVehicle:
        """A vehicle is an owner's from now on, or with an empty name nobody's. Refused with 404 for unknown ones."""

        async def keep(change: Change) -> FleetVehicle:
            vehicle = await change.of(FLEET).get(vin.upper())
            known = await change.of(OWNERS).get(owner) if owner else None
            if vehicle is None or (owner and (known is None or known.maker != maker)):
                what = f"vehicle {vin}" if vehicle is None else f"owner {owner[:80]!r}"
                raise Refused(f"There is no {what}.", clause="OEM-2", http_status=404)
            given = replace(vehicle, owner=owner)
            await change.of(FLEET).put(given)
            return given

        given = await self._store.change(keep)
        self._voice.story(f"{given.vin} is {owner or 'nobody'}'s.")
        return given


def _digest(salt: bytes, password: str) -> bytes:
    """Slow on purpose (RFC 7914, some 10 ms): people choose passwords that can be guessed."""
    octets = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(octets, salt=salt, n=2**12, r=8, p=1)
