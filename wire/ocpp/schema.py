"""OCPP 2.0.1's own JSON schemas, as the PyPI package ``ocpp`` ships them, and what a violation means as a CALLERROR.

Only the schema files of that package are read; its code is never imported. A schema is compiled when its action is
first used (about 1 ms) and kept.
"""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from pncsim.wire.errors import LocalError

Kind = Literal["Request", "Response"]

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
    "additionalProperties": "has a property OCPP 2.0.1 does not know",
    "type": "has the wrong JSON type",
    "format": "is not a date and time (RFC 3339)",
    "required": "lacks a required field",
    "minItems": "has too few items",
    "maxItems": "has too many items",
    "enum": "is none of the values OCPP 2.0.1 lists",
    "maxLength": "is too long",
    "minLength": "is too short",
    "minimum": "is too small",
    "maximum": "is too large",
}


class Violation(NamedTuple):
    """How a payload breaks its schema: the CALLERROR ``code`` and a ``text`` that names the place, never the value."""

    code: str
    text: str


class _Validator(Protocol):
    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Any: ...


@cache
def _folder() -> Path:
    # Found without importing the package, and without importlib.resources, which costs 9 ms.
    spec = find_spec("ocpp")
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            "The package ocpp, which carries OCPP's JSON schemas, is not installed.", advice="Install pncsim anew."
        )
    return Path(spec.submodule_search_locations[0]) / "v201" / "schemas"


@cache
def actions() -> frozenset[str]:
    """Every action OCPP 2.0.1 knows."""
    names = os.listdir(_folder())
    return frozenset(name.removesuffix("Request.json") for name in names if name.endswith("Request.json"))


@cache
def _validator(action: str, kind: Kind) -> _Validator:
    import jsonschema_rs

    text = (_folder() / f"{action}{kind}.json").read_text("utf-8-sig")
    return jsonschema_rs.validator_for(json.loads(text), validate_formats=True)


def violation(action: str, kind: Kind, payload: Any) -> Violation | None:
    """What is wrong with ``payload`` as the ``kind`` of ``action``, or None. ``action`` must be one of actions()."""
    validator = _validator(action, kind)
    if validator.is_valid(payload):
        return None
    error = min(
        validator.iter_errors(payload), key=lambda e: (_RANK.get(e.kind.name, len(_RANK)), str(e.instance_path))
    )
    keyword = error.kind.name
    place = ".".join(str(step) for step in error.instance_path) or "the payload"
    missing = f" ({error.kind.property})" if keyword == "required" else ""
    return Violation(
        _CODE_OF.get(keyword, "FormatViolation"), f"{place} {_SAYS.get(keyword, f'violates {keyword}')}{missing}"[:255]
    )
