"""A contract that was revoked is refused once; the next plug-in brings another one, with all actors taking part."""

from __future__ import annotations

from typing import Any

import pytest
from lab_runs import Transport, run_of

from pncsim.ev.outcome import SessionOutcome
from pncsim.simulator.lab.lab import Lab
from pncsim.simulator.scenario import Scenario


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_a_revoked_contract_is_refused_once_and_paid_with_its_successor_at_the_next_plug_in(
    transport: Transport,
) -> None:
    outcomes: list[SessionOutcome] = []
    serials: list[int] = []

    async def twice(lab: Lab, **_: Any) -> None:
        vehicle = await lab.vehicle(kwh=0.3, contract=True, payment="contract")
        [held] = vehicle.contracts.all
        serials.append(held.credentials.leaf.serial_number)
        await lab.subscribe(vehicle)
        ecosystem = await lab.region.ecosystem()
        await ecosystem.ca.revoke_certificate(held.credentials.leaf, "key_compromise")
        outcomes.append(await lab.plug_in(vehicle))
        outcomes.append(await lab.plug_in(vehicle))
        serials.append(vehicle.contracts.choose().credentials.leaf.serial_number)  # type: ignore[union-attr]
        lab.expect.that("two visits", len(outcomes) == 2, len(outcomes))

    done = run_of(Scenario(name="twice", title="twice", clauses=(), run=twice), transport=transport)
    assert done.result.error is None
    first, second = outcomes
    assert first.contract_refused == "FAILED_CertificateRevoked"
    assert second.ok, second.reason
    assert second.installed is not None
    assert serials[0] != serials[1]
    assert second.energy_wh == pytest.approx(300, abs=1)
