"""What several tests share. Rooms' own modules are imported when a fixture of theirs is asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from foreign import Openssl

if TYPE_CHECKING:
    from accepted_screens import Accepted
    from backend_world import World
    from handshakes import Handshakes
    from mosquitto import Mosquitto
    from proofs import Proofs
    from softhsm import SoftHsm
    from throwaway import Chain

    from pncsim.tls_certs.pki import Pki


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the tests have shown of the numbered requirements: see rules.py."""
    parser.addoption("--rule", metavar="ID", help="run the tests that prove this requirement only")
    parser.addoption("--write-rules", action="store_true", help="write the table of requirements with what has passed")
    parser.addoption("--accept-screens", action="store_true", help="keep what the dashboard's screens show as right")


def pytest_configure(config: pytest.Config) -> None:
    """Record what the tests show of the numbered requirements."""
    import proofs

    config.stash[proofs.KEY] = proofs.Proofs(config)
    config.pluginmanager.register(config.stash[proofs.KEY])
    # What is started here listens for dashboards here, and not among what this user runs. Its sockets need short names.
    runtime = tempfile.TemporaryDirectory(prefix="pnc-", dir="/tmp")
    os.environ["XDG_RUNTIME_DIR"] = runtime.name
    config.add_cleanup(runtime.cleanup)


@pytest.fixture
def proofs(pytestconfig: pytest.Config) -> Proofs:
    """What this run has shown so far."""
    import proofs

    return pytestconfig.stash[proofs.KEY]


@pytest.fixture
def accepted(pytestconfig: pytest.Config) -> Accepted:
    """Compares a screen with the one that was accepted under a name."""
    from accepted_screens import comparison

    return comparison(pytestconfig.getoption("--accept-screens"))


@pytest.fixture(scope="session")
def openssl() -> Openssl:
    """Runs the openssl program, both outputs in ``stdout``."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("the openssl program is not installed")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=20,
        )

    return run


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> SoftHsm:
    """A token of SoftHSM2."""
    from softhsm import SoftHsm

    return SoftHsm(tmp_path_factory.mktemp("softhsm"))


@pytest.fixture(scope="session")
def pki() -> Pki:
    """One PKI at a fixed lab time; tests that revoke or change anything make their own."""
    from certs_lab import NOW, OCSP_URL

    from pncsim.tls_certs.pki import create_pki

    return create_pki(NOW, ocsp_url=OCSP_URL)


@pytest.fixture
def own_pki() -> Pki:
    """A PKI of the test's own, to revoke in."""
    from certs_lab import NOW, OCSP_URL

    from pncsim.tls_certs.pki import create_pki

    return create_pki(NOW, ocsp_url=OCSP_URL, crl_url="http://127.0.0.1:40404/crl")


@pytest.fixture
async def world() -> World:
    """A back end of its own: fresh PKI, fresh services."""
    from backend_world import open_world

    return await open_world()


@pytest.fixture(scope="session")
def chain() -> Chain:
    """A throw-away root, Sub-CAs and leaf."""
    from throwaway import Chain

    return Chain()


@pytest.fixture
def tls(chain: Chain) -> Handshakes:
    """Handshakes in memory with the throw-away chain."""
    from handshakes import Handshakes

    return Handshakes(chain)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a database of a server that runs for this test run."""
    import databases

    if not databases.SERVERS:
        pytest.skip(databases.MISSING)
    with databases.postgresql() as url:
        yield url


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """The URL of an empty database."""
    import databases

    return databases.emptied(postgresql_server)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """An MQTT broker that lets everybody in."""
    from mosquitto import CLIENTS, MISSING, PROGRAM, Mosquitto

    if not (PROGRAM and CLIENTS):
        pytest.skip(MISSING)
    broker = Mosquitto(tmp_path)
    yield broker
    broker.kill()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a database in a file that is not there yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'data' / 'pnc.db'}"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI folder, issued now."""
    from alone_lab import issue_folder

    return issue_folder(tmp_path_factory.mktemp("pki"))
