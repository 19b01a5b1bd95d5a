"""Messages for people and programs that do not speak EXI: JSON and XML, both ways."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pncsim.wire.exi.views.common import ViewError
    from pncsim.wire.exi.views.json import fragment_from_json, from_json, to_json
    from pncsim.wire.exi.views.xml import fragment_from_xml, from_xml, to_xml

_HOME = {
    "ViewError": "common",
    **dict.fromkeys(("fragment_from_json", "from_json", "to_json"), "json"),
    **dict.fromkeys(("fragment_from_xml", "from_xml", "to_xml"), "xml"),
}


def __getattr__(name: str) -> Any:
    # Each view is imported when it is asked for: a run that writes JSON needs no XML parser, which costs 20 ms.
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


__all__ = ["ViewError", "fragment_from_json", "fragment_from_xml", "from_json", "from_xml", "to_json", "to_xml"]
