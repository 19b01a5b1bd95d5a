"""Messages for people and programs that do not speak EXI: JSON and XML, both ways."""

from __future__ import annotations

from wire.exi.views.common import ViewError
from wire.exi.views.json import fragment_from_json, from_json, to_json
from wire.exi.views.xml import fragment_from_xml, from_xml, to_xml

__all__ = ["ViewError", "fragment_from_json", "fragment_from_xml", "from_json", "from_xml", "to_json", "to_xml"]
