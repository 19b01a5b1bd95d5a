"""Our codec against bytes that an independent codec (EXIficient) wrote; tests/vectors/exi/make.py makes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pncsim.wire.exi import views
from pncsim.wire.gate import Liberty
from pncsim.wire.v2g.registry import codec

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "vectors" / "exi" / "vectors.jsonl").read_text().splitlines()
]


def value_of(vector: dict[str, Any]) -> tuple[str | None, Any]:
    if vector["kind"] == "document":
        return None, views.from_json(codec(vector["set"]), vector["json"])
    return views.fragment_from_json(codec(vector["set"]), vector["json"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['set']}-{v['kind']}-{v['label']}")
def test_a_vector_both_ways(vector: dict[str, Any]) -> None:
    coder, data = codec(vector["set"]), bytes.fromhex(vector["hex"])
    name, value = value_of(vector)
    notes: list[Liberty] = []
    if name is None:
        assert coder.encode(value).hex() == vector["hex"]
        assert coder.decode(data, gate=notes.append) == value
        assert coder.careful_document(data, notes) == value
    else:
        assert coder.encode_fragment(name, value).hex() == vector["hex"]
        assert coder.decode_fragment(data, gate=notes.append) == (name, value)
    assert notes == []


@pytest.mark.parametrize("vector", VECTORS[::3], ids=lambda v: f"{v['set']}-{v['kind']}-{v['label']}")
def test_a_vector_through_both_views(vector: dict[str, Any]) -> None:
    name, value = value_of(vector)
    assert json.loads(json.dumps(views.to_json(codec(vector["set"]), value, name))) == vector["json"]
    xml = views.to_xml(codec(vector["set"]), value, name)
    read = (
        views.from_xml(codec(vector["set"]), xml)
        if name is None
        else views.fragment_from_xml(codec(vector["set"]), xml)[1]
    )
    assert read == value


def test_every_message_and_every_signed_element_has_vectors() -> None:
    from pncsim.wire.v2g import iso2

    labels = {v["label"].partition("/")[0] for v in VECTORS}
    messages = {c.__name__ for c in vars(iso2).values() if isinstance(c, type) and issubclass(c, iso2.BodyElement)}
    assert len(messages - {"BodyElement"}) == 34
    assert messages - {"BodyElement"} <= labels
    assert {"SupportedAppProtocolReq", "SupportedAppProtocolRes", "SignedInfo", "eMAID", "SalesTariff"} <= labels
