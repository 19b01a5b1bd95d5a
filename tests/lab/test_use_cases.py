"""Each published use case that has a scenario is shown with every item of its evidence, on both transports."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lab_runs import Transport
from use_cases import AWAITED, ITEMS

from pncsim.backend.answers import TokenStatus
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.csms import authorization as csms_authorization
from pncsim.backend.mo import service as mo_service
from pncsim.backend.oem import roots as oem_roots
from pncsim.backend.oem.production import VehicleProduction
from pncsim.backend.rcp import http as rcp_http
from pncsim.backend.rcp.service import RootPool
from pncsim.backend.rest.access import ROLES
from pncsim.backend.webhooks import outbox
from pncsim.ev import telematics
from pncsim.secc import contract
from pncsim.secc.contract import CheckedContract
from pncsim.secc.iso2 import payment
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.station.trust import TrustStore
from pncsim.simulator.commands.main import main
from pncsim.simulator.every.cases import variants
from pncsim.simulator.lab.plant import shows_key
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import all_scenarios, find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs import validation
from pncsim.tls_certs.judges import StationJudge
from pncsim.tls_certs.reading import p256_key, parsed
from pncsim.wire import tls
from pncsim.wire.trace import Event, Problem
from pncsim.wire.v2g import signature

PARTS = ("root-removed", "station-offline")
"""Scenarios of an exception to a use case, run as those of the whole are."""
SHOWN = {name: scenario for name, scenario in all_scenarios().items() if scenario.shown or name in PARTS}
VARIANTS = [(name, tuple(options.items())) for name, scenario in SHOWN.items() for options in variants(scenario)]


def run_once(name: str, options: tuple[tuple[str, Any], ...], transport: Transport = "memory") -> RunResult:
    """The result of one run, in which no defect of ours was told."""
    events = list[Event]()

    async def main() -> RunResult:
        return await Run(SHOWN[name], dict(options), RunSettings(transport=transport), readers=(events.append,)).done()

    result = run_on_loop(transport, main)
    assert [event.text for event in events if isinstance(event, Problem) and event.kind == "defect"] == []
    return result


@cache
def ran(name: str, options: tuple[tuple[str, Any], ...]) -> RunResult:
    """As :func:`run_once` in memory, once for all who ask."""
    return run_once(name, options)


def test_a_scenario_is_found_by_the_id_of_its_use_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert find_scenario("2.1.1.2.2").name == "vehicle-published"
    with pytest.raises(SystemExit) as left:
        main(["run", "2.1.1.2.2", "--transport", "memory", "--no-evidence", "-q"])
    assert (left.value.code or 0, capsys.readouterr().out) == (0, "PASS vehicle-published\n")


def assert_shown(result: RunResult) -> None:
    assert result.verdict is Verdict.PASS, result.cause
    assert all(check.id and check.clause and check.actor and check.seen for check in result.checks), result.checks
    assert len({check.id for check in result.checks}) == len(result.checks)


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_in_memory(name: str, options: tuple[tuple[str, Any], ...]) -> None:
    assert_shown(ran(name, options))


@pytest.mark.parametrize("name", SHOWN)
def test_on_loopback(name: str) -> None:
    assert_shown(run_once(name, (), "loopback"))


@pytest.mark.parametrize("case", sorted(ITEMS.keys() - AWAITED))
def test_every_item_of_a_use_case_has_a_check(case: str) -> None:
    checked: set[str] = set()
    for name, options in VARIANTS:
        shown = SHOWN[name].use_case
        if shown is not None and shown.id == case:
            checked |= {check.id for check in ran(name, options).checks}
    assert {f"{case}/{item}" for item in ITEMS[case]} - checked == set()


def test_the_use_cases_without_a_scenario_are_known() -> None:
    shown = {scenario.use_case.id for scenario in SHOWN.values() if scenario.use_case is not None}
    assert shown <= ITEMS.keys()
    assert ITEMS.keys() - shown == AWAITED


@pytest.mark.parametrize("name", SHOWN)
def test_a_use_case_says_who_acts_and_what_has_to_be_so_before(name: str) -> None:
    scenario = SHOWN[name]
    case = scenario.use_case
    assert case is not None and case.source and case.preconditions
    assert scenario.clauses[0] == f"CharIN {case.id}"
    assert {check.actor for check in ran(name, ()).checks} - {*case.actors} == set()


async def _nothing(*_: object, **__: object) -> None:
    """Where something would be done."""


async def _remove_alone(self: RootPool, id: str, *, purge: bool = False, by: str = "") -> None:
    await REMOVE(self, id, purge=False, by=by)


async def _revoke_nothing(self: VehicleProduction, vin: str) -> object:
    return await self.vehicle(vin)


async def _anything(*_: object) -> dict[str, str]:
    return {}


async def _good(*_: object) -> tuple[str, str]:
    return "Accepted", ""


def _takes_more(**config: Any) -> tls.TlsClient:
    return CLIENT(**config | {"ciphers": (*tls.ISO2_CIPHERS, "ECDHE-ECDSA-AES256-GCM-SHA384")})


def _takes_every_curve(**config: Any) -> tls.TlsClient:
    return CLIENT(**config | {"curves": ("P-256", "P-521")})


def _seen_before(self: Iso2StationSession, *given: Any) -> None:
    BEGIN(self, *given)
    self.random = bytes([1]).__mul__


def _unverified(emaid: str, chain: Sequence[bytes], *_: Any, **__: Any) -> CheckedContract:
    certificates = tuple(map(parsed, chain))
    key = p256_key(certificates[0])
    assert key is not None
    return CheckedContract(emaid, certificates, key, expires_soon=False, ends=float("inf"), anchor=None)


BLIND: list[tuple[object, str, object]] = [
    (StationJudge, "chain", lambda *_: None),
    (StationJudge, "staples", lambda *_: None),
]
CLIENT, BEGIN = tls.TlsClient, Iso2StationSession.__init__
REMOVE = RootPool.remove
BROKEN = (
    ("root-set-up", (), [(rcp_http, "_ADMIN", ROLES)], "refused-to-others"),
    ("root-set-up", (), [(outbox, "types_of", lambda fact: ())], "told"),
    ("root-renewed", (), [(TrustStore, "install", lambda *_: {"status": "Accepted"})], "station-updated"),
    ("root-distrusted", (), [(RootPool, "remove", _remove_alone)], "reads-refused"),
    ("vehicle-made", (), [(oem_roots, "MOST_V2G_ROOTS", 9), (telematics, "MOST_V2G_ROOTS", 9)], "v2g-roots"),
    (
        "vehicle-published",
        (),
        [(outbox, "types_of", lambda fact: ("root.cert.added",)), (outbox, "payload_of", _anything)],
        "nobody-told",
    ),
    ("vehicle-renewed-at-expiry", (("new_key", True),), [(ContractPool, "vehicle_replaced", _nothing)], "bundle"),
    ("contract-concluded", (), [(mo_service, "with_check_character", str)], "emaid"),
    ("plug-and-charge", (), [(mo_service, "standing", lambda *_: TokenStatus("Accepted", ""))], "error-shown"),
    ("tls-session", (), BLIND, "unknown-root"),
    ("tls-session", (), BLIND, "expired"),
    ("tls-session", (), [(StationJudge, "staples", lambda *_: None)], "revoked"),
    ("tls-session", (), [(StationJudge, "staples", lambda *_: None)], "staple"),
    ("tls-session", (), [(tls, "TlsClient", _takes_more)], "cipher"),
    ("contract-authenticated", (), [(payment, "_check_proof", lambda *_: None)], "wrong-challenge"),
    ("contract-authenticated", (), [(signature, "verify", lambda *_, **__: "xmldsig")], "bad-signature"),
    ("contract-authenticated", (), [(validation, "_check_validity", lambda *_: None)], "expired"),
    ("contract-authenticated", (), [(csms_authorization, "_revocation", _good)], "revoked"),
    (
        "contract-authenticated",
        (),
        [(payment, "check_contract", _unverified)],
        "unknown-root",
    ),
    ("contract-authenticated", (("chain", "csms"),), [(csms_authorization, "_certificate", _good)], "expired"),
    ("contract-authenticated", (("chain", "csms"),), [(csms_authorization, "_certificate", _good)], "revoked"),
    ("contract-authenticated", (("chain", "csms"),), [(csms_authorization, "_certificate", _good)], "unknown-root"),
    ("contract-authenticated", (), [(Iso2StationSession, "__init__", _seen_before)], "never-twice"),
    ("emaid-authorised", (), [(mo_service, "standing", lambda *_: TokenStatus("Accepted", ""))], "unknown"),
    ("emaid-authorised", (), [(mo_service, "standing", lambda *_: TokenStatus("Accepted", ""))], "blocked"),
    (
        "crypto-agility",
        (),
        [(validation, "check_common", lambda *_: None), (contract, "_key", lambda leaf, _: leaf.public_key())],
        "unknown-refused",
    ),
    (
        "crypto-agility",
        (),
        [(validation, "check_common", lambda *_: None), (tls, "TlsClient", _takes_every_curve)],
        "not-configured",
    ),
    ("vehicle-renewed-early", (), [(VehicleProduction, "revoke_predecessors", _revoke_nothing)], "old-revoked"),
)
"""A use case, its options, what is broken in the services, and the item that has to show it."""


@pytest.mark.parametrize(
    ("name", "options", "broken", "item"), BROKEN, ids=lambda value: value if type(value) is str else ""
)
def test_a_service_that_does_not_do_its_duty_fails_the_item_about_it(
    name: str,
    options: tuple[tuple[str, Any], ...],
    broken: list[tuple[object, str, object]],
    item: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for where, what, instead in broken:
        monkeypatch.setattr(where, what, instead)
    result = run_once(name, options)
    assert result.verdict is Verdict.FAIL
    assert item in {check.id.partition("/")[2] for check in result.checks if not check.ok}


def test_a_key_is_found_in_whatever_form_it_leaves() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    number = key.private_numbers().private_value.to_bytes(32, "big")
    for shift in range(3):
        assert shows_key([b"{" + base64.b64encode(bytes(shift) + number + b"rest") + b"}"], key)
    assert shows_key([b"", b"key=" + number.hex().encode()], key) and shows_key([bytes(5) + number], key)
    assert not shows_key([base64.b64encode(number[:-3]), number[1:]], key)
