"""The house stands: dependencies point one way, and importing the common path stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "wire": set(),
    "tls_certs": {"wire"},
    "ev": {"wire", "tls_certs"},
    "secc": {"wire", "tls_certs"},
    "backend": {"wire", "tls_certs"},
    "simulator": {"wire", "tls_certs", "ev", "secc", "backend"},
    "scenarios": {"wire", "tls_certs", "ev", "secc", "backend", "simulator"},
}


def imported(path: Path) -> set[str]:
    """Top-level packages a module imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_dependencies_point_one_way(package: str) -> None:
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[package] - {package}
    offences = {
        f"{path.relative_to(ROOT)} imports {', '.join(sorted(wrong))}"
        for path in (ROOT / package).rglob("*.py")
        if (wrong := imported(path) & forbidden)
    }
    assert not offences


ENGINES = [
    "ev/engine.py",
    "ev/steps",
    "ev/battery.py",
    "secc/engine.py",
    "secc/handlers",
    "secc/power.py",
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


HEAVY = (
    "aiohttp",
    "pydantic",
    "typer",
    "rich",
    "textual",
    "ocpp.v201",
    "sqlalchemy",
    "xml.etree",
    "importlib.metadata",
)
"""What a run in memory has no use for; together they would double the time it takes to start."""

RUN = f"""
import sys
from simulator.cli import main
try:
    main(["run", "install-contract", "--transport", "memory", "--no-evidence", "--quiet"])
except SystemExit as left:
    assert not left.code, left.code
print("imported:", *(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_a_run_in_memory_imports_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "imported:"
