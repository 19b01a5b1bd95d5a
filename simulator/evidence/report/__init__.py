"""A bundle as one HTML file for people: no network, no other resource, dark and light, on a phone and on paper.

Everything in it is read from the bundle's own files, and everything a peer has said is escaped. A policy in its head
lets the browser load nothing; the one script is named there by its hash, and without it all can be read as well.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.overview import hints
from pncsim.simulator.evidence.report.certificates import certificates
from pncsim.simulator.evidence.report.charts import power, timing
from pncsim.simulator.evidence.report.conversation import back_end, messages, sequence
from pncsim.simulator.evidence.report.markup import clock, details, section, text
from pncsim.simulator.evidence.report.style import SCRIPT, STYLE
from pncsim.simulator.result import RunResult, Verdict

_HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; base-uri 'none'"
STORY = {"Story": "", "Problem": "bad", "Tolerated": "odd", "Warned": "odd"}
"""Events that make the story, with what they look like."""


def report_of(bundle: Bundle) -> str:
    """The whole page."""
    result = bundle.result()
    sections = [
        section("verdict", "Verdict", _verdict(bundle, result)),
        section("story", "Story", _story(bundle)),
        section("sequence", "Sequence", sequence(bundle)),
        section("power", "Power", power(bundle)),
        section("timing", "Timing", timing(bundle)),
        section("messages", "Messages", messages(bundle)),
        section("certificates", "Certificates", certificates(bundle)),
        section("backend", "OCPP and HTTP", back_end(bundle)),
        section("run", "This run", _run(bundle)),
    ]
    shown = [one for one in sections if one.inside]
    links = "".join(f'<a href="#{one.id}">{one.title}</a>' for one in shown)
    verdict = result.verdict
    title = f"{verdict.upper()} {result.scenario}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body>"
        f'<header><h1><span class="verdict {verdict}">{verdict.upper()}</span> {text(result.scenario)}</h1>'
        f"<nav>{links}</nav></header><main>{''.join(one.html for one in shown)}</main>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _verdict(bundle: Bundle, result: RunResult) -> Iterator[str]:
    if result.cause:
        yield f'<p class="cause">{text(result.cause)}</p>'
    if result.first_problem:
        yield f"<p><b>First problem</b> {text(result.first_problem)}</p>"
    for name, (title, answer) in result.faults.items():
        yield f"<p><b>Disturbed on purpose</b> {text(name)}: {text(title)}. The standard answers: {text(answer)}</p>"
    if result.checks:
        counting = {id(check) for check in result.counting}
        yield '<ul class="checks">'
        for check in result.checks:
            mark = "ok" if check.ok else "bad" if id(check) in counting or result.verdict is Verdict.ERROR else "odd"
            seen = f' <span class="seen">{text(check.seen)}</span>' if check.seen else ""
            about = ", ".join(filter(None, (check.id, check.clause, check.actor)))
            called = f' <span class="seen">[{text(about)}]</span>' if about else ""
            yield f'<li class="{mark}">{text(check.expected)}{seen}{called}</li>'
        yield "</ul>"
    yield from (f'<p class="odd">{text(problem)}</p>' for problem in result.problems)
    if result.facts:
        yield _pairs(result.facts)
    if next_steps := hints(bundle):
        yield "<h3>What to look at next</h3><ol>"
        yield from (f"<li>{text(hint)}</li>" for hint in next_steps)
        yield "</ol>"


def _story(bundle: Bundle) -> Iterator[str]:
    rows = [row for row in bundle.events if row["event"] in STORY]
    if not rows:
        return
    yield '<table class="story">'
    for row in rows:
        said = row.get("text") or row.get("what") or ""
        clause = f' <span class="clause">{text(row["clause"])}</span>' if row.get("clause") else ""
        advice = f' <span class="seen">{text(row["advice"])}</span>' if row.get("advice") else ""
        yield (
            f'<tr class="{STORY[row["event"]]}"><td class="when">{clock(bundle, row)}</td>'
            f'<td class="who">{text(row["unit"])}</td><td>{text(said)}{clause}{advice}</td></tr>'
        )
    yield "</table>"


def _run(bundle: Bundle) -> Iterator[str]:
    told = bundle.manifest
    if told is None:
        return
    seed = (
        f"{told.seed}: every key of this run can be reproduced, none is a secret" if told.seed is not None else "none"
    )
    yield _pairs(
        {
            "run": told.run,
            "command": told.command,
            "transport": told.transport,
            "began": told.started,
            "ended": told.ended,
            "seed": seed,
            "clauses": ", ".join(told.clauses),
        }
        | {f"option {name}": str(value) for name, value in told.options.items()}
        | {f"version of {name}": value for name, value in told.versions.items()}
    )
    files = "trace.pcapng (packets, opens decrypted in Wireshark), messages.jsonl, ocpp.jsonl, http.jsonl, events.jsonl"
    yield details(
        "Beside this report", f"<p>{files}, story.txt, certs/, sequence.mmd, result.junit.xml, manifest.json</p>"
    )


def _pairs(told: dict[str, str]) -> str:
    rows = "".join(f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>" for name, value in told.items() if value)
    return f"<dl>{rows}</dl>"
