"""Records of several devices side by side, as Markdown: what each came to, and with which octets what did not pass.

``pnc conformance table NAME=RECORD ...`` prints it. Records of one name and suite are one: the later counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from pncsim.simulator.conformance.case import Case, CaseVerdict
from pncsim.simulator.conformance.page import markdown_table
from pncsim.simulator.conformance.record import Tried, read_record
from pncsim.simulator.conformance.said import Uttered, line
from pncsim.simulator.conformance.suites import SUITES
from pncsim.wire.errors import LocalError, PncError

GOOD = frozenset({CaseVerdict.PASS, CaseVerdict.NOT_APPLICABLE})
"""Verdicts of which the sum says enough."""
MESSAGES = 4
"""Messages of a case that are shown."""
OCTETS = 40
"""Octets of a message that are shown; the record has all."""
READING = 180
"""Characters of what they say."""
_COLUMNS = tuple(CaseVerdict)


class HeldDevice(Struct, frozen=True, kw_only=True):
    """A device, what it is called here, and what came of it in one suite: case id -> what it came to."""

    name: str
    suite: str
    tried: Mapping[str, Tried]


def held_devices(words: Iterable[str]) -> list[HeldDevice]:
    """From words ``NAME=RECORD``, in their order. Raises LocalError for one that is none, or leads to no record."""
    found: dict[tuple[str, str], dict[str, Tried]] = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not (equals and name.strip() and path):
            raise LocalError(f"{word!r} names no device: NAME=RECORD is one.")
        head, tried = read_record(Path(path))
        found.setdefault((name.strip(), head.suite), {}).update(tried)
    return [HeldDevice(name=name, suite=suite, tried=tried) for (name, suite), tried in found.items()]


def compared(devices: Sequence[HeldDevice]) -> str:
    """All of it. Raises LocalError for records of a suite that there is not."""
    return "\n".join(part for suite in dict.fromkeys(one.suite for one in devices) for part in _suite(suite, devices))


def _suite(name: str, devices: Sequence[HeldDevice]) -> Iterator[str]:
    if name not in SUITES:
        raise LocalError(f"There is no suite {name!r}.", advice=f"There are: {', '.join(SUITES)}.")
    suite, held = SUITES[name][1](), [one for one in devices if one.suite == name]
    yield f"### {suite.title}\n"
    sums = [(one.name, str(len(one.tried)), *_counts(one)) for one in held]
    yield markdown_table(("device", "cases", *(str(one) for one in _COLUMNS)), sums) + "\n"
    cases = [case for case in suite.cases if any(_bad(one, case) for one in held)]
    rows = [(f"`{case.id}`", case.title, *(_verdict(one, case) for one in held)) for case in cases]
    if rows:
        yield markdown_table(("case", "what it gives", *(one.name for one in held)), rows) + "\n"
    for case in cases:
        for device in held:
            if _bad(device, case):
                yield _told(device, case)


def _counts(device: HeldDevice) -> Iterator[str]:
    counts = Counter(one.verdict for one in device.tried.values())
    yield from (str(counts[verdict]) for verdict in _COLUMNS)


def _bad(device: HeldDevice, case: Case) -> bool:
    return case.id in device.tried and device.tried[case.id].verdict not in GOOD


def _verdict(device: HeldDevice, case: Case) -> str:
    return str(device.tried[case.id].verdict) if case.id in device.tried else "not run"


def _told(device: HeldDevice, case: Case) -> str:
    """A case that did not pass: what was expected, by whose word, what was seen, and the octets with their meaning."""
    tried = device.tried[case.id]
    head = f"**`{case.id}`, {device.name}: {tried.verdict}.** {case.source}: {case.expectation}"
    frames = "\n".join(part for one in tried.said[:MESSAGES] for part in (line(one, OCTETS), *_reading(one)))
    return f"{head}\n\n{tried.why}\n" + (f"\n```text\n{frames}\n```\n" if frames else "")


def _reading(said: Uttered) -> Iterator[str]:
    if said.octets:
        yield f"{' ' * 12}{_shortened(reading(said))}"


def _datagram(octets: bytes) -> str:
    """Whoever asks: the tester as a vehicle, or the vehicle that is tested."""
    from pncsim.wire.v2g.registry import SDP_REQUEST
    from pncsim.wire.v2g.sdp import decode_request, decode_response

    if octets[2:4] == SDP_REQUEST.to_bytes(2, "big"):
        return f"SDP request: {decode_request(octets).security.name}"
    found = decode_response(octets)
    return f"SDP response: {found.security.name} at [{found.address}]:{found.port}"


def _shortened(text: str) -> str:
    return text if len(text) <= READING else f"{text[:READING]}…"


def reading(said: Uttered) -> str:
    """What the octets of a message say, as JSON; what is wrong with those that say nothing, as a sentence."""
    from pncsim.wire.exi import views
    from pncsim.wire.v2g.registry import codec

    octets = bytes.fromhex(said.octets)
    try:
        if said.name == "SDP":
            return _datagram(octets)
        coder = codec("app" if said.name.startswith("SupportedAppProtocol") else "iso2")
        shown = views.to_json(coder, coder.decode(octets, gate=lambda liberty: None), None)
    except PncError as error:
        return error.sentence
    return json.dumps(shown, ensure_ascii=False)
