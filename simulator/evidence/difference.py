"""Two runs side by side: what one said and the other did not, and what they said differently, message by message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from pncsim.simulator.evidence.bundle import Bundle, JsonRow
from pncsim.simulator.evidence.manifest import Manifest
from pncsim.simulator.result import Check

CHANCE = frozenset(
    {
        "SessionID",
        "GenChallenge",
        "Signature",
        "EVSETimeStamp",
        "TMeter",
        "Id",
        "Certificate",
        "Certificates",
        "OEMProvisioningCert",
        "X509SerialNumber",
        "ContractSignatureEncryptedPrivateKey",
        "DHpublickey",
        "SigMeterReading",
        "eMAID",
    }
)
"""Elements that no two runs have alike unless they are of one seed."""

MACHINE = ("wall_started", "wall_seconds", "command", "files", "run", "started", "ended", "lab_seconds", "facts")
"""What the manifest says of when, where and for how long, and of what chance has chosen."""


Naming = Callable[[JsonRow], str]
"""What a row is called, for the eye and to find its like in the other run."""


def differences(a: Bundle, b: Bundle, *, chance: bool = False) -> Iterator[str]:
    """A line for each difference; none where the runs are alike. ``chance``: those of random values, too."""
    yield from _manifests(a.manifest, b.manifest)
    yield from _streams("", _told_once(a), _told_once(b), _message, chance=chance)
    yield from _streams("OCPP ", _frames(a), _frames(b), _frame, chance=chance)


def _manifests(a: Manifest | None, b: Manifest | None) -> Iterator[str]:
    if a is None or b is None:
        if a is not b:
            yield f"{'A' if a is None else 'B'} was killed before it could say what it came to"
        return
    for name in a.__struct_fields__:
        ours, theirs = getattr(a, name), getattr(b, name)
        if name in MACHINE or ours == theirs:
            continue
        if isinstance(ours, dict):
            for key in sorted(ours.keys() | theirs.keys()):
                if ours.get(key) != theirs.get(key):
                    yield f"{name} {key}: {ours.get(key)} -> {theirs.get(key)}"
        elif name == "checks":
            yield from _checks(ours, theirs)
        elif name == "faults":
            before, after = (", ".join(fault.name for fault in one) or "none" for one in (ours, theirs))
            yield f"faults: {before} -> {after}"
        else:
            yield f"{name}: {_short(ours)} -> {_short(theirs)}"


def _checks(ours: Sequence[Check], theirs: Sequence[Check]) -> Iterator[str]:
    """By their place where there are as many, for a text may name a contract; else by what they expect."""
    if len(ours) == len(theirs):
        pairs: list[tuple[Check | None, Check | None]] = list(zip(ours, theirs, strict=True))
    else:
        mine, others = ({check.expected: check for check in one} for one in (ours, theirs))
        pairs = [(mine.get(key), others.get(key)) for key in dict.fromkeys((*mine, *others))]
    for one, other in pairs:
        if (one is not None and one.ok) != (other is not None and other.ok):
            named = one or other
            yield f"check {named.expected if named else ''}: {_checked(one)} -> {_checked(other)}"


def _checked(check: Check | None) -> str:
    return "not made" if check is None else "ok" if check.ok else f"failed ({check.seen})"


def _told_once(bundle: Bundle) -> list[JsonRow]:
    """Each message once: where it was sent, or where only one end was looked at, all of that end's."""
    both = {row["role"] for row in bundle.messages} >= {"EV", "SECC"}
    return [row for row in bundle.messages if not both or row["direction"] == "sent"]


def _frames(bundle: Bundle) -> list[JsonRow]:
    rows = bundle.rows("ocpp")
    both = {row["role"] for row in rows} >= {"CS", "CSMS"}
    return [row for row in rows if not both or row["direction"] == "received"]


def _message(row: JsonRow) -> str:
    return str(row["name"])


def _frame(row: JsonRow) -> str:
    way = {"[2": "", "[3": " answered", "[4": " refused"}.get(row["frame"][:2], " (no frame)")
    return f"{row['action']}{way}"


def _streams(
    kind: str, ours: Sequence[JsonRow], theirs: Sequence[JsonRow], name: Naming, *, chance: bool
) -> Iterator[str]:
    """Both streams, aligned by what their members are; of a V2G message also what it says."""
    mine, others = ([(row["unit"], name(row)) for row in rows] for rows in (ours, theirs))
    matcher = SequenceMatcher(None, mine, others, autojunk=False)
    for what, i, i_end, j, j_end in matcher.get_opcodes():
        if what == "equal":
            for one, other in zip(ours[i:i_end], theirs[j:j_end], strict=True):
                # Of OCPP ids and times differ in every frame.
                for told in () if kind else _said(one, other, chance):
                    yield f"~ {name(one)} ({one['unit']}, events {one['seq']} and {other['seq']}): {told}"
        else:
            yield from (f"- {kind}{_only(row, name)}" for row in ours[i:i_end])
            yield from (f"+ {kind}{_only(row, name)}" for row in theirs[j:j_end])


def _only(row: JsonRow, name: Naming) -> str:
    return f"{name(row)} ({row['unit']}, event {row['seq']})"


def _said(one: JsonRow, other: JsonRow, chance: bool) -> Iterator[str]:
    if one["value"] is None and other["value"] is None:
        if one["exi"] != other["exi"]:
            yield "other octets, and no message in either run"
        return
    yield from _values(one["value"], other["value"], chance)


def _values(one: Any, other: Any, chance: bool, path: str = "") -> Iterator[str]:
    if one == other:
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            if chance or key not in CHANCE:
                yield from _values(one.get(key), other.get(key), chance, f"{path}/{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (ours, theirs) in enumerate(zip(one, other, strict=True)):
            yield from _values(ours, theirs, chance, f"{path}[{number}]")
    else:
        short = path.removeprefix("V2G_Message/").removeprefix("Body/")
        yield f"{short or 'all of it'} {_short(one)} -> {_short(other)}"


def _short(value: Any) -> str:
    text = "(absent)" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
