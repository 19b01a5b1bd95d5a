"""What a plan says of a vehicle or a station that differs from what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import Struct

from pncsim.wire.values import replace

T = TypeVar("T", bound=Struct)


def with_traits(usual: T, traits: Mapping[str, Any]) -> T:
    """``usual`` with other values in some fields; of a field that has fields itself only those named are others.

    Raises LocalError for values that do not go together, TypeError for what is no field.
    """
    return replace(usual, **merged(usual, traits))


def merged(usual: Struct, traits: Mapping[str, Any]) -> dict[str, Any]:
    """The ``traits`` as whole values of fields."""
    return {
        name: replace(getattr(usual, name), **value) if isinstance(value, Mapping) else value
        for name, value in traits.items()
    }
