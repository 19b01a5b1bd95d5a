"""The house stands: dependencies point one way, and importing the common path stays light."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from house import AROUND, CODE, ROOT, dotted, nodes, tree

MAY_IMPORT = {
    "wire": set(),
    "tls_certs": {"wire"},
    "ev": {"wire", "tls_certs"},
    "secc": {"wire", "tls_certs"},
    "backend": {"wire", "tls_certs"},
    "simulator": {"wire", "tls_certs", "ev", "secc", "backend"},
    "scenarios": {"wire", "tls_certs", "ev", "secc", "backend", "simulator"},
}


@cache
def modules(path: Path) -> set[str]:
    """Full names a module imports, wherever in the file; ``from a import b`` gives ``a`` and ``a.b``."""
    found = set()
    for node in nodes(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported(path: Path) -> set[str]:
    """Top-level packages a module imports."""
    return {name.split(".")[0] for name in modules(path)}


def rooms(path: Path) -> set[str]:
    """The rooms of the house a module imports from."""
    return {name.split(".")[1] for name in modules(path) if name.startswith("pncsim.")}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_dependencies_point_one_way(room: str) -> None:
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[room] - {room}
    offences = {
        f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"
        for path in CODE
        if path.relative_to(ROOT).parts[0] == room and (wrong := rooms(path) & forbidden)
    }
    assert not offences


def test_every_room_is_imported_as_a_part_of_pncsim_only() -> None:
    """A bare ``import wire`` works in this checkout and nowhere else, and would load the module a second time."""
    assert {path.name for path in (ROOT / "src" / "pncsim").iterdir() if path.is_symlink()} == set(MAY_IMPORT)
    offences = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (*CODE, *AROUND)
        for name in imported(path) & set(MAY_IMPORT)
    }
    assert not offences


def test_no_string_names_a_room_the_bare_way() -> None:
    named = re.compile(rf"(?:{'|'.join(MAY_IMPORT)})(?:\.[a-z_][a-z0-9_]*)+")
    offences = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for path in (*CODE, *AROUND)
        for node in nodes(tree(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and named.fullmatch(node.value)
        and not node.value.endswith((".py", ".pem", ".csv", ".json", ".md", ".sh"))
    }
    assert not offences


def test_only_the_rooms_of_a_dialect_know_its_messages() -> None:
    """DIN 70121 and ISO 15118-20 come as folders beside iso2/: nothing else in a vehicle or station names a message."""
    message = re.compile(r"\b(?!SupportedAppProtocol)[A-Z]\w+Re[qs]\b")
    offences = {
        f"{path.relative_to(ROOT)}: {named[0]}"
        for path in CODE
        if path.relative_to(ROOT).parts[:2] in (("wire", "session"), ("ev", path.name), ("secc", path.name))
        for node in nodes(tree(path))
        if (isinstance(node, ast.Name) and (named := message.search(node.id)))
        or (isinstance(node, ast.Attribute) and (named := message.search(node.attr)))
    }
    known = ("pncsim.wire.v2g.iso2", "pncsim.ev.iso2", "pncsim.secc.iso2")
    offences |= {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in CODE
        if path.relative_to(ROOT).parts[0] in ("ev", "secc") or path.relative_to(ROOT).parts[:2] == ("wire", "session")
        if "iso2" not in path.relative_to(ROOT).parts
        for name in modules(path)
        if name.startswith(known) and name.removesuffix(".ISO2") not in ("pncsim.ev.iso2", "pncsim.secc.iso2")
    }
    assert not offences


ENGINES = [
    "ev/engine.py",
    "ev/iso2",
    "ev/negotiation.py",
    "ev/battery.py",
    "secc/engine.py",
    "secc/iso2",
    "secc/negotiation.py",
    "secc/power.py",
    "wire/ocpp/frames.py",
    "wire/ocpp/mask.py",
    "wire/ocpp/session.py",
    "wire/session/conversation.py",
    "wire/session/initiator.py",
    "wire/session/responder.py",
    "wire/v2g/iso2",
]
IO = {
    "asyncio",
    "socket",
    "ssl",
    "time",
    "random",
    "secrets",
    "os",
    "pathlib",
    "threading",
    "datetime",
    "OpenSSL",
    "aiohttp",
}


@pytest.mark.parametrize("place", ENGINES)
def test_engines_touch_no_io_clock_or_global_randomness(place: str) -> None:
    path = ROOT / place
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    assert files, f"{place} is gone: adjust this list"
    offences = {f"{file.relative_to(ROOT)}: {name}" for file in files for name in imported(file) & IO}
    assert not offences


RANDOM = {
    "random",
    "secrets",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "x509.random_serial_number",
    "ec.generate_private_key",
    "rsa.generate_private_key",
    "Ed448PrivateKey.generate",
}
DRAWS = {
    "wire/source.py",  # the one place
    "wire/files.py",  # names of files that are there for a moment
}


def draws(path: Path) -> set[str]:
    """What a module takes from the system's randomness, past :class:`wire.source.Source`."""
    used = {dotted(node) for node in nodes(tree(path)) if isinstance(node, ast.Attribute)}
    return RANDOM & (used | modules(path))


def test_random_choices_come_from_the_source_that_an_actor_is_given() -> None:
    """So that a run with a seed can be repeated."""
    assert {str(path.relative_to(ROOT)) for path in CODE if draws(path)} == DRAWS


PARSERS = (
    "load_der_x509_",
    "load_pem_x509_",
    "load_der_ocsp_",
    "verify_directly_issued_by",
    "get_attributes_for_oid",
)


def named(node: ast.AST) -> Iterator[str]:
    """What a node calls by name, in a string too."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=str(name)):
            yield name


def test_certificates_are_read_in_one_place() -> None:
    """:mod:`tls_certs.reading` catches whatever the library raises; who parses elsewhere forgets some of it."""
    found = {
        str(path.relative_to(ROOT))
        for path in CODE
        if any(parser in name for node in nodes(tree(path)) for name in named(node) for parser in PARSERS)
    }
    assert found == {
        "tls_certs/reading.py",
        "wire/ocpp/handshake.py",  # the wire knows nothing of certificates but their dates and names
    }


HEAVY = (
    "aiohttp",
    "aiomqtt",
    "paho",
    "pydantic",
    "typer",
    "rich",
    "textual",
    "ocpp.v201",
    "sqlalchemy",
    "xml.etree",
    "importlib.metadata",
    "http.client",
    "urllib.request",
)
"""What a run in memory has no use for; together they would double the time it takes to start."""

NOT_ASKED_FOR = (
    "pncsim.backend.oem.fleet",
    "pncsim.backend.rcp.trust_list",
    "pncsim.simulator.commands.certs",
    "pncsim.simulator.commands.exi",
    "pncsim.simulator.evidence.folder",
    "pncsim.simulator.faults",
    "pncsim.simulator.feed.feed",
    "pncsim.simulator.lab.elsewhere.callers",
    "pncsim.simulator.lab.elsewhere.parties",
    "pncsim.simulator.lab.elsewhere.known_pki",
    "pncsim.simulator.pool.client",
    "pncsim.simulator.alone.sides",
    "pncsim.tls_certs.bad",
    "pncsim.tls_certs.crl",
    "pncsim.wire.exi.views",
    "pncsim.wire.ocpp.types.v201",
)
"""What a run on any transport has no use for that disturbs nothing and keeps no evidence."""

RUN = f"""
import sys
from pncsim.simulator.commands.main import main
try:
    main(["run", "install-contract", "--transport", sys.argv[1], "--no-evidence", "--quiet"])
except SystemExit as left:
    assert not left.code, left.code
print("imported:", *(name for name in {HEAVY + NOT_ASKED_FOR!r} if name in sys.modules))
"""


def imported_by_a_run(transport: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", RUN, transport], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_a_run_in_memory_imports_nothing_heavy() -> None:
    assert not imported_by_a_run("memory") & set(HEAVY)


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_a_run_without_faults_and_evidence_imports_nothing_of_theirs(transport: str) -> None:
    missing = {name for name in NOT_ASKED_FOR if importlib.util.find_spec(name) is None}
    assert not missing, f"{missing} are gone: adjust the list"
    assert not imported_by_a_run(transport) & set(NOT_ASKED_FOR)


END = """
import atexit, gc
from pncsim.simulator.entry import main
atexit.register(lambda: print("passed over at the end:", gc.get_freeze_count() > 0))
main()
"""


def test_the_end_of_the_process_looks_for_no_cycles_in_what_goes_with_it() -> None:
    done = subprocess.run([sys.executable, "-c", END, "list"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "passed over at the end: True"
