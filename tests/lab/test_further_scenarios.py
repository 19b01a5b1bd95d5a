"""The scenarios with several parties and with things that go wrong: each passes, and each check of them can fail."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from further import FURTHER
from lab_runs import Transport

from pncsim.backend import ecosystem
from pncsim.backend.ccp import steps
from pncsim.backend.ccp.directory import ContractDirectory, ContractSource
from pncsim.backend.cps import service as cps_service
from pncsim.backend.cps.service import ProvisioningService
from pncsim.backend.oem import deliveries
from pncsim.backend.oem.store import Errand
from pncsim.backend.pcp import ProvisioningPool
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.own import OwnAuthority
from pncsim.backend.rcp import http as rcp_http
from pncsim.backend.rcp import trust_list
from pncsim.backend.rest.access import ROLES, Grant
from pncsim.backend.verification import Verifier
from pncsim.ev.iso2 import bundle, contract
from pncsim.ev.telematics import Telematics
from pncsim.simulator.every.cases import variants
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import all_scenarios
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs import paths, validation
from pncsim.wire.errors import PeerError
from pncsim.wire.trace import Event, Problem
from pncsim.wire.v2g.key_transport import unwrap
from pncsim.wire.values import replace

SCENARIOS = {name: all_scenarios()[name] for name in FURTHER}
VARIANTS = [(name, tuple(options.items())) for name, scenario in SCENARIOS.items() for options in variants(scenario)]
Options = tuple[tuple[str, Any], ...]


def run_once(name: str, options: Options, transport: Transport = "memory") -> RunResult:
    """The result of one run, in which no defect of ours was told."""
    events = list[Event]()

    async def main() -> RunResult:
        run = Run(SCENARIOS[name], dict(options), RunSettings(transport=transport), readers=(events.append,))
        return await run.done()

    result = run_on_loop(transport, main)
    assert [event.text for event in events if isinstance(event, Problem) and event.kind == "defect"] == []
    return result


@cache
def ran(name: str, options: Options) -> RunResult:
    """As :func:`run_once` in memory, once for all who ask."""
    return run_once(name, options)


def assert_shown(result: RunResult) -> None:
    assert result.verdict is Verdict.PASS, result.cause
    assert all(check.id and check.clause and check.actor and check.seen for check in result.checks), result.checks
    assert len({check.id for check in result.checks}) == len(result.checks)
    case = SCENARIOS[result.scenario].use_case
    assert case is not None and case.preconditions
    assert SCENARIOS[result.scenario].clauses[0] == f"CharIN {case.id}"
    assert {check.actor for check in result.checks} - {*case.actors} == set()


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_in_memory(name: str, options: Options) -> None:
    assert_shown(ran(name, options))


@pytest.mark.parametrize("name", FURTHER)
def test_on_loopback(name: str) -> None:
    assert_shown(run_once(name, (), "loopback"))


async def _nothing(*_: object, **__: object) -> None:
    """Where something would be done."""


async def _nobody(*_: object, **__: object) -> str:
    return ""


def _anything(*_: object, **__: object) -> bool:
    return True


def _any_signer(signed: Any, *_: object) -> object:
    return signed.signer


def _unwrap_unchecked(wrapped: Any, receiver: Any, public: Any) -> object:
    """The key, whatever certificate it is of."""
    try:
        return unwrap(wrapped, receiver, public)
    except PeerError:
        return receiver


async def _same_again(self: OwnAuthority, *leaves: str) -> object:
    return await self.root()


def _ready(**fields: Any) -> Errand:
    """An errand that waits for nobody's word."""
    return Errand(**fields | {"state": "ready"})


async def _local(self: ContractDirectory, *_: object) -> None:
    """Nobody else is asked."""


def _one_root(session: Any) -> object:
    """A list with the first root alone."""
    listed = ROOTS(session)
    return replace(listed, RootCertificateID=listed.RootCertificateID[:1])


async def _asked_again(self: ContractDirectory, name: str, pool: ContractSource, exi: bytes, schema: str) -> object:
    """Each pool is asked once more by whoever is asked."""
    await ASK(self, name, pool, exi, schema)
    return await ASK(self, name, pool, exi, schema)


ROOTS, ASK = contract._roots, ContractDirectory._ask
BROKEN = (
    ("contract-in-another-pool", (), [(ContractDirectory, "provide", _local)], "remembered"),
    ("contract-in-another-pool", (), [(ContractDirectory, "_remember", lambda *_: None)], "asked-first"),
    ("contract-in-another-pool", (), [(ContractDirectory, "_ask", _asked_again)], "no-circle"),
    ("several-of-each", (), [(ProvisioningPool, "check_owned", lambda *_: None)], "published-by-PNC"),
    ("several-of-each", (), [(Grant, "owns_contract", _anything)], "operators-apart"),
    ("several-of-each", (), [(cps_service, "_is_held", _anything)], "signed-for-QRS"),
    ("several-of-each", (), [(contract, "_roots", _one_root)], "five-listed"),
    ("cross-certified", (), [(validation, "MAX_CHAIN", 4), (paths, "MAX_CHAIN", 4)], "too-long"),
    ("contract-of-another-vehicle", (), [(bundle, "unwrap", _unwrap_unchecked)], "other-key"),
    (
        "contract-of-another-vehicle",
        (),
        [(ProvisioningService, "_check_tuple", _nothing), (steps, "check_tuple", lambda *_: None)],
        "one-vehicle",
    ),
    ("rented-vehicle", (), [(Grant, "owns_contract", _anything)], "apart"),
    ("rented-vehicle", (), [(deliveries, "Errand", _ready)], "unapproved"),
    ("rented-vehicle", (), [(CertificateService, "_revoke", _nothing)], "ended"),
    ("rented-vehicle", (), [(Telematics, "_remove", lambda *_: None)], "left"),
    ("list-signer-compromised", (), [(trust_list, "check_signer", _any_signer)], "forged-refused"),
    ("list-signer-compromised", (), [(rcp_http, "_ADMIN", ROLES)], "refused-to-others"),
    ("list-signer-compromised", (), [(OwnAuthority, "start_anew", _same_again)], "new-name-and-key"),
    ("signer-changed", (), [(Verifier, "status", _nothing)], "signs-nothing"),
    ("signer-changed", (("why", "ends"),), [(ecosystem, "sign_waiting_again", _nothing)], "ends-in-order"),
)
"""A scenario, its options, what is broken in somebody, and the check that has to show it."""


@pytest.mark.parametrize(
    ("name", "options", "broken", "item"), BROKEN, ids=lambda value: value if type(value) is str else ""
)
def test_who_does_not_do_their_duty_fails_the_check_about_it(
    name: str,
    options: Options,
    broken: list[tuple[object, str, object]],
    item: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for where, what, instead in broken:
        monkeypatch.setattr(where, what, instead)
    result = run_once(name, options)
    assert result.verdict is Verdict.FAIL
    assert item in {check.id.rpartition("/")[2] for check in result.checks if not check.ok}
