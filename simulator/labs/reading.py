"""A lab file as it was written: read, and judged table by table. Mistakes are sentences, all found at once.

What a value may be is what :mod:`simulator.labs.lab_file` declares of it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, inspect

from pncsim.simulator.labs.lab_file import LabFile
from pncsim.simulator.parameters import did_you_mean
from pncsim.wire.errors import LocalError
from pncsim.wire.urls import without_password

LARGEST = 1_000_000
"""Octets of a lab file; no lab needs as many."""


class Written(Struct, frozen=True):
    """A lab file: where it lies, what it says, and the tables as they stand in it (what was left out is not there)."""

    path: Path
    file: LabFile
    tables: Mapping[str, Any]

    def at(self, name: str) -> Path:
        """A path of the file, which is meant from the folder the file lies in."""
        return self.path.parent / name


def read(path: Path) -> tuple[Written | None, list[str]]:
    """The lab file at ``path``, or what is wrong with it. Raises LocalError for a file that cannot be read at all."""
    try:
        with path.open("rb") as opened:
            octets = opened.read(LARGEST + 1)
    except OSError as error:
        raise LocalError(f"The lab file {path} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if len(octets) > LARGEST:
        return None, [f"{path} is larger than {LARGEST} octets: that is no lab file."]
    try:
        tables = tomllib.loads(octets.decode())
    except UnicodeDecodeError as error:
        return None, [f"{path} is no TOML: octet {error.start + 1} is no UTF-8."]
    except tomllib.TOMLDecodeError as error:
        return None, [f"{path} is no TOML: {error}."]
    except RecursionError:
        return None, [f"{path} is nested too deeply for a lab file."]
    mistakes = [f"{path}: {text}" for text in _judged(inspect.type_info(LabFile), tables, "")]
    return (None, mistakes) if mistakes else (Written(path, msgspec.convert(tables, LabFile), tables), [])


def _judged(kind: inspect.Type, value: object, where: str) -> Iterator[str]:
    """What is wrong with a value that should be of ``kind``. ``where`` is how a person finds it."""
    told = ""
    while isinstance(kind, inspect.Metadata):
        told = told or (kind.extra or {}).get("told", "")
        kind = kind.type
    match kind:
        case inspect.StructType():
            yield from _table(kind, value, where)
        case inspect.VarTupleType(item_type=inspect.StructType() as item):
            if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
                yield f"{where} has to be a list of tables, each below a line [[{where}]], and is {_shown(value)}."
                return
            for number, one in enumerate(value, 1):
                yield from _table(item, one, _entry(where, number, one))
        case inspect.VarTupleType(item_type=item):
            if not isinstance(value, list) or len(value) < (kind.min_length or 0):
                yield f'{where} is {_shown(value)}; a list is allowed, such as ["north"].'
                return
            for one in value:
                yield from _judged(item, one, where)
        case _:
            if wrong := _wrong(kind, value, told):
                yield f"{where} is {_shown(value)}; {wrong}."


def _table(kind: inspect.StructType, value: object, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where} has to be a table, below a line [{where}], and is {_shown(value)}."
        return
    fields = {field.encode_name: field for field in kind.fields}
    for name, inside in value.items():
        if name in fields:
            yield from _judged(fields[name].type, inside, f"{where}, {name}" if where else name)
        else:
            yield f"{where or 'the file'} knows no {name!r}. {did_you_mean(name, fields)}"
    for name, field in fields.items():
        if field.required and name not in value:
            yield f"{where} says no {name}: it has to."


def _entry(where: str, number: int, table: Mapping[str, Any]) -> str:
    """``[[stations]] 2 (CS002)``."""
    names = (table.get(key) for key in ("name", "identity", "provider", "wmi", "file"))
    called = next((f" ({name})" for name in names if name and isinstance(name, str)), "")
    return f"[[{where}]] {number}{called}"


def _wrong(kind: inspect.Type, value: object, told: str) -> str:
    """What is allowed, where that is not; else empty."""
    match kind:
        case inspect.LiteralType(values=values):
            if isinstance(value, bool) or value not in values:
                return f"{', '.join(map(str, values))} are allowed"
        case inspect.BoolType():
            if not isinstance(value, bool):
                return "true and false are allowed"
        case inspect.StrType(pattern=pattern):
            if not isinstance(value, str):
                return f"it has to be {told or 'a text'}, in quotation marks"
            if pattern is not None and not re.search(pattern, value):
                return f"it has to be {told}"
        case inspect.IntType():
            if not isinstance(value, int) or isinstance(value, bool) or not _within(kind, value):
                return f"a whole number {_range(kind)} is allowed"
        case inspect.FloatType():
            number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
            if not math.isfinite(number) or not _within(kind, number):
                return f"a number {_range(kind)} is allowed"
        case _:
            raise TypeError(f"a lab file declares what nobody can judge: {kind!r}")
    return ""


def _within(kind: inspect.IntType | inspect.FloatType, value: float) -> bool:
    if kind.gt is not None:
        return value > kind.gt and (kind.le is None or value <= kind.le)
    return value >= (kind.ge or 0) and (kind.le is None or value <= kind.le)


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    low = f"above {kind.gt:g}" if kind.gt is not None else f"from {kind.ge or 0:g}"
    return f"{low} to {kind.le:g}" if kind.le is not None else f"{low} on" if kind.gt is None else low


def _shown(value: object) -> str:
    """A value as a person finds it again; never a password, and never endless."""
    if isinstance(value, str):
        text = repr(without_password(value))
        return text if len(text) <= 80 else f"{text[:77]}...'"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return str(value)[:80]
