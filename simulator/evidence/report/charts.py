"""Drawings: the power over the session, and how long responses took of the time they have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pncsim.simulator.evidence.bundle import Bundle, JsonRow
from pncsim.simulator.evidence.report.markup import text

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 220, 62, 28
_POINTS = 600
"""A line has no more points than a screen."""


def power(bundle: Bundle) -> Iterator[str]:
    """A curve for each vehicle, or for each EVSE where no vehicle was looked at."""
    samples = [row for row in bundle.events if row["event"] == "Power"]
    role = "EV" if any(row["role"] == "EV" for row in samples) else "SECC"
    curves: dict[tuple[str, str], list[JsonRow]] = {}
    for row in samples:
        if row["role"] == role:
            curves.setdefault((row["unit"], row["session"]), []).append(row)
    for (unit, session), rows in curves.items():
        energy = rows[-1]["energy_wh"] / 1000
        soc = [row["soc"] for row in rows if row["soc"] is not None]
        charge = f", {soc[0]:.1f} % to {soc[-1]:.1f} %" if soc else ""
        peak = max(row["watts"] for row in rows) / 1000
        yield (
            f"<h3>{text(unit)}</h3><p>{energy:.3f} kWh, {peak:.2f} kW at most{charge}"
            f'<span class="seen"> session {text(session)}</span></p>{_curve(rows)}'
        )


def _curve(rows: Sequence[JsonRow]) -> str:
    rows = rows[:: max(1, len(rows) // _POINTS)]
    begin, end = rows[0]["time"], rows[-1]["time"]
    span, top = max(end - begin, 1e-3), max(max(row["watts"] for row in rows), 1.0) * 1.1
    wide, high = _WIDTH - _LEFT - 22, _HEIGHT - _BOTTOM - 12

    def at(row: JsonRow) -> tuple[float, float]:
        return _LEFT + (row["time"] - begin) / span * wide, 12 + high - row["watts"] / top * high

    points = [at(row) for row in rows]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    area = f"{points[0][0]:.1f},{12 + high} {line} {points[-1][0]:.1f},{12 + high}"
    grid = ""
    for part in range(5):
        y, x = 12 + high * (1 - part / 4), _LEFT + wide * part / 4
        kw, seconds = (" kW", " s") if part == 4 else ("", "")
        grid += (
            f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="axis y" x="{_LEFT - 6}" y="{y + 4:.1f}">{top * part / 4000:.1f}{kw}</text>'
            f'<text class="axis x" x="{x:.1f}" y="{_HEIGHT - 8}">{span * part / 4:.0f}{seconds}</text>'
        )
    shape = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="power in kW over seconds"'
    inside = f'{grid}<polygon points="{area}"/><polyline points="{line}"/>'
    return f'<div class="wide"><svg class="plot" {shape}>{inside}</svg></div>'


def timing(bundle: Bundle) -> Iterator[str]:
    """Of each response at each end: how often, the slowest, and the time it has."""
    slowest: dict[tuple[str, str], tuple[int, JsonRow]] = {}
    for row in bundle.messages:
        if row["took"] is not None and row["limit"]:
            key = row["name"], row["role"]
            count, worst = slowest.get(key, (0, row))
            slowest[key] = count + 1, row if row["took"] > worst["took"] else worst
    if not slowest:
        return
    yield (
        "<p class=seen>The slowest of each, beside the station's performance time and the vehicle's timeout.</p>"
        "<table class=timing><tr><th>response</th><th>at</th><th>times</th><th>slowest</th><th>limit</th><th></th></tr>"
    )
    for (name, role), (count, row) in slowest.items():
        share = row["took"] / row["limit"]
        kind = "bad" if share > 1 else "odd" if share > 0.8 else ""
        bar = f'<meter min="0" max="1" high="0.8" value="{min(share, 1):.3f}">{share:.0%}</meter>'
        yield (
            f'<tr class="{kind}"><td>{text(name)}</td><td>{text(role)}</td><td class="n">{count}</td>'
            f'<td class="n">{row["took"]:.3f} s</td><td class="n">{row["limit"]:g} s</td><td>{bar}</td></tr>'
        )
    yield "</table>"
