"""Messages for people and programs that do not speak EXI: JSON and XML, both ways."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pncsim.wire.exi.views.common import ViewError
    from pncsim.wire.exi.views.json import fragment_from_json, from_json, to_json
    from pncsim.wire.exi.views.xml import fragment_from_xml, from_xml, to_xml


def _common() -> ModuleType:
    from pncsim.wire.exi.views import common

    return common


def _json() -> ModuleType:
    from pncsim.wire.exi.views import json

    return json


def _xml() -> ModuleType:
    from pncsim.wire.exi.views import xml

    return xml


_HOME = {
    "ViewError": _common,
    **dict.fromkeys(("fragment_from_json", "from_json", "to_json"), _json),
    **dict.fromkeys(("fragment_from_xml", "from_xml", "to_xml"), _xml),
}


def __getattr__(name: str) -> Any:
    # Each view is imported when it is asked for: a run that writes JSON needs no XML parser, which costs 20 ms.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_HOME[name](), name)


__all__ = ["ViewError", "fragment_from_json", "fragment_from_xml", "from_json", "from_xml", "to_json", "to_xml"]
