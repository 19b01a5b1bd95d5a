"""Values nobody may change, without the price of having Python watch it at run time.

``@dataclass(frozen=True)`` sets every field through ``object.__setattr__``: such a value takes three times as long to
make as an ordinary one. What is made hundreds of times in a session is therefore frozen for the type checker only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """A dataclass with slots, compared and hashed by its fields; mypy refuses to set them."""
    return dataclass(slots=True, kw_only=kw_only, unsafe_hash=True)
