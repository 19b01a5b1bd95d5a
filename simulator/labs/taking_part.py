"""A lab file and a scenario's plan become one plan: who takes part in this run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from pncsim.ev.config import VehicleConfig
from pncsim.secc.config import SeccConfig
from pncsim.simulator.labs.lab_file import CsmsEntry, PolicyEntry, StationEntry, VehicleEntry
from pncsim.simulator.labs.reading import Written
from pncsim.simulator.plan import (
    SDP_PORT,
    WAIT,
    CsmsPlan,
    ManufacturerPlan,
    OperatorPlan,
    OtherSide,
    PkiPlan,
    Plan,
    Policies,
    ProvisioningPlan,
    RootPlan,
    RootRole,
    StationPlan,
    VehiclePlan,
)
from pncsim.simulator.settings import RunSettings, Transport
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import LENIENT, STRICT
from pncsim.wire.urls import without_password
from pncsim.wire.values import replace

T = TypeVar("T")

_ROLES: Mapping[str, RootRole] = {"v2g": "v2g_root", "mo": "mo_root", "oem": "oem_root", "csms": "csms_root"}


def plan_of(written: Written, plan: Plan, environment: Mapping[str, str], *, transport: Transport) -> Plan:
    """``plan`` as a scenario has it, and what the file says instead. Raises LocalError for what cannot be in memory."""
    file, tables = written.file, written.tables
    vehicles = tuple(
        VehiclePlan(
            name=one.name,
            operator=one.operator,
            pki=one.pki,
            profile=car_named(one.profile, written),
            traits=vehicle_traits(table),
            link=_link(one) if one.foreign else None,
            wait=WAIT if one.wait is UNSET else one.wait,
        )
        for one, table in zip(file.vehicles, tables.get("vehicles", ()), strict=True)
    )
    merged = Plan(
        pkis=tuple(PkiPlan(one.name, _given(one.folder, written.at), one.algorithm) for one in file.pkis) or plan.pkis,
        operators=tuple(OperatorPlan(one.provider, one.pki, one.provisioning) for one in file.operators)
        or plan.operators,
        manufacturers=tuple(ManufacturerPlan(one.wmi, one.pki) for one in file.manufacturers) or plan.manufacturers,
        provisioning=tuple(ProvisioningPlan(one.name, one.pkis) for one in file.provisioning) or plan.provisioning,
        csmss=tuple(_csms(one, environment) for one in file.csms) or plan.csmss,
        stations=_for_foreign(_stations(written, plan), vehicles),
        vehicles=vehicles or plan.vehicles,
        roots=tuple(RootPlan(_ROLES[one.kind], written.at(one.file)) for one in file.roots) or plan.roots,
        policies=_policies(file.policies) if "policies" in tables else plan.policies,
        pool_url=plan.pool_url if file.pool is UNSET else file.pool.url,
        pool_token=plan.pool_token if file.pool is UNSET else _secret(file.pool.token_env, environment),
        ocsp_url=plan.ocsp_url if file.ocsp is UNSET else file.ocsp.url,
    )
    if transport == "memory" and (others := [who for who, _ in elsewhere(merged)]):
        raise LocalError(
            f"{written.path}: {', '.join(others)} is somebody else's, and nobody else can be reached in memory.",
            advice="Leave out --transport memory.",
        )
    return merged


def settings_of(written: Written, settings: RunSettings) -> RunSettings:
    """``settings``, with the running services the file names. Raises LocalError where both name some, or do not fit."""
    services = written.file.ecosystem
    if services is UNSET:
        return settings
    if settings.ecosystem is not None or settings.credentials is not None:
        raise LocalError(f"--ecosystem names services, and so does {written.path}.", advice="Say it once.")
    whole = replace(settings, ecosystem=services.url, credentials=_given(services.credentials, written.at))
    if whole.contradiction:
        raise LocalError(f"{written.path} names running services. {whole.contradiction}")
    return whole


def elsewhere(plan: Plan) -> Iterator[tuple[str, str]]:
    """(who, where) for everybody who is not built in; addresses without their passwords."""
    for csms in plan.csmss:
        if csms.url is not None:
            yield f"the CSMS {csms.name}", without_password(csms.url)
    for station in plan.stations:
        if station.foreign:
            link = station.link or OtherSide()
            where = link.interface or f"loopback, SDP port {link.sdp_port}"
            yield f"the station {station.identity}", where
    for number, vehicle in enumerate(plan.vehicles, 1):
        if vehicle.link is not None:
            where = vehicle.link.interface or f"loopback, SDP port {vehicle.link.sdp_port}"
            yield f"the vehicle {vehicle.name or number}", where
    if plan.pool_url is not None:
        yield "the contract pool", without_password(plan.pool_url)
    if plan.ocsp_url is not None:
        yield "the OCSP responder", without_password(plan.ocsp_url)


def _csms(one: CsmsEntry, environment: Mapping[str, str]) -> CsmsPlan:
    profile = None if one.security_profile is UNSET else one.security_profile
    roaming = None if one.roaming is UNSET else one.roaming
    return CsmsPlan(one.name, _given(one.url, str), _secret(one.password_env, environment), profile, roaming)


def _stations(written: Written, plan: Plan) -> tuple[StationPlan, ...]:
    """Those of the file, or those of the plan, which are then at the file's CSMSs."""
    names = [one.name for one in written.file.csms] or [one.name for one in plan.csmss]
    if not written.file.stations:
        return tuple(one if one.csms in names else replace(one, csms=names[0]) for one in plan.stations)
    usual_ones, made = iter(plan.stations), []
    for one, table in zip(written.file.stations, written.tables["stations"], strict=True):
        usual = next(usual_ones, StationPlan())
        made.append(
            StationPlan(
                identity=one.identity,
                evses=usual.evses if one.evses is UNSET else one.evses,
                csms=one.csms or names[0],
                pki=one.pki,
                link=_link(one) if one.foreign else None,
                foreign=one.foreign,
                commissioned=usual.commissioned,
                private=usual.private,
                traits=traits_of(table, SeccConfig),
            )
        )
    return tuple(made)


def _link(one: StationEntry | VehicleEntry) -> OtherSide:
    """Where somebody else's station or vehicle is met."""
    port = SDP_PORT if one.sdp_port is UNSET else one.sdp_port
    return OtherSide(interface=_given(one.interface, str), sdp_port=port)


def _for_foreign(stations: tuple[StationPlan, ...], vehicles: tuple[VehiclePlan, ...]) -> tuple[StationPlan, ...]:
    """The stations; EVSE 1 of the first that is ours waits where somebody else's vehicles come."""
    link = next((one.link for one in vehicles if one.link is not None), None)
    ours = next((one for one in stations if not one.foreign), None)
    return stations if link is None else tuple(replace(one, link=link) if one is ours else one for one in stations)


def traits_of(table: Mapping[str, Any], config: type[Struct]) -> dict[str, Any]:
    """What a table says of fields of ``config``."""
    return {name: value for name, value in table.items() if name in config.__struct_fields__}


def vehicle_traits(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a table of [[vehicles]] says of fields of the configuration."""
    traits = traits_of(table, VehicleConfig)
    return traits | ({"evccid": bytes.fromhex(traits["evccid"])} if "evccid" in traits else {})


def car_named(name: str, written: Written) -> str:
    """A car by its name, or the path of a file."""
    return str(written.at(name)) if name.endswith(".toml") else name


def _policies(said: PolicyEntry) -> Policies:
    return Policies(
        revocation=None if said.revocation is UNSET else said.revocation,
        selection=said.contract_selection,
        ocsp=None if said.ocsp is UNSET else said.ocsp,
        refuses=STRICT if said.strict else LENIENT,
        algorithms=said.algorithms,
    )


def _given(value: str | UnsetType, make: Callable[[str], T]) -> T | None:
    return None if value is UNSET else make(value)


def _secret(variable: str | UnsetType, environment: Mapping[str, str]) -> str:
    return "" if variable is UNSET else environment.get(variable, "")
