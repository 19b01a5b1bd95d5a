"""The use cases of stations go red where a station, a vehicle or a CSMS does not do its duty."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any

import pytest
from lab_runs import Transport
from test_use_cases import run_once

from pncsim.backend.csms import csms
from pncsim.backend.csms.register import Register
from pncsim.secc.questions import AuthorizationAnswer
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.own_certificates import OwnCertificates
from pncsim.secc.station.station import Station
from pncsim.secc.station.tokens import TokenCache
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.upkeep import Upkeep
from pncsim.simulator.lab import doors
from pncsim.simulator.plan import CsmsPlan, Plan, SecurityProfile
from pncsim.simulator.result import RunResult, Verdict
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs import judges
from pncsim.tls_certs.judges import StationJudge
from pncsim.tls_certs.reading import parsed
from pncsim.wire.credentials import Credentials
from pncsim.wire.ocpp import tls
from pncsim.wire.trace import Event, OcppSecured
from pncsim.wire.values import replace


def _first_staples(self: OwnCertificates) -> tuple[bytes | None, ...]:
    """Whatever was fetched once, however old."""
    return tuple(one and one.der for one in map(self.staple, self.current.chain if self.current else ()))


def _add_behind(self: OwnCertificates, credentials: Credentials) -> None:
    """The new one is kept and the first one shown on."""
    if self.current is None:
        ADD(self, credentials)


def _believe(self: StationJudge, chain: Sequence[bytes], now: float) -> None:
    """A vehicle that takes every root it is shown."""
    self._anchors = (*self._anchors, parsed(chain[-1]))
    CHAIN(self, chain, now)


def _welcome(self: Authorizer, emaid: str, allowed: object) -> AuthorizationAnswer:
    return AuthorizationAnswer(accepted=True, token_status="Accepted", text="", token=emaid)


async def _let_in(*_: object) -> str:
    return "welcome"


def _trusting(anchors: object, credentials: Credentials | None = None, **_: object) -> ssl.SSLContext:
    """A station that looks at no certificate."""
    context = tls.client_context([], credentials)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _unverifying(credentials: Credentials, *_: object, **__: object) -> ssl.SSLContext:
    """A CSMS that asks for no certificate."""
    return tls.server_context(credentials)


ADD, CHAIN = OwnCertificates.add, StationJudge.chain
BROKEN = (
    ("station-certified", TrustStore, "install", lambda *_: {"status": "Rejected"}, "roots-installed"),
    ("station-certified", OwnCertificates, "staples", property(_first_staples), "staple-kept"),
    ("station-secured", doors, "client_context", _trusting, "wrong-root-refused"),
    ("station-secured", doors, "server_context", _unverifying, "certificate-demanded"),
    ("station-secured", doors, "server_context", _unverifying, "wrong-operator-refused"),
    ("station-secured", Register, "check", _let_in, "wrong-password-refused"),
    ("station-secured", Register, "check", _let_in, "password-changed"),
    ("station-secured", csms, "unfit", lambda *_: "", "wrong-station-refused"),
    ("station-renewed", OwnCertificates, "_revoked", lambda *_: False, "revocation-triggers"),
    ("station-renewed", Upkeep, "_lead", lambda *_: 1.0, "leaf-in-time"),
    ("station-renewed", TrustStore, "install", lambda *_: {"status": "Accepted"}, "renewed-in-time"),
    ("station-renewed", OwnCertificates, "add", _add_behind, "old-unused"),
    ("station-offline", TokenCache, "status", lambda *_: "", "cached"),
    ("station-offline", Authorizer, "_locally", _welcome, "unknown-refused"),
    ("station-offline", Station, "offers_contract", property(lambda _: True), "not-offered"),
    ("root-removed", TrustStore, "delete", lambda *_: {"status": "Accepted"}, "root-gone"),
    ("root-removed", Upkeep, "renew", lambda *_: None, "certified-anew"),
    ("station-paired", judges, "_private_root", lambda chain: None, "paired"),
    ("station-paired", StationJudge, "chain", _believe, "unpaired-refused"),
    ("station-paired", Authorizer, "_private", _welcome, "listed-only"),
)
"""A use case, what is broken, and the item that has to show it."""


@pytest.mark.parametrize(
    ("name", "where", "what", "instead", "item"), BROKEN, ids=lambda one: one if type(one) is str else ""
)
def test_who_does_not_do_its_duty_fails_the_item_about_it(
    name: str, where: object, what: str, instead: Any, item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, what, instead)
    if item in ("certificate-demanded", "wrong-operator-refused"):
        monkeypatch.setattr(csms, "unfit", lambda *_: "")  # nor does it look at what it did not ask for
    result = run_once(name, ())
    assert result.verdict is Verdict.FAIL
    assert item in {check.id.rpartition("/")[2] for check in result.checks if not check.ok}


@pytest.mark.parametrize("transport", ["memory", "loopback"])
@pytest.mark.parametrize(("profile", "shown"), [(1, []), (2, [False]), (3, [True])])
def test_a_charge_goes_by_each_security_profile_with_and_without_sockets(
    profile: SecurityProfile, shown: list[bool], transport: Transport
) -> None:
    scenario = replace(find_scenario("pnc-ac"), plan=Plan(csmss=(CsmsPlan(security_profile=profile),)))
    links = list[OcppSecured]()

    def see(event: Event) -> None:
        if isinstance(event, OcppSecured):
            links.append(event)

    async def main() -> RunResult:
        return await Run(scenario, {}, RunSettings(transport=transport), readers=(see,)).done()

    result = run_on_loop(transport, main)
    assert result.verdict is Verdict.PASS, result.cause
    assert [bool(link.shown) for link in links if link.role == "CSMS"] == shown
    assert len([link for link in links if link.role == "CS"]) == len(shown)
