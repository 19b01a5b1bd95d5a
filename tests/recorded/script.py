"""What one vehicle said in one recorded session, as data: the scripts in ``tests/vectors/recorded``.

A step is ``[pause, name, changes, answer, times]``: so many seconds after the last response came this request, that
often, and that is what the station of the recording said to it. ``changes`` lead from the last request of that name
to this one (RFC 7396; the first starts from nothing) and are in the JSON view of ``pnc exi``. No value names a car, a
station, a person or a network: what did is replaced by :mod:`derive`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

SCRIPTS = Path(__file__).parents[1] / "vectors" / "recorded"
HANDSHAKE = "supportedAppProtocolReq"


class ScriptStep(Struct, array_like=True):
    """One request, or ``times`` equal ones in a row; then ``pause`` is their mean.

    ``answer``: ResponseCode, and after a blank what mattered to the vehicle: an EVSEProcessing other than Finished, an
    EVSENotification other than None. Empty if the recording holds none.
    """

    pause: float
    name: str
    changes: dict[str, Any]
    answer: str
    times: int = 1


class VehicleScript(Struct):
    """``first_session``: the SessionID of SessionSetupReq, hex. ``schedule``: PMax the station offered, (second, W).
    ``ended_by``: who closed the connection first, empty if the recording ends before."""

    steps: list[ScriptStep]
    asks_tls: bool | None = None
    first_session: str = ""
    schedule: list[tuple[int, float]] = []
    ended_by: str = ""

    @property
    def reached(self) -> str:
        """The last request the station of the recording answered without refusing it."""
        return next(step.name for step in reversed(self.steps) if step.answer and not step.answer.startswith("FAILED"))

    def requests(self) -> Iterator[tuple[ScriptStep, dict[str, Any]]]:
        """Each step with all values of its request."""
        last: dict[str, dict[str, Any]] = {}
        for step in self.steps:
            last[step.name] = patched(last.get(step.name, {}), step.changes)
            yield step, last[step.name]


def scripts() -> dict[str, VehicleScript]:
    """All that are kept here, by name."""
    return {path.stem: read_script(path) for path in sorted(SCRIPTS.glob("*.json"))}


def read_script(path: Path) -> VehicleScript:
    """Raises msgspec.ValidationError for what is no script."""
    return msgspec.json.decode(path.read_bytes(), type=VehicleScript)


def write_script(path: Path, script: VehicleScript) -> None:
    """One line for a step, so that differences can be read."""
    head = {name: getattr(script, name) for name in VehicleScript.__struct_fields__ if name != "steps"}
    lines = [json.dumps(msgspec.to_builtins(step)[: None if step.times > 1 else -1]) for step in script.steps]
    shown = ", ".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in head.items())
    path.write_text(f'{{{shown}, "steps": [\n' + ",\n".join(lines) + "\n]}\n")


def folded(requests: Iterable[tuple[float, str, dict[str, Any], str]]) -> list[ScriptStep]:
    """(pause, name, values, answer) of each request as steps."""
    steps: list[ScriptStep] = []
    last: dict[str, dict[str, Any]] = {}
    for pause, name, values, answer in requests:
        changes = changed(last.get(name, {}), values)
        before = steps[-1] if steps else None
        if before is not None and not changes and (before.name, before.answer) == (name, answer):
            before.pause += (pause - before.pause) / (before.times + 1)
            before.times += 1
        else:
            steps.append(ScriptStep(pause, name, changes, answer))
        last[name] = values
    for step in steps:
        step.pause = round(step.pause, 3)
    return steps


def changed(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """What leads from ``old`` to ``new``, as :func:`patched` reads it."""
    changes: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := changed(before, value):
                changes[name] = inner
        elif value != before:
            changes[name] = value
    return changes


def patched(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``old`` after ``changes``: None takes a value away, an object is patched, all else is replaced (RFC 7396)."""
    new = dict(old)
    for name, value in changes.items():
        if value is None:
            new.pop(name, None)
        elif isinstance(value, dict) and isinstance(before := new.get(name), dict):
            new[name] = patched(before, value)
        else:
            new[name] = value
    return new
