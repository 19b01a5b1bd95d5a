"""What belongs to a schema set, read off the catalogue modules without resolving a single type.

This is all that a process needs whose coders are compiled already; :mod:`wire.exi.schema` knows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from pncsim.wire.exi.declare import ComplexType, GlobalElement, Namespace, is_declared

QName = tuple[str, str]  # local name first: the order in which EXI sorts


def classes_of(modules: Iterable[ModuleType]) -> dict[str, type[ComplexType]]:
    """The declared types of some catalogue modules, by name."""
    found: dict[str, type[ComplexType]] = {}
    for module in modules:
        for one in vars(module).values():
            if not is_declared(one) or one is ComplexType:
                continue
            if found.setdefault(one.__name__, one) is not one:
                raise TypeError(f"two classes of one schema set are named {one.__name__}")
    return found


def documents_of(modules: Iterable[ModuleType]) -> list[tuple[QName, type[ComplexType] | GlobalElement]]:
    """Every global element, in the order of the document grammar's codes."""
    modules = tuple(modules)
    found: dict[QName, type[ComplexType] | GlobalElement] = {
        (c.__element__, c.__namespace__.uri): c for c in classes_of(modules).values() if c.__element__
    }
    for module in modules:
        for declared in getattr(module, "GLOBAL_ELEMENTS", ()):
            uri = next(c for c in vars(module).values() if isinstance(c, Namespace)).uri
            found[declared.name, uri] = declared
    return sorted(found.items(), key=lambda item: item[0])
