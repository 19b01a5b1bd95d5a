"""A station at home: pairing, no OCSP, contracts by a list of its own, and no CSMS (CharIN 2.1.4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from evse_lab import PLAIN, charging, vehicle
from ocpp_lab import Lab, virtual

from pncsim.ev.contracts import Contract
from pncsim.ev.vehicle import Vehicle
from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.tls_certs.validation import ChainError
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.trace import Secured, Tolerated
from pncsim.wire.values import replace

YEAR = 365 * 86_400


class Home(NamedTuple):
    """What a private environment has of its own."""

    root: x509.Certificate
    station: Credentials


def home_of(lab: Lab, *, domain: str = "PE") -> Home:
    """A root that signs the station's certificate itself; ``domain`` is its DC."""
    now, root_profile, profile = (
        lab.clock.now(),
        replace(PROFILES["private_root"], domain=domain),
        PROFILES["private_leaf"],
    )
    key, own = lab.source.key(), lab.source.key()
    name = subject_name(root_profile, "Garage of Ada")
    root = issue(root_profile, name, key.public_key(), now, issuer=None, issuer_key=key, serial=1)
    leaf = issue(
        profile, subject_name(profile, "DEPNCE1"), own.public_key(), now, issuer=root, issuer_key=key, serial=2
    )
    return Home(root, Credentials((leaf,), own))


async def nobody(identity: str, password: str | None) -> Any:
    """There is no CSMS at home."""
    raise PeerError("No CSMS answers.", kind="unreachable")


@asynccontextmanager
async def garage(lab: Lab, home: Home, emaids: frozenset[str]) -> AsyncIterator[ChargePoint]:
    """The station of ``home``, which lets the contracts of ``emaids`` charge."""
    point = ChargePoint(
        lab.clock,
        lab.trace,
        replace(PLAIN, private_emaids=emaids),
        [EvsePlan(config=SeccConfig(external=False), network=MemoryNetwork(lab.clock))],
        connect=nobody,
        source=lab.source,
        credentials=home.station,
    )
    await point.open(within=1, lenient=True)
    try:
        yield point
    finally:
        await point.close()


def car_of(lab: Lab, *, pairing: bool) -> Vehicle:
    """A vehicle that demands an OCSP answer wherever there is one."""
    car = vehicle(lab, contract=True)
    car.config = replace(car.config, pairing=pairing, ocsp="require")
    return car


async def refused(lab: Lab, point: ChargePoint, car: Vehicle) -> str:
    """The kind of the vehicle's refusal of the station."""
    outcome = await charging(lab, point, 1, car)
    point.evse().pilot.disconnect()
    await point.idle()
    assert not outcome.ok and isinstance(outcome.error, PeerError)
    cause = outcome.error.__cause__
    return cause.kind if isinstance(cause, ChainError) else outcome.error.kind


@virtual
@pytest.mark.rule("PE-1", "PE-2")
async def test_a_vehicle_takes_a_private_root_while_pairing_and_charges_there_from_then_on() -> None:
    """Nobody is asked about anything: there is no CSMS, no OCSP, and the contract leads to a root nobody here has."""
    lab = Lab()
    home = home_of(lab)
    foreign = create_pki(lab.clock.now()).credentials("contract_leaf")
    emaid = common_name(foreign.leaf)
    async with garage(lab, home, frozenset({f"{emaid[:2]}-{emaid[2:5]}-{emaid[5:]}".lower()})) as point:
        car = car_of(lab, pairing=True)
        car.contracts.install(Contract(emaid, foreign))
        car.config = replace(car.config, emaid=emaid)
        point.pairing = home.root
        first = await charging(lab, point, 1, car)
        assert first.ok and first.emaid == emaid, first.error
        assert car.private_roots == (home.root,)
        point.evse().pilot.disconnect()
        await point.idle()
        point.pairing, car.config = None, replace(car.config, pairing=False)
        second = await charging(lab, point, 1, car)
        assert second.ok and second.emaid == emaid, second.error
        assert car.private_roots == (home.root,)
    shown = [len(event.chain) for event in lab.events if isinstance(event, Secured) and event.role == "EV"]
    assert shown == [2, 1], "the root is sent for pairing only"
    assert not [event for event in lab.events if isinstance(event, Tolerated)]


@virtual
@pytest.mark.rule("PE-1")
@pytest.mark.parametrize("sent", [True, False])
async def test_a_vehicle_that_is_not_pairing_takes_no_root(sent: bool) -> None:
    lab = Lab()
    home = home_of(lab)
    async with garage(lab, home, frozenset()) as point:
        point.pairing = home.root if sent else None
        car = car_of(lab, pairing=False)
        assert await refused(lab, point, car) == "no anchor"
        assert car.private_roots == ()


@virtual
@pytest.mark.rule("PE-1")
async def test_no_other_root_is_taken_while_pairing() -> None:
    """Neither a V2G root nor one under whose name another key has signed."""
    lab = Lab()
    home, other = home_of(lab), home_of(lab)
    kinds = []
    for station, shown in ((home_of(lab, domain="V2G"), None), (home, other.root)):
        async with garage(lab, station, frozenset()) as point:
            point.pairing = shown or station.root
            car = car_of(lab, pairing=True)
            kinds.append(await refused(lab, point, car))
            assert car.private_roots == ()
    assert kinds == ["no anchor", "no anchor"]


@virtual
@pytest.mark.rule("PE-2")
async def test_a_contract_that_is_not_on_the_list_does_not_charge() -> None:
    lab = Lab()
    home = home_of(lab)
    async with garage(lab, home, frozenset({"DEPNCC99999999"})) as point:
        car = car_of(lab, pairing=False)
        car.private_roots = (home.root,)
        outcome = await charging(lab, point, 1, car)
        assert not outcome.ok and outcome.loops == 0
        assert outcome.tls and outcome.emaid is not None


@pytest.mark.rule("PE-2")
def test_a_private_certificate_may_last_longer_than_a_public_one() -> None:
    assert PROFILES["private_leaf"].lifetime >= 10 * YEAR > PROFILES["secc_leaf"].lifetime
