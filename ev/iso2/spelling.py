"""How a vehicle writes a request: members it says in its own way or leaves out, units, and multipliers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pncsim.ev.habits import Habits
from pncsim.wire.errors import LocalError
from pncsim.wire.exi.beyond import beyond
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_NEARLY = 1e-6
"""What a product of decimals may lack to a whole number."""
_SHORT = range(-32_768, 32_768)
_MINUTES = ("RemainingTimeToFullSoC", "RemainingTimeToBulkSoC")


def spelt(request: Any, habits: Habits) -> Any:
    """``request`` as a vehicle with these habits writes it. Raises LocalError for a habit that names no member."""
    name = type(request).__name__
    if habits.minutes:
        request = replace(request, **{one: _in_minutes(request, one) for one in _MINUTES if hasattr(request, one)})
    if habits.exponents:
        request = _scaled(request, habits.exponents, habits.exponents.get("*", {}))
    if (says := habits.says.get(name)) is not None:
        request = _saying(request, says)
    for path in habits.leaves_out.get(name, ()):
        request = _without(request, path)
    return request


def scaled(value: iso2.PhysicalValueType, exponent: int) -> iso2.PhysicalValueType:
    """The same quantity with that multiplier, cut to what it can say; as it is where 16 bits cannot hold that."""
    number = iso2.amount(value) * 10**-exponent
    whole = int(number + (_NEARLY if number >= 0 else -_NEARLY))
    return replace(value, Multiplier=exponent, Value=whole) if whole in _SHORT else value


def _scaled(part: ComplexType, all_exponents: Mapping[str, Mapping[str, int]], around: Mapping[str, int]) -> Any:
    """``around``: what holds where nothing is said of this very message or part."""
    exponents = {**around, **all_exponents.get(type(part).__name__.removesuffix("Type"), {})}
    changes: dict[str, Any] = {}
    for name in type(part).__hints__:
        value = getattr(part, name)
        if isinstance(value, iso2.PhysicalValueType):
            if value.Unit in exponents:
                changes[name] = scaled(value, exponents[value.Unit])
        elif isinstance(value, ComplexType):
            changes[name] = _scaled(value, all_exponents, exponents)
        elif isinstance(value, list):
            changes[name] = [
                _scaled(one, all_exponents, exponents) if isinstance(one, ComplexType) else one for one in value
            ]
    return replace(part, **changes) if changes else part


def _in_minutes(request: Any, name: str) -> iso2.PhysicalValueType | None:
    value: iso2.PhysicalValueType | None = getattr(request, name)
    if value is None or value.Unit != iso2.UnitSymbolType.s:
        return value
    return iso2.physical(iso2.amount(value) // 60, iso2.UnitSymbolType.m)


def _saying(part: ComplexType, says: Mapping[str, Any]) -> Any:
    """``part`` with these members. A part that is not there, as that of the other current, is not made."""
    changes: dict[str, Any] = {}
    for name, value in says.items():
        if isinstance(value, Mapping):
            inner = _part(part, name)
            if inner is not None:
                changes[inner[0]] = _saying(inner[1], value)
            continue
        _check(part, name)
        plain = isinstance(value, bool) or not isinstance(value, int)
        changes[name] = value if plain else beyond(value)
    return replace(part, **changes)


def _without(part: ComplexType, path: str) -> Any:
    name, _, rest = path.partition(".")
    if not rest:
        _check(part, name)
        return replace(part, **{name: None})
    inner = _part(part, name)
    return part if inner is None else replace(part, **{inner[0]: _without(inner[1], rest)})


def _part(part: ComplexType, name: str) -> tuple[str, ComplexType] | None:
    """The member that holds the part called ``name``: by its own name, or by that of its type, as in
    ``DC_EVChargeParameter``; None where it holds another or nothing."""
    for member in type(part).__hints__:
        value = getattr(part, member)
        if isinstance(value, ComplexType) and name in (member, type(value).__name__.removesuffix("Type")):
            return member, value
    return None


def _check(part: ComplexType, name: str) -> None:
    if name not in type(part).__hints__:
        kind, known = type(part).__name__, ", ".join(type(part).__hints__)
        raise LocalError(f"{kind} has no member {name}; it has {known}.", advice="Look at the habits of the vehicle.")
