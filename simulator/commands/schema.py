"""``pnc schema``: the JSON Schemas of what is written and read here."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any

from pncsim.simulator.commands.options import Arguments, Parser


def _manifest() -> dict[str, Any]:
    from pncsim.simulator.evidence.manifest import schema

    return schema()


def _vehicle() -> dict[str, Any]:
    import msgspec

    from pncsim.simulator.cars.profile import VehicleProfile

    return msgspec.json.schema(VehicleProfile)


def _lab() -> dict[str, Any]:
    from pncsim.simulator.labs.lab_file import schema

    return schema()


def _feed() -> dict[str, Any]:
    from pncsim.simulator.feed.schema import schema

    return schema()


SCHEMAS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "manifest": ("manifest.json of an evidence bundle", _manifest),
    "vehicle": ("a vehicle profile of your own, a TOML file", _vehicle),
    "lab": ("a lab file: who takes part in a run", _lab),
    "feed": ("what is published at an MQTT broker (--mqtt), and taken from it", _feed),
}
"""Each with what it describes; a schema is made when it is asked for."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Which one."""
    told = "; ".join(f"{name}: {about}" for name, (about, _) in SCHEMAS.items())
    parser.add_argument("name", choices=SCHEMAS, metavar="NAME", help=told)
    parser.set_defaults(execute=_schema)


def _schema(arguments: Arguments) -> int:
    print(json.dumps(_told(SCHEMAS[arguments.name][1]()), indent=2))
    return 0


def _told(part: Any) -> Any:
    """A part of a schema whose descriptions have no margin: they are docstrings, and releases of msgspec differ."""
    if isinstance(part, list):
        return [_told(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: inspect.cleandoc(one) if name == "description" and isinstance(one, str) else _told(one)
        for name, one in part.items()
    }
