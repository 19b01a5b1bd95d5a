"""Contracts of a mobility operator whose keys a lone station does not have: who is asked whether they are revoked."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from alone_lab import QUICK, charge

from pncsim.backend.pki.revocation import RevocationPolicy
from pncsim.simulator.alone.options import StationOptions
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.gate import Tolerance
from pncsim.wire.listener import HttpListener
from pncsim.wire.trace import Tolerated
from pncsim.wire.values import replace


class Operator:
    """Somebody else's mobility operator on loopback: ``pki`` with its keys, of which ``folder`` has none."""

    def __init__(self, folder: Path, *, ocsp: bool = False, lists: bool = False) -> None:
        self.server, self.asked = HttpListener(), list[str]()
        self.pki: Pki = create_pki(
            time.time(),
            ocsp_url=f"{self.server.url}/ocsp" if ocsp else None,
            crl_url=f"{self.server.url}/lists" if lists else None,
        )
        self.folder = folder
        write_pki(self.pki, folder)
        own = load_pki(folder)
        for role in [role for role in own.keys if role.startswith(("mo_", "ocsp_mo_", "v2g_root", "ocsp_v2g"))]:
            del own.keys[role]
        write_pki(own, folder, force=True)
        for role in ("mo_root", "mo_sub1", "mo_sub2"):
            (folder / f"{role}_key.pem").unlink(missing_ok=True)

    async def _ocsp(self, request: web.Request) -> web.Response:
        self.asked.append("ocsp")
        answer = self.pki.answer_ocsp(await request.read(), time.time())
        return web.Response(body=answer, content_type="application/ocsp-response")

    async def _list(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        role = request.path.rpartition("/")[2].removesuffix(".crl")
        return web.Response(body=build_crl(self.pki.authority(role), time.time()))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        application = web.Application()
        application.router.add_post("/ocsp", self._ocsp)
        application.router.add_get("/lists/{role}", self._list)
        await self.server.start(application)
        try:
            yield
        finally:
            await self.server.stop()


@pytest.mark.parametrize("ocsp", [True, False], ids=["OCSP", "list"])
@pytest.mark.parametrize("revoked", [False, True], ids=["good", "revoked"])
async def test_a_lone_station_asks_the_responder_or_the_list_that_a_foreign_contract_names(
    ocsp: bool, revoked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = Operator(tmp_path, ocsp=ocsp, lists=not ocsp)
    if revoked:
        operator.pki.authority("mo_sub2").revoke(operator.pki.certificate("contract_leaf"), Clock().now())
    async with operator.serving():
        station, vehicle, _ = await charge(
            StationOptions(pki=tmp_path, payment="pnc"), replace(QUICK, pki=tmp_path, payment="pnc", install="never")
        )
    assert (station, vehicle) == ((1, 1) if revoked else (0, 0))
    assert "ocsp" in operator.asked if ocsp else "/lists/mo_sub2.crl" in operator.asked
    if revoked:
        verdict = capsys.readouterr().out.splitlines()[-1]
        assert verdict.startswith("FAIL secc: ") and "revoked" in verdict


@pytest.mark.parametrize(("policy", "code"), [("require", 1), ("prefer", 0), ("off", 0)])
@pytest.mark.parametrize("named", [False, True], ids=["names nobody", "names somebody who is not there"])
async def test_a_foreign_contract_nobody_can_tell_is_revoked_passes_by_policy(
    policy: RevocationPolicy, code: int, named: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = Operator(tmp_path, ocsp=named)
    await operator.server.stop()
    station, vehicle, events = await charge(
        StationOptions(pki=tmp_path, payment="pnc", revocation=policy, ocsp="off"),
        replace(QUICK, pki=tmp_path, payment="pnc", install="never"),
    )
    assert (station, vehicle) == (code, code)
    told = [event for event in events if isinstance(event, Tolerated) and event.code == Tolerance.REVOCATION_UNKNOWN]
    assert bool(told) is (policy == "prefer")
    if code:
        verdict = capsys.readouterr().out.splitlines()[-1]
        assert "The revocation of certificate" in verdict and "issued" not in verdict
    assert operator.asked == []
