"""Making vehicles and keeping them published (CharIN 2.1.1.2.1 to 2.1.1.2.4; OEM-1, OEM-3).

A vehicle makes its keys itself. On the line it gets a telematics certificate below the manufacturer's own root; with
that it calls, enrols its provisioning certificate over EST, fetches its trust anchors, and says what it holds; then it
is published. A renewal goes the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.oem.store import ERRANDS, FLEET, FLEET_KEYS, Errand, FleetKey, FleetVehicle, vehicle_of
from pncsim.backend.pcp import ProvisionedVehicle, vehicle_key
from pncsim.backend.pcp.service import checked_pcid
from pncsim.backend.pki.own import OwnAuthority
from pncsim.backend.ports import RevocationPort
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

_VIN = re.compile(r"[A-Za-z0-9]{17}", re.ASCII)


class EnrolmentPort(Protocol):
    """The authority that issues provisioning certificates, reached over EST or in process."""

    async def enrol(self, csr: bytes) -> tuple[x509.Certificate, ...]:
        """The chain for a request (DER): leaf, then Sub-CAs, without root."""


class VehiclePoolPort(Protocol):
    """The provisioning pool as a manufacturer sees it."""

    async def publish(
        self, chain: Sequence[bytes], *, v2g_roots: Sequence[str] = (), previous_pcid: str | None = None
    ) -> ProvisionedVehicle: ...
    async def delete(self, pcid: str, *, factory_reset: bool = False) -> None: ...


class VehicleProduction:
    """The fleet: who belongs to it, and what is certified and published of it."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        *,
        own: OwnAuthority,
        enrolment: EnrolmentPort,
        pool: VehiclePoolPort,
        roots: VerifiedRoots,
        revocation: RevocationPort,
        source: Source = SYSTEM,
    ) -> None:
        self._clock, self._voice, self._store, self._source = clock, voice, store, source
        self._own, self._enrolment, self._pool = own, enrolment, pool
        self._roots, self._revocation = roots, revocation

    # The line

    async def order(self, vin: str, pcid: str, *, maker: str = "") -> FleetVehicle:
        """Assign a PCID to a vehicle to be made; both are nobody else's (OEM-3). ``maker``: the client that orders."""
        with self._voice.call("order vehicle") as call:
            vin, pcid = _checked_vin(vin), checked_pcid(pcid)
            ordered = FleetVehicle(vin=vin, pcid=pcid, wanted=pcid, maker=maker)

            async def keep(change: Change) -> None:
                if await change.of(FLEET).get(vin.upper()) is not None:
                    raise Refused(f"There is a vehicle {vin} already.", clause="OEM-3", http_status=409)
                await self._check_free(change, vin, pcid)
                await change.of(FLEET).put(ordered)

            await self._store.change(keep)
            call.text = f"{vin} will be {pcid}."
            return ordered

    async def vehicle(self, vin: str) -> FleetVehicle:
        """One vehicle. Refused with 404 if there is none."""
        found = await self._store.of(FLEET).get(_checked_vin(vin).upper())
        if found is None:
            raise Refused(f"There is no vehicle {vin}.", clause="OEM-3", http_status=404)
        return found

    async def equip(self, vin: str, csr: bytes) -> tuple[x509.Certificate, ...]:
        """The telematics certificate for a request made in the vehicle, and the manufacturer's root (ACC-9).

        A vehicle calls with one certificate: an earlier one counts no more.
        """
        with self._voice.call("equip vehicle") as call:
            request = check_request(csr)
            if reading.values_of(request.subject, NameOID.COMMON_NAME) != [vin]:
                raise Refused(
                    f"The telematics certificate of {vin} has to bear its VIN as common name.", clause="ACC-9"
                )
            key = reading.fingerprint(reading.public_key_octets(request))
            authority = await self._own.authority()
            leaf = authority.issue_from_request(request, PROFILES["ev_client"], self._clock.now())
            telematics = reading.fingerprint(reading.der(leaf))
            await self._amend(vin, lambda vehicle: replace(vehicle, telematics=telematics), key=key)
            call.text = f"{vin} may call until {leaf.not_valid_after_utc}."
            return leaf, authority.certificate

    async def caller(self, certificate: x509.Certificate) -> FleetVehicle:
        """The vehicle that shows this telematics certificate. Refused with 403 if it is nobody's, or not valid now."""
        root, now = await self._own.root(), self._clock.now()
        known = reading.fingerprint(reading.der(certificate))
        page = await self._store.of(FLEET).page(("telematics", known), limit=1)
        if not page.values or not reading.issued_by(certificate, root) or not reading.valid_at(certificate, now):
            name = reading.common_name(certificate)
            raise Refused(f"The certificate of {name!r} is no vehicle's here and now.", clause="ACC-9", http_status=403)
        return page.values[0]

    # Certificates

    async def enrol(self, vehicle: FleetVehicle, csr: bytes) -> tuple[x509.Certificate, ...]:
        """A provisioning certificate for a key made in ``vehicle``, which has to ask for its own PCID (PKI-2, PKI-4).

        It counts once the vehicle says that it uses it (:meth:`confirm`).
        """
        with self._voice.call("enrol vehicle") as call:
            request = check_request(csr)
            (name,) = reading.values_of(request.subject, NameOID.COMMON_NAME)
            if name != vehicle.wanted:
                raise Refused(f"{vehicle.vin} is {vehicle.wanted}, not {name}.", clause="PKI-4", http_status=403)
            key = reading.fingerprint(reading.public_key_octets(request))
            await self._amend(vehicle.vin, lambda known: known, key=key)
            chain = await self._enrolment.enrol(csr)
            await self._amend(vehicle.vin, lambda known: replace(known, fresh=chain))
            call.text = f"{vehicle.vin} has a provisioning certificate until {chain[0].not_valid_after_utc}."
            return chain

    async def confirm(self, vehicle: FleetVehicle, provisioning: str, v2g_roots: Sequence[str]) -> FleetVehicle:
        """What a vehicle says it holds: its provisioning certificate (SHA-256) and V2G roots (key identifiers).

        What is new in it is published (2.1.1.2.2), and what it replaces is revoked if that was wanted at once.
        """
        given = {reading.key_identifier(root) for root in (await self._roots.for_vehicle())["v2gRoots"]}
        held = tuple(one for one in v2g_roots if one in given)
        fresh = _is(vehicle.fresh, provisioning)
        if not fresh and not _is(vehicle.chain, provisioning):
            raise Refused(
                f"{vehicle.vin} says that it uses a provisioning certificate it was not given.", clause="2.1.1.2.2"
            )
        if vehicle.published and not fresh and held == vehicle.v2g_roots:
            return vehicle
        chain, old = (vehicle.fresh, vehicle.chain) if fresh else (vehicle.chain, ())
        predecessors = (*vehicle.predecessors, *old[:1])
        pcid = reading.common_name(chain[0])
        previous = vehicle.pcid if vehicle_key(pcid) != vehicle_key(vehicle.pcid) else vehicle.previous_pcid
        with self._voice.call("publish vehicle") as call:
            await self._pool.publish([*map(reading.der, chain)], v2g_roots=held, previous_pcid=previous)
            kept = await self._amend(
                vehicle.vin,
                lambda known: replace(
                    known,
                    pcid=pcid,
                    chain=chain,
                    fresh=(),
                    predecessors=predecessors,
                    published=True,
                    v2g_roots=held,
                ),
            )
            call.text = f"{vehicle.vin} is published as {pcid}; its owner is told the PCID."
        if not (kept.revoke and kept.predecessors):
            return kept
        try:
            return await self.revoke_predecessors(kept.vin)
        except PncError as error:  # the new one is published all the same, and somebody has to see to the old one
            self._voice.problem(error)
            return kept

    async def renew(self, vin: str, *, pcid: str | None = None, new_key: bool = True, revoke: bool = False) -> Errand:
        """Have a vehicle get a new provisioning certificate: for the same PCID, or another one (2.1.1.2.3, 2.1.1.2.4).

        ``revoke``: the old one as soon as the new one is published; otherwise :meth:`revoke_predecessors` does later.
        """
        with self._voice.call("renew vehicle") as call:
            known = await self.vehicle(vin)
            wanted = known.pcid if pcid is None else checked_pcid(pcid)
            errand = Errand(
                id=self._source.uuid(),
                vin=known.vin,
                deed="renew",
                state="ready",
                created_at=self._clock.now(),
                pcid=wanted,
                new_key=new_key,
            )

            async def keep(change: Change) -> None:
                if vehicle_key(wanted) != vehicle_key(known.pcid):
                    await self._check_free(change, known.vin, wanted)
                vehicle = await change.of(FLEET).get(known.vin.upper())
                if vehicle is not None:
                    await change.of(FLEET).put(replace(vehicle, wanted=wanted, revoke=revoke))
                await change.of(ERRANDS).put(errand)

            await self._store.change(keep)
            call.text = f"{known.vin} is to get a new certificate as {wanted}."
            return errand

    async def revoke_predecessors(self, vin: str) -> FleetVehicle:
        """Revoke the provisioning certificates a vehicle no longer uses; what is published of another PCID goes too."""
        vehicle = await self.vehicle(vin)
        for old in vehicle.predecessors:
            await self._revocation.revoke_certificate(old, "superseded")
            name = reading.common_name(old)
            if vehicle_key(name) != vehicle_key(vehicle.pcid):
                await self._unpublish(name)
        return await self._amend(vin, lambda known: replace(known, predecessors=(), revoke=False))

    # Leaving

    async def reset(self, vin: str) -> FleetVehicle:
        """A factory reset: published no more, its contracts gone, nobody to make them anew (MO-3).

        The vehicle forgets its contracts when it next calls, and is then published again.
        """
        with self._voice.call("factory reset") as call:
            vehicle = await self.vehicle(vin)
            await self._unpublish(vehicle.pcid, factory_reset=True)
            errand = Errand(
                id=self._source.uuid(), vin=vehicle.vin, deed="reset", state="ready", created_at=self._clock.now()
            )
            await self._store.of(ERRANDS).put(errand)
            call.text = f"{vehicle.vin} forgets its contracts."
            return await self._amend(vin, lambda known: replace(known, published=False))

    async def withdraw(self, vin: str) -> None:
        """A vehicle is no more: out of the pool with its contracts, its certificates revoked, nobody to call.

        A certificate that cannot be revoked is told as a problem.
        """
        vehicle = await self.vehicle(vin)
        await self._unpublish(vehicle.pcid)
        for certificate in (*vehicle.predecessors, *vehicle.fresh[:1], *vehicle.chain[:1]):
            try:
                await self._revocation.revoke_certificate(certificate, "cessation_of_operation")
            except PncError as error:
                self._voice.problem(error)
        await self._store.of(FLEET).remove(vehicle.vin.upper())

    async def _unpublish(self, pcid: str, *, factory_reset: bool = False) -> None:
        try:
            await self._pool.delete(pcid, factory_reset=factory_reset)
        except Refused as error:
            if error.http_status != 404:
                raise

    async def _check_free(self, change: Change, vin: str, pcid: str) -> None:
        other = await vehicle_of(change, pcid)
        if other is not None and other.vin.upper() != vin.upper():
            raise Refused(f"The PCID {pcid} is another vehicle's.", clause="OEM-3", http_status=409)

    async def _amend(
        self, vin: str, change_of: Callable[[FleetVehicle], FleetVehicle], *, key: str = ""
    ) -> FleetVehicle:
        """Change what is kept of a vehicle. ``key``: refused if another vehicle has used it (OEM-3)."""

        async def keep(change: Change) -> FleetVehicle:
            known = await change.of(FLEET).get(_checked_vin(vin).upper())
            if known is None:
                raise Refused(f"There is no vehicle {vin}.", clause="OEM-3", http_status=404)
            if key:
                used = await change.of(FLEET_KEYS).put(FleetKey(key, known.vin))
                if used is not None and used.vin != known.vin:
                    raise Refused(f"The key of {vin} is another vehicle's, too.", clause="OEM-3", http_status=409)
            amended = change_of(known)
            await change.of(FLEET).put(amended)
            return amended

        return await self._store.change(keep)


def _checked_vin(text: str) -> str:
    if not _VIN.fullmatch(text):
        raise Refused(f"{text[:40]!r} is no VIN: 17 letters and digits.", clause="ISO 3779")
    return text


def _is(chain: Sequence[x509.Certificate], fingerprint: str) -> bool:
    """Whether the leaf of ``chain``, if there is one, is the certificate meant."""
    return bool(chain) and reading.fingerprint(reading.der(chain[0])) == fingerprint.replace(":", "").lower()
