"""Back ends of their own where others reach them, by TLS, and with a database of their own."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_world import options

from pncsim.simulator.serving.manufacturer import ManufacturerOptions, manufacturer
from pncsim.simulator.serving.operator import OperatorOptions, ServedOperator, operator
from pncsim.simulator.serving.standing import Served, served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace, Warned
from pncsim.wire.web import aiohttp, machine_trust

PCID = "PNCSIMVEHICLE00001"


def told(house: Served, folder: Path) -> dict[str, Any]:
    """What a back end at the services of ``house``, whose data is in ``folder``, has to be told."""
    (folder / "ready.json").write_text(json.dumps(house.ready()))
    return {"ecosystem": str(folder / "ready.json"), "operator_root": folder / "rcp_root.pem", "port": 0}


@asynccontextmanager
async def as_client(ready: dict[str, Any], client: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Calls of who trusts the root a ready file names, and shows the certificate of ``client``, without any token."""
    shown = next(one for one in ready["clients"] if one["id"] == client)
    context = ssl.create_default_context(cafile=ready["tlsRoot"])
    context.load_cert_chain(shown["certificate"], shown["key"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield session


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """This machine trusts the operator's root, as SSL_CERT_FILE says."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "operator" / "tls_root.pem"))
    machine_trust.cache_clear()
    yield
    machine_trust.cache_clear()


@pytest.mark.rule("ACC-8")
async def test_an_operator_answers_and_hears_events_by_tls(
    tmp_path: Path, trusting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, heard = Clock(), asyncio.Event()
    async with served(options(tmp_path), clock, Trace()) as house:
        asked = OperatorOptions(**told(house, tmp_path), data=tmp_path / "operator", transport="tls")
        async with operator(asked, clock, Trace()) as own, as_client(own.ready(), "demo-mo-v2g") as office:
            hear = own.desks.hear

            async def hears(*told: Any) -> None:
                await hear(*told)
                heard.set()

            monkeypatch.setattr(own.desks, "hear", hears)
            vehicles = house.ecosystem.vehicles
            await vehicles.publish(house.ecosystem.pki.credentials("oem_leaf").chain_der)
            async with office.post(own.url + "/v1/mo/contracts", json={"customer": "Ada", "pcid": PCID}) as answer:
                assert answer.status == 201
            async with office.get(own.url + "/v1/mo/whitelist") as answer:
                assert answer.status == 403
            await vehicles.delete(PCID, factory_reset=True)
            await asyncio.wait_for(heard.wait(), 10)


@pytest.mark.rule("PKI-5")
async def test_an_operator_with_tls_answers_for_its_pki_without(tmp_path: Path) -> None:
    async with served(options(tmp_path), Clock(), Trace()) as house:
        asked = OperatorOptions(
            **told(house, tmp_path), data=tmp_path / "operator", pki=tmp_path / "own", transport="tls"
        )
        async with operator(asked, Clock(), Trace()) as own, aiohttp.ClientSession() as anybody:
            schemes = {name: url.partition(":")[0] for name, url in own.ready()["services"].items()}
            assert schemes == {"token": "https", "mo": "https", "ocsp": "http", "crl": "http"}
            async with anybody.get(own.ready()["services"]["crl"] + "/mo_sub2.crl") as answer:
                assert answer.status == 200


@pytest.mark.rule("ACC-8")
async def test_a_manufacturer_answers_by_tls(tmp_path: Path) -> None:
    clock = Clock()
    async with served(options(tmp_path), clock, Trace()) as house:
        asked = ManufacturerOptions(**told(house, tmp_path), data=tmp_path / "manufacturer", transport="tls")
        async with manufacturer(asked, clock, Trace()) as own, as_client(own.ready(), "demo-oem") as office:
            url = f"{own.url}/v1/manufacturer/vehicles/PNC00000000000001"
            async with office.put(url, json={"pcid": "PNCFLEET0000000001"}) as answer:
                assert answer.status == 201
            async with aiohttp.ClientSession() as stranger:
                with pytest.raises(aiohttp.ClientConnectorCertificateError):
                    await stranger.get(url)


@pytest.mark.parametrize("kind", ["manufacturer", "operator"])
async def test_what_others_can_reach_needs_the_persons_word_and_is_called_as_told(tmp_path: Path, kind: str) -> None:
    clock, trace = Clock(), Trace()
    warned: list[str] = []
    trace.subscribe(lambda event: warned.append(event.text) if isinstance(event, Warned) else None)

    def opened(**more: Any) -> Any:
        given = {"data": tmp_path / kind, "host": "0.0.0.0", **more}
        if kind == "operator":
            return operator(OperatorOptions(**given), clock, trace)
        return manufacturer(ManufacturerOptions(**given), clock, trace)

    async with served(options(tmp_path), clock, Trace()) as house:
        needed = told(house, tmp_path)
        with pytest.raises(LocalError, match=r"Others can reach 0\.0\.0\.0"):
            async with opened(**needed):
                pass
        assert not (tmp_path / kind).exists()
        async with opened(**needed, transport="no-tls", name="localhost") as own:
            assert own.url.startswith("http://localhost:")
            async with aiohttp.ClientSession() as session, session.get(f"{own.url}/oauth/userinfo") as answer:
                assert answer.status == 401
    assert [one for one in warned if "pass in the clear" in one]


async def test_what_an_operator_keeps_in_a_postgresql_of_its_own_is_there_after_another_start(
    tmp_path: Path, postgresql_url: str
) -> None:
    clock = Clock()

    @asynccontextmanager
    async def apart(house: Served) -> AsyncIterator[ServedOperator]:
        asked = OperatorOptions(**told(house, tmp_path), data=tmp_path / "operator", database=postgresql_url)
        async with operator(asked, clock, Trace()) as own:
            yield own

    async with served(options(tmp_path), clock, Trace()) as house:
        ecosystem = house.ecosystem
        await ecosystem.vehicles.publish(ecosystem.pki.credentials("oem_leaf").chain_der)
        async with apart(house) as own:
            emaid = (await own.desks.of("DEV2G").conclude("Ada", PCID, by_service=True)).emaid
        async with apart(house) as own:
            assert (await own.desks.authorize(emaid)).status == "Accepted"
        assert not list((tmp_path / "operator").glob("*.db"))
        with pytest.raises(LocalError):
            async with operator(
                OperatorOptions(**told(house, tmp_path), data=tmp_path / "other", database="nonsense"), clock, Trace()
            ):
                pass
