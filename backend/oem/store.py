"""What a manufacturer keeps of its vehicles, and of what they are to do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Literal

from cryptography import x509
from msgspec import Struct

from pncsim.backend.pcp.store import vehicle_key
from pncsim.backend.store.tables import KeptKind, Tables, every
from pncsim.tls_certs import reading

_ID = re.compile(r"[A-Za-z0-9-]{1,80}", re.ASCII)


class HeldContract(Struct, frozen=True):
    """A contract a vehicle says it holds: EMAID in normal form, and its chain, leaf first, without root."""

    emaid: str
    chain: tuple[x509.Certificate, ...]


class FleetVehicle(Struct, frozen=True, kw_only=True):
    """A vehicle as its manufacturer knows it.

    ``vin`` stays; ``pcid`` is what it is published as, ``wanted`` what its next provisioning certificate will name it.
    ``chain`` is the provisioning certificate it uses, ``fresh`` one that was issued and not yet confirmed by it.
    ``telematics`` is the SHA-256 of the certificate it calls with.
    ``predecessors`` are provisioning certificates that were replaced and are still good, ``revoke`` says that they
    are to be revoked as soon as their successor is published. ``contracts`` are those it said to hold, ``default`` the
    EMAID of the one it pays with.
    """

    vin: str
    pcid: str
    wanted: str
    maker: str = ""
    owner: str = ""
    telematics: str = ""
    chain: tuple[x509.Certificate, ...] = ()
    fresh: tuple[x509.Certificate, ...] = ()
    predecessors: tuple[x509.Certificate, ...] = ()
    revoke: bool = False
    published: bool = False
    v2g_roots: tuple[str, ...] = ()
    contracts: tuple[HeldContract, ...] = ()
    default: str = ""

    @property
    def previous_pcid(self) -> str | None:
        """The PCID it had before, while its predecessor's certificate is still good."""
        names = [reading.common_name(old) for old in self.predecessors]
        return next((name for name in names if vehicle_key(name) != vehicle_key(self.pcid)), None)


FLEET: KeptKind[FleetVehicle] = KeptKind(
    "fleet",
    FleetVehicle,
    key=lambda vehicle: vehicle.vin.upper(),
    indexes={
        "pcid": lambda vehicle: vehicle_key(vehicle.pcid),
        "owner": lambda vehicle: vehicle.owner,
        "telematics": lambda vehicle: vehicle.telematics,
    },
)


class FleetKey(Struct, frozen=True):
    """A public key (SHA-256) and the vehicle that has made it: no two vehicles have one key (OEM-3)."""

    key: str
    vin: str


FLEET_KEYS: KeptKind[FleetKey] = KeptKind("fleet_keys", FleetKey, key=lambda one: one.key)

VehicleDeed = Literal["install", "remove", "renew", "reset"]
"""What a vehicle may be asked to do: install or remove a contract, get a new provisioning certificate, forget all."""
ErrandState = Literal["waiting", "ready", "refused", "done", "failed", "void"]
"""``waiting`` for its owner's approval, ``ready`` to be fetched; ``void``: there is nothing to do any more."""


class Errand(Struct, frozen=True, kw_only=True):
    """One thing a vehicle is to do. ``fingerprint``: SHA-256 of the contract certificate it is about.

    ``new_key``: for a renewal, whether the vehicle makes a new key. Times are lab seconds since the epoch.
    """

    id: str
    vin: str
    deed: VehicleDeed
    state: ErrandState
    created_at: float
    emaid: str = ""
    pcid: str = ""
    fingerprint: str = ""
    new_key: bool = True
    text: str = ""


ERRANDS: KeptKind[Errand] = KeptKind(
    "errands",
    Errand,
    key=lambda errand: errand.id,
    indexes={"vehicle": lambda errand: errand.vin.upper()},
)
"""Those of a vehicle in the order they came up."""


class SeenTrustList(Struct, frozen=True):
    """Of when the newest trust list of a root pool was, in lab seconds since the epoch: an older one is no news.

    ``signer`` is the SHA-256 of the root that stands behind its signer.
    """

    signer: str
    this_update: float


SEEN_TRUST_LISTS: KeptKind[SeenTrustList] = KeptKind("seen_trust_lists", SeenTrustList, key=lambda seen: seen.signer)

FLEET_KINDS = (FLEET, FLEET_KEYS, ERRANDS, SEEN_TRUST_LISTS)


def is_errand(id: str) -> bool:
    """Whether a text can be an errand's id: others are not looked for."""
    return _ID.fullmatch(id) is not None


async def vehicle_of(tables: Tables, pcid: str) -> FleetVehicle | None:
    """The vehicle that is published under a PCID, in any spelling."""
    page = await tables.of(FLEET).page(("pcid", vehicle_key(pcid)), limit=1)
    return next(iter(page.values), None)


def errands_of(tables: Tables, vin: str) -> AsyncIterator[Errand]:
    """Everything a vehicle was ever asked to do."""
    return every(tables.of(ERRANDS), ("vehicle", vin.upper()))
