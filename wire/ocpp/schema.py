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


class Violation(NamedTuple):
    """How a payload breaks its schema: the CALLERROR ``code`` and a ``text`` that names the place, never the value."""

    code: str
    text: str


class _Validator(Protocol):
    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Any: ...


@cache
def _validator(version: OcppVersion, action: str, side: Side) -> _Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(version.schema(action, side), validate_formats=True)


def violation(version: OcppVersion, action: str, side: Side, payload: Any) -> Violation | None:
    """What is wrong with ``payload`` as this side of ``action``, or None; ``version`` must know the action."""
    validator = _validator(version, action, side)
    if validator.is_valid(payload):
        return None
    error = min(
        validator.iter_errors(payload), key=lambda e: (_RANK.get(e.kind.name, len(_RANK)), str(e.instance_path))
    )
    keyword = error.kind.name
    place = ".".join(str(step) for step in error.instance_path) or "the payload"
    missing = f" ({error.kind.property})" if keyword == "required" else ""
    says = _SAYS.get(keyword, f"violates {keyword}").format(version)
    return Violation(_CODE_OF.get(keyword, "FormatViolation"), f"{place} {says}{missing}"[:255])
