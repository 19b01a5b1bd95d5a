"""`pnc serve manufacturer`: a back end that finds the services of others by a ready file, and hears their events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_world import admin, call, options
from serving_world import token as token_of

from pncsim.backend.auth import http as auth_http
from pncsim.ev.iso2.unpacking import unpack_contract
from pncsim.ev.telematics import Telematics
from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.vehicle_line import HttpLine
from pncsim.simulator.serving.manufacturer import Apart, ManufacturerOptions, manufacturer
from pncsim.simulator.serving.standing import Served, served
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice
from pncsim.wire.web import aiohttp

VIN, PCID = "PNC00000000000001", "PNCFLEET0000000001"
FLEET = "/v1/manufacturer/vehicles"


@asynccontextmanager
async def apart(folder: Path, clock: Clock, house: Served, port: int = 0) -> AsyncIterator[Apart]:
    """A manufacturer of its own at the services of ``house``, whose data is in ``folder``."""
    ready = folder / "ready.json"
    ready.write_text(json.dumps(house.ready()))
    wanted = ManufacturerOptions(
        ecosystem=str(ready), operator_root=folder / "rcp_root.pem", port=port, data=folder / "manufacturer"
    )
    async with manufacturer(wanted, clock, Trace()) as found:
        yield found


async def office(of: Apart) -> str:
    """A token for the back office."""
    client = next(one for one in of.clients if one.id == "demo-oem")
    asked = {"client_id": client.id, "client_secret": client.secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as session, session.post(of.url + auth_http.PATH, json=asked) as answer:
        token: str = (await answer.json())["access_token"]
        return token


async def calling(of: Apart, clock: Clock, token: str) -> tuple[Telematics, HttpLine]:
    """A vehicle on the line of the manufacturer."""
    assert (await call("PUT", f"{of.url}{FLEET}/{VIN}", token, {"pcid": PCID}))[0] == 201
    voice = Voice.on(clock, Trace(), "EV")
    unit = Telematics(Vehicle(name=VIN), VIN, clock, voice, unpack=unpack_contract)
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{of.url}{FLEET}/{VIN}/telematics"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=unit.request(), headers=headers) as answer,
    ):
        equipped: dict[str, Any] = await answer.json()
    unit.equip(reading.load_all(equipped["telematicsCertificate"])[0])
    (root,) = reading.load_all(equipped["manufacturerRoot"])
    return unit, HttpLine(clock, equipped["telematics"], unit.credentials, root)


@pytest.mark.rule("OEM-1", "OEM-2", "RCP-1", "ACC-9")
async def test_a_vehicle_of_a_manufacturer_apart_is_published_and_gets_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, heard = Clock(), asyncio.Event()
    async with served(options(tmp_path), clock, Trace()) as house, apart(tmp_path, clock, house) as maker:
        waits = maker.fleet.deliveries.contract_waits

        async def hears(fact: Any) -> None:
            await waits(fact)
            heard.set()

        monkeypatch.setattr(maker.fleet.deliveries, "contract_waits", hears)
        token = await office(maker)
        unit, line = await calling(maker, clock, token)
        await unit.produce(line)
        assert (await house.ecosystem.vehicles.get(PCID)).pcid == PCID
        password = (await call("PUT", f"{maker.url}/v1/manufacturer/owners/ada", token, {}))[1]["password"]
        assert password
        await call("PUT", f"{maker.url}{FLEET}/{VIN}/owner", token, {"owner": "ada"})
        subscription = await house.ecosystem.mo.subscribe("Ada", PCID)
        await asyncio.wait_for(heard.wait(), 10)
        (errand,) = await maker.fleet.deliveries.of_vehicle(VIN)
        assert (errand.emaid, errand.state) == (subscription.emaid, "waiting")
        await maker.fleet.deliveries.decide("ada", errand.id, approved=True)
        assert await unit.visit(line) == [("install", True)]
        await line.close()


async def test_a_second_start_knows_its_fleet_again_and_subscribes_once(tmp_path: Path) -> None:
    clock = Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        async with apart(tmp_path, clock, house) as maker:
            unit, line = await calling(maker, clock, await office(maker))
            await unit.produce(line)
            await line.close()
            root, port = await maker.fleet.own.root(), int(maker.url.rpartition(":")[2])
        async with apart(tmp_path, clock, house, port) as maker:
            held = (await token_of(house, "demo-oem"))[1]["access_token"]
            status, endpoints = await call("GET", house.services["webhooks"] + "/v1/webhook/endpoints", held)
            assert (status, len(endpoints)) == (200, 1)
            assert await maker.fleet.own.root() == root
            assert (await maker.fleet.production.vehicle(VIN)).published
            again = HttpLine(clock, maker.fleet.telematics, unit.credentials, root)
            assert await unit.visit(again) == []
            await again.close()


async def test_after_a_reset_vehicles_call_at_the_same_address_below_the_same_root_and_are_unknown(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with served(options(tmp_path, test_controls=True), clock, Trace()) as house:
        url, root = house.ready()["telematics"], await house.ecosystem.fleet.own.root()
        fleet = house.ecosystem.fleet
        await fleet.production.order(VIN, PCID)
        voice = Voice.on(clock, Trace(), "EV")
        unit = Telematics(Vehicle(name=VIN), VIN, clock, voice, unpack=unpack_contract)
        unit.equip((await fleet.production.equip(VIN, unit.request()))[0])
        line = HttpLine(clock, url, unit.credentials, root)
        await unit.produce(line)
        assert await admin(house, "POST", "/admin/reset") == (200, {})
        assert (house.ready()["telematics"], await house.ecosystem.fleet.own.root()) == (url, root)
        assert (await line("GET", "/v1/manufacturer/telematics/roots"))[0] == 403
        await line.close()


@pytest.mark.parametrize("missing", ["ecosystem", "operator_root"])
async def test_what_it_needs_to_be_told_is_a_sentence(tmp_path: Path, missing: str) -> None:
    told = ManufacturerOptions(ecosystem=str(tmp_path / "ready.json"), operator_root=tmp_path / "rcp_root.pem")
    with pytest.raises(LocalError, match="needs services"):
        async with manufacturer(replace(told, **{missing: None}), Clock(), Trace()):
            pass
    with pytest.raises(LocalError, match="cannot be read"):
        async with manufacturer(told, Clock(), Trace()):
            pass


async def test_a_list_of_roots_of_another_operator_is_not_believed_and_nothing_is_left_open(tmp_path: Path) -> None:
    clock = Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        (tmp_path / "rcp_root.pem").write_text((tmp_path / "ev_root.pem").read_text())
        with pytest.raises(PncError) as refused:
            async with apart(tmp_path, clock, house):
                pass
        assert refused.value.kind == "no anchor"
