"""A lab file as a whole: what each table may say, but not beside the others, or not on this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import UNSET

from pncsim.ev.config import VehicleConfig
from pncsim.secc.config import SeccConfig
from pncsim.simulator.lab.stations import configure_station
from pncsim.simulator.lab.vehicles import configure, planned, profile_of
from pncsim.simulator.labs.lab_file import CsmsEntry, StationEntry
from pncsim.simulator.labs.reading import Written, read
from pncsim.simulator.labs.taking_part import car_named, traits_of, vehicle_traits
from pncsim.simulator.plan import Policies, VehiclePlan
from pncsim.wire.errors import LocalError, PncError

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
    yield from _about_vehicles(written)
    yield from _impossible(written)
    names = Counter(entry.name for entry in file.vehicles if entry.name)
    yield from (f"[[vehicles]] has {often} of the name {name!r}." for name, often in names.items() if often > 1)
    if file.ecosystem is not UNSET:
        for kind in sorted(written.tables.keys() & {"pkis", "roots", "provisioning", "pool", "ocsp"}):
            yield f"[ecosystem] names services, whose PKI and pools are their own: leave out {kind}."
        for policy in sorted(written.tables.get("policies", {}).keys() & {"revocation", "contract_selection"}):
            yield f"[ecosystem] names services, which decide on {policy} themselves: leave that out of [policies]."
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


def _about_vehicles(written: Written) -> Iterator[str]:
    """Those that are somebody else's: what nobody here decides, and where they come."""
    places = set()
    for number, (one, table) in enumerate(
        zip(written.file.vehicles, written.tables.get("vehicles", ()), strict=True), 1
    ):
        which = f"[[vehicles]] {one.name or number}"
        inside = sorted(table.keys() & {*VehicleConfig.__struct_fields__, "profile"})
        if not one.foreign and table.keys() & {"interface", "sdp_port", "wait"}:
            yield f"{which} is built in and comes without an address: leave it out, or say foreign = true."
        if one.foreign:
            places.add((one.interface, one.sdp_port))
            if inside:
                what = ", ".join(inside)
                yield f"{which} is somebody else's, and so nobody here decides on its {what}: leave that out."
            if one.interface is not UNSET and one.sdp_port is not UNSET:
                yield f"{which} says interface and sdp_port; on an interface SDP has the port 15118."
    if len(places) > 1:
        yield "[[vehicles]] that are somebody else's come over several links; one station waits for them, on one."
    if places and written.file.stations and all(station.foreign for station in written.file.stations):
        yield "[[vehicles]] and [[stations]] are all somebody else's: nobody here would meet them."


def _impossible(written: Written) -> Iterator[str]:
    """Values that are good alone, but make no vehicle or station together."""
    for table in written.tables.get("stations", ()):
        try:
            configure_station(None, {}, traits_of(table, SeccConfig))
        except LocalError as error:
            yield f"[[stations]] ({table['identity']}): {error}"
    for number, table in enumerate(written.tables.get("vehicles", ()), 1):
        try:
            car = profile_of(car_named(table.get("profile", ""), written))
            configure("ac", 1.0, 1, car, **planned(VehiclePlan(traits=vehicle_traits(table)), Policies(), {}))
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
    services = written.file.ecosystem
    if services is not UNSET and services.credentials is not UNSET and not written.at(services.credentials).is_file():
        yield f"[ecosystem], credentials: there is no file {written.at(services.credentials)}."


def _not_said(written: Written, environment: Mapping[str, str]) -> Iterator[str]:
    file = written.file
    asked = [(f"[[csms]] ({one.name})", one.password_env) for one in file.csms]
    if file.pool is not UNSET:
        asked.append(("[pool]", file.pool.token_env))
    for where, variable in asked:
        if variable is not UNSET and not environment.get(variable):
            yield f"{where} has its secret from the environment variable {variable}, which is not set: export it."
