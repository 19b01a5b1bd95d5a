"""A lab in words: who takes part, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from pncsim.simulator.labs.reading import Written
from pncsim.simulator.labs.taking_part import elsewhere
from pncsim.simulator.plan import Plan, StationPlan
from pncsim.wire.urls import without_password


def told(written: Written, plan: Plan) -> Iterator[str]:
    """A line for the file and one for everybody in ``plan``."""
    title = f": {written.file.title}" if written.file.title else ""
    yield f"{written.path}{title}"
    for who, what in _members(plan):
        yield f"  {who:<24} {what}"
    if written.file.ecosystem is not UNSET:
        url = without_password(written.file.ecosystem.url)
        yield f"  {'pools, PKI, operators':<24} somebody else's, at {url}"


def _members(plan: Plan) -> Iterator[tuple[str, str]]:
    others = dict(elsewhere(plan))
    first = plan.pkis[0].name or "the first PKI"
    for pki in plan.pkis:
        yield f"PKI {pki.name}".strip(), f"from {pki.folder}" if pki.folder else "issued for each run"
    for root in plan.roots:
        yield root.role.replace("_", " "), f"{root.file}, trusted beside those of {first}"
    for operator in plan.operators:
        yield f"operator {operator.provider}", f"contracts of {operator.pki or first}"
    for maker in plan.manufacturers:
        yield f"manufacturer {maker.wmi}", f"vehicles of {maker.pki or first}"
    for service in plan.provisioning:
        yield f"provisioning {service.name}", f"signs below {', '.join(name or first for name in service.pkis)}"
    for csms in plan.csmss:
        where = others.get(f"the CSMS {csms.name}")
        built_in = f"built in, security profile {csms.security_profile or 2}"
        yield f"CSMS {csms.name}", f"somebody else's, at {where}" if where else built_in
    for station in plan.stations:
        where = others.get(f"the station {station.identity}")
        yield f"station {station.identity}", f"somebody else's, on {where}" if where else _built_in(station)
    for number, vehicle in enumerate(plan.vehicles, 1):
        where = others.get(f"the vehicle {vehicle.name or number}")
        car = f", speaks as {vehicle.profile}" if vehicle.profile else ""
        built_in = f"built in{car}{_traits(vehicle.traits)}"
        yield f"vehicle {vehicle.name or number}", f"somebody else's, comes on {where}" if where else built_in
    for who in ("the contract pool", "the OCSP responder"):
        yield who.removeprefix("the "), f"somebody else's, at {others[who]}" if who in others else "built in"
    policies = plan.policies
    yield (
        "policies",
        ", ".join(
            (
                f"revocation {policies.revocation or 'as usual'}",
                f"contract selection {policies.selection}",
                f"OCSP answers {policies.ocsp or 'as each vehicle'}",
                f"{len(policies.refuses) or 'no'} liberties refused",
            )
        ),
    )


def _built_in(station: StationPlan) -> str:
    outlets = f"{station.evses} EVSE{'s' if station.evses > 1 else ''}"
    return f"built in, {outlets}, at the CSMS {station.csms}{_traits(station.traits)}"


def _traits(traits: Mapping[str, Any]) -> str:
    return f"; it says {', '.join(traits)}" if traits else ""
