"""Who takes part in a lab: a declaration. Parts are made when somebody needs them; some may be other people's.

A scenario carries one (:func:`simulator.scenario.scenario`); what it does not name is the usual: one PKI, one mobility
operator, one manufacturer, one CSMS with one station of one EVSE. Vehicles are made as a scenario asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from pncsim.simulator.parameters import Reads, Shown
from pncsim.wire.gate import LENIENT, Tolerance
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    from pncsim.backend.ccp.delivery import BundlePolicy
    from pncsim.backend.pki.revocation import RevocationPolicy
    from pncsim.tls_certs.judges import OcspPolicy
    from pncsim.wire.algorithms import AlgorithmId

CSMS = "CSMS"
STATION_ID = "CS001"
SDP_PORT = 15118
PORTS = range(1, 65536)
WAIT = 120.0
"""Seconds somebody else's vehicle is waited for, unless told."""
NOTHING: Mapping[str, Any] = MappingProxyType({})

SecurityProfile = Literal[1, 2, 3]
"""Of OCPP (Part 2, A00): 1 a password without TLS, 2 a password within TLS, 3 TLS with the station's certificate."""


def serial_of(number: int) -> str:
    """The serial number of station ``number``, which its own certificate names it by (OCPP A00.FR.406)."""
    return f"SN{number:04}"


def port(text: str) -> int:
    """A port somebody else can be told of: 0, which lets the system choose, is none. Raises ValueError."""
    if not text.isdecimal() or int(text) not in PORTS:
        raise ValueError(f"{text!r} is no port: {PORTS[0]} to {PORTS[-1]} are")
    return int(text)


class OtherSide(Struct, frozen=True, kw_only=True):
    """Where somebody else's vehicle or station is: an interface of this machine, or loopback (SDP on that port)."""

    interface: Annotated[str | None, "network interface; without it, loopback", Shown("NAME")] = None
    sdp_port: Annotated[int, "SDP port on loopback", Reads(port), Shown("PORT")] = SDP_PORT


class PkiPlan(Struct, frozen=True):
    """A PKI with a V2G root of its own, called ``name`` ("" for the usual one), read from ``folder`` if it has one.

    ``algorithm``: what the keys of one that is made for the run are for.
    """

    name: str = ""
    folder: Path | None = None
    algorithm: AlgorithmId = "P-256"


RootRole = Literal["v2g_root", "mo_root", "oem_root", "csms_root"]


class RootPlan(Struct, frozen=True):
    """Somebody else's root certificates in ``file``, which everybody trusts beside those of the first PKI."""

    role: RootRole
    file: Path


class OperatorPlan(Struct, frozen=True):
    """A mobility operator: its provider id (``DEABC``), the PKI that issues its contracts, who signs their delivery."""

    provider: str
    pki: str = ""
    provisioning: str = ""


class ManufacturerPlan(Struct, frozen=True):
    """A manufacturer: its WMI (three characters), the PKI that issues its vehicles' certificates."""

    wmi: str
    pki: str = ""


class ProvisioningPlan(Struct, frozen=True):
    """A certificate provisioning service that signs below the V2G roots of ``pkis``."""

    name: str
    pkis: tuple[str, ...] = ("",)


class CsmsPlan(Discreet, Struct, frozen=True):
    """An operator's CSMS. With ``url`` (ws:// or wss://) it is somebody else's; ``password`` is for its stations.

    ``security_profile``: how stations reach it; where none is said, by 2 on a socket, and by none in memory.
    ``roaming``: the provider ids of the mobility operators it has agreements with; None: with everybody who is there.
    """

    _hidden = ("url", "password")

    name: str = CSMS
    url: str | None = None
    password: str = ""
    security_profile: SecurityProfile | None = None
    roaming: tuple[str, ...] | None = None


class StationPlan(Struct, frozen=True):
    """A station with ``evses`` EVSEs, at the CSMS of that name, with a certificate of that PKI.

    ``link``: its EVSE 1 waits there for somebody else's vehicle. ``foreign``: the station itself is somebody else's,
    to be found over ``link``; only vehicles are then ours. ``commissioned`` False: it comes from its factory, knows no
    roots and holds no certificate, and Plug & Charge is off until its CSMS turns it on. ``private``: it is somebody's
    own (CharIN 2.1.4), has a root of its own and no CSMS. ``traits``: fields of :class:`secc.config.SeccConfig` that
    differ from what is usual; of a field that has fields itself, some of those.
    """

    identity: str = STATION_ID
    evses: int = 1
    csms: str = CSMS
    pki: str = ""
    link: OtherSide | None = None
    foreign: bool = False
    commissioned: bool = True
    private: bool = False
    traits: Mapping[str, Any] = NOTHING


class VehiclePlan(Struct, frozen=True, kw_only=True):
    """A vehicle that a scenario will make: its name, the operator of its contract, its PKI, what car it is like.

    ``traits``: fields of :class:`ev.config.VehicleConfig`, as in :class:`StationPlan`. ``link``: it is somebody else's,
    and comes over that to EVSE 1 of the station there, within ``wait`` seconds of being wanted.
    """

    name: str = ""
    operator: str = ""
    pki: str = ""
    profile: str = ""
    traits: Mapping[str, Any] = NOTHING
    link: OtherSide | None = None
    wait: float = WAIT


class Policies(Struct, frozen=True, kw_only=True):
    """What everybody in a lab is like.

    ``revocation``: what is demanded to be known of certificates; None: as strictly as "require", asking nobody but the
    lab's own responder. ``selection``: which contract the pool hands out. ``ocsp``: what vehicles demand of a station's
    OCSP answer; unless that is "require", a station that gets none opens all the same. ``refuses``:
    liberties nobody here lets pass (:mod:`wire.gate`). ``algorithms``: what everybody takes in certificates, and
    stations in what vehicles sign (CharIN 2.3).
    """

    revocation: RevocationPolicy | None = None
    selection: BundlePolicy = "default-first"
    ocsp: OcspPolicy | None = None
    refuses: frozenset[Tolerance] = LENIENT
    algorithms: tuple[AlgorithmId, ...] = ("P-256",)


NO_WISHES = Policies()
"""Everybody as is usual."""


class Plan(Discreet, Struct, frozen=True):
    """Everybody. The first of each kind is who is meant where nothing else is said.

    ``vehicles``: in the order in which they will be made; there may be more, which are then usual ones.
    ``pool_url`` and ``pool_token``: somebody else's contract pool. ``ocsp_url``: somebody else's OCSP responder, which
    certificates made here then name.
    """

    _hidden = ("pool_url", "pool_token")

    pkis: tuple[PkiPlan, ...] = (PkiPlan(),)
    operators: tuple[OperatorPlan, ...] = ()
    manufacturers: tuple[ManufacturerPlan, ...] = ()
    provisioning: tuple[ProvisioningPlan, ...] = ()
    csmss: tuple[CsmsPlan, ...] = (CsmsPlan(),)
    stations: tuple[StationPlan, ...] = (StationPlan(),)
    vehicles: tuple[VehiclePlan, ...] = ()
    roots: tuple[RootPlan, ...] = ()
    policies: Policies = NO_WISHES
    pool_url: str | None = None
    pool_token: str = ""
    ocsp_url: str | None = None

    @property
    def several(self) -> bool:
        """Whether more than one vehicle can be plugged in at once."""
        return sum(station.evses for station in self.stations) > 1


USUAL = Plan()
"""One of each."""
