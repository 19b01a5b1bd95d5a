"""What a driver sets at the vehicle's screen, and when it counts."""

from __future__ import annotations

import ev_playbook as sn
import pytest
from ev_playbook import vehicle
from test_ev_contracts import OTHER, other

from pncsim.ev.contracts import ContractStore
from pncsim.ev.screen import VehicleScreen
from pncsim.wire.errors import LocalError


@pytest.mark.rule("EV-5", "EV-6")
def test_payment_and_installation_are_switched_and_nothing_else_changes() -> None:
    car = vehicle()
    screen, before = VehicleScreen(car), car.config
    screen.plug_and_charge(False)
    screen.installation(False)
    assert (car.config.payment, car.config.install) == ("external", "never")
    screen.plug_and_charge(True)
    screen.installation(True)
    assert (car.config.payment, car.config.install) == ("prefer-contract", "always")
    assert (car.config.evccid, car.config.energy_modes) == (before.evccid, before.energy_modes)


@pytest.mark.rule("EV-7")
def test_one_contract_is_the_default_whatever_is_chosen_or_removed() -> None:
    car = vehicle()
    car.contracts = ContractStore([sn.contract(), other()])
    screen = VehicleScreen(car)
    assert list(screen.contracts) == [(sn.EMAID, True), (OTHER, False)]
    screen.choose(OTHER)
    assert list(screen.contracts) == [(sn.EMAID, False), (OTHER, True)]
    with pytest.raises(LocalError):
        screen.choose("DEPNCC99999999X")
    assert list(screen.contracts) == [(sn.EMAID, False), (OTHER, True)]
    screen.uninstall(OTHER)
    assert list(screen.contracts) == [(sn.EMAID, True)]
    screen.uninstall(sn.EMAID)
    assert list(screen.contracts) == []
