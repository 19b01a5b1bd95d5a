"""What is known of one kind of car: a file of ``facts/``, or one somebody else has written (``pnc schema vehicle``).

The facts were counted in public charging logs (the EVerest project's, 27 models); a profile holds what the car does of
its own accord, and nothing of what the station or its driver wanted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from pncsim.ev.battery import Battery
from pncsim.ev.config import AcLimits, DcLimits
from pncsim.ev.habits import Habits
from pncsim.simulator.parameters import did_you_mean
from pncsim.simulator.scenario import Energy
from pncsim.wire.errors import LocalError
from pncsim.wire.values import replace

FACTS = Path(__file__).parent / "facts"


class VehicleProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of car.

    ``seen``: the currents it was seen charging with. ``tls``: whether its SDP request asks for TLS. ``poll``: seconds
    before it asks again for what is not done yet, 0 for what any request takes. ``loop``: seconds from a response of
    the charging loop to the next request, by current. ``ac``, ``dc``, ``battery``: where they were counted; elsewhere
    those of a vehicle of ours stand in. ``recordings``: the scripts under ``tests/vectors/recorded`` that it is held
    against. ``besides``: what is known of it and not played.
    """

    model: str
    seen: tuple[Energy, ...]
    habits: Habits
    poll: float = 0.0
    loop: Mapping[Energy, float] = field(default_factory=dict)
    tls: bool = False
    ac: AcLimits | None = None
    dc: DcLimits | None = None
    battery: Battery | None = None
    recordings: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()

    def wishes(self, current: Energy) -> dict[str, Any]:
        """The fields of :class:`ev.config.VehicleConfig` such a car decides, charging with that current."""
        think = self.habits.think
        found: dict[str, Any] = {
            "habits": self.habits,
            "dc": replace(self.dc or DcLimits(), welding_detection=self.habits.weldings > 0),
            "loop_interval": self.loop.get(current, think),
            "poll_interval": self.poll or think,
        }
        return found | ({"ac": self.ac} if self.ac is not None else {})

    def cells(self) -> Battery:
        """A battery of such a car, its own to charge."""
        return replace(self.battery or Battery())


def known(text: str) -> str:
    """A word for a profile that can be used, as it was typed. Raises ValueError with a sentence."""
    try:
        find_profile(text)
    except LocalError as error:
        raise ValueError(f"{error.sentence} {error.advice}".strip()) from None
    return text


def names() -> list[str]:
    """Of the profiles there are."""
    return sorted(path.stem for path in FACTS.glob("*.toml"))


def profiles() -> Iterator[tuple[str, VehicleProfile]]:
    """All of them, by name."""
    return ((name, find_profile(name)) for name in names())


@cache
def find_profile(name: str) -> VehicleProfile:
    """The profile of that name, or of that file where it ends in ``.toml``. Raises LocalError."""
    path = Path(name) if name.endswith(".toml") else FACTS / f"{name}.toml"
    if path.parent == FACTS and name not in names():
        raise LocalError(f"There is no vehicle profile {name!r}.", advice=did_you_mean(name, names()))
    return read_profile(path)


def read_profile(path: Path) -> VehicleProfile:
    """The profile a file holds. Raises LocalError where it cannot be read or is none."""
    try:
        found = msgspec.convert(tomllib.loads(path.read_text()), VehicleProfile)
    except OSError as error:
        raise LocalError(f"The vehicle profile {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise LocalError(
            f"{path} is no vehicle profile: {error}.",
            advice="`pnc schema vehicle` says what one holds; look at one of `pnc list --vehicles`.",
        ) from error
    _check(path, found)
    return found


def _check(path: Path, found: VehicleProfile) -> None:
    try:
        octets = bytes.fromhex(found.habits.first_session)
    except ValueError:
        octets = bytes(9)
    if len(octets) > 8:
        raise LocalError(
            f"{path}: first_session is {found.habits.first_session!r}; a SessionID is up to 8 octets, in hex."
        )
    if found.habits.think <= 0:
        raise LocalError(f"{path}: think is {found.habits.think:g} s; every vehicle needs some time for a request.")
