"""Publishing, reading and deleting provisioning certificates (rules PCP-PUB-1 to PCP-CLEAN-1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.events.facts import RootRemoved, VehicleDeleted, VehiclePublished, VehicleReplaced
from pncsim.backend.pcp.store import VEHICLES, ProvisionedVehicle, vehicle_key
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store, every
from pncsim.backend.verification import Pair, StatusError, Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import ChainError, Use, ValidatedChain
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.identifiers import IdentifierError, check_pcid
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

_FIELDS = ("vehicleCertificate", "subCa2Certificate", "subCa1Certificate")
"""As the published messages spell them; the members are called subCA2Certificate and subCA1Certificate."""


def checked_pcid(text: str, member: str = "pcid") -> str:
    """``text`` if it is a PCID; Refused in the published words if not (PCP-PUB-6)."""
    try:
        return check_pcid(text)
    except IdentifierError as error:
        message = f'{member} : must match "^[a-zA-Z0-9]{{17,18}}$"'
        raise Refused(error.sentence, clause="PCP-PUB-6", message=message) from None


class ProvisioningPool:
    """The pool's operations."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        verifier: Verifier,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._verifier = verifier
        self._store = store

    async def publish(
        self,
        chain: Sequence[bytes],
        *,
        v2g_roots: Sequence[str] = (),
        previous_pcid: str | None = None,
        wmis: Collection[str] | None = None,
    ) -> ProvisionedVehicle:
        """Add or overwrite a vehicle: DER leaf, then one or two Sub-CAs, without root.

        ``wmis``: the manufacturer codes the caller may publish for, None means any. The numbered checks run in order
        and the first that fails decides; a refused publication leaves the previous entry as it was (PCP-PUB-9).
        """
        vehicle, _ = await self.publish_below(chain, v2g_roots=v2g_roots, previous_pcid=previous_pcid, wmis=wmis)
        return vehicle

    async def publish_below(
        self,
        chain: Sequence[bytes],
        *,
        v2g_roots: Sequence[str] = (),
        previous_pcid: str | None = None,
        wmis: Collection[str] | None = None,
    ) -> tuple[ProvisionedVehicle, x509.Certificate]:
        """As :meth:`publish`; the vehicle, and the root its chain leads to."""
        with self._voice.call("publish provisioning certificate") as call:
            vehicle = ProvisionedVehicle(
                pcid="", chain=self._parse(chain), v2g_roots=tuple(v2g_roots), previous_pcid=previous_pcid
            )
            vehicle = self._named(vehicle, wmis)
            self._check_validity(vehicle)
            verified = await self._check_status_and_chain(vehicle)
            vehicle = replace(vehicle, chain=verified.chain)
            await self._keep(vehicle)
            call.text = f"{vehicle.pcid} is available to mobility operators until {vehicle.leaf.not_valid_after_utc}."
            return vehicle, verified.anchor

    async def get(self, pcid: str) -> ProvisionedVehicle:
        """The entry, after status and chain were verified once more (PCP-GET-1). Raises Refused, 404 if absent."""
        vehicle, _ = await self.get_below(pcid)
        return vehicle

    async def get_below(self, pcid: str, *, local: bool = False) -> tuple[ProvisionedVehicle, x509.Certificate]:
        """As :meth:`get`; the vehicle, and the root its chain leads to. ``local`` is told only: nobody is asked."""
        with self._voice.call("get provisioning certificate") as call:
            vehicle = await self._known(pcid)
            self._check_validity(vehicle)
            verified = await self._check_status_and_chain(vehicle)
            call.text = f"{vehicle.pcid}: {len(vehicle.chain)} certificates, verified just now."
            if local:
                call.text += " No other pool was to be asked (broadcast)."
            return vehicle, verified.anchor

    async def find(self, pcid: str) -> ProvisionedVehicle | None:
        """The entry as stored, for services that verify it themselves."""
        return await self._store.of(VEHICLES).get(vehicle_key(pcid))

    async def lookup(self, pcid: str) -> None:
        """Say nothing if the vehicle is there; Refused with 404 if not (PCP-GET-2)."""
        await self._known(pcid)

    async def delete(self, pcid: str, *, wmis: Collection[str] | None = None, factory_reset: bool = False) -> None:
        """Delete the entry; the contract pool then drops every contract of the vehicle (PCP-DEL-1).

        ``factory_reset``: because the vehicle was reset, after which nobody makes a contract for it anew (MO-3).
        """
        with self._voice.call("delete provisioning certificate") as call:
            self.check_owned(checked_pcid(pcid), wmis)
            vehicle = await self._known(pcid)
            await self._forget(vehicle, "factory reset" if factory_reset else "withdrawn")
            call.text = f"{vehicle.pcid} and its contracts are gone."

    async def root_removed(self, fact: RootRemoved) -> None:
        """With a purge, drop every vehicle whose chain leads to the root (RCP-9)."""
        if not fact.purge:
            return
        root = reading.parsed(fact.certificate)
        async for vehicle in every(self._store.of(VEHICLES)):
            if reading.issued_by(vehicle.chain[-1], root):
                await self._forget(vehicle, "root purged")

    def check_owned(self, pcid: str, wmis: Collection[str] | None) -> None:
        """Check 1, PCP-PUB-1: the PCID's manufacturer code is among ``wmis``; Refused with 403 if not."""
        if wmis is not None and pcid[:3].upper() not in {wmi.upper() for wmi in wmis}:
            raise Refused(
                f"The manufacturer code {pcid[:3]} of {pcid} is not among the caller's: {', '.join(sorted(wmis))}.",
                clause="PCP-PUB-1",
                http_status=403,
            )

    async def cleanse(self) -> list[str]:
        """Delete expired and revoked entries and say which (PCP-CLEAN-1). Unreachable responders leave them be."""
        gone = []
        async for vehicle in every(self._store.of(VEHICLES)):
            try:
                self._check_validity(vehicle)
                await self._verifier.status(zip(vehicle.chain, vehicle.chain[1:], strict=False))
            except (Refused, StatusError):
                await self._forget(vehicle, "cleansed")
                gone.append(vehicle.pcid)
            except PncError as error:
                self._voice.judged(f"status of {vehicle.pcid}", False, str(error))
        return gone

    async def _keep(self, vehicle: ProvisionedVehicle) -> None:
        now = self._clock.now()

        async def keep(change: Change) -> None:
            previous = await change.of(VEHICLES).put(vehicle)
            if previous is None:
                change.tell(VehiclePublished(time=now, pcid=vehicle.pcid))
            else:
                new_key = not reading.same_key(previous.leaf, vehicle.leaf)
                change.tell(VehicleReplaced(time=now, pcid=vehicle.pcid, new_key=new_key))

        await self._store.change(keep)

    async def _forget(
        self, vehicle: ProvisionedVehicle, why: Literal["withdrawn", "factory reset", "cleansed", "root purged"]
    ) -> None:
        async def forget(change: Change) -> None:
            if await change.of(VEHICLES).remove(vehicle_key(vehicle.pcid)) is not None:
                change.tell(VehicleDeleted(time=self._clock.now(), pcid=vehicle.pcid, why=why))

        await self._store.change(forget)

    def _parse(self, chain: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
        if len(chain) not in (2, 3):
            raise Refused(
                f"The chain has {len(chain)} certificates; expected are the leaf and one or two Sub-CAs, no root.",
                clause="PKI-7",
                message="Invalid certificate format on subCa1Certificate" if len(chain) < 2 else "",
            )
        fields = (_FIELDS[0], *_FIELDS[-(len(chain) - 1) :])
        return tuple(certificates.load(octets, field) for octets, field in zip(chain, fields, strict=True))

    def _named(self, vehicle: ProvisionedVehicle, wmis: Collection[str] | None) -> ProvisionedVehicle:
        """PCP-PUB-6, then check 1, PCP-PUB-1: the PCID is the CN, and its manufacturer is the caller's."""
        pcid = checked_pcid(reading.common_name(vehicle.leaf))
        self.check_owned(pcid, wmis)
        return ProvisionedVehicle(
            pcid=pcid, chain=vehicle.chain, v2g_roots=vehicle.v2g_roots, previous_pcid=vehicle.previous_pcid
        )

    def _check_validity(self, vehicle: ProvisionedVehicle) -> None:
        """Check 2, PCP-PUB-2: every certificate is valid now."""
        for certificate in vehicle.chain:
            if not reading.valid_at(certificate, self._clock.now()):
                raise Refused(
                    f"{reading.common_name(certificate)} is valid from {certificate.not_valid_before_utc} to "
                    f"{certificate.not_valid_after_utc}, not at {self._clock.utc():%Y-%m-%d %H:%M:%S}.",
                    clause="PCP-PUB-2",
                    kind="expired",
                )

    async def _check_status_and_chain(self, vehicle: ProvisionedVehicle) -> ValidatedChain:
        """Checks 3 and 4; the chain in the order of its path, whatever order it came in.

        Asking for the last Sub-CA's status needs its root, so the path is looked for first.
        """
        verified: ValidatedChain | ChainError
        delivered: tuple[Pair, ...] = tuple(zip(vehicle.chain, vehicle.chain[1:], strict=False))
        try:
            verified = await self._verifier.chain(vehicle.chain, Use.PROVISIONING, gate=self._voice.tolerate)
            delivered = verified.issuers
        except ChainError as error:
            verified = error
        try:
            await self._verifier.status(delivered)
        except StatusError as error:
            raise Refused(error.sentence, clause="PCP-PUB-3", advice=error.advice, kind=error.kind) from None
        except PncError as error:
            raise Refused(
                f"The status of the certificates of {vehicle.pcid} cannot be had: {error.sentence}",
                clause="PCP-PUB-3",
                http_status=502,
                advice=error.advice,
            ) from None
        if isinstance(verified, ChainError):
            raise Refused(
                f"The chain of {vehicle.pcid} does not lead to a manufacturer's root of the root pool: "
                f"{verified.sentence}",
                clause="PCP-PUB-4",
                advice=verified.advice,
            ) from None
        return verified

    async def _known(self, pcid: str) -> ProvisionedVehicle:
        vehicle = await self._store.of(VEHICLES).get(vehicle_key(checked_pcid(pcid)))
        if vehicle is None:
            raise Refused(
                f"The pool has no provisioning certificate for {pcid}.",
                clause="OPCP getOEMProvCert",
                http_status=404,
                message="The OEM provisioning certificate with given PCID is not found.",
            )
        return vehicle
