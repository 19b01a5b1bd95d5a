"""A patient vehicle waits longer for everything it waits for, and says what that was needed for."""

from __future__ import annotations

from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import NOW, Playbook, vehicle

from pncsim.wire.errors import LocalError, PeerSilent
from pncsim.wire.v2g.iso2 import timing

DC: dict[str, Any] = {"energy_modes": ("DC_extended",)}


class Watched(Playbook):
    """Keeps how long the vehicle would wait for each answer, and how long each phase may be."""

    def __init__(self, **wishes: Any) -> None:
        self.waits: dict[str, float] = {}
        super().__init__(vehicle(contracts=(sn.contract(),) if wishes.pop("held", True) else (), **wishes))

    def _take(self, outputs: list[Any]) -> None:
        super()._take(outputs)
        engine = self.engine
        if engine.phase is not None and engine.phase.until is not None:
            self.waits[engine.phase.name] = engine.phase.until - engine.phase.began
        if engine._expected and engine._limit is not None:
            self.waits[engine._expected.removesuffix("Res")] = engine._limit - self.now


def everything(patience: float) -> dict[str, float]:
    """All messages and phases of four sessions: contract and installation, update, AC with a receipt, DC."""
    waits: dict[str, float] = {}
    ac = Watched(patience=patience)
    sn.to_contract_charging_ac(ac)
    ac.until(sn.charging(receipt=True), sn.receipt_taken(), sn.charging(notification="StopCharging"))
    ac.until(sn.delivered(), sn.stopped())
    for held, policy in ((False, {}), (True, {"update": "always"})):
        play = Watched(patience=patience, held=held, **policy)
        sn.to_services(play)
        play.until(sn.services(), sn.detail(Installation=1, Update=2), sn.selected())
        waits |= play.waits
    dc = Watched(patience=patience, **DC)
    sn.to_services(dc)
    dc.until(sn.services("DC_extended", certificate=False), sn.selected(), sn.details())
    dc.until(sn.authorized("Ongoing"), sn.authorized(), sn.planning(), sn.parameters(dc=True), sn.cable_checked())
    dc.until(sn.pre_charged(20), sn.pre_charged(dc.vehicle.battery.voltage), sn.delivered(dc=True))
    dc.until(sn.current(400, 10, notification="StopCharging"), sn.delivered(dc=True), sn.welding(0), sn.stopped())
    assert ac.engine.outcome.ok and dc.engine.outcome.ok
    return waits | ac.waits | dc.waits


def test_patience_widens_every_limit_within_which_the_vehicle_waits() -> None:
    usual, patient = everything(1.0), everything(8.0)
    phases = {"communication setup", "authorization", "charge parameters", "cable check", "pre-charge"}
    assert set(usual) == set(patient) == set(timing.MESSAGES) | phases
    for name, seconds in usual.items():
        assert patient[name] == pytest.approx(8 * seconds), name


def test_a_slow_loop_ends_an_impatient_vehicle_and_is_told_by_a_patient_one() -> None:
    hasty = Playbook(vehicle(**DC))
    sn.to_charging_dc(hasty)
    hasty.wait(0.3)
    assert isinstance(hasty.error, PeerSilent)
    play = Playbook(vehicle(**DC, patience=4))
    sn.to_charging_dc(play)
    for seconds in (0.2, 0.41, 0.3):
        play.hear(sn.current(400, 10), after=seconds)
    assert play.close is None
    took, limit = play.engine.outcome.overdue["CurrentDemandRes"]
    assert took == pytest.approx(0.41)
    assert limit == 0.25
    assert any("0.41 s for CurrentDemandRes" in said for said in play.tolerated)
    play.wait(1.01)
    assert "within 1 s" in play.error.sentence


def test_a_phase_that_took_longer_than_the_standard_allows_is_told() -> None:
    play = Playbook(vehicle(**DC, patience=2))
    sn.to_services(play)
    play.until(sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized())
    play.hear(sn.parameters(dc=True))
    for _ in range(45):
        play.hear(sn.cable_checked("Ongoing"), after=0.9)
    play.hear(sn.cable_checked())
    took, limit = play.engine.outcome.overdue["cable check"]
    assert took > limit == pytest.approx(timing.EVCC_CABLE_CHECK)
    assert any("for the cable check" in said for said in play.tolerated)


def test_communication_setup_is_counted_from_plug_in_by_a_patient_vehicle_too() -> None:
    car = vehicle(patience=2)
    play = Playbook(car)
    play.engine = type(play.engine)(car, tls=True, plugged_in=NOW - 25)
    play._take(play.engine.start(NOW))
    play.hear(sn.agreed())
    assert play.engine.phase is not None
    assert play.engine.phase.until == pytest.approx(NOW + 15)
    play.hear(sn.session_setup())
    took, limit = play.engine.outcome.overdue["communication setup"]
    assert took == pytest.approx(25.02)
    assert limit == pytest.approx(20)


def test_a_prompt_station_needs_no_patience() -> None:
    play = Playbook(vehicle(**DC, patience=5))
    sn.to_charging_dc(play)
    play.hear(sn.current(400, 10))
    assert play.engine.outcome.overdue == {}


@pytest.mark.parametrize("patience", [0.5, 0.0, -1.0, float("nan"), float("inf")])
def test_patience_below_the_standards_or_without_end_is_refused(patience: float) -> None:
    with pytest.raises(LocalError, match="patience"):
        vehicle(patience=patience)
