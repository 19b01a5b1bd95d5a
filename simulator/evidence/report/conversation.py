"""What was said: the sequence chart, the V2G messages, and what passed behind the station."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from pncsim.simulator.evidence.bundle import Bundle, JsonRow
from pncsim.simulator.evidence.report.markup import clock, details, few, text, tree

MOST = 300
"""Messages and frames that are shown; all are in the files beside the report."""

_PARTICIPANT = re.compile(r" +participant (\w+) as (.+)")
_ARROW = re.compile(r" +(\w+?)(--?)>>(\w+): (.+)")
_NOTE = re.compile(r" +Note over (\w+): (.+)")
_LANE, _STEP, _TOP = 170, 26, 44


def sequence(bundle: Bundle) -> Iterator[str]:
    """``sequence.mmd`` as a drawing."""
    try:
        lines = (bundle.folder / "sequence.mmd").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    lanes: dict[str, int] = {}
    names: dict[str, str] = {}
    drawn: list[str] = []
    remark, at = "", _TOP + 24
    for line in lines:
        if found := _PARTICIPANT.fullmatch(line):
            lanes[found[1]] = 90 + _LANE * len(lanes)
            names[found[1]] = found[2]
        elif (found := _ARROW.fullmatch(line)) and found[1] in lanes and found[3] in lanes:
            drawn.append(_arrow(lanes[found[1]], lanes[found[3]], at, found[4], dashed=found[2] == "--"))
            at += _STEP
        elif (found := _NOTE.fullmatch(line)) and found[1] in lanes:
            drawn.append(f'<text class="note" x="{lanes[found[1]]}" y="{at}">{text(found[2])}</text>')
            at += _STEP
        elif line.startswith("    %% "):
            remark = line.removeprefix("    %% ")
    if not drawn:
        return
    width, height = 180 + _LANE * (len(lanes) - 1), at + 6
    heads = "".join(
        f'<line class="lane" x1="{x}" x2="{x}" y1="{_TOP}" y2="{height}"/>'
        f'<rect class="head" x="{x - 68}" y="14" width="136" height="28" rx="5"/>'
        f'<text class="name" x="{x}" y="33">{text(names[key])}</text>'
        for key, x in lanes.items()
    )
    if remark:
        yield f'<p class="seen">{text(remark)}</p>'
    marker = '<marker id="tip" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    yield (
        f'<div class="wide"><svg class="sequence" viewBox="0 0 {width} {height}" style="min-width:{width * 2 // 3}px;'
        f'max-width:{width}px" role="img" aria-label="sequence chart">'
        f'<defs>{marker}<path d="M0 0L8 4L0 8z"/></marker></defs>{heads}{"".join(drawn)}</svg></div>'
    )


def _arrow(source: int, target: int, at: int, said: str, *, dashed: bool) -> str:
    middle = (source + target) // 2
    bad = " bad" if "FAILED" in said else ""
    kind = f"{'answer' if dashed else 'ask'}{bad}"
    return (
        f'<line class="{kind}" x1="{source}" x2="{target}" y1="{at}" y2="{at}" marker-end="url(#tip)"/>'
        f'<text class="said{bad}" x="{middle}" y="{at - 5}">{text(said)}</text>'
    )


def messages(bundle: Bundle) -> Iterator[str]:
    """Each V2G message once, with its tree and octets."""
    both = {row["role"] for row in bundle.messages} >= {"EV", "SECC"}
    received: dict[str, list[JsonRow]] = {}
    if both:
        for row in bundle.messages:
            if row["direction"] == "received":
                received.setdefault(row["exi"], []).append(row)
    rows = [row for row in bundle.messages if not both or row["direction"] == "sent"]
    shown, left = few(rows, MOST)
    if not shown:
        return
    yield (
        '<p class="tools"><input type="search" id="filter" placeholder="filter: name, code, value" aria-label="filter">'
        '<button type="button" id="open">open all</button><button type="button" id="close">close all</button></p>'
    )
    if left:
        yield f'<p class="odd">{left} messages in the middle are not shown; they are in messages.jsonl.</p>'
    for row in shown:
        twin = received.get(row["exi"], [])
        yield _message(bundle, row, twin.pop(0) if twin else None)


def _message(bundle: Bundle, row: JsonRow, arrived: JsonRow | None) -> str:
    seen = arrived or row
    code = row["code"]
    bad = (code is not None and code.startswith("FAILED")) or row["value"] is None
    vehicle = (row["role"] == "EV") == (row["direction"] == "sent")
    way = "EV → SECC" if vehicle else "SECC → EV"
    if bundle.units:
        # Of several each message says whose it is.
        way = f"{text(row['unit'])} {way}"
    verdicts = row["judged"] + (arrived["judged"] if arrived is not None else [])
    signed = _signature(row, verdicts)
    head = (
        f'<span class="when">{clock(bundle, row)}</span><span class="who">{way}</span>'
        f'<b class="{"bad" if bad else ""}">{text(row["name"])}</b>'
        f"{f' <span>{text(code)}</span>' if code else ''}{signed}"
    )
    judged = "".join(
        f'<li class="{"ok" if one["ok"] else "bad"}">{text(one["by"])}: {text(one["what"])}: {text(one["reason"])}'
        f' <span class="clause">{text(one["clause"])}</span></li>'
        for one in verdicts
    )
    size = len(row["exi"]) // 2
    where = f"packet {row['packet']} of trace.pcapng" if row["packet"] else "in no packet"
    took = f", after {seen['took']:.3f} s of {seen['limit']:g} s" if seen["limit"] and seen["took"] is not None else ""
    value = row["value"]
    inside = f'<div class="tree">{tree(value)}</div>' if value is not None else "<p class=bad>This is no message.</p>"
    body = (
        f'<p class="seen">{text(row["unit"])}, event {row["seq"]}, session {text(row["session"] or "not yet")}, {where}'
        f"{took}</p>{f'<ul class=checks>{judged}</ul>' if judged else ''}{inside}"
        f'<p class="seen">{size} octets of EXI</p><pre class="hex">{row["exi"]}</pre>'
    )
    return details(head, body, kind="message bad" if bad else "message")


def _signature(row: JsonRow, verdicts: list[JsonRow]) -> str:
    if not row["signed"]:
        return ""
    good = all(one["ok"] for one in verdicts)
    told = "signed" if not verdicts else "signed, all verified" if good else "signed, not all verified"
    return f' <span class="tag {"ok" if good and verdicts else "odd" if good else "bad"}">{told}</span>'


def back_end(bundle: Bundle) -> Iterator[str]:
    """OCPP frames, HTTP exchanges, calls between services."""
    frames = bundle.rows("ocpp")
    both = {row["role"] for row in frames} >= {"CS", "CSMS"}
    called = {row["peer"]: row["unit"] for row in frames if row["role"] == "CSMS"}
    frames = [row for row in frames if not both or row["direction"] == "received"]
    if frames:
        shown, left = few(frames, MOST)
        yield f"<h3>OCPP: {len(frames)} frames{f', {left} of them only in ocpp.jsonl' if left else ''}</h3>"
        yield from (_frame(bundle, row, called) for row in shown)
    exchanges = bundle.rows("http")
    if exchanges:
        shown, left = few(exchanges, MOST)
        yield f"<h3>HTTP: {len(exchanges)} exchanges{f', {left} of them only in http.jsonl' if left else ''}</h3>"
        yield from (_exchange(bundle, row) for row in shown)
    calls, left = few([row for row in bundle.events if row["event"] == "ServiceCall"], MOST)
    if calls:
        yield f"<h3>Services{f', {left} calls only in events.jsonl' if left else ''}</h3><table>"
        for row in calls:
            name = row["operation"] if row["service"] == row["role"] else f"{row['service']}: {row['operation']}"
            yield (
                f'<tr class="{"" if row["ok"] else "bad"}"><td class="when">{clock(bundle, row)}</td>'
                f'<td class="who">{text(row["unit"])}</td><td>{text(name)}</td><td>{text(row["text"])}</td></tr>'
            )
        yield "</table>"


def _exchange(bundle: Bundle, row: JsonRow) -> str:
    bad = row["status"] >= 400
    head = (
        f'<span class="when">{clock(bundle, row)}</span><span class="who">{text(row["unit"])}</span>'
        f"<b>{text(row['method'])} {text(row['url'])}</b> "
        f'<span class="{"bad" if bad else ""}">{row["status"]}</span> {text(row["text"])}'
    )
    inside = "".join(_said(row.get(name)) for name in ("request", "response"))
    kind = "message bad" if bad else "message"
    return details(head, inside or '<p class="seen">Heads and bodies were not kept.</p>', kind=kind)


def _said(message: JsonRow | None) -> str:
    """Head and body of one HTTP message; of octets that are no text, hex."""
    if not message:
        return ""
    head = f"<pre>{text(message['head'])}</pre>"
    body = message.get("body", "")
    if "hex" in message:
        return f'{head}<p class="seen">{len(message["hex"]) // 2} octets</p><pre class="hex">{message["hex"]}</pre>'
    try:
        value = json.loads(body)
    except ValueError:
        return head + (f"<pre>{text(body)}</pre>" if body else "")
    return f'{head}<div class="tree">{tree(value)}</div>'


_KINDS = {2: "", 3: "answered", 4: "refused"}


def _frame(bundle: Bundle, row: JsonRow, called: Mapping[str, str]) -> str:
    """One frame. ``called``: the CSMS of each station; a station itself knows only that it is one."""
    try:
        content = json.loads(row["frame"])
        kind = _KINDS.get(content[0], "is no frame of OCPP-J")
        shown = f'<div class="tree">{tree(content[-1] if kind != "refused" else content[2:])}</div>'
    except (ValueError, IndexError, TypeError, KeyError):
        kind, shown = "is no frame of OCPP-J", f"<pre>{text(row['frame'])}</pre>"
    peer = row["peer"] if row["role"] == "CSMS" else called.get(row["unit"], row["peer"])
    here, there = text(peer), text(row["unit"])
    way = f"{here} → {there}" if row["direction"] == "received" else f"{there} → {here}"
    bad = kind not in ("", "answered")
    head = (
        f'<span class="when">{clock(bundle, row)}</span><span class="who">{way}</span>'
        f'<b class="{"bad" if bad else ""}">{text(row["action"] or "a frame")}</b> {kind}'
    )
    return details(
        head, f'{shown}<pre class="hex">{text(row["frame"])}</pre>', kind="message bad" if bad else "message"
    )
