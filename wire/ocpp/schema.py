"""Payloads against OCPP's own JSON schemas, and what a violation means as a CALLERROR.

A schema is compiled when its action is first used (about 0.2 ms) and kept.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

from pncsim.wire.ocpp.versions import OcppVersion, Side

_CODE_OF = {
    "additionalProperties": "FormatViolation",
    "type": "TypeConstraintViolation",
    "format": "TypeConstraintViolation",
    "required": "OccurrenceConstraintViolation",
    "minItems": "OccurrenceConstraintViolation",
    "maxItems": "OccurrenceConstraintViolation",
    "enum": "PropertyConstraintViolation",
    "maxLength": "PropertyConstraintViolation",
    "minLength": "PropertyConstraintViolation",
    "minimum": "PropertyConstraintViolation",
    "maximum": "PropertyConstraintViolation",
}
"""Schema keyword -> CALLERROR code (Part 4, 4.3). Where several are violated the first row here is reported."""

_RANK = {keyword: rank for rank, keyword in enumerate(_CODE_OF)}

_SAYS = {
    "additionalProperties": "has a property {} does not know",
    "type": "has the wrong JSON type",
    "format": "is not a date and time (RFC 3339)",
    "required": "lacks a required field",
    "minItems": "has too few items",
    "maxItems": "has too many items",
    "enum": "is none of the values {} lists",
    "maxLength": "is too long",
    "minLength": "is too short",
    "minimum": "is too small",
    "maximum": "is too large",
}
"""Schema keyword -> what it says; {} is the version."""


LOOKED_AT = 16
"""Items of each list that are looked at for what is worst. It may be wrong in a hundred thousand places, and to name
them all takes the validator seconds."""


class Violation(NamedTuple):
    """How a payload breaks its schema: the CALLERROR ``code`` and a ``text`` that names the place, never the value."""

    code: str
    text: str


class _Validator(Protocol):
    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Any: ...

    def validate(self, instance: Any) -> None: ...


@cache
def _validator(version: OcppVersion, action: str, side: Side) -> _Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(version.schema(action, side), validate_formats=True)


def violation(version: OcppVersion, action: str, side: Side, payload: Any) -> Violation | None:
    """What is wrong with ``payload`` as this side of ``action``, or None; ``version`` must know the action."""
    validator = _validator(version, action, side)
    if validator.is_valid(payload):
        return None
    error = _worst(validator, payload)
    keyword = error.kind.name
    place = ".".join(str(step) for step in error.instance_path) or "the payload"
    missing = f" ({error.kind.property})" if keyword == "required" else ""
    says = _SAYS.get(keyword, f"violates {keyword}").format(version)
    return Violation(_CODE_OF.get(keyword, "FormatViolation"), f"{place} {says}{missing}"[:255])


def _worst(validator: _Validator, payload: Any) -> Any:
    """The error that is reported: the first by rank and place within what is looked at, else the first there is."""
    found = validator.iter_errors(_beginnings(payload))
    worst = min(found, key=lambda e: (_RANK.get(e.kind.name, len(_RANK)), str(e.instance_path)), default=None)
    if worst is not None:
        return worst
    import jsonschema_rs

    try:
        validator.validate(payload)
    except jsonschema_rs.ValidationError as error:
        return error
    raise AssertionError("a payload is refused without a reason")


def _beginnings(value: Any) -> Any:
    """``value`` with every list cut to what is looked at."""
    if isinstance(value, list):
        return [_beginnings(item) for item in value[:LOOKED_AT]]
    if isinstance(value, dict):
        return {key: _beginnings(item) for key, item in value.items()}
    return value
