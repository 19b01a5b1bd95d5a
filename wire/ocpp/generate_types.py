"""Make the typed payloads and the actions of each version from the JSON schemas of the package ``ocpp``.

python -m pncsim.wire.ocpp.generate_types
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pncsim.wire.ocpp.versions import V201, OcppVersion, Side
from pncsim.wire.values import replace

WIDTH = 120
SHIPPED = (V201,)
HERE = Path(__file__).parent
_SIDES: tuple[Side, ...] = ("Request", "Response")
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict[str, Any]"}


def files(version: OcppVersion) -> dict[Path, str]:
    """Path -> text of the modules of ``version``."""
    return {
        HERE / "types" / f"{version.folder}.py": types_module(version),
        HERE / "types" / f"{version.folder}_digests.py": digests_module(version),
        HERE / f"{version.folder}.py": actions_module(version),
    }


def types_module(version: OcppVersion) -> str:
    """One TypedDict or Literal per type of the schemas, shared ones first, then every action's payloads."""
    shared: dict[str, Any] = {}
    payloads: dict[str, Any] = {}
    for action in sorted(version.actions):
        for side in _SIDES:
            schema = version.schema(action, side)
            payloads[f"{action}{side}"] = schema
            shared |= schema.get("definitions", {})
    lines = [
        f'"""The types of {version}, from its JSON schemas. Made by wire/ocpp/generate_types.py: do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Any, Literal, NotRequired, TypedDict",
    ]
    for name in sorted(shared):
        lines += ["", *_declared(name, shared[name])]
    for name, schema in payloads.items():
        lines += ["", *_declared(name, schema)]
    return _spaced(lines)


def _declared(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    if "enum" in schema:
        values = [f'"{value}"' for value in schema["enum"]]
        line = f"{name} = Literal[{', '.join(values)}]"
        if len(line) <= WIDTH:
            yield line
        else:
            yield f"{name} = Literal["
            yield from (f"    {value}," for value in values)
            yield "]"
        return
    if name == "CustomDataType":
        yield f"{name} = dict[str, Any]"
        return
    required = set(schema.get("required", ()))
    yield f"class {name}(TypedDict):"
    for field, content in schema.get("properties", {}).items():
        kind = _type(content)
        yield f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"


def _type(content: Mapping[str, Any]) -> str:
    if "$ref" in content:
        return str(content["$ref"]).rsplit("/", 1)[-1]
    if content.get("type") == "array":
        return f"list[{_type(content['items'])}]"
    return _PLAIN.get(content.get("type", ""), "Any")


def _spaced(lines: list[str]) -> str:
    """Two blank lines around classes, one between aliases, as the formatter wants them."""
    out: list[str] = []
    for number, line in enumerate(lines):
        begins_class = line == "" and lines[number + 1].startswith("class ")
        ends_class = line == "" and out[-1].startswith("    ")
        out += ["", ""] if begins_class or ends_class else [line]
    return "\n".join(out) + "\n"


def actions_module(version: OcppVersion) -> str:
    """One constant per action, named like it."""
    rows = [
        f'{action}: Action[types.{action}Request, types.{action}Response] = Action("{action}")'
        for action in sorted(version.actions)
    ]
    head = f'''"""The actions of {version}, with their types. Made by wire/ocpp/generate_types.py: do not edit."""

# fmt: off
# ruff: noqa: E501

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.wire.ocpp.actions import Action

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import {version.folder} as types

'''
    return head + "\n".join(rows) + "\n"


def digests_module(version: OcppVersion) -> str:
    """The SHA-256 of each schema, by the name of its file."""
    names = sorted(f"{action}{side}.json" for action in version.actions for side in _SIDES)
    rows = [f'    "{name}": "{hashlib.sha256((version.schemas / name).read_bytes()).hexdigest()}",' for name in names]
    head = f"""\"\"\"The JSON schemas of {version}, by content. Made by wire/ocpp/generate_types.py: do not edit.\"\"\"

# ruff: noqa: E501

DIGESTS = {{
"""
    return head + "\n".join(rows) + "\n}\n"


def main() -> None:
    """Write the modules of every version that is shipped, from the schemas that are installed now."""
    for version in SHIPPED:
        for path, text in files(replace(version, digests=None)).items():
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
