"""A bundle at a glance: when, with what, how much of each kind, how fast, and what to look at next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pncsim.simulator.evidence.bundle import Bundle, JsonRow

MOST = 8
"""So many problems or hints are told; of more, how many there are."""


def overview(bundle: Bundle) -> Iterator[str]:
    """The lines of it."""
    told = bundle.manifest
    if told is not None:
        yield f"{told.scenario}, run {told.run}, {told.started} to {told.ended}"
        yield f"  {told.command}"
        if told.seed is not None:
            yield f"  seed {told.seed}: no key of this run is a secret"
        yield f"  {', '.join(f'{name} {value}' for name, value in told.versions.items())}"
    yield ""
    yield from _sessions(bundle)
    counts = {name: len(bundle.rows(name)) for name in ("ocpp", "http")}
    certificates = sorted(path.stem for path in (bundle.folder / "certs").glob("*.pem"))
    yield f"  {counts['ocpp']} OCPP frames, {counts['http']} HTTP exchanges, certificates of {', '.join(certificates)}"
    for hint in hints(bundle):
        yield f"  look at: {hint}"


def _sessions(bundle: Bundle) -> Iterator[str]:
    by_session: dict[str, list[JsonRow]] = {}
    for row in bundle.messages:
        by_session.setdefault(row["session"], []).append(row)
    before = len(by_session.pop("", []))
    if before:
        yield f"  {before} messages before a session was there"
    for session, rows in by_session.items():
        codes = Counter(code for row in rows if (code := row["code"]) and row["direction"] == "sent")
        refused = ", ".join(f"{code} x {n}" for code, n in codes.items() if code.startswith("FAILED"))
        yield f"  session {session}: {len(rows)} messages, {refused or 'no ResponseCode that says failed'}"
        timed = [row for row in rows if row["limit"] and row["took"] is not None]
        if timed:
            worst = max(timed, key=lambda row: row["took"] / row["limit"])
            yield f"    slowest of its limit: {slow(worst)}"


def slow(row: JsonRow) -> str:
    """How long a response took, beside what is allowed."""
    return f"{row['name']} after {row['took']:.3f} s of {row['limit']:g} s ({row['unit']})"


def hints(bundle: Bundle) -> list[str]:
    """What to look at next: the advice of problems, responses that came late, judgements that failed."""
    found: dict[str, None] = {}
    for row in bundle.events:
        match row["event"]:
            case "Problem":
                where = f" [{row['clause']}]" if row["clause"] else ""
                found[f"{row['unit']}, event {row['seq']}: {row['text']}{where} {row['advice']}".rstrip()] = None
            case "Judged" if not row["ok"]:
                found[f"{row['unit']}, event {row['seq']}: {row['what']}: {row['reason']}"] = None
    late = [row for row in bundle.messages if row["limit"] and row["took"] is not None and row["took"] > row["limit"]]
    for row in late:
        found[f"packet {row['packet']} of trace.pcapng: {slow(row)}"] = None
    told = list(found)
    return told[:MOST] + ([f"{len(told) - MOST} more of these in events.jsonl"] if len(told) > MOST else [])
