"""`pnc serve ecosystem` over a PKI whose authorities' keys are in a hardware security module."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving_world import options
from softhsm import SoftHsm

from pncsim.simulator.serving.standing import served
from pncsim.tls_certs.hsm import HsmKey
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace


@pytest.mark.rule("PKI-1", "CPS-1", "CPS-13")
async def test_what_is_enrolled_for_and_signed_is_signed_in_the_token_also_after_a_restart_that_does_not_name_it(
    softhsm: SoftHsm, tmp_path: Path
) -> None:
    for again in (False, True):
        clock = Clock()
        given = options(tmp_path / "lab", hsm=None if again else softhsm.uri("served "))
        async with served(given, clock, Trace()) as house:
            eco = house.ecosystem
            assert isinstance(eco.pki.key("cpo_sub2"), HsmKey) and isinstance(eco.pki.key("v2g_mo_sub2"), HsmKey)
            csr = build_request(SYSTEM.key(), PROFILES["secc_leaf"], "DEPNCE100002")
            chain = await eco.ca.enrol(csr, "secc_leaf", lambda name: True)
            validate_chain(chain, eco.pki.anchors("v2g_root"), Use.SECC, clock.now())
            assert (await eco.ocsp.of(*chain[:2])).status == "good"
            vehicle = eco.pki.credentials("oem_leaf")
            await eco.vehicles.publish(vehicle.chain_der)
            # The pool verifies whatever the provisioning service has signed, here with its key in the token.
            subscribed = await eco.mo.subscribe("Ada", "PNCSIMVEHICLE00001")
            assert (await eco.pool.lookup(subscribed.emaid)).pcid == "PNCSIMVEHICLE00001"
    files = {file.name for file in (tmp_path / "lab" / "pki").iterdir()}
    assert files.isdisjoint(
        f"{role}_key.pem" for role in ("v2g_root", "cpo_sub2", "mo_sub2", "v2g_mo_sub2", "cps_leaf")
    )


async def test_a_token_that_cannot_be_opened_keeps_the_services_from_starting_and_says_why(
    softhsm: SoftHsm, tmp_path: Path
) -> None:
    with pytest.raises(LocalError, match="cannot open the token nowhere: NoSuchToken"):
        async with served(options(tmp_path / "lab", hsm=softhsm.uri(token="nowhere")), Clock(), Trace()):
            pass
    assert not (tmp_path / "lab" / "pki").exists()
