"""One registry says which message sets, namespaces and payload types there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import appprotocol, iso2, registry, v2gtp, xmldsig

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", registry.built_in())
def test_a_set_is_found_again_by_every_type_of_its_own_catalogue(name: str) -> None:
    coder = registry.codec(name)
    assert coder is registry.codec(name)
    catalogue = registry.SETS[name].catalogue
    assert catalogue is not None
    own = catalogue()[0].__name__
    mine = [cls for cls in coder.schema.classes.values() if cls.__module__.startswith(own)]
    assert mine
    assert {registry.codec_of(object.__new__(cls)).name for cls in mine} == {name}


def test_the_namespace_of_a_set_is_that_of_its_messages() -> None:
    spaces = {
        "app": appprotocol.APP_PROTOCOL.uri,
        "iso2": iso2.V2G_Message.__namespace__.uri,
        "xmldsig": xmldsig.SignatureType.__namespace__.uri,
    }
    assert {name: registry.SETS[name].namespace for name in registry.built_in()} == spaces
    assert len({one.namespace for one in registry.SETS.values()}) == len(registry.SETS)


@pytest.mark.parametrize(("name", "said"), [("din", "reserved for later"), ("iso3", "unknown")])
def test_a_set_that_is_not_there_is_named_with_those_that_are(name: str, said: str) -> None:
    with pytest.raises(LocalError, match=f"'{name}' is {said}; there are app, iso2, xmldsig"):
        registry.codec(name)


def test_what_is_no_message_belongs_to_no_set() -> None:
    with pytest.raises(LocalError, match="A str belongs to no message set"):
        registry.codec_of("DE8AA1A2B3C4D59")


def test_whom_v2gtp_ignores_is_called_by_the_registry_s_names() -> None:
    reader = v2gtp.V2gtpReader()
    assert reader.feed(v2gtp.pack(registry.SDP_REQUEST, b"\x10\x00")) == []
    assert "0x9000 (SDP request)" in reader.ignored[0].reason


def test_the_catalogue_of_iso_15118_2_is_loaded_only_when_it_is_used() -> None:
    code = (
        "import sys; from pncsim.wire.v2g import registry; registry.codec('app'); "
        "print([name for name in sys.modules if name.startswith('pncsim.wire.v2g.iso2')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_codec_knows_no_protocol() -> None:
    """wire/exi is handed its catalogues; nothing of it imports, or names, a module of wire/v2g."""
    offences = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "wire" / "exi").rglob("*.py")
        for line in path.read_text().splitlines()
        if "pncsim.wire.v2g" in line
    ]
    assert offences == []
