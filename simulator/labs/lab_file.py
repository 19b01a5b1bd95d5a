"""What a lab file says: a declaration of its tables, from which its checks and its JSON Schema derive.

A kind that a file names replaces what a scenario says of that kind; what it does not name stays as the scenario has it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from pncsim.backend.ccp.delivery import BundlePolicy
from pncsim.backend.pki.revocation import RevocationPolicy
from pncsim.ev.config import LONGEST_LOOP_INTERVAL, AcLimits, DcLimits, TlsPolicy
from pncsim.secc.config import AcSupply, DcSupply, ReceiptPolicy
from pncsim.simulator.plan import CSMS, PORTS, SecurityProfile
from pncsim.tls_certs.judges import OcspPolicy
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.session.responder import AfterFailed


def _form(pattern: str, told: str) -> Any:
    return Meta(pattern=pattern, extra={"told": told})


Name = Annotated[str, _form("^[A-Za-z0-9][A-Za-z0-9. -]{0,47}$", "a name such as north")]
NameOrNone = Annotated[str, _form("^([A-Za-z0-9][A-Za-z0-9. -]{0,47})?$", "a name such as north")]
VehicleName = Annotated[
    str, _form("^([A-Za-z0-9][A-Za-z0-9.-]{0,47})?$", "a name such as EV-red: letters, digits, dots and hyphens")
]
Identity = Annotated[
    str, _form("^[A-Za-z0-9*_=+|@.-]{1,48}$", "an identity such as CS001, at most 48 characters without / and :")
]
EnvironmentName = Annotated[str, _form("^[A-Za-z_][A-Za-z0-9_]*$", "the name of a variable such as PNC_CSMS_PASSWORD")]
Provider = Annotated[str, _form("^[A-Z]{2}[A-Z0-9]{3}$", "country and provider id such as DEABC")]
Wmi = Annotated[str, _form("^[A-HJ-NPR-Z0-9]{3}$", "three letters or digits such as WBA, without I, O and Q")]
HttpUrl = Annotated[str, _form("^https?://[^ ]+$", "an address that begins with http:// or https://")]
SocketUrl = Annotated[str, _form("^wss?://[^ ]+$", "an address that begins with ws:// or wss://")]
Mac = Annotated[str, _form("^[0-9A-Fa-f]{12}$", "12 hexadecimal digits such as 021518020001")]
Duration = Annotated[float, Meta(gt=0)]
LoopSeconds = Annotated[float, Meta(gt=0, le=LONGEST_LOOP_INTERVAL)]
Factor = Annotated[float, Meta(ge=1)]
Outlets = Annotated[int, Meta(ge=1, le=99)]
Port = Annotated[int, Meta(ge=PORTS[0], le=PORTS[-1])]
Number = Annotated[int, Meta(ge=0, le=1024)]
PkiName = Annotated[str, Meta(description="name of a PKI; without it, the first")]


class PkiEntry(Struct, frozen=True, kw_only=True):
    """A PKI with a V2G root of its own. The first is the usual one, and may go without a name."""

    name: Annotated[NameOrNone, Meta(description="what others call it here")] = ""
    folder: Annotated[
        str | UnsetType, Meta(description="folder as `pnc certs create` makes it; without it, issued for each run")
    ] = UNSET
    algorithm: Annotated[AlgorithmId, Meta(description="without a folder: what the keys issued are for")] = "P-256"


class RootEntry(Struct, frozen=True, kw_only=True):
    """Somebody else's root certificates, which everybody here trusts beside the first PKI's own."""

    kind: Annotated[Literal["v2g", "mo", "oem", "csms"], Meta(description="whose chains they end")]
    file: Annotated[str, Meta(description="certificates, PEM or DER")]


class OperatorEntry(Struct, frozen=True, kw_only=True):
    """A mobility operator. The first is who sells contracts where nothing else is said."""

    provider: Annotated[Provider, Meta(description="country and provider id: how its EMAIDs begin")]
    pki: PkiName = ""
    provisioning: Annotated[str, Meta(description="who signs its bundles; without it, the common service")] = ""


class ManufacturerEntry(Struct, frozen=True, kw_only=True):
    """A vehicle manufacturer."""

    wmi: Annotated[Wmi, Meta(description="world manufacturer identifier: how its PCIDs begin")]
    pki: PkiName = ""


class ProvisioningEntry(Struct, frozen=True, kw_only=True):
    """A certificate provisioning service that signs below the V2G roots of these PKIs."""

    name: Name
    pkis: Annotated[tuple[str, ...], Meta(min_length=1)] = ("",)


class CsmsEntry(Struct, frozen=True, kw_only=True):
    """A charging station management system: built in, or with a URL somebody's."""

    name: Name = CSMS
    url: Annotated[SocketUrl | UnsetType, Meta(description="somebody's: stations connect there (OCPP 2.0.1)")] = UNSET
    password_env: Annotated[
        EnvironmentName | UnsetType,
        Meta(description="environment variable with the stations' password; no file holds one"),
    ] = UNSET
    security_profile: Annotated[
        SecurityProfile | UnsetType,
        Meta(
            description="OCPP security profile: 1 password alone, 2 password and TLS, 3 TLS with certificates of both; "
            "without it 2 on sockets, none in memory; a URL says it itself"
        ),
    ] = UNSET
    roaming: Annotated[
        tuple[Provider, ...] | UnsetType,
        Meta(description="built in: the operators there are agreements with; without it, all"),
    ] = UNSET


class StationEntry(Struct, frozen=True, kw_only=True):
    """A charging station: built in, or with `foreign` somebody's. Behind `pki`: what its EVSEs are like."""

    identity: Identity
    evses: Annotated[Outlets | UnsetType, Meta(description="without it, as many as the scenario wants")] = UNSET
    csms: Annotated[str, Meta(description="name of a CSMS; without it, the first")] = ""
    pki: PkiName = ""
    foreign: Annotated[bool, Meta(description="somebody's: vehicles here find it by SDP")] = False
    interface: Annotated[str | UnsetType, Meta(description="foreign: the network interface; without it, loopback")] = (
        UNSET
    )
    sdp_port: Annotated[Port | UnsetType, Meta(description="foreign, on loopback: its SDP port, usually 15118")] = UNSET
    contract: bool | UnsetType = UNSET
    external: bool | UnsetType = UNSET
    certificate_service: bool | UnsetType = UNSET
    central_validation: bool | UnsetType = UNSET
    authorize_early: bool | UnsetType = UNSET
    free_charging: bool | UnsetType = UNSET
    smart_charging: Annotated[bool | UnsetType, Meta(description="ask the CSMS for schedules (OCPP K15)")] = UNSET
    has_clock: bool | UnsetType = UNSET
    after_failed: AfterFailed | UnsetType = UNSET
    expires_soon_days: Duration | UnsetType = UNSET
    meter_interval: Duration | UnsetType = UNSET
    external_wait: Duration | UnsetType = UNSET
    pause_seconds: Duration | UnsetType = UNSET
    ac: AcSupply | UnsetType = UNSET
    dc: DcSupply | UnsetType = UNSET
    receipts: ReceiptPolicy | UnsetType = UNSET


class VehicleEntry(Struct, frozen=True, kw_only=True):
    """A vehicle, in the order in which the scenario makes them: built in, or with `foreign` somebody's.

    What the scenario itself says of one counts more than what is said here.
    """

    name: Annotated[VehicleName, Meta(description="what events call it")] = ""
    operator: Annotated[str, Meta(description="provider id of its contract's operator; without it, the first")] = ""
    pki: PkiName = ""
    profile: Annotated[str, Meta(description="what car it is like: one of `pnc list --vehicles`, or a file")] = ""
    foreign: Annotated[bool, Meta(description="somebody's: it comes to the first built-in station")] = False
    interface: Annotated[str | UnsetType, Meta(description="foreign: the network interface; without it, loopback")] = (
        UNSET
    )
    sdp_port: Annotated[Port | UnsetType, Meta(description="foreign, on loopback: the SDP port, usually 15118")] = UNSET
    wait: Annotated[Duration | UnsetType, Meta(description="foreign: seconds it is waited for, usually 120")] = UNSET
    evccid: Annotated[Mac | UnsetType, Meta(description="MAC address")] = UNSET
    emaid: Annotated[str | UnsetType, Meta(description="the contract it shows, where it holds several")] = UNSET
    departure: Annotated[Duration | UnsetType, Meta(description="seconds after plug-in")] = UNSET
    tls: TlsPolicy | UnsetType = UNSET
    ocsp: Annotated[OcspPolicy | UnsetType, Meta(description="what it demands of the station's OCSP answer")] = UNSET
    resume: bool | UnsetType = UNSET
    loop_interval: Annotated[LoopSeconds | UnsetType, Meta(description="seconds")] = UNSET
    poll_interval: Duration | UnsetType = UNSET
    idle_limit: Duration | UnsetType = UNSET
    patience: Annotated[Factor | UnsetType, Meta(description="stretches the standard's limits")] = UNSET
    max_renegotiations: Number | UnsetType = UNSET
    max_schedule_entries: Number | UnsetType = UNSET
    ac: AcLimits | UnsetType = UNSET
    dc: DcLimits | UnsetType = UNSET


class PoolEntry(Struct, frozen=True, kw_only=True):
    """Somebody's contract pool, instead of the one built in."""

    url: Annotated[HttpUrl, Meta(description="its base, before /v1/ccp")]
    token_env: Annotated[
        EnvironmentName | UnsetType,
        Meta(description="environment variable with the CSMS's bearer token; no file holds one"),
    ] = UNSET


class OcspEntry(Struct, frozen=True, kw_only=True):
    """Somebody's OCSP responder, which certificates issued here then name."""

    url: HttpUrl


class EcosystemEntry(Struct, frozen=True, kw_only=True):
    """Running services (`pnc serve ecosystem`) instead of the pools, the PKI and the operators built in."""

    url: HttpUrl
    credentials: Annotated[
        str | UnsetType, Meta(description="their ready file or clients.json; without it, that of the usual folder")
    ] = UNSET


class PolicyEntry(Struct, frozen=True, kw_only=True):
    """What everybody here is like."""

    revocation: Annotated[
        RevocationPolicy | UnsetType, Meta(description="what is demanded to be known of certificates' revocation")
    ] = UNSET
    contract_selection: Annotated[
        BundlePolicy, Meta(description="which contract the pool hands out where a vehicle has several")
    ] = "default-first"
    ocsp: Annotated[OcspPolicy | UnsetType, Meta(description="what all vehicles demand of a station's OCSP answer")] = (
        UNSET
    )
    algorithms: Annotated[
        tuple[AlgorithmId, ...],
        Meta(min_length=1, description="what everybody takes in certificates, and stations in signatures of vehicles"),
    ] = ("P-256",)
    strict: Annotated[bool, Meta(description="refuse what is otherwise tolerated and told")] = False


class LabFile(Struct, frozen=True, kw_only=True):
    """A lab file of pncsim."""

    title: str = ""
    policies: PolicyEntry = PolicyEntry()
    pkis: tuple[PkiEntry, ...] = ()
    roots: tuple[RootEntry, ...] = ()
    operators: tuple[OperatorEntry, ...] = ()
    manufacturers: tuple[ManufacturerEntry, ...] = ()
    provisioning: tuple[ProvisioningEntry, ...] = ()
    csms: tuple[CsmsEntry, ...] = ()
    stations: tuple[StationEntry, ...] = ()
    vehicles: tuple[VehicleEntry, ...] = ()
    pool: PoolEntry | UnsetType = UNSET
    ocsp: OcspEntry | UnsetType = UNSET
    ecosystem: EcosystemEntry | UnsetType = UNSET


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a lab file; editors that know TOML complete and check by it."""
    [_], components = msgspec.json.schema_components([LabFile], ref_template="#/$defs/{name}")
    for table in components.values():
        table["additionalProperties"] = False
        for value in table["properties"].values():
            if value.get("type") in ("number", "integer") and not value.keys() & {"minimum", "exclusiveMinimum"}:
                value["minimum"] = 0
    own = components.pop("LabFile")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **own, "$defs": components}
