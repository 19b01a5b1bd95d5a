"""Contracts on their way to and from vehicles by telematics (CharIN 2.1.3.1, 2.4.1.4; OEM-2, OEM-4, CCP-OEM-1).

Nothing is installed that the vehicle's owner has not approved; what was revoked or deleted is removed without asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import SignedContractData
from pncsim.backend.events.facts import (
    ContractAdded,
    ContractDeleted,
    ContractFact,
    ContractReplaced,
)
from pncsim.backend.oem.store import (
    ERRANDS,
    FLEET,
    Errand,
    ErrandState,
    FleetVehicle,
    HeldContract,
    errands_of,
    is_errand,
    vehicle_of,
)
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store, every
from pncsim.backend.verification import StatusError, Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import ChainError, Use
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.exi.errors import ExiDecodeError
from pncsim.wire.gate import NotTolerated
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

MOST_CONTRACTS = 16
"""Contracts a vehicle may say it holds."""
_GONE = frozenset({"expired", "revoked"})
_READY: frozenset[ErrandState] = frozenset({"ready"})
_OPEN: frozenset[ErrandState] = _READY | {"waiting"}


class ContractSourcePort(Protocol):
    """The contract pool as a manufacturer sees it."""

    async def provide_to_oem(self, emaid: str, pcid: str) -> PoolAnswer: ...
    async def set_default(self, pcid: str, emaid: str) -> None: ...


class Deliveries:
    """The errands of the fleet. ``verifier`` judges what the pool hands out unjudged (CCP-OEM-1)."""

    def __init__(
        self, clock: Clock, voice: Voice, store: Store, *, contracts: ContractSourcePort, verifier: Verifier
    ) -> None:
        self._clock, self._voice, self._store = clock, voice, store
        self._contracts, self._verifier = contracts, verifier

    # What the pools tell; each may be told twice

    async def contract_waits(self, fact: ContractAdded | ContractReplaced) -> None:
        """A bundle waits in the pool for a vehicle: its owner is asked."""
        await self._offer(fact)

    async def contract_gone(self, fact: ContractDeleted) -> None:
        """A bundle is in the pool no more: nobody installs it, and who holds the contract removes it (MO-5).

        Where only the key of the provisioning certificate has changed, what is installed already stays good.
        """
        await self._take_back(fact, installed=fact.why != "vehicle key changed")

    # The owner

    async def of_vehicle(self, vin: str) -> list[Errand]:
        """Everything the vehicle was asked to do, oldest first."""
        return [errand async for errand in errands_of(self._store, vin)]

    async def decide(self, owner: str, id: str, *, approved: bool) -> Errand:
        """The owner's word on a contract that waits for it; a no is final. Refused with 404 for others' vehicles."""

        async def keep(change: Change) -> Errand:
            errand = await change.of(ERRANDS).get(id) if is_errand(id) else None
            vehicle = await change.of(FLEET).get(errand.vin.upper()) if errand is not None else None
            if errand is None or vehicle is None or vehicle.owner != owner:
                raise Refused(f"You have no contract {id[:40]!r} to decide about.", clause="OEM-2", http_status=404)
            if errand.state not in _OPEN:
                raise Refused(f"{errand.emaid} is {errand.state}.", clause="OEM-2", http_status=409)
            decided = replace(errand, state="ready" if approved else "refused")
            await change.of(ERRANDS).put(decided)
            return decided

        decided = await self._store.change(keep)
        self._voice.judged(
            f"contract {decided.emaid}", approved, f"{owner} has {'approved' if approved else 'refused'} it", "OEM-2"
        )
        return decided

    # The vehicle

    async def visit(self, vehicle: FleetVehicle, contracts: Sequence[HeldContract], default: str = "") -> list[Errand]:
        """What a vehicle is to do now, given the contracts it holds; those that are no longer good it is to remove.

        However they came, by telematics or by a charging station (OEM-4). One whose status cannot be had stays.
        ``default``: the one its driver has chosen; where that is another one now, it is so in the pool, too.
        """
        for contract in contracts:
            if await self._is_gone(contract):
                await self._remove(vehicle.vin, contract.emaid, reading.fingerprint(reading.der(contract.chain[0])))
        chosen = await self._prefer(vehicle, default)
        await self._hold(vehicle.vin, contracts, default if chosen else vehicle.default)
        return [errand for errand in await self.of_vehicle(vehicle.vin) if errand.state == "ready"]

    async def bundle(self, vehicle: FleetVehicle, id: str) -> bytes:
        """The installation response (EXI) of an errand, once its owner has approved and both chains are found good."""
        with self._voice.call("deliver contract to vehicle") as call:
            errand = await self._errand(vehicle, id)
            if errand.deed != "install" or errand.state != "ready":
                raise Refused(
                    f"{errand.emaid or errand.deed} is {errand.state}, not ready.", clause="OEM-2", http_status=409
                )
            answer = await self._contracts.provide_to_oem(errand.emaid, vehicle.pcid)
            try:
                await self._check(answer.exi or b"")
            except (ChainError, StatusError, NotTolerated) as error:
                await self._settle(id, "failed", error.sentence)
                raise Refused(
                    f"The contract {errand.emaid} is not to be installed: {error.sentence}",
                    clause="CCP-OEM-1",
                    kind=error.kind,
                ) from None
            call.text = f"{errand.emaid} is on its way to {vehicle.vin}."
            return answer.exi or b""

    async def done(self, vehicle: FleetVehicle, id: str, *, ok: bool, text: str) -> Errand:
        """What has come of an errand, as the vehicle says; it may say so again."""
        errand = await self._errand(vehicle, id)
        if errand.state == ("done" if ok else "failed"):
            return errand
        settled = await self._settle(id, "done" if ok else "failed", text, of=_READY)
        self._voice.judged(f"{errand.deed} {errand.emaid}".strip(), ok, text or "done", "2.1.3.1")
        return settled

    async def let_go(self, vin: str) -> None:
        """Another owner, or none: what waits for the former one's approval, or was approved by him, is void."""
        await self._void(vin, "The owner has changed.")

    async def forget(self, before: float) -> int:
        """Forget errands that came up ``before`` (lab seconds since the epoch) and are settled; how many."""
        old = [
            errand
            async for errand in every(self._store.of(ERRANDS))
            if errand.created_at < before and errand.state not in _OPEN
        ]
        for errand in old:
            await self._store.of(ERRANDS).remove(errand.id)
        return len(old)

    async def _offer(self, fact: ContractFact) -> None:
        """Ask the owner; what waited under the same EMAID before is void."""
        print_ = reading.fingerprint(fact.certificate)

        async def keep(change: Change) -> None:
            vehicle = await vehicle_of(change, fact.pcid)
            id = f"install-{print_[:32]}"
            if vehicle is None or await change.of(ERRANDS).get(id) is not None:
                return
            async for errand in errands_of(change, vehicle.vin):
                if errand.deed == "install" and errand.emaid == fact.emaid and errand.state in _OPEN:
                    await change.of(ERRANDS).put(replace(errand, state="void", text="A newer one has come."))
            offer = Errand(
                id=id,
                vin=vehicle.vin,
                deed="install",
                state="waiting",
                created_at=self._clock.now(),
                emaid=fact.emaid,
                fingerprint=print_,
            )
            await change.of(ERRANDS).put(offer)

        await self._store.change(keep)

    async def _take_back(self, fact: ContractDeleted, *, installed: bool) -> None:
        print_ = reading.fingerprint(fact.certificate)
        vehicle = await vehicle_of(self._store, fact.pcid)
        if vehicle is None:
            return
        await self._void(vehicle.vin, "It is not in the pool any more.", fingerprint=print_)
        held = {reading.fingerprint(reading.der(contract.chain[0])) for contract in vehicle.contracts}
        if installed and print_ in held:
            await self._remove(vehicle.vin, fact.emaid, print_)

    async def _remove(self, vin: str, emaid: str, fingerprint: str) -> None:
        """Have a contract removed; asked for again if it is there once more."""
        errand = Errand(
            id=f"remove-{fingerprint[:32]}",
            vin=vin,
            deed="remove",
            state="ready",
            created_at=self._clock.now(),
            emaid=emaid,
            fingerprint=fingerprint,
        )
        await self._store.of(ERRANDS).put(errand)

    async def _prefer(self, vehicle: FleetVehicle, default: str) -> bool:
        """Let the pool hand out the contract the driver has chosen before others (CharIN 2.4.1.3, CCP-DEF-1).

        Whether that is settled: a pool that does not have it is left as it is, one that is not there is told next time.
        """
        if default in ("", vehicle.default):
            return True
        try:
            await self._contracts.set_default(vehicle.pcid, default)
        except PncError as error:
            self._voice.judged(f"default contract of {vehicle.pcid}", False, error.sentence, "CCP-DEF-1")
            return isinstance(error, Refused) and (error.http_status or 400) < 500
        return True

    async def _hold(self, vin: str, contracts: Sequence[HeldContract], default: str) -> None:
        async def keep(change: Change) -> None:
            known = await change.of(FLEET).get(vin.upper())
            held = {"contracts": tuple(contracts), "default": default}
            if known is not None and (known.contracts, known.default) != tuple(held.values()):
                await change.of(FLEET).put(replace(known, **held))

        await self._store.change(keep)

    async def _is_gone(self, contract: HeldContract) -> bool:
        try:
            await self._verifier.full(contract.chain, Use.CONTRACT, gate=self._voice.tolerate)
        except PncError as error:
            self._voice.judged(f"contract {contract.emaid}", False, error.sentence, error.clause)
            return error.kind in _GONE
        return False

    async def _check(self, exi: bytes) -> None:
        """The duty the pool leaves to the manufacturer: validity and revocation of what it hands out."""
        try:
            message = codec("iso2").decode(exi, gate=self._voice.tolerate)
        except ExiDecodeError as error:
            raise PeerError(
                f"What the contract pool handed out cannot be read: {error}.",
                kind="malformed",
                clause="CCP-OEM-1",
                http_status=502,
            ) from None
        response, signature = message.Body.BodyElement, message.Header.Signature
        if not isinstance(response, iso2.CertificateInstallationRes) or signature is None:
            raise PeerError(
                "The contract pool handed out no signed CertificateInstallationRes.",
                kind="unexpected answer",
                clause="CCP-OEM-1",
                http_status=502,
            )
        bundle = SignedContractData.from_response(response, signature)
        await self._verifier.full(bundle.provisioning_certificates, Use.CPS, gate=self._voice.tolerate)
        await self._verifier.full(bundle.contract_certificates, Use.CONTRACT, gate=self._voice.tolerate)

    async def _errand(self, vehicle: FleetVehicle, id: str) -> Errand:
        errand = await self._store.of(ERRANDS).get(id) if is_errand(id) else None
        if errand is None or errand.vin != vehicle.vin:
            raise Refused(f"{vehicle.vin} has no errand {id[:40]!r}.", clause="2.1.3.1", http_status=404)
        return errand

    async def _settle(self, id: str, state: ErrandState, text: str, *, of: frozenset[ErrandState] = _OPEN) -> Errand:
        """Have an errand end, unless it has changed meanwhile to something that is none of ``of``."""

        async def keep(change: Change) -> Errand:
            errand = await change.of(ERRANDS).get(id)
            if errand is None or errand.state not in of:
                raise Refused(
                    f"The errand is {errand.state if errand is not None else 'gone'}, not {' or '.join(sorted(of))}.",
                    clause="2.1.3.1",
                    http_status=409,
                )
            settled = replace(errand, state=state, text=text[:200].encode("utf-8", "replace").decode("utf-8"))
            await change.of(ERRANDS).put(settled)
            return settled

        return await self._store.change(keep)

    async def _void(self, vin: str, text: str, *, fingerprint: str = "", emaid: str = "") -> None:
        """There is nothing more to be installed of what was offered: all of it, one certificate, or one contract."""

        async def keep(change: Change) -> None:
            async for errand in errands_of(change, vin):
                if errand.deed != "install" or errand.state not in _OPEN:
                    continue
                if fingerprint in ("", errand.fingerprint) and emaid in ("", errand.emaid):
                    await change.of(ERRANDS).put(replace(errand, state="void", text=text))

        await self._store.change(keep)
