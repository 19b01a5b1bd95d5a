"""Vehicles of ours that are wrong in one point: what the cases are held against. Each row says which have to see it."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.put import wrong
from pncsim.wire.pilot import Pilot
from pncsim.wire.session.initiator import Initiator
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_await, _decide = Initiator._await, Initiator._decide


def _nothing(*args: object, **more: object) -> None:
    return None


def _waits_longer(engine: Any, asked: str) -> None:
    _await(engine, asked)
    engine._limit += 30.0


def _hears_no_refusal(engine: Any, envelope: Any) -> Any:
    if str(envelope.body.ResponseCode).startswith("FAILED"):
        envelope = replace(envelope, body=replace(envelope.body, ResponseCode=iso2.ResponseCodeType.OK))
    return _decide(engine, envelope)


MUTANTS = wrong(
    (
        "any-session",
        "it takes answers of other sessions",
        Initiator,
        "check_session",
        _nothing,
        ("LAB_EVCC_ServiceDiscovery_session", "LAB_EVCC_CurrentDemand_session"),
    ),
    (
        "patient",
        "it waits half a minute longer for each answer",
        Initiator,
        "_await",
        _waits_longer,
        ("TC_EVCC_CMN_VTB_SessionSetup_004", "TC_EVCC_DC_VTB_CurrentDemand_005"),
    ),
    (
        "deaf",
        "it takes every refusal for consent",
        Initiator,
        "_decide",
        _hears_no_refusal,
        ("TC_EVCC_CMN_VTB_ServiceDiscovery_002", "TC_EVCC_CMN_VTB_Authorization_004"),
    ),
    (
        "ready-for-ever",
        "it does not open its switch when a session ends",
        Pilot,
        "signal_not_ready",
        _nothing,
        ("LAB_EVCC_ChargingStatus_failed", "TC_EVCC_DC_VTB_CurrentDemand_002"),
    ),
)
