"""Decisions a CSMS of ours takes wrongly: who comes in, who may charge, what is signed, what is too much."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from pncsim.backend.answers import ChainStatus, SigningUse, TokenStatus
from pncsim.backend.csms import authorization, csms, handlers, link, schedules
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.register import Register
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.chains import ContractChainJudge
from pncsim.backend.store import MemoryStore
from pncsim.secc.station import identity
from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.csms import own
from pncsim.simulator.conformance.csms.course import (
    CARDS,
    GROUPED,
    BootedAgain,
    CourseStep,
    EventSent,
    Quiet,
    Says,
    SetsOff,
    Swiped,
)
from pncsim.simulator.conformance.csms.wrong import Hits, StepsOf, kills
from pncsim.simulator.conformance.put import comes_to, gives, wrong
from pncsim.tls_certs.pki import Pki, create_ocpp_pki
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.ocpp import tls
from pncsim.wire.ocpp.actions import AndThen
from pncsim.wire.source import SYSTEM

WrongDecision = tuple[str, str, object, str, object, tuple[str, ...] | Hits]
"""As :func:`simulator.conformance.put.wrong` has it; which cases have to see it may follow from their steps."""


def mutants(taken: StepsOf) -> Iterator[Mutant]:
    """A decision is another one."""
    for name, title, owner, at, instead, seen in DECISIONS:
        cases = seen if isinstance(seen, tuple) else kills(taken, seen)
        yield from wrong((name, title, owner, at, instead, cases)).values()


# By which steps it is seen


def _card(kind: type[EventSent | Swiped], sees: Callable[[str], bool]) -> Hits:
    return lambda step: isinstance(step, kind) and step.card != "" and sees(step.card)


def _bad(name: str) -> bool:
    return name in GROUPED or "Accepted" not in CARDS[name]


def _known(name: str) -> bool:
    return "Unknown" not in CARDS[name]


def _paid(step: CourseStep) -> bool:
    return isinstance(step, EventSent) and (step.contract or (step.card != "" and _known(step.card)))


def _signed(step: CourseStep) -> bool:
    return isinstance(step, SetsOff) and step.call.action == "CertificateSigned"


def _for_v2g(step: CourseStep) -> bool:
    return isinstance(step, SetsOff) and step.call.payload["certificateType"] == "V2GCertificate"


def _plans(step: CourseStep, status: str) -> bool:
    return isinstance(step, Says) and step.action == "NotifyEVChargingSchedule" and step.answer == {"status": status}


# What is decided instead


def _unknown(status: object) -> dict[str, str]:
    return {"status": "Unknown"}


class _Everything:
    def __contains__(self, action: object) -> bool:
        return True


def _of_another_operator(pki: Pki) -> Credentials:
    return create_ocpp_pki(Clock().now()).credentials("csms_server")


def _lax(context: ssl.SSLContext) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")


async def _changed_in_any_case(self: Csms, identity: str, password: str) -> str:
    status = await self.set_variable(identity, "SecurityCtrlr", "BasicAuthPassword", password)
    await self.register.change(identity, password)
    return status


_COMES_BY = Register.comes_by


async def _down_to_passwords(self: Register, identity: str, profile: int) -> bool:
    station = await self.find(identity)
    assert station is not None, "its password was looked at"
    return (profile == 2 and station.lowest == 3) or await _COMES_BY(self, identity, profile)


_SIGN_CSR, _SIGN, _BOOT = CertificateService.sign_csr, handlers._sign, handlers._boot


async def _for_another_key(self: CertificateService, csr: str, use: SigningUse) -> str:
    return await _SIGN_CSR(self, identity.request("ANOTHER", "pncsim", "DE", SYSTEM).pem, use)


async def _below_another_root(self: CertificateService, csr: str, use: SigningUse) -> str:
    if use != "ChargingStationCertificate":
        return await _SIGN_CSR(self, csr, use)
    there = CertificateService(self._clock, self._voice, MemoryStore(), create_ocpp_pki(self._clock.now()))
    return await _SIGN_CSR(there, csr, use)


async def _pending_still(link: Any, request: Any) -> Any:
    before, answer = link.registration, await _BOOT(link, request)
    if before != "Pending":
        return answer
    link.registration = "Pending"
    boot = answer.payload if isinstance(answer, AndThen) else answer
    return {**boot, "status": "Pending"}


def _negotiating_on(link: Any, request: Any) -> Any:
    return AndThen(schedules.charging_schedule(link, request), lambda: schedules._insist(link, request["evseId"]))


async def _for_vehicles(link: Any, csr: str, use: SigningUse) -> None:
    await _SIGN(link, csr, "V2GCertificate")


DECISIONS: tuple[WrongDecision, ...] = (
    (
        "any-password",
        "whoever knows a station's identity comes in",
        Register,
        "check",
        comes_to("welcome"),
        ("TC_A_02_CSMS", "TC_A_03_CSMS"),
    ),
    ("no-password", "no password is the right one", Register, "check", comes_to("unauthorized"), ("TC_A_01_CSMS",)),
    (
        "any-card",
        "every card may charge",
        authorization,
        "check_token",
        comes_to(TokenStatus("Accepted")),
        _card(Swiped, _bad),
    ),
    (
        "any-card-later",
        "every card goes on charging",
        handlers,
        "check_token",
        comes_to(TokenStatus("Accepted")),
        _card(EventSent, _bad),
    ),
    ("nobody-known", "no card is known", authorization, "token_info", _unknown, _card(Swiped, _known)),
    (
        "nobody-known-later",
        "a transaction's card is never known",
        handlers,
        "token_info",
        _unknown,
        _paid,
    ),
    (
        "any-status",
        "revoked contracts may charge",
        authorization,
        "_revocation",
        comes_to(("Accepted", "")),
        ("TC_C_51_CSMS",),
    ),
    (
        "no-status",
        "no contract's certificate is good",
        authorization,
        "_revocation",
        comes_to(("CertChainError", "It is not.")),
        ("TC_C_50_CSMS",),
    ),
    (
        "another-certificate",
        "it shows a certificate of another operator",
        own,
        "server_credentials",
        _of_another_operator,
        ("TC_A_04_CSMS",),
    ),
    ("any-version", "it takes TLS 1.1", tls, "harden", _lax, ("TC_A_06_CSMS",)),
    (
        "no-certificate",
        "no station's certificate is good",
        csms,
        "unfit",
        gives("it is not"),
        ("TC_A_07_CSMS",),
    ),
    (
        "any-certificate",
        "every certificate of its operator is good for every station",
        csms,
        "unfit",
        gives(""),
        ("TC_A_08_CSMS",),
    ),
    (
        "any-profile",
        "who has come in over TLS may come without",
        Register,
        "comes_by",
        comes_to(True),
        ("TC_A_19_CSMS",),
    ),
    (
        "profile-below",
        "who has come in with a certificate may come with a password alone",
        Register,
        "comes_by",
        _down_to_passwords,
        ("TC_A_19_CSMS",),
    ),
    ("old-passwords", "a new password is forgotten", Register, "change", comes_to(None), ("TC_A_09_CSMS",)),
    (
        "new-passwords",
        "a password counts that the station has refused",
        Csms,
        "change_password",
        _changed_in_any_case,
        ("TC_A_10_CSMS",),
    ),
    (
        "signs-another-key",
        "the certificates it brings are for another key",
        CertificateService,
        "sign_csr",
        _for_another_key,
        _signed,
    ),
    (
        "signs-below-another-root",
        "stations' certificates that it brings are below a root it does not trust itself",
        CertificateService,
        "sign_csr",
        _below_another_root,
        ("TC_A_11_CSMS",),
    ),
    (
        "signs-for-vehicles",
        "the certificates it brings are all for vehicles",
        handlers,
        "_sign",
        _for_vehicles,
        lambda step: _signed(step) and not _for_v2g(step),
    ),
    (
        "no-validation",
        "it validates no chains",
        ContractChainJudge,
        "judge",
        comes_to(ChainStatus("NoCertificateAvailable")),
        ("TC_C_52_CSMS",),
    ),
    (
        "pending-for-ever",
        "whoever has once been Pending stays so",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "BootNotification": _pending_still},
        lambda step: isinstance(step, BootedAgain),
    ),
    (
        "any-plan",
        "a vehicle may plan to take anything",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "NotifyEVChargingSchedule": gives({"status": "Accepted"})},
        lambda step: _plans(step, "Rejected"),
    ),
    (
        "no-plan",
        "whatever a vehicle plans is too much",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "NotifyEVChargingSchedule": gives({"status": "Rejected"})},
        lambda step: _plans(step, "Accepted"),
    ),
    (
        "gives-in",
        "where a vehicle plans too much it says so, and does not negotiate anew",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "NotifyEVChargingSchedule": schedules.charging_schedule},
        lambda step: _plans(step, "Rejected"),
    ),
    (
        "never-content",
        "whatever a vehicle plans is negotiated anew",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "NotifyEVChargingSchedule": _negotiating_on},
        lambda step: isinstance(step, Quiet),
    ),
    (
        "any-data",
        "it takes whatever vendors send",
        csms,
        "ANSWERS",
        {**handlers.ANSWERS, "DataTransfer": gives({"status": "Accepted"})},
        ("TC_P_02_CSMS",),
    ),
    ("open-house", "who is not registered may call", link, "_ALLOWED_PENDING", _Everything(), ("TC_B_30_CSMS",)),
)
