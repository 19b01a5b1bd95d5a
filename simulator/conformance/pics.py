"""What a device is and does, as whoever brings it declares (PICS and PIXIT), and the failures that are expected of it.

A TOML file: the table ``[device]`` has a value, or a list of values where it does several things, for each declaration
of the suite; what is left out is as ``pnc conformance SUITE --pics-template`` shows it. ``[expected]`` gives a reason
for each case that is known to fail.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from pncsim.simulator.conformance.case import Case, Condition
from pncsim.simulator.parameters import close_to, did_you_mean
from pncsim.wire.errors import LocalError

MEANT = 5
"""Cases that are named at most where one was asked for that there is not."""
LARGEST = 1_000_000
"""Octets of a PICS file; no device has as much to say."""


YES_NO = ("true", "false")


class Declaration(Struct, frozen=True, kw_only=True):
    """One thing a device can be asked. ``values``: the answers there are; ``usual``: those of a device of ours."""

    name: str
    asks: str
    values: tuple[str, ...]
    usual: tuple[str, ...]


def whether(name: str, asks: str, *, ours: bool) -> Declaration:
    """A question whose answer is true or false."""
    return Declaration(name=name, asks=asks, values=YES_NO, usual=("true" if ours else "false",))


def which(name: str, asks: str, *values: str, ours: tuple[str, ...] = ()) -> Declaration:
    """A question with these answers, each of which is one of a device of ours where nothing else is said."""
    return Declaration(name=name, asks=asks, values=values, usual=ours or values)


class Pics(Struct, frozen=True):
    """What was declared: name -> values. ``reasons``: case id -> why it is expected to fail."""

    device: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def has(self, name: str, value: str) -> bool:
        """Whether ``value`` is among what was declared for ``name``."""
        return value in self.device.get(name, ())

    def holds(self, condition: Condition) -> bool:
        """Whether a condition holds."""
        return self.has(condition.name, condition.value) is not condition.unlike

    def against(self, case: Case) -> str:
        """Why a case does not apply, as a sentence; empty if it does."""
        if case.unsuited:
            return case.unsuited
        missed = [one for one in case.when if not self.holds(one)]
        if not missed:
            return ""
        declared = ", ".join(self.device.get(missed[0].name, ())) or "nothing"
        return f"It applies if {' and '.join(map(str, missed))}; {missed[0].name} is declared as {declared}."


def usual(declarations: Iterable[Declaration]) -> Pics:
    """What a device of ours declares."""
    return Pics({one.name: one.usual for one in declarations})


def read_pics(path: Path, declarations: Iterable[Declaration], ids: Iterable[str]) -> Pics:
    """The PICS file at ``path`` for a suite with these declarations and cases. Raises LocalError with all mistakes."""
    known = {one.name: one for one in declarations}
    tables = _tables(path)
    mistakes = [
        f"There is no table [{name}]; there are [device] and [expected]."
        for name in tables.keys() - {"device", "expected"}
    ]
    device, expected = tables.get("device", {}), tables.get("expected", {})
    if not isinstance(device, dict) or not isinstance(expected, dict):
        raise LocalError(f"{path}: device and expected are tables.", advice="Write [device] and [expected].")
    mistakes += _mistaken(device, known)
    cases = set(ids)
    for id, reason in expected.items():
        if id not in cases:
            mistakes.append(f"There is no case {id!r} to expect a failure of. {near(id, sorted(cases))}".rstrip())
        elif not isinstance(reason, str) or not reason.strip():
            mistakes.append(f"The failure of {id} is expected without a reason: write one as text.")
    if mistakes:
        raise LocalError(f"{path}: {' '.join(mistakes)}")
    declared = {name: _listed(value) for name, value in device.items()}
    return Pics({one.name: declared.get(one.name, one.usual) for one in known.values()}, expected)


def near(id: str, ids: Iterable[str]) -> str:
    """Which cases may have been meant by ``id``, a part of one perhaps, as a sentence; "" where nobody knows."""
    known = list(ids)
    meant = [one for one in known if id.lower() in one.lower()][:MEANT] or close_to(id, known)
    if meant:
        return f"Did you mean {' or '.join(meant)}?"
    return f"Known are {', '.join(known)}." if len(known) <= MEANT else ""


def _tables(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as opened:
            octets = opened.read(LARGEST + 1)
    except OSError as error:
        raise LocalError(f"The PICS file {path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(octets) > LARGEST:
        raise LocalError(f"{path} is larger than {LARGEST} octets: that is no PICS file.")
    try:
        return tomllib.loads(octets.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise LocalError(f"{path} is no TOML: {error}.") from error


def _mistaken(device: Mapping[str, Any], known: Mapping[str, Declaration]) -> Iterator[str]:
    strange = [name for name in device if name not in known and not close_to(name, known)]
    if strange:
        yield f"Nobody asks for {', '.join(map(repr, strange))}: --pics-template prints what is asked."
    for name, value in device.items():
        if name not in known:
            if name not in strange:
                yield f"Nobody asks for {name!r}. {did_you_mean(name, known)}"
            continue
        wrong = [one for one in _listed(value) if one not in known[name].values]
        if wrong or not _listed(value):
            what = repr(wrong[0]) if wrong else "nothing"
            yield f"{name} cannot be {what}: {', '.join(known[name].values)} are possible."


def _listed(value: object) -> tuple[str, ...]:
    """One value or several, as words; true and false may be written without quotes."""
    several = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in several)


def template(suite: str, declarations: Iterable[Declaration]) -> str:
    """A PICS file to fill in: every declaration with what it asks, as a device of ours answers."""
    lines = [f"# What the device under test is and does, for `pnc conformance {suite} --pics FILE`.", "", "[device]"]
    for one in declarations:
        lines += [f"# {one.asks}", f"# possible: {', '.join(one.values)}", f"{one.name} = {_toml(one.usual)}", ""]
    return "\n".join([*lines, "[expected]", '# "ID OF A CASE" = "why it is known to fail"', ""])


def _toml(values: tuple[str, ...]) -> str:
    quoted = [f'"{one}"' for one in values]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
