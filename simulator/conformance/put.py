"""How a device of ours becomes wrong in one point: something else stands in the place of what is right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def put(owner: object, name: str, instead: object) -> Iterator[None]:
    """While in the body ``instead`` is what a class or module has under ``name``."""
    before = vars(owner)[name]
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, before)
