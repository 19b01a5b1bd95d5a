"""A known state from a file (``--fixtures FILE``): participants with given secrets, roots, vehicles and contracts.

What the file names is there at each start and after a reset; what is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from pncsim.backend.auth import Clients
from pncsim.backend.ccp import CONTRACTS
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.pki.store import ISSUED, IssuedCertificate, issuer_key
from pncsim.backend.rcp import RootKind
from pncsim.backend.rest.access import Role
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder_work import issue_into
from pncsim.tls_certs.pki import Pki, load_pki
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.identifiers import check_emaid, check_pcid, emaid_provider
from pncsim.wire.values import Discreet


class FixedClient(Discreet, Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A participant with a secret that is agreed on."""

    id: str
    role: Role
    secret: str
    name: str = ""
    wmi: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    _hidden = ("secret",)


class FixedRoot(Struct, frozen=True, forbid_unknown_fields=True):
    """A root in a PEM ``file``, which is looked for beside the fixtures."""

    type: Literal["V2G", "MO", "OEM", "PE"]
    file: str


class FixedVehicle(Struct, frozen=True, forbid_unknown_fields=True):
    """A vehicle that is made here and published; its certificate and key lie in ``vehicles/PCID`` of the folder."""

    pcid: str


class FixedContract(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contract of a published vehicle, with the operator its EMAID names."""

    emaid: str
    pcid: str
    driver: str = "a driver of the fixtures"


class Fixtures(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be there, in the order it is brought about."""

    clients: tuple[FixedClient, ...] = ()
    roots: tuple[FixedRoot, ...] = ()
    vehicles: tuple[FixedVehicle, ...] = ()
    contracts: tuple[FixedContract, ...] = ()


def read_fixtures(file: Path) -> Fixtures:
    """What the file (JSON) names. Raises LocalError."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Fixtures)
    except OSError as error:
        raise LocalError(f"The fixtures in {file} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise LocalError(
            f"The fixtures in {file} cannot be understood: {error}.",
            advice="They are one JSON object with clients, roots, vehicles and contracts.",
        ) from error


class Furnishing:
    """Brings about what ``file`` names; vehicles are written below ``folder``."""

    def __init__(self, file: Path, folder: Path) -> None:
        self._file, self._folder = file, folder
        self._fixtures = read_fixtures(file)

    async def __call__(self, ecosystem: Ecosystem, clients: Clients, now: float) -> None:
        """Raises LocalError, naming what of the file cannot be had."""
        for client in self._fixtures.clients:
            with _naming(self._file, f"the client {client.id}"):
                await _take_in(clients, client)
        for root in self._fixtures.roots:
            with _naming(self._file, f"the root {root.file}"):
                octets = (self._file.parent / root.file).read_bytes()
                for certificate in reading.load_all(octets, root.file):
                    await ecosystem.roots.add(reading.der(certificate), RootKind(root.type))
        for vehicle in self._fixtures.vehicles:
            with _naming(self._file, f"the vehicle {vehicle.pcid}"):
                await self._publish(ecosystem, check_pcid(vehicle.pcid), now)
        for contract in self._fixtures.contracts:
            with _naming(self._file, f"the contract {contract.emaid}"):
                await _conclude(ecosystem, contract)

    async def _publish(self, ecosystem: Ecosystem, pcid: str, now: float) -> None:
        if await ecosystem.vehicles.find(pcid) is not None:
            return
        vehicle = await self._made(ecosystem, pcid, now)
        roots = tuple(filter(None, map(reading.key_identifier, ecosystem.pki.anchors("v2g_root"))))
        await ecosystem.vehicles.publish(vehicle.chain_der, v2g_roots=roots)

    async def _made(self, ecosystem: Ecosystem, pcid: str, now: float) -> Credentials:
        """The vehicle's certificate and key: the PKI's own vehicle, or one that was or is made for this."""
        pki = ecosystem.pki
        if "oem_leaf" in pki.keys and reading.common_name(pki.certificate("oem_leaf")) == pcid:
            return pki.credentials("oem_leaf")
        place = self._folder / "vehicles" / pcid
        if not (place / "pki.json").exists():
            issue_into(pki, "oem_leaf", pcid, place, now)
        made = load_pki(place).credentials("oem_leaf")
        await _know(ecosystem, pki, made, now)
        return made


async def _know(ecosystem: Ecosystem, pki: Pki, made: Credentials, now: float) -> None:
    """Let the responder know what an authority of the PKI has issued, in an earlier process maybe."""
    issuer = issuer_key(pki.issuer_authority(made.leaf).certificate)
    issued = IssuedCertificate(issuer=issuer, certificate=made.leaf, issued_at=now)
    if await ecosystem.store.of(ISSUED).get(ISSUED.key(issued)) is None:
        await ecosystem.store.of(ISSUED).put(issued)


async def _take_in(clients: Clients, wanted: FixedClient) -> None:
    for client in await clients.list():
        if client.id == wanted.id:
            if client.has(wanted.secret) and client.role == wanted.role:
                return
            await clients.remove(wanted.id)
    await clients.add(
        wanted.id,
        wanted.role,
        name=wanted.name,
        wmis=wanted.wmi,
        providers=wanted.providers,
        secret=wanted.secret,
    )


async def _conclude(ecosystem: Ecosystem, contract: FixedContract) -> None:
    emaid = check_emaid(contract.emaid)
    if await ecosystem.store.of(CONTRACTS).get(emaid) is None:
        provider = emaid_provider(emaid)
        operator = ecosystem.operators.find(provider) or ecosystem.add_operator(provider)
        await operator.subscribe(contract.driver, contract.pcid, emaid=emaid)


@contextmanager
def _naming(file: Path, what: str) -> Iterator[None]:
    """Says which part of the fixtures it is that cannot be had."""
    try:
        yield
    except (PncError, OSError) as error:
        why = str(error) if isinstance(error, PncError) else f"{error.strerror}."
        raise LocalError(f"Of the fixtures in {file}, {what} cannot be had: {why}") from error
