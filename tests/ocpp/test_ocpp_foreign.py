"""Foreign judges: the PyPI package ``ocpp``'s own session at either end, over real WebSockets."""

from __future__ import annotations

import asyncio
import itertools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import aiohttp
import aiohttp.web
import pytest
from ocpp_lab import IDENTITY, PASSWORD, Lab, books, running, shared_pki

from pncsim.backend.csms.server import serve_csms
from pncsim.secc.questions import AuthorizationAnswer, ContractAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.tls_certs.hash_data import hash_data
from pncsim.wire.ocpp import schema
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.websocket import basic, connector

Handler = TypeVar("Handler", bound=Callable[..., Any])

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    v201 = pytest.importorskip("ocpp.v201")
    answers: Callable[[str], Callable[[Handler], Handler]] = pytest.importorskip("ocpp.routing").on

NOW = "2026-11-21T10:00:00.000Z"
EMAID = "DEPNCC00000001A"


class Ended(Exception):
    """The socket is closed."""


class Adapter:
    """What the package wants of a connection: recv and send."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def recv(self) -> str:
        message = await self.socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Ended
        return str(message.data)

    async def send(self, text: str) -> None:
        await self.socket.send_str(text)


async def read(peer: Any) -> None:
    try:
        await peer.start()
    except Ended:
        return


class ForeignStation(v201.ChargePoint):  # type: ignore[misc,name-defined]
    """A station made of the package; it answers two calls of the CSMS."""

    @answers("GetVariables")
    def on_get_variables(self, get_variable_data: list[Any], **more: Any) -> Any:
        item = get_variable_data[0]
        row = {
            "attribute_status": "Accepted",
            "attribute_value": "foreign",
            "component": item["component"],
            "variable": item["variable"],
        }
        return v201.call_result.GetVariables(get_variable_result=[row])


async def test_the_packages_station_at_our_csms() -> None:
    lab = Lab()
    server = await serve_csms(lab.csms, None)
    call = v201.call
    try:
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": basic(IDENTITY, PASSWORD)}
            socket = await http.ws_connect(f"{server.url}/{IDENTITY}", protocols=("ocpp2.0.1",), headers=headers)
            peer = ForeignStation(IDENTITY, Adapter(socket), response_timeout=5)
            reader = asyncio.create_task(read(peer))

            async def ask(payload: Any) -> Any:
                return await peer.call(payload, suppress=False)

            plate = {"model": "Foreign", "vendor_name": "PyPI"}
            booted = await ask(call.BootNotification(charging_station=plate, reason="PowerUp"))
            assert (booted.status, booted.interval) == ("Accepted", 300)
            await ask(call.StatusNotification(timestamp=NOW, connector_status="Available", evse_id=1, connector_id=1))
            assert (await ask(call.Heartbeat())).current_time.endswith("Z")
            chain = (*shared_pki().credentials("contract_leaf").chain, shared_pki().certificate("mo_root"))
            hashes = [hash_data(*pair) for pair in itertools.pairwise(chain)]
            entries = [
                {
                    "hash_algorithm": h.algorithm,
                    "issuer_name_hash": h.issuer_name_hash,
                    "issuer_key_hash": h.issuer_key_hash,
                    "serial_number": h.serial_number,
                    "responder_url": h.responder_url,
                }
                for h in hashes
            ]
            token = {"id_token": EMAID, "type": "eMAID"}
            answer = await ask(call.Authorize(id_token=token, iso15118_certificate_hash_data=entries))
            assert answer.certificate_status == "Accepted" and answer.id_token_info["status"] == "Accepted"
            lab.ocsp.says[hashes[1].serial_number] = "revoked"
            answer = await ask(call.Authorize(id_token=token, iso15118_certificate_hash_data=entries))
            assert answer.certificate_status == "CertificateRevoked" and answer.id_token_info["status"] == "Invalid"
            started = call.TransactionEvent(
                event_type="Started",
                timestamp=NOW,
                trigger_reason="CablePluggedIn",
                seq_no=0,
                transaction_info={"transaction_id": "T1", "charging_state": "EVConnected"},
                evse={"id": 1, "connector_id": 1},
                id_token=token,
            )
            assert (await ask(started)).id_token_info["status"] == "Accepted"
            assert books(lab.csms)[0].token == EMAID
            exi = await ask(
                call.Get15118EVCertificate(
                    iso15118_schema_version="urn:iso:15118:2:2013:MsgDef", action="Install", exi_request="gAA="
                )
            )
            assert exi.status == "Accepted" and exi.exi_response
            assert await lab.csms.get_variables(IDENTITY, ("A", "B")) == {("A", "B"): "foreign"}
            await socket.close()
            await reader
    finally:
        await server.close()


class ForeignCsms(v201.ChargePoint):  # type: ignore[misc,name-defined]
    """A CSMS made of the package."""

    seen: list[str]

    @answers("BootNotification")
    def on_boot(self, charging_station: Any, reason: str, **more: Any) -> Any:
        self.seen.append(f"boot {charging_station['vendor_name']} {reason}")
        return v201.call_result.BootNotification(current_time=NOW, interval=60, status="Accepted")

    @answers("StatusNotification")
    def on_status(self, connector_status: str, **more: Any) -> Any:
        self.seen.append(f"status {connector_status}")
        return v201.call_result.StatusNotification()

    @answers("Authorize")
    def on_authorize(self, id_token: Any, iso15118_certificate_hash_data: Any, **more: Any) -> Any:
        self.seen.append(f"authorize {id_token['id_token']} {len(iso15118_certificate_hash_data)}")
        return v201.call_result.Authorize(id_token_info={"status": "Accepted"}, certificate_status="Accepted")


async def test_our_station_at_the_packages_csms() -> None:
    lab = Lab()
    seen: list[str] = []
    peers: list[Any] = []

    async def handler(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse(protocols=("ocpp2.0.1",))
        await socket.prepare(request)
        peer = ForeignCsms(request.path.rpartition("/")[2], Adapter(socket), response_timeout=5)
        peer.seen = seen
        peers.append(peer)
        await read(peer)
        return socket

    application = aiohttp.web.Application()
    application.router.add_get("/{path:.*}", handler)
    runner = aiohttp.web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"ws://127.0.0.1:{runner.addresses[0][1]}/ocpp"
    config = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
    try:
        async with running(lab.station(connector(url), config)) as station:
            await station.wait_ready(10)
            chain = shared_pki().credentials("contract_leaf").chain
            answer = await station.outlet().answer(ContractAuthorization(emaid=EMAID, chain=chain))
            assert isinstance(answer, AuthorizationAnswer) and answer.accepted
            assert seen[0] == "boot pncsim PowerUp"
            assert f"authorize {EMAID} 3" in seen and "status Available" in seen
            call = v201.call
            wanted = [{"component": {"name": "ISO15118Ctrlr"}, "variable": {"name": "SeccId"}}]
            got = await peers[0].call(call.GetVariables(get_variable_data=wanted), suppress=False)
            assert got.get_variable_result[0]["attribute_value"] == "DEPNCE100001"
            assert (await peers[0].call(call.TriggerMessage(requested_message="Heartbeat"))).status == "Accepted"
            assert (
                await peers[0].call(call.GetBaseReport(request_id=1, report_base="FullInventory"))
            ).status == "Accepted"
            # What the package has no handler for it refuses; the station survives it.
            await lab.until(lambda: lab.frames("CS", "received").count("NotifyReport") > 0)
            assert station.online
    finally:
        await runner.cleanup()


def authorize(serial_number: str) -> dict[str, Any]:
    hashes = {"issuerNameHash": "A" * 43 + "=", "issuerKeyHash": "B" * 43 + "=", "serialNumber": serial_number}
    named = {"hashAlgorithm": "SHA256", "responderURL": "http://ocsp.example/", **hashes}
    return {"idToken": {"idToken": EMAID, "type": "eMAID"}, "iso15118CertificateHashData": [named]}


def test_a_serial_number_that_iso15118_writes_in_decimal_fits_ocpp_up_to_sixteen_octets() -> None:
    """PyPI iso15118 0.31.2; CAs draw serial numbers of up to 20 octets (RFC 5280 4.1.2.2), in hex 40 characters."""
    largest = {octets: (1 << 8 * octets - 1) - 1 for octets in (16, 20)}
    refused = schema.violation(V201, "Authorize", "Request", authorize(str(largest[20])))
    assert refused == ("PropertyConstraintViolation", "iso15118CertificateHashData.0.serialNumber is too long")
    for fits in (str(largest[16]), f"{largest[20]:x}"):
        assert schema.violation(V201, "Authorize", "Request", authorize(fits)) is None
