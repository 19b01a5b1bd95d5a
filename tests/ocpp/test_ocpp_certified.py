"""Security profile 3: stations show a certificate of their operator, and CSMSs ask for one (OCPP A00)."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ocpp_lab import IDENTITY, PASSWORD, Lab, running

from pncsim.backend.csms.register import RegisteredStation
from pncsim.backend.csms.server import serve_csms
from pncsim.backend.csms.station_certificates import unfit
from pncsim.secc.station.config import StationConfig
from pncsim.tls_certs.folder import credentials_in
from pncsim.tls_certs.pki import create_ocpp_pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.ocpp.handshake import shake_hands
from pncsim.wire.ocpp.tls import client_context, pem, server_context
from pncsim.wire.ocpp.websocket import WebSocketServer, connect, connector
from pncsim.wire.trace import OcppSecured

SERIAL, YEAR = "SN0001", 365 * 86_400.0
PLAIN = StationConfig(identity=IDENTITY, security_profile=3, request_certificate=False, request_staples=False)


@pytest.fixture
async def lab() -> Lab:
    clock = Clock()
    lab = Lab(clock, create_pki(clock.now()))
    await lab.csms.register.add(IDENTITY, PASSWORD, serial_number=SERIAL)
    return lab


def certified(lab: Lab, name: str = SERIAL, organization: str = "pncsim") -> Credentials:
    authority = lab.pki.authority("csms_root")
    return authority.credentials(PROFILES["station_client"], name, lab.clock.now(), organization=organization)


def showing(lab: Lab, shown: Credentials | None) -> ssl.SSLContext:
    return client_context([lab.pki.root("csms_server")], shown, lab_time=True)


@asynccontextmanager
async def listening(lab: Lab) -> AsyncIterator[WebSocketServer]:
    root = lab.pki.root("csms_server")
    server = await serve_csms(lab.csms, lab.pki.credentials("csms_server"), stations_below=[root])
    try:
        yield server
    finally:
        await server.close()


def file_of(folder: Path, credentials: Credentials) -> Path:
    key = credentials.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "station.pem"
    path.write_bytes(pem(credentials.chain).encode() + key)
    return path


async def test_a_station_boots_by_its_certificate_without_a_password(lab: Lab) -> None:
    async with listening(lab) as server:
        station = lab.station(connector(server.url, showing(lab, certified(lab))), PLAIN, password=None)
        async with running(station):
            await station.wait_ready(20)
    assert lab.problems() == []
    seen = {event.role: event.shown for event in lab.events if isinstance(event, OcppSecured)}
    assert seen == {"CS": "C=DE,O=pncsim,CN=localhost", "CSMS": f"C=DE,O=pncsim,CN={SERIAL}"}


async def test_a_station_whose_certificate_is_not_its_own_is_turned_away(lab: Lab) -> None:
    async with listening(lab) as server:
        for shown, why in (
            (certified(lab, "SN0002"), "that of SN0002"),
            (certified(lab, organization="another operator"), "one of another operator, not of pncsim"),
        ):
            with pytest.raises(PeerError) as refused:
                await connect(server.url, IDENTITY, tls=showing(lab, shown))
            assert refused.value.http_status == 401 and why in lab.problems()[-1]
        with pytest.raises(PeerError) as unknown:
            await connect(server.url, "CS999", tls=showing(lab, certified(lab)))
        assert unknown.value.http_status == 404


async def test_validity_is_judged_by_the_lab_s_clock(lab: Lab) -> None:
    async with listening(lab) as server:
        tls = showing(lab, certified(lab))
        lab.clock.jump(2 * YEAR)
        with pytest.raises(PeerError) as refused:
            await connect(server.url, IDENTITY, tls=tls)
        assert refused.value.http_status == 401 and "not valid now" in lab.problems()[-1]


async def test_without_a_certificate_or_with_one_of_others_there_is_no_handshake(lab: Lab) -> None:
    other = create_ocpp_pki(lab.clock.now()).authority("csms_root")
    async with listening(lab) as server:
        for shown in (None, other.credentials(PROFILES["station_client"], SERIAL, lab.clock.now())):
            with pytest.raises(PeerError, match=r"closed the connection|refused the station's certificate"):
                await connect(server.url, IDENTITY, password=PASSWORD, tls=showing(lab, shown))
    assert not lab.csms.stations


async def test_a_station_that_says_another_serial_number_at_boot_is_disconnected(lab: Lab) -> None:
    """B01.FR.12."""
    async with listening(lab) as server:
        config = StationConfig(
            identity=IDENTITY, serial_number="SN0815", request_certificate=False, request_staples=False
        )
        async with running(lab.station(connector(server.url, showing(lab, certified(lab))), config)) as station:
            with pytest.raises(PeerError, match="rejected the station"):
                await station.wait_ready(20)
            await lab.until(lambda: not lab.csms.stations)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_in_memory_a_handshake_ends_as_it_would_on_a_socket(lab: Lab, newest: ssl.TLSVersion) -> None:
    root, own = lab.pki.root("csms_server"), certified(lab)
    server = server_context(lab.pki.credentials("csms_server"), [root], lab_time=True)
    tls = showing(lab, own)
    tls.maximum_version = newest
    near, far = shake_hands(tls, server, "localhost")
    assert near.version == far.version == newest.name.replace("v1_", "v1.")
    assert far.shown and far.subject == own.leaf.subject.rfc4514_string()
    strange = client_context([create_ocpp_pki(lab.clock.now()).root("csms_server")], own, lab_time=True)
    for context, host, alert in ((strange, "localhost", 42), (tls, "another.host", 42)):
        with pytest.raises(PeerError) as refused:
            shake_hands(context, server, host)
        assert (refused.value.kind, refused.value.alert) == ("chain", alert)


def test_a_certificate_that_is_none_lets_nobody_in() -> None:
    station = RegisteredStation(IDENTITY, serial_number=SERIAL)
    assert unfit(station, b"", "pncsim", 0.0) == "it has shown no certificate"
    assert "cannot be read" in unfit(station, b"\x30\x00", "pncsim", 0.0)


# Judged by others


@contextmanager
def openssl_server(folder: Path, lab: Lab, *, port: int) -> Iterator[None]:
    """OpenSSL's server, which demands a client certificate below the operator's root."""
    path = file_of(folder, lab.pki.credentials("csms_server")).rename(folder / "server.pem")
    (folder / "root.pem").write_text(pem([lab.pki.root("csms_server")]))
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(path), "-www"]
    command += ["-CAfile", str(folder / "root.pem"), "-Verify", "2", "-verify_return_error"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            while "ACCEPT" not in server.stdout.readline():
                assert server.poll() is None, "OpenSSL does not listen"
            yield
        finally:
            server.terminate()


async def test_openssl_takes_our_certificate_and_says_where_one_is_missing(
    lab: Lab, tmp_path: Path, unused_tcp_port: int
) -> None:
    with openssl_server(tmp_path, lab, port=unused_tcp_port):
        url = f"wss://127.0.0.1:{unused_tcp_port}/ocpp"
        with pytest.raises(PeerError, match="did not upgrade to WebSocket: HTTP 200"):
            await connect(url, IDENTITY, tls=showing(lab, certified(lab)))
        with pytest.raises(PeerError, match="certificate required") as refused:
            await connect(url, IDENTITY, tls=showing(lab, None))
        assert (refused.value.kind, refused.value.alert) == ("not authorised", 116)


def test_a_certificate_and_its_key_are_read_from_one_file(tmp_path: Path) -> None:
    pki = create_ocpp_pki(1_800_000_000.0)
    own = pki.credentials("station_client")
    path = file_of(tmp_path, own)
    assert credentials_in(path, "the certificate").leaf == own.leaf
    path.write_bytes(path.read_bytes().replace(pem(own.chain).encode(), pem([pki.certificate("csms_server")]).encode()))
    with pytest.raises(LocalError, match="not that of the key"):
        credentials_in(path, "the certificate")
