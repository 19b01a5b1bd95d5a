"""Concluding, renewing, blocking and cancelling contracts, and saying who may charge (MO-1 to MO-5, CPS-9 to -11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509

from pncsim.backend.answers import TokenStatus
from pncsim.backend.bundle import SignedContractData
from pncsim.backend.mo.packing import ContractAuthority, FreshContract, Packing
from pncsim.backend.mo.standing import standing
from pncsim.backend.mo.store import SUBSCRIPTIONS, Subscription, SubscriptionState, subscription_key
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.ports import ContractMaker, ProvisioningPort, SigningPort
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Store
from pncsim.backend.verification import Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import Use
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_pcid, normal_emaid, with_check_character
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

CONTRACT_LIFETIME = 365 * 86_400
"""Seconds a contract runs unless the driver asks for another end."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_INSTANCE = 8
_TRIES = 100


class MobilityOperator:
    """The operator's services. ``provider``: country and provider id, five characters, such as ``DE8AA``.

    Contract keys, the digits of new EMAIDs and what wraps a key are drawn from ``source``. ``contracts`` finds the
    contract service, for contracts that are not to be issued by the operator's own ``authority``.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        *,
        provider: str,
        authority: ContractAuthority,
        verifier: Verifier,
        vehicles: ProvisioningPort,
        signing: SigningPort,
        contracts: Callable[[], ContractMaker] | None = None,
        source: Source = SYSTEM,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._provider = normal_emaid(provider)
        self._authority = authority
        self._verifier = verifier
        self._vehicles = vehicles
        self._store = store
        self._contracts = contracts
        self._source = source
        self._packing = Packing(authority, signing, source)

    @property
    def provider(self) -> str:
        """Country and provider id all its EMAIDs begin with."""
        return self._provider

    async def subscribe(
        self,
        driver: str,
        pcid: str,
        *,
        ends: float | None = None,
        lasts: float | None = None,
        emaid: str | None = None,
        renews: bool = False,
        by_service: bool = False,
    ) -> Subscription:
        """Conclude a contract for the vehicle ``pcid`` and have it ready in the contract pool.

        ``ends``: wanted end in lab seconds since the epoch; the certificate ends with the vehicle's provisioning
        certificate or the issuing CA at the latest (CPS-9). ``lasts``: wanted end of the first certificate alone, of a
        contract that goes on. ``renews`` and ``by_service`` as for :class:`Subscription`.
        Raises Refused; no contract exists then.
        """
        with self._voice.call("subscribe") as call:
            now = self._clock.now()
            end = min((one for one in (ends, lasts) if one is not None), default=now + CONTRACT_LIFETIME)
            if end <= now:
                raise Refused(
                    "The contract would end before it begins.",
                    clause="CPS-10",
                    message="The given contractEnds date is in the past." if end == ends else "",
                )
            vehicle = await self._vehicle(pcid)
            emaid = await self._own_emaid(emaid, vehicle)
            certificate = await self._install(emaid, end, vehicle, by_service=by_service)
            contract = Subscription(
                operator=self._provider,
                emaid=emaid,
                driver=driver,
                pcid=vehicle.pcid,
                certificate=certificate,
                ends=reading.not_after(certificate),
                until=ends,
                renews=renews,
                by_service=by_service,
            )
            await self._conclude(contract)
            call.text = f"{driver} has contract {emaid} for {vehicle.pcid} until {certificate.not_valid_after_utc}."
            return contract

    async def register(self, driver: str, certificate: x509.Certificate, *, pcid: str | None = None) -> Subscription:
        """Take over a contract whose certificate exists already (in a vehicle, in a PKI folder)."""
        with self._voice.call("register contract") as call:
            emaid = _emaid(reading.common_name(certificate))
            contract = Subscription(
                operator=self._provider,
                emaid=emaid,
                driver=driver,
                pcid=pcid,
                certificate=certificate,
                ends=reading.not_after(certificate),
            )
            await self._store.of(SUBSCRIPTIONS).put(contract)
            call.text = f"{driver} has contract {emaid}."
            return contract

    async def authorize(self, emaid: str) -> TokenStatus:
        """Whether the contract may charge now; an answer that says no is a value, with a sentence."""
        name = normal_emaid(emaid)
        status = standing(name, await self._held(name), self._clock.now())
        self._voice.judged(f"contract {emaid[:20]}", status.status == "Accepted", status.text, "CSO-2")
        return status

    async def subscription(self, emaid: str) -> Subscription:
        """The contract. Raises Refused, 404 if there is none."""
        contract = await self._held(_emaid(emaid))
        if contract is None:
            raise Refused(
                f"The operator has no contract {emaid!r}.",
                clause="CSO-2",
                http_status=404,
                kind="no contract",
            )
        return contract

    async def block(self, emaid: str) -> None:
        """Refuse charging until :meth:`unblock`; the certificate stays valid."""
        await self._check_not_cancelled(emaid)
        await self._decide(emaid, SubscriptionState.BLOCKED)

    async def unblock(self, emaid: str) -> None:
        """Let a blocked contract charge again."""
        await self._check_not_cancelled(emaid)
        await self._decide(emaid, SubscriptionState.ACTIVE)

    async def _check_not_cancelled(self, emaid: str) -> None:
        if (await self.subscription(emaid)).state is SubscriptionState.CANCELLED:
            raise Refused(f"The contract {emaid} is cancelled for good.", clause="MO-5")

    async def cancel(self, emaid: str) -> None:
        """End the contract: its certificate is revoked and it may charge no more (MO-5).

        Taking the bundle out of the pool is a call to the pool (:meth:`ContractPool.delete`); a lab does both.
        """
        contract = await self.subscription(emaid)
        await self._authority.revoke_certificate(contract.certificate, "cessation_of_operation")
        await self._decide(emaid, SubscriptionState.CANCELLED)

    async def renew(self, emaid: str, previous: x509.Certificate, *, roots: Sequence[str] = ()) -> SignedContractData:
        """A new certificate and key for a contract, wrapped for the key of ``previous`` (V2G2-821) and signed.

        ``roots``: the V2G roots the vehicle lists, as fingerprints. The pool's bundle for a later installation is
        replaced as well, wrapped for the vehicle. Raises Refused; its kind is what the vehicle is told.
        """
        with self._voice.call("renew contract") as call:
            contract = await self.subscription(emaid)
            self._check_renewable(contract)
            if contract.by_service:
                raise Refused(
                    f"The contract service makes certificates of {contract.emaid} for installation only.",
                    clause="CPS-11",
                    kind="no contract",
                )
            if previous.issuer != contract.certificate.issuer:
                # The root pool trusts other operators and CAs too: none of them may renew a contract of ours.
                raise Refused(
                    f"The certificate shown for {contract.emaid} was not issued by this operator.",
                    clause="CSO-2",
                    kind="wrong anchor",
                )
            receiver = reading.p256_key(previous)
            if receiver is None:
                raise Refused("The old contract certificate has no P-256 key.", clause="V2G2-007")
            vehicle = await self._vehicle_of(contract)
            fresh = await self._packing.make(contract.emaid, self._next_end(contract), vehicle)
            bundle = await self._packing.hand_over(fresh, receiver, roots)
            if vehicle is not None:
                await self._refill_pool(fresh, vehicle, roots)
            await self._supersede(contract, fresh.leaf)
            call.text = f"Contract {contract.emaid} renewed until {fresh.leaf.not_valid_after_utc}."
            return bundle

    async def reissue(self, emaid: str) -> Subscription:
        """A new certificate and key for a contract, waiting in the pool for its vehicle to be installed (MO-4).

        The old certificate stays good until it ends. Raises Refused; the contract is as it was then.
        """
        with self._voice.call("reissue contract") as call:
            contract = await self.subscription(emaid)
            self._check_renewable(contract)
            if contract.pcid is None:
                raise Refused(f"The contract {contract.emaid} is bound to no vehicle.", clause="MO-4")
            vehicle = await self._vehicle(contract.pcid)
            end = self._next_end(contract)
            certificate = await self._install(contract.emaid, end, vehicle, by_service=contract.by_service)
            call.text = f"Contract {contract.emaid} has a new certificate until {certificate.not_valid_after_utc}."
            return await self._supersede(contract, certificate)

    async def _install(
        self, emaid: str, ends: float, vehicle: ProvisionedVehicle, *, by_service: bool
    ) -> x509.Certificate:
        """Have a new certificate wait in the contract pool, made here or by the contract service."""
        if not by_service:
            fresh = await self._packing.make(emaid, ends, vehicle)
            await self._packing.store(fresh, vehicle)
            return fresh.leaf
        if self._contracts is None:
            raise Refused("This operator takes no contracts from a service.", clause="CPS-11", http_status=503)
        return await self._contracts().generate(emaid, vehicle.pcid, begins=self._clock.now(), ends=ends)

    def _next_end(self, contract: Subscription) -> float:
        """When the certificate of a renewal is to end."""
        end = self._clock.now() + CONTRACT_LIFETIME
        return end if contract.until is None else min(end, contract.until)

    async def _vehicle(self, pcid: str) -> ProvisionedVehicle:
        """MO-1: the provisioning certificate, verified to a manufacturer's root and not revoked."""
        try:
            vehicle = await self._vehicles.get(check_pcid(pcid))
        except IdentifierError as error:
            raise Refused(error.sentence, clause="ID-2", message='pcid : must match "^[a-zA-Z0-9]{17,18}$"') from None
        await self._verifier.full(vehicle.chain, Use.PROVISIONING, gate=self._voice.tolerate)
        self._voice.judged(
            "provisioning certificate", True, f"{vehicle.pcid} leads to a known root and is not revoked", "MO-1"
        )
        return vehicle

    async def _vehicle_of(self, contract: Subscription) -> ProvisionedVehicle | None:
        """The contract's vehicle, if the provisioning pool still has it: an update does not depend on it."""
        if contract.pcid is None:
            return None
        try:
            return await self._vehicles.get(contract.pcid)
        except PncError as error:
            self._voice.judged(f"vehicle of {contract.emaid}", False, error.sentence)
            return None

    async def _refill_pool(self, fresh: FreshContract, vehicle: ProvisionedVehicle, roots: Sequence[str]) -> None:
        """The update stands without it: a pool that fails here still holds the previous bundle."""
        try:
            await self._packing.store(fresh, vehicle, roots)
        except PncError as error:
            self._voice.judged(f"renewed bundle of {fresh.emaid} in the pool", False, error.sentence)

    async def _own_emaid(self, wanted: str | None, vehicle: ProvisionedVehicle) -> str:
        """The EMAID asked for, or a new one with its check character that no contract has."""
        if wanted is not None:
            emaid = _emaid(wanted)
            if emaid[:5] != self._provider:
                raise Refused(
                    f"{emaid} is not of this operator, whose EMAIDs begin with {self._provider}.",
                    clause="ACC-4",
                    http_status=403,
                )
            held = await self._held(emaid)
            if held is not None and (held.pcid or vehicle.pcid).upper() != vehicle.pcid.upper():
                raise Refused(
                    f"{emaid} belongs to {held.pcid}.",
                    clause="CPS-6",
                    # The published text of this answer, its spelling included.
                    message="Invalid Tupple - EMAID is already used by other PCID.",
                )
            return emaid
        for _ in range(_TRIES):
            digits = "".join(self._source.choice(_DIGITS) for _ in range(_INSTANCE))
            emaid = with_check_character(f"{self._provider}C{digits}")
            if await self._held(emaid) is None:
                return emaid
        raise Refused("No free EMAID was found.", clause="ISO 15118-2 H.1", http_status=500)

    def _check_renewable(self, contract: Subscription) -> None:
        if contract.state is SubscriptionState.CANCELLED:
            raise Refused(
                f"The contract {contract.emaid} was cancelled.",
                clause="MO-5",
                kind="contract cancelled",
            )
        if contract.state is SubscriptionState.BLOCKED:
            raise Refused(
                f"The contract {contract.emaid} is blocked and gets no new certificate.",
                clause="CSO-2",
                kind="no contract",
            )
        if contract.over(self._clock.now()):
            raise Refused(
                f"The contract {contract.emaid} has ended, as was agreed.",
                clause="MO-5",
                kind="contract cancelled",
            )

    async def _held(self, emaid: str) -> Subscription | None:
        return await self._store.of(SUBSCRIPTIONS).get(subscription_key(self._provider, emaid))

    async def _conclude(self, contract: Subscription) -> None:
        """Keep a new contract, unless somebody else has just got its EMAID."""

        async def step(change: Change) -> None:
            kept = await change.of(SUBSCRIPTIONS).get(subscription_key(self._provider, contract.emaid))
            if kept is not None and kept.driver != contract.driver:
                raise Refused(f"There is a contract {contract.emaid} already.", clause="CPS-6")
            await change.of(SUBSCRIPTIONS).put(contract)

        await self._store.change(step)

    async def _supersede(self, contract: Subscription, certificate: x509.Certificate) -> Subscription:
        """Keep a new certificate; the one before is remembered while it is good, to be revoked with the contract."""
        now = self._clock.now()

        async def step(change: Change) -> Subscription:
            kept = await change.of(SUBSCRIPTIONS).get(subscription_key(self._provider, contract.emaid)) or contract
            before = (*kept.earlier, kept.certificate)
            renewed = replace(
                kept,
                certificate=certificate,
                ends=reading.not_after(certificate),
                earlier=tuple(one for one in before if reading.not_after(one) > now),
                vehicle_now="there",
            )
            await change.of(SUBSCRIPTIONS).put(renewed)
            return renewed

        return await self._store.change(step)

    async def _amend(self, contract: Subscription, **changes: Any) -> None:
        """Change these facts of a contract and leave the others as they are by now."""

        async def amend(change: Change) -> None:
            subscriptions = change.of(SUBSCRIPTIONS)
            current = await subscriptions.get(subscription_key(self._provider, contract.emaid))
            await subscriptions.put(replace(current or contract, **changes))

        await self._store.change(amend)

    async def _decide(self, emaid: str, state: SubscriptionState) -> None:
        with self._voice.call(f"set contract {state}") as call:
            contract = await self.subscription(emaid)
            await self._amend(contract, state=state)
            call.text = f"Contract {contract.emaid} is {state}."


def _emaid(text: str) -> str:
    try:
        return check_emaid(text)
    except IdentifierError as error:
        raise Refused(error.sentence, clause="ID-1", kind="no contract") from None
