"""What a client of services that are killed was told, entry by entry, and what it has a right to find afterwards.

An entry is true, false, or open: a write that was never answered may have happened or not, which is looked up once the
services are there again, and has to stay so from then on.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID
from msgspec import Struct

ROOTS, VEHICLES = "/v1/root/rootCerts", "/v1/oem/provCerts"
CONTRACTS, GENERATE = "/v1/ccp/signedContractData", "/v1/cps/generate/signedContractData"
SCHEMA = "urn:iso:15118:2:2013:MsgDef"


class Unanswered(Exception):
    """The services ended before they answered."""


class Entry(Struct):
    """``there``: whether it is in its pool, None while nobody can know. ``was``: whether it has been at any time."""

    there: bool | None = None
    was: bool = False
    removing: bool = False

    @contextmanager
    def becomes(self, there: bool) -> Iterator[None]:
        """Around a write; unanswered, it leaves the entry open."""
        before, self.there, self.removing = self.there, None, not there
        try:
            yield
        except Unanswered:
            raise
        except BaseException:
            self.there = before
            raise
        self.settle(there)

    def settle(self, there: bool) -> None:
        self.there = there
        self.was = self.was or there or self.removing


class Vehicle(Struct):
    """A vehicle and its contract; ``finished``: nothing more is done to either."""

    pcid: str
    published: Entry
    emaid: str
    contract: Entry
    chain: list[x509.Certificate] = []
    finished: bool = False


class Ledger:
    """Writes to services at ``base`` with ``tokens`` of the demo clients, and keeps what came of it."""

    def __init__(self, session: aiohttp.ClientSession, base: str, random: Random) -> None:
        self.session, self.base, self.random = session, base, random
        self.tokens: dict[str, str] = {}
        self.roots: dict[str, Entry] = {}
        self.vehicles: list[Vehicle] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._number = 0
        self._removing: set[str] = set()
        self._busy: set[str] = set()
        self._steps, self._goal, self._reached = 0, 0, asyncio.Event()

    async def call(self, who: str, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """One request; raises Unanswered."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        data = {"data": body} if isinstance(body, bytes) else {"json": body}
        try:
            async with self.session.request(method, self.base + path, headers=headers, **data) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered from error

    async def done(self, who: str, method: str, path: str, body: object = None) -> bytes:
        """As :meth:`call`, of what has to succeed."""
        status, octets = await self.call(who, method, path, body)
        assert status in (200, 201), (method, path, status, octets)
        return octets

    async def log_in(self, clients: list[dict[str, Any]]) -> None:
        for client in clients:
            asked = {"client_id": client["id"], "client_secret": client["secret"], "grant_type": "client_credentials"}
            async with self.session.post(f"{self.base}/oauth/token", json=asked) as answer:
                self.tokens[client["id"]] = (await answer.json())["access_token"]

    # Writing

    async def roots_come_and_go(self) -> None:
        """Until the services end."""
        while True:
            der = self._root()
            entry = Entry()
            id = _root_id(der)
            self.roots[id] = entry
            with entry.becomes(True):
                body = {"caCertificate": base64.b64encode(der).decode(), "rootType": "MO"}
                await self.done("demo-admin", "PUT", ROOTS, body)
            there = [one for one, old in self.roots.items() if old.there and one not in self._removing]
            if len(there) > 8:
                id = self.random.choice(there)
                self._removing.add(id)
                with self.roots[id].becomes(False):
                    await self.done("demo-admin", "DELETE", f"{ROOTS}/{id}")

    async def vehicles_come_and_go(self) -> None:
        """Each is enrolled, published and given a contract; some lose it, some leave. Until the services end.

        One that a kill has stopped on its way goes on from where it is.
        """
        while True:
            waiting = (one for one in self.vehicles if not one.finished and one.pcid not in self._busy)
            vehicle = next(waiting, None) or self._new_vehicle()
            self._busy.add(vehicle.pcid)
            try:
                await self._further(vehicle)
            finally:
                self._busy.discard(vehicle.pcid)
            self._steps += 1
            if self._steps == self._goal:
                self._reached.set()

    async def steps(self, count: int) -> None:
        """Wait until so many more were done with vehicles."""
        self._goal, self._reached = self._steps + count, asyncio.Event()
        await self._reached.wait()

    async def a_vehicle_leaves(self) -> None:
        """One that has its contract, at once; then as :meth:`vehicles_come_and_go`."""
        vehicle = next(self._may_leave())
        vehicle.finished = True
        with vehicle.published.becomes(False), vehicle.contract.becomes(False):
            await self.done("demo-oem", "DELETE", f"{VEHICLES}/{vehicle.pcid}")
        await self.vehicles_come_and_go()

    def one_may_leave(self) -> bool:
        """Whether there is such a vehicle."""
        return any(True for _ in self._may_leave())

    def _may_leave(self) -> Iterator[Vehicle]:
        return (one for one in self.vehicles if one.published.there and one.contract.there)

    def _new_vehicle(self) -> Vehicle:
        self._number += 1
        pcid, emaid = f"PNCSIMKILL{self._number:08}", f"DEV2GC{self._number:08}"
        self.vehicles.append(Vehicle(pcid, Entry(False), emaid, Entry(False)))
        return self.vehicles[-1]

    async def _further(self, vehicle: Vehicle) -> None:
        """One step."""
        if not vehicle.chain:
            vehicle.chain = await self._enrolled(vehicle.pcid)
        elif not vehicle.published.there:
            leaf, sub2, sub1 = (base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in vehicle.chain)
            with vehicle.published.becomes(True):
                body = {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}
                await self.done("demo-oem", "PUT", VEHICLES, {**body, "xsdMsgDefNamespace": SCHEMA})
        elif not vehicle.contract.there:
            now = datetime.now(UTC)
            dates = {"contractBegins": _moment(now), "contractEnds": _moment(now + timedelta(days=30))}
            with vehicle.contract.becomes(True):
                order = {"emaid": vehicle.emaid, "pcid": vehicle.pcid, "xsdMsgDefNamespace": SCHEMA, **dates}
                await self.done("demo-mo-v2g", "PUT", GENERATE, order)
        else:
            vehicle.finished, chance = True, self.random.random()
            if chance < 0.3:
                with vehicle.contract.becomes(False):
                    await self.done("demo-mo-v2g", "DELETE", f"{CONTRACTS}/{vehicle.emaid}")
            elif chance < 0.5:
                with vehicle.published.becomes(False), vehicle.contract.becomes(False):
                    await self.done("demo-oem", "DELETE", f"{VEHICLES}/{vehicle.pcid}")

    # Comparing

    @property
    def open(self) -> int:
        """How many entries nobody can know."""
        entries = [*self.roots.values(), *(entry for one in self.vehicles for entry in (one.published, one.contract))]
        return sum(entry.there is None for entry in entries)

    async def look(self, *, everything: bool = False) -> None:
        """Settle what is open; with ``everything``, also look whether what was settled is so."""
        for id, root in self.roots.items():
            if root.there is None or everything:
                status, _ = await self.call("demo-admin", "GET", f"{ROOTS}/{id}")
                _compare(f"root {id}", root, {200: True, 404: False}[status])
        for vehicle in self.vehicles:
            if vehicle.published.there is None or everything:
                status, octets = await self._vehicle(vehicle.pcid)
                _compare(vehicle.pcid, vehicle.published, {200: True, 404: False}[status])
                if status == 200:
                    print_ = vehicle.chain[0].fingerprint(hashes.SHA256()).hex()
                    assert print_.encode() in octets, f"{vehicle.pcid} has another certificate"
            if vehicle.contract.there is None or everything:
                octets = await self.done("demo-oem", "GET", f"{CONTRACTS}/{vehicle.pcid}")
                _compare(vehicle.emaid, vehicle.contract, vehicle.emaid.encode() in octets)

    async def _vehicle(self, pcid: str) -> tuple[int, bytes]:
        """As it is read; who asks for many that are not there has to wait for an hour to pass."""
        asked = "demo-oem", "GET", f"{VEHICLES}/{pcid}"
        answer = await self.call(*asked)
        if answer[0] == 429:
            await self.done("demo-admin", "POST", "/admin/clock/advance", {"seconds": 3_600})
            answer = await self.call(*asked)
        return answer

    def events(self) -> dict[str, set[tuple[str, str]]]:
        """What each client has to have heard: type, and the id of the root or the EMAID."""
        operator, manufacturer, everybody = set(), set(), set()
        for id, root in self.roots.items():
            everybody |= {("root.cert.added", id)} if root.was else set()
            everybody |= {("root.cert.revoked", id)} if root.was and not root.there else set()
        for vehicle in self.vehicles:
            if not vehicle.contract.was:
                continue
            verbs = ("created",) if vehicle.contract.there else ("created", "deleted")
            manufacturer |= {(f"oem.contract.{verb}", vehicle.emaid) for verb in verbs}
            operator |= {(f"mo.contract.{verb}.sent.to.oem", vehicle.emaid) for verb in verbs}
            if not vehicle.published.there:
                operator.add(("mo.prov.cert.deleted", vehicle.emaid))
        return {"demo-cpo": everybody, "demo-oem": manufacturer, "demo-mo-v2g": operator}

    # What is written

    def _root(self) -> bytes:
        self._number += 1
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Root {self._number}")])
        now = datetime.now(UTC)
        others = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage = {**dict.fromkeys((*others, "encipher_only", "decipher_only"), False), "key_cert_sign": True}
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
            .add_extension(x509.KeyUsage(**usage, crl_sign=True), True)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    async def _enrolled(self, pcid: str) -> list[x509.Certificate]:
        names = [x509.NameAttribute(NameOID.COMMON_NAME, pcid), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Cars")]
        csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(self._key, hashes.SHA256())
        octets = base64.b64encode(csr.public_bytes(Encoding.DER))
        answer = await self.done("demo-oem", "POST", "/.well-known/est/oem/simpleenroll", octets)
        found = pkcs7.load_der_pkcs7_certificates(base64.b64decode(answer))
        chain = [next(one for one in found if one.public_key() == self._key.public_key())]
        while len(chain) < len(found):
            chain.append(next(one for one in found if one.subject == chain[-1].issuer))
        return chain


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _root_id(der: bytes) -> str:
    from pncsim.backend.rcp.store import root_id

    return root_id(x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex())


def _compare(what: str, entry: Entry, there: bool) -> None:
    if entry.there is None:
        entry.settle(there)
    assert entry.there is there, f"{what} was acknowledged as {entry.there} and is {there}"
