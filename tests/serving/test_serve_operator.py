"""`pnc serve operator`: a mobility operator's back end that finds the services of others by a ready file."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from serving_world import admin, call, options

from pncsim.backend.auth import http as auth_http
from pncsim.simulator.serving.operator import OperatorOptions, ServedOperator, operator
from pncsim.simulator.serving.standing import Served, served
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace
from pncsim.wire.web import aiohttp

PCID = "PNCSIMVEHICLE00001"


@asynccontextmanager
async def apart(folder: Path, clock: Clock, house: Served, **more: Any) -> AsyncIterator[ServedOperator]:
    """An operator of its own at the services of ``house``, whose data is in ``folder``."""
    ready = folder / "ready.json"
    ready.write_text(json.dumps(house.ready()))
    wanted = OperatorOptions(
        ecosystem=str(ready), operator_root=folder / "rcp_root.pem", port=0, data=folder / "operator"
    )
    async with operator(replace(wanted, **more), clock, Trace()) as found:
        yield found


async def token(of: ServedOperator, client: str) -> str:
    secret = next(one.secret for one in of.clients if one.id == client)
    asked = {"client_id": client, "client_secret": secret, "grant_type": "client_credentials"}
    async with aiohttp.ClientSession() as session, session.post(of.url + auth_http.PATH, json=asked) as answer:
        held: str = (await answer.json())["access_token"]
        return held


async def published(house: Served) -> None:
    await house.ecosystem.vehicles.publish(house.ecosystem.pki.credentials("oem_leaf").chain_der)


@pytest.mark.rule("MO-1", "MO-3", "CPS-11", "CSO-2")
async def test_an_operator_apart_has_contracts_made_and_hears_what_becomes_of_the_vehicle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, heard = Clock(), asyncio.Event()
    async with served(options(tmp_path), clock, Trace()) as house, apart(tmp_path, clock, house) as own:
        hear = own.desks.hear

        async def hears(*told: Any) -> None:
            await hear(*told)
            heard.set()

        monkeypatch.setattr(own.desks, "hear", hears)
        await published(house)
        office, station = await token(own, "demo-mo-v2g"), await token(own, "demo-cpo")
        status, made = await call("POST", f"{own.url}/v1/mo/contracts", office, {"customer": "Ada", "pcid": PCID})
        assert (status, made["issuedBy"]) == (201, "service"), made
        assert (await house.ecosystem.pool.lookup(made["emaid"])).pcid == PCID
        said = await call("POST", f"{own.url}/v1/mo/authorize", station, {"emaid": made["emaid"]})
        assert said == (200, {"emaid": made["emaid"], "status": "Accepted"})
        await house.ecosystem.vehicles.delete(PCID, factory_reset=True)
        await asyncio.wait_for(heard.wait(), 10)
        one = f"{own.url}/v1/mo/contracts/{made['emaid']}"
        assert (await call("GET", one, office))[1]["vehicle"] == "reset"
        assert (await call("POST", f"{one}/renewal", office))[0] == 400


@pytest.mark.rule("MO-1", "MO-5", "CPS-7", "RCP-1", "PKI-5")
async def test_an_operator_with_a_pki_of_its_own_issues_and_answers_for_what_it_has_revoked(tmp_path: Path) -> None:
    clock = Clock()
    more = {"client": "demo-mo", "pki": tmp_path / "own"}
    async with served(options(tmp_path), clock, Trace()) as house, apart(tmp_path, clock, house, **more) as own:
        await published(house)
        assert own.pki is not None
        office = await token(own, "demo-mo")
        order = {"customer": "Ada", "pcid": PCID}
        assert (await call("POST", f"{own.url}/v1/mo/contracts", office, order))[0] == 400  # of a root nobody knows
        der = base64.b64encode(reading.der(own.pki.certificate("mo_root"))).decode()
        added = await admin(house, "PUT", "/v1/root/rootCerts", {"caCertificate": der, "rootType": "MO"})
        assert added[0] == 200, added
        status, made = await call("POST", f"{own.url}/v1/mo/contracts", office, order)
        assert (status, made["issuedBy"]) == (201, "operator"), made
        entry = await house.ecosystem.pool.lookup(made["emaid"])
        issuer = own.pki.certificate("mo_sub2")
        assert reading.issued_by(entry.certificate, issuer)
        assert (await call("DELETE", f"{own.url}/v1/mo/contracts/{made['emaid']}", office))[0] == 200
        assert await house.ecosystem.pool.contracts(PCID) == []
        clock.jump(86_400)  # what was heard before is asked anew by then
        assert (await house.ecosystem.ocsp.of(entry.certificate, issuer)).status == "revoked"
        assert set(own.ready()["services"]) == {"token", "mo", "ocsp", "crl"}
    async with served(options(tmp_path), clock, Trace()) as house, apart(tmp_path, clock, house, **more) as own:
        said = await call("POST", f"{own.url}/v1/mo/authorize", await token(own, "demo-cpo"), {"emaid": made["emaid"]})
        assert said[1]["status"] == "Invalid"


@pytest.mark.parametrize("missing", ["ecosystem", "operator_root"])
async def test_what_it_needs_to_be_told_is_a_sentence(tmp_path: Path, missing: str) -> None:
    told = OperatorOptions(ecosystem=str(tmp_path / "ready.json"), operator_root=tmp_path / "rcp_root.pem")
    with pytest.raises(LocalError, match="needs services"):
        async with operator(replace(told, **{missing: None}), Clock(), Trace()):
            pass
    with pytest.raises(LocalError, match="cannot be read"):
        async with operator(told, Clock(), Trace()):
            pass
