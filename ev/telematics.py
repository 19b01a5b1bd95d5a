"""The vehicle's own line to its manufacturer: from the first key on the line to the last contract removed.

Keys are made here and never leave (CharIN 2.1.1.2.1). The line itself, over mutual TLS, is somebody else's: it carries
a request and brings an answer.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.contracts import Contract
from pncsim.ev.vehicle import Vehicle
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pkcs7 import certificates_in
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

MOST_V2G_ROOTS = 5
"""V2G roots a vehicle stores (CharIN 2.2.1.1, EV-1)."""
_ID = re.compile(r"[A-Za-z0-9-]{1,80}", re.ASCII)
_PATH = "/v1/manufacturer/telematics"


class Line(Protocol):
    """Carries a request to the manufacturer: status and body of the answer. Raises PncError where there is none."""

    async def __call__(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]: ...


Unpack = Callable[[Vehicle, bytes, float, Voice], Contract]
"""Judges and opens what a contract comes in (:func:`ev.iso2.unpacking.unpack_contract`)."""


class Telematics:
    """One vehicle's telematics unit. ``credentials`` is what it calls with, once it was equipped with them.

    ``oem_roots`` and ``private_roots`` are the roots fetched besides the V2G roots, which the vehicle itself holds.
    """

    def __init__(
        self, vehicle: Vehicle, vin: str, clock: Clock, voice: Voice, *, unpack: Unpack, source: Source = SYSTEM
    ) -> None:
        self.vehicle, self.vin = vehicle, vin
        self.credentials: Credentials | None = None
        self.oem_roots: tuple[x509.Certificate, ...] = ()
        self.private_roots: tuple[x509.Certificate, ...] = ()
        self._clock, self._voice, self._unpack, self._source = clock, voice, unpack, source
        self._key = source.key()

    # On the line

    def request(self) -> bytes:
        """The request (PKCS#10, DER) for the certificate it will call with; the key stays here."""
        return build_request(self._key, PROFILES["ev_client"], self.vin)

    def equip(self, certificate: x509.Certificate) -> None:
        """Keep that certificate. Raises PeerError if it is for another key."""
        _check_key(certificate, self._key)
        self.credentials = Credentials((certificate,), self._key)

    async def produce(self, line: Line) -> None:
        """Become a vehicle that can be published: roots, key, provisioning certificate, and the manufacturer told."""
        await self.fetch_roots(line)
        wanted = (await self._visit(line))["wantedPcid"]
        await self._enrol(line, str(wanted), self._source.key(), "simpleenroll")
        await self._visit(line)
        self._voice.story(f"The vehicle {self.vin} is {wanted}; its provisioning key was made in it.")

    # On the road

    async def fetch_roots(self, line: Line) -> None:
        """Renew the trust anchors: at most :data:`MOST_V2G_ROOTS` V2G roots, the manufacturer's, private ones."""
        given = await self._call(line, "GET", _PATH + "/roots")
        v2g, oem, private = (_certificates(given, name) for name in ("v2gRoots", "oemRoots", "privateRoots"))
        if not 1 <= len(v2g) <= MOST_V2G_ROOTS:
            raise PeerError(f"{len(v2g)} V2G roots came; a vehicle stores 1 to {MOST_V2G_ROOTS}.", clause="EV-1")
        self.vehicle.v2g_roots, self.oem_roots, self.private_roots = v2g, oem, private

    async def visit(self, line: Line) -> list[tuple[str, bool]]:
        """Ask what is to be done, do it and say what came of it; the deeds, and whether each was done.

        What could not be done because somebody behind the manufacturer was not to be had is left for the next visit.
        """
        results = []
        for errand in _errands(await self._visit(line)):
            error = await self._do(line, errand)
            if error is None or not _passes(error):
                report = {"done": error is None, "text": error.sentence if error is not None else ""}
                await self._call(line, "PUT", f"{_PATH}/errands/{errand['id']}", json.dumps(report).encode())
            results.append((str(errand["deed"]), error is None))
        if results:
            await self._visit(line)
        return results

    def open(self, exi: bytes) -> Contract:
        """The contract in an installation response (EXI), verified and unwrapped; nothing is kept. Raises PeerError."""
        return self._unpack(self.vehicle, exi, self._clock.now(), self._voice)

    async def _do(self, line: Line, errand: Mapping[str, Any]) -> PncError | None:
        """Do an errand; None, or why it was not done."""
        try:
            match errand.get("deed"):
                case "install":
                    answer = await self._call(line, "GET", f"{_PATH}/errands/{errand['id']}/contract")
                    exi = _octets(answer.get("certificateInstallationRes"))
                    contract = self.open(exi)
                    self.vehicle.contracts.install(contract, default=False)
                    self._voice.story(f"Contract {contract.emaid} came by telematics; it is verified and installed.")
                case "remove":
                    self._remove(str(errand.get("emaid")), str(errand.get("fingerprint")))
                case "renew":
                    await self._renew(line, str(errand.get("pcid")), new_key=errand.get("newKey") is not False)
                case "reset":
                    for contract in self.vehicle.contracts.all:
                        self.vehicle.contracts.remove(contract.emaid)
                    self._voice.story("The vehicle was reset: it holds no contract any more.")
                case deed:
                    return PeerError(f"The vehicle cannot {deed}.", kind="unsupported")
        except PncError as error:
            self._voice.problem(error)
            return error
        return None

    async def _renew(self, line: Line, pcid: str, *, new_key: bool) -> None:
        old = self.vehicle.provisioning
        key = self._source.key() if new_key or old is None else old.key
        await self._enrol(line, pcid, key, "simplereenroll")
        self._voice.story(f"The vehicle has a new provisioning certificate as {pcid}.")

    async def _enrol(self, line: Line, pcid: str, key: ec.EllipticCurvePrivateKey, operation: str) -> None:
        """A provisioning certificate over EST (RFC 7030 4.2), verified before it is kept."""
        csr = base64.b64encode(build_request(key, PROFILES["oem_leaf"], pcid))
        status, body = await line("POST", f"/.well-known/est/oem/{operation}", csr)
        if status != 200:
            raise _refused(operation, status, body)
        try:
            octets = base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error:
            raise PeerError(f"The answer to {operation} is not base64.", clause="RFC 7030 4.2.3") from None
        chain = certificates_in(octets, f"The answer to {operation}")
        verified = validate_chain(chain, self.oem_roots, Use.PROVISIONING, self._clock.now(), gate=self._voice.tolerate)
        _check_key(verified.leaf, key)
        if verified.common_name != pcid:
            raise PeerError(f"The provisioning certificate is for {verified.common_name}, not {pcid}.", clause="PKI-2")
        self.vehicle.provisioning = Credentials(verified.chain, key)

    def _remove(self, emaid: str, fingerprint: str) -> None:
        """Only the certificate that is meant: its successor may be here already."""
        held = self.vehicle.contracts.get(emaid)
        if held is not None and reading.fingerprint(held.credentials.chain_der[0]) == fingerprint:
            self.vehicle.contracts.remove(emaid)
            self._voice.story(f"Contract {emaid} is removed.")

    async def _visit(self, line: Line) -> dict[str, Any]:
        """Say what the vehicle holds; what the manufacturer knows and wants."""
        held: dict[str, Any] = {
            "contracts": [
                {"emaid": one.emaid, "contractChain": [_text(der) for der in one.credentials.chain_der]}
                for one in self.vehicle.contracts.all
            ]
        }
        if (default := self.vehicle.contracts.default) is not None:
            held["defaultContract"] = default.emaid
        if self.vehicle.provisioning is not None:
            held["provisioningCertificate"] = reading.fingerprint(self.vehicle.provisioning.chain_der[0])
            roots = filter(None, map(reading.key_identifier, self.vehicle.v2g_roots))
            held["v2gRootAuthorityKeyIdentifiers"] = list(roots)
        return await self._call(line, "POST", _PATH + "/visit", json.dumps(held).encode())

    async def _call(self, line: Line, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        status, answer = await line(method, path, body)
        if status != 200:
            raise _refused(f"{method} {path}", status, answer)
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise PeerError(f"The manufacturer's answer to {method} {path} is no JSON object.", kind="malformed")
        return found


def _errands(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = told.get("errands", [])
    if not isinstance(found, list) or not all(
        isinstance(one, dict) and isinstance(one.get("id"), str) and _ID.fullmatch(one["id"]) for one in found
    ):
        raise PeerError("What the manufacturer wants done is no list of errands with ids.", kind="malformed")
    return found


def _passes(error: PncError) -> bool:
    """Whether the same may succeed later (a gateway's 5xx, no answer)."""
    return error.kind in ("silent", "unreachable", "closed") or (error.http_status or 0) >= 500


def _refused(what: str, status: int, body: bytes) -> PeerError:
    """The manufacturer's no, in its own words."""
    try:
        said = "; ".join(str(one)[:300] for one in json.loads(body)["errorMessages"])
    except (ValueError, KeyError, TypeError, RecursionError):
        said = "it gives no reason"
    return PeerError(f"The manufacturer answered {what} with HTTP {status}: {said}", kind="refused", http_status=status)


def _check_key(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    own = reading.p256_key(certificate)
    if own is None or own.public_numbers() != key.public_key().public_numbers():
        raise PeerError("The certificate that came is for another key than the vehicle's.", clause="RFC 7030 4.2.3")


def _certificates(given: Mapping[str, Any], name: str) -> tuple[x509.Certificate, ...]:
    texts = given.get(name, [])
    return reading.load_chain(map(_octets, texts if isinstance(texts, list) else [None]), f"A root in {name}")


def _octets(text: object) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "-", validate=True)
    except (binascii.Error, ValueError):
        raise PeerError("What came from the manufacturer is not base64.", kind="malformed") from None


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
