"""A lab file and a scenario's plan become one plan: who takes part in this run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType

from pncsim.ev.config import VehicleConfig
from pncsim.secc.config import SeccConfig
from pncsim.simulator.lab.stations import configure_station
from pncsim.simulator.lab.vehicles import configure, planned, profile_of
from pncsim.simulator.labs.lab_file import CsmsEntry, PolicyEntry, StationEntry
from pncsim.simulator.labs.reading import Written, read
from pncsim.simulator.plan import (
    SDP_PORT,
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
from pncsim.simulator.settings import Transport
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.gate import LENIENT, STRICT
from pncsim.wire.urls import without_password
from pncsim.wire.values import replace

T = TypeVar("T")

_ROLES: Mapping[str, RootRole] = {"v2g": "v2g_root", "mo": "mo_root", "oem": "oem_root", "csms": "csms_root"}
_NAMED = {
    "pkis": "name",
    "operators": "provider",
    "manufacturers": "wmi",
    "provisioning": "name",
    "csms": "name",
    "stations": "identity",
}
"""What tells the members of a kind apart; no two may have the same."""


def lab_at(path: Path, environment: Mapping[str, str]) -> Written:
    """The lab file at ``path``. Raises LocalError with the first thing that is wrong with it, and how many more are."""
    written, mistakes = checked(path, environment)
    if written is not None and not mistakes:
        return written
    more = f" {len(mistakes) - 1} more: see `pnc lab check {path}`." if len(mistakes) > 1 else ""
    raise LocalError(f"{mistakes[0]}{more}")


def checked(path: Path, environment: Mapping[str, str]) -> tuple[Written | None, list[str]]:
    """The lab file at ``path`` as far as it can be read, and everything that is wrong with it. Raises LocalError."""
    written, mistakes = read(path)
    if written is not None:
        mistakes = [f"{path}: {text}" for text in _contradictions(written, environment)]
    return written, mistakes


def _contradictions(written: Written, environment: Mapping[str, str]) -> Iterator[str]:
    """What each table may say, but not beside the others or on this machine."""
    file = written.file
    for kind, key in _NAMED.items():
        often = Counter(getattr(entry, key) for entry in getattr(file, kind))
        for name, times in often.items():
            if times > 1:
                yield f"[[{kind}]] has {times} of the {key} {name!r}: each has to have one of its own."
    pkis = [entry.name for entry in file.pkis]
    for kind in ("operators", "manufacturers", "stations", "vehicles"):
        for entry in getattr(file, kind):
            yield from _unknown(kind, "pki", entry.pki, pkis, "pkis")
    for service in file.provisioning:
        for name in service.pkis:
            yield from _unknown("provisioning", "pkis", name, pkis, "pkis")
    services = [entry.name for entry in file.provisioning]
    for operator in file.operators:
        yield from _unknown("operators", "provisioning", operator.provisioning, services, "provisioning")
    for station in file.stations:
        yield from _unknown("stations", "csms", station.csms, [one.name for one in file.csms], "csms")
        yield from _about_station(station, written.tables["stations"][file.stations.index(station)])
    for vehicle in file.vehicles:
        known = [one.provider for one in file.operators]
        yield from _unknown("vehicles", "operator", vehicle.operator, known, "operators")
    yield from _impossible(written)
    names = Counter(entry.name for entry in file.vehicles if entry.name)
    yield from (f"[[vehicles]] has {often} of the name {name!r}." for name, often in names.items() if often > 1)
    yield from _about_csmss(file.csms, trusted=any(one.kind == "csms" for one in file.roots) or _folder(written))
    yield from _not_there(written)
    yield from _not_said(written, environment)


def _unknown(kind: str, key: str, name: str, known: Collection[str], where: str) -> Iterator[str]:
    """A name that nobody has. "" is the first of its kind, whoever that is."""
    if name and name not in known:
        told = f"there are {', '.join(filter(None, known))}" if any(known) else "there is none"
        yield f"[[{kind}]] names the {key} {name!r}; in [[{where}]] {told}."


def _about_station(station: StationEntry, table: Mapping[str, Any]) -> Iterator[str]:
    which = f"[[stations]] ({station.identity})"
    inside = sorted(table.keys() & {*SeccConfig.__struct_fields__, "evses", "csms", "pki"})
    if station.foreign and inside:
        yield f"{which} is somebody else's, and so nobody here decides on its {', '.join(inside)}: leave that out."
    if station.foreign and station.interface is not UNSET and station.sdp_port is not UNSET:
        yield f"{which} says interface and sdp_port; on an interface SDP has the port 15118."
    if not station.foreign and table.keys() & {"interface", "sdp_port"}:
        yield f"{which} is built in and found without an address: leave it out, or say foreign = true."


def _impossible(written: Written) -> Iterator[str]:
    """Values that are good alone, but make no vehicle or station together."""
    for table in written.tables.get("stations", ()):
        try:
            configure_station(None, {}, _traits(table, SeccConfig))
        except LocalError as error:
            yield f"[[stations]] ({table['identity']}): {error}"
    for number, table in enumerate(written.tables.get("vehicles", ()), 1):
        try:
            car = profile_of(_profile(table.get("profile", ""), written))
            configure("ac", 1.0, 1, car, **planned(VehiclePlan(traits=_vehicle_traits(table)), Policies(), {}))
        except LocalError as error:
            yield f"[[vehicles]] {number}: {error}"


def _about_csmss(csmss: Iterable[CsmsEntry], *, trusted: bool) -> Iterator[str]:
    for csms in csmss:
        if csms.url is UNSET:
            continue
        if csms.security_profile is not UNSET:
            yield f"[[csms]] ({csms.name}) is somebody else's, whose url says the security profile: leave that out."
        if csms.url.startswith("wss:") and not trusted:
            yield (
                f"[[csms]] ({csms.name}) speaks TLS, and nothing says by which root it is trusted: "
                'add [[roots]] with kind = "csms", or a PKI folder with one.'
            )


def _folder(written: Written) -> bool:
    return bool(written.file.pkis) and written.file.pkis[0].folder is not UNSET


def _not_there(written: Written) -> Iterator[str]:
    from pncsim.tls_certs.pki import load_pki
    from pncsim.tls_certs.reading import load_all

    for pki in written.file.pkis:
        if pki.folder is not UNSET:
            try:
                load_pki(written.at(pki.folder))
            except PncError as error:
                yield f"[[pkis]] ({pki.name or 'the first'}) cannot be used: {error}"
    for root in written.file.roots:
        try:
            load_all(written.at(root.file).read_bytes(), f"The root in {root.file}")
        except OSError as error:
            yield f"[[roots]] ({root.file}) cannot be read: {(error.strerror or str(error)).lower()}."
        except PncError as error:
            yield f"[[roots]] ({root.file}) cannot be used: {error}"


def _not_said(written: Written, environment: Mapping[str, str]) -> Iterator[str]:
    file = written.file
    asked = [(f"[[csms]] ({one.name})", one.password_env) for one in file.csms]
    if file.pool is not UNSET:
        asked.append(("[pool]", file.pool.token_env))
    for where, variable in asked:
        if variable is not UNSET and not environment.get(variable):
            yield f"{where} has its secret from the environment variable {variable}, which is not set: export it."


# The plan


def plan_of(written: Written, plan: Plan, environment: Mapping[str, str], *, transport: Transport) -> Plan:
    """``plan`` as a scenario has it, and what the file says instead. Raises LocalError for what cannot be in memory."""
    file, tables = written.file, written.tables
    merged = Plan(
        pkis=tuple(PkiPlan(one.name, _given(one.folder, written.at)) for one in file.pkis) or plan.pkis,
        operators=tuple(OperatorPlan(one.provider, one.pki, one.provisioning) for one in file.operators)
        or plan.operators,
        manufacturers=tuple(ManufacturerPlan(one.wmi, one.pki) for one in file.manufacturers) or plan.manufacturers,
        provisioning=tuple(ProvisioningPlan(one.name, one.pkis) for one in file.provisioning) or plan.provisioning,
        csmss=tuple(_csms(one, environment) for one in file.csms) or plan.csmss,
        stations=_stations(written, plan),
        vehicles=tuple(
            VehiclePlan(
                name=one.name,
                operator=one.operator,
                pki=one.pki,
                profile=_profile(one.profile, written),
                traits=_vehicle_traits(table),
            )
            for one, table in zip(file.vehicles, tables.get("vehicles", ()), strict=True)
        )
        or plan.vehicles,
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
    if plan.pool_url is not None:
        yield "the contract pool", without_password(plan.pool_url)
    if plan.ocsp_url is not None:
        yield "the OCSP responder", without_password(plan.ocsp_url)


def _csms(one: CsmsEntry, environment: Mapping[str, str]) -> CsmsPlan:
    profile = 2 if one.security_profile is UNSET else one.security_profile
    return CsmsPlan(one.name, _given(one.url, str), _secret(one.password_env, environment), profile)


def _stations(written: Written, plan: Plan) -> tuple[StationPlan, ...]:
    """Those of the file, or those of the plan, which are then at the file's CSMSs."""
    names = [one.name for one in written.file.csms] or [one.name for one in plan.csmss]
    if not written.file.stations:
        return tuple(one if one.csms in names else replace(one, csms=names[0]) for one in plan.stations)
    usual_ones, made = iter(plan.stations), []
    for one, table in zip(written.file.stations, written.tables["stations"], strict=True):
        usual = next(usual_ones, StationPlan())
        link = OtherSide(
            interface=_given(one.interface, str), sdp_port=SDP_PORT if one.sdp_port is UNSET else one.sdp_port
        )
        made.append(
            StationPlan(
                identity=one.identity,
                evses=usual.evses if one.evses is UNSET else one.evses,
                csms=one.csms or names[0],
                pki=one.pki,
                link=link if one.foreign else None,
                foreign=one.foreign,
                traits=_traits(table, SeccConfig),
            )
        )
    return tuple(made)


def _traits(table: Mapping[str, Any], config: type[Struct]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name in config.__struct_fields__}


def _vehicle_traits(table: Mapping[str, Any]) -> Mapping[str, Any]:
    traits = _traits(table, VehicleConfig)
    return traits | ({"evccid": bytes.fromhex(traits["evccid"])} if "evccid" in traits else {})


def _profile(name: str, written: Written) -> str:
    """A car by its name, or the path of a file."""
    return str(written.at(name)) if name.endswith(".toml") else name


def _policies(said: PolicyEntry) -> Policies:
    return Policies(
        revocation=None if said.revocation is UNSET else said.revocation,
        selection=said.contract_selection,
        ocsp=None if said.ocsp is UNSET else said.ocsp,
        refuses=STRICT if said.strict else LENIENT,
    )


def _given(value: str | UnsetType, make: Callable[[str], T]) -> T | None:
    return None if value is UNSET else make(value)


def _secret(variable: str | UnsetType, environment: Mapping[str, str]) -> str:
    return "" if variable is UNSET else environment.get(variable, "")
