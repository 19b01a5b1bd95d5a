"""An operator's customer desk: contracts concluded, renewed and ended for its drivers, who are told of it.

CharIN 2.1.2.1, 2.1.2.5, 2.4.2.2 and 2.4.2.3; rules MO-3 to MO-5. A contract ends in steps any of which may be repeated:
its certificates are revoked, the operator says no from then on, the pool forgets its bundle, the driver is told. What a
crash or a silent pool left undone, :meth:`Customers.look_after` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pncsim.backend.mo.service import MobilityOperator
from pncsim.backend.mo.store import (
    NOTICES,
    SUBSCRIPTIONS,
    DriverNotice,
    NoticeSubject,
    Subscription,
    SubscriptionState,
    VehicleNow,
    driver_key,
    subscription_key,
)
from pncsim.backend.ports import DeletionPort, RevocationPort
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Change, Page, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

NEAR = 30 * 86_400.0
"""Seconds before a certificate's end from which it is renewed, or its driver is told."""

_WHAT_HAPPENED: dict[VehicleNow, tuple[NoticeSubject, str]] = {
    "new key": (
        "vehicle key changed",
        "The vehicle {pcid} got a new key and cannot use contract {emaid} as it is. Shall it be made anew?",
    ),
    "gone": (
        "vehicle gone",
        "The manufacturer has taken the vehicle {pcid} out of service: contract {emaid} cannot be used in it.",
    ),
    "reset": (
        "vehicle reset",
        "The vehicle {pcid} was reset, as when it is sold: contract {emaid} is not made anew for it.",
    ),
}


class Customers:
    """The desk of ``operator``. ``pool`` keeps the bundles, ``revocation`` revokes what was issued for them."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        operator: MobilityOperator,
        *,
        pool: DeletionPort,
        revocation: RevocationPort,
    ) -> None:
        self._clock, self._voice, self._store = clock, voice, store
        self._operator, self._pool, self._revocation = operator, pool, revocation

    async def conclude(
        self,
        driver: str,
        pcid: str,
        *,
        emaid: str | None = None,
        until: float | None = None,
        lasts: float | None = None,
        renews: bool = False,
        by_service: bool = False,
    ) -> Subscription:
        """Conclude a contract as :meth:`MobilityOperator.subscribe` does, and tell the driver.

        An EMAID that is asked for must be new: a contract there is gets a new certificate, not another driver.
        """
        if emaid is not None and await self._find(emaid) is not None:
            raise Refused(f"There is a contract {emaid} already.", clause="CPS-6", advice="Have it renewed.")
        contract = await self._operator.subscribe(
            driver, pcid, ends=until, lasts=lasts, emaid=emaid, renews=renews, by_service=by_service
        )
        await self._tell(contract, "concluded", f"Contract {contract.emaid} for {contract.pcid} is ready to install.")
        return contract

    async def contract(self, emaid: str) -> Subscription:
        """The contract. Raises Refused, 404 if there is none."""
        return await self._operator.subscription(emaid)

    async def contracts(self, driver: str | None = None, *, after: str = "", limit: int = 100) -> Page[Subscription]:
        """A page of the operator's contracts, or of one driver's (see :meth:`backend.store.tables.Table.page`)."""
        provider = self._operator.provider
        where = ("operator", provider) if driver is None else ("driver", driver_key(provider, driver))
        return await self._store.of(SUBSCRIPTIONS).page(where, after=after, limit=limit)

    async def notices(self, driver: str) -> list[DriverNotice]:
        """What a driver was told, in order."""
        where = ("driver", driver_key(self._operator.provider, driver))
        return [notice async for notice in every(self._store.of(NOTICES), where)]

    async def let_renew(self, emaid: str, renews: bool) -> Subscription:
        """Whether the driver wants new certificates without being asked: the opt-in of MO-4, and its withdrawal."""
        contract = await self.contract(emaid)
        if contract.state is SubscriptionState.CANCELLED:
            raise Refused(f"The contract {contract.emaid} was cancelled.", clause="MO-5")
        return await self._amend(contract, renews=renews)

    async def block(self, emaid: str, blocked: bool) -> Subscription:
        """Refuse charging, or no longer; the certificate stays valid."""
        await (self._operator.block if blocked else self._operator.unblock)(emaid)
        return await self.contract(emaid)

    async def renew(self, emaid: str) -> Subscription:
        """A new certificate because the driver asks for it; after a reset nobody gets one (MO-3)."""
        contract = await self.contract(emaid)
        if contract.vehicle_now == "reset":
            raise Refused(
                f"The vehicle of {contract.emaid} was reset: its contract is not made anew.",
                clause="MO-3",
                advice="Conclude a new contract with whoever drives it now.",
            )
        renewed = await self._operator.reissue(emaid)
        await self._tell(renewed, "renewed", f"Contract {renewed.emaid} has a new certificate, to be installed.")
        return renewed

    async def unsubscribe(self, emaid: str) -> Subscription:
        """End a contract at once (CharIN 2.4.2.2): revoked, refused, and out of the pool. May be repeated.

        Raises PncError where the pool could not be told; the contract has ended all the same, and it is tried again.
        """
        with self._voice.call("end contract") as call:
            contract = await self.contract(emaid)
            ended = contract.state is SubscriptionState.CANCELLED
            for certificate in (contract.certificate, *contract.earlier):
                await self._revocation.revoke_certificate(certificate, "cessation_of_operation")
            contract = await self._amend(contract, state=SubscriptionState.CANCELLED, renews=False)
            if not ended:
                await self._tell(contract, "ended", f"Contract {contract.emaid} has ended and was revoked.")
            await self._clear(contract)
            call.text = f"Contract {contract.emaid} of {contract.driver} has ended."
            return replace(contract, cleared=True)

    async def terminate(self, driver: str, at: float | None = None) -> list[Subscription]:
        """End all contracts of a driver, for whatever vehicle, now or at lab time ``at`` (CharIN 2.4.2.3; MO-5).

        All are ended before the first failure is raised. Raises Refused, 404 for somebody without contracts.
        """
        where = ("driver", driver_key(self._operator.provider, driver))
        found = [contract async for contract in every(self._store.of(SUBSCRIPTIONS), where)]
        if not found:
            raise Refused(f"The operator has no customer {driver!r}.", clause="MO-5", http_status=404)
        open_ones = [contract for contract in found if contract.state is not SubscriptionState.CANCELLED]
        if at is not None and at > self._clock.now():
            return [await self._end_at(contract, at) for contract in open_ones]
        return await self._end_all([contract for contract in found if not contract.cleared])

    async def look_after(self, contract: Subscription) -> None:
        """What is due for a contract by now: its agreed end, its clearing, its renewal, a word on its end."""
        now = self._clock.now()
        cancelled = contract.state is SubscriptionState.CANCELLED
        if (cancelled and not contract.cleared) or (contract.over(now) and not cancelled):
            await self.unsubscribe(contract.emaid)
        elif contract.state is SubscriptionState.ACTIVE and now < contract.ends <= now + NEAR:
            await self._near_its_end(contract)

    async def hear(self, emaid: str, what: VehicleNow, time: float) -> None:
        """Something happened to a contract's vehicle at ``time``: nothing is made anew, its driver is asked or told.

        May be heard twice. A reset is not undone by what is heard of its consequences.
        """
        contract = await self._find(emaid)
        if contract is None or contract.state is SubscriptionState.CANCELLED or contract.vehicle_now == what:
            return
        if contract.vehicle_now == "reset" and what == "gone":
            return
        await self._amend(contract, vehicle_now=what)
        if what in _WHAT_HAPPENED:
            subject, text = _WHAT_HAPPENED[what]
            await self._tell(contract, subject, text.format(pcid=contract.pcid, emaid=contract.emaid), time)

    async def _near_its_end(self, contract: Subscription) -> None:
        """Renew where the driver wants that, the vehicle is as it was, and the contract goes on; else say so once."""
        if not (contract.renews and contract.vehicle_now == "there" and contract.until is None):
            await self._once(contract, "ends soon", f"The certificate of contract {contract.emaid} ends soon.")
        elif not await self._was_told(contract, "renewed"):  # else its vehicle's certificate ends as soon
            try:
                renewed = await self._operator.reissue(contract.emaid)
            except PncError as error:
                await self._once(contract, "renewal failed", f"{contract.emaid} was not renewed: {error.sentence}")
                raise
            text = f"Contract {renewed.emaid} has a new certificate, as you wished, to be installed."
            await self._tell(renewed, "renewed", text)

    async def _once(self, contract: Subscription, subject: NoticeSubject, text: str) -> None:
        """Tell it, unless it was told of this certificate."""
        if not await self._was_told(contract, subject):
            await self._tell(contract, subject, text)

    async def _was_told(self, contract: Subscription, subject: NoticeSubject) -> bool:
        """Whether the driver was told so since the end of the contract's certificate came near."""
        since = contract.ends - NEAR
        notices = await self.notices(contract.driver)
        return any(one.emaid == contract.emaid and one.subject == subject and one.time >= since for one in notices)

    async def _end_at(self, contract: Subscription, at: float) -> Subscription:
        until = at if contract.until is None else min(at, contract.until)
        return await self._amend(contract, until=until, renews=False)

    async def _end_all(self, contracts: Sequence[Subscription]) -> list[Subscription]:
        ended, failed = [], None
        for contract in contracts:
            try:
                ended.append(await self.unsubscribe(contract.emaid))
            except PncError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return ended

    async def _clear(self, contract: Subscription) -> None:
        """Have the pool forget the bundle; one it has not is forgotten."""
        try:
            await self._pool.delete(contract.emaid)
        except Refused as error:
            if error.http_status != 404:
                raise
        await self._amend(contract, cleared=True)

    async def _find(self, emaid: str) -> Subscription | None:
        return await self._store.of(SUBSCRIPTIONS).get(subscription_key(self._operator.provider, emaid))

    async def _amend(self, contract: Subscription, **changes: Any) -> Subscription:
        """Change these facts of a contract and leave the others as they are by now."""

        async def amend(change: Change) -> Subscription:
            subscriptions = change.of(SUBSCRIPTIONS)
            current = await subscriptions.get(subscription_key(contract.operator, contract.emaid))
            amended = replace(current or contract, **changes)
            await subscriptions.put(amended)
            return amended

        return await self._store.change(amend)

    async def _tell(self, contract: Subscription, subject: NoticeSubject, text: str, time: float | None = None) -> None:
        notice = DriverNotice(
            operator=contract.operator,
            driver=contract.driver,
            emaid=contract.emaid,
            time=self._clock.now() if time is None else time,
            subject=subject,
            text=text,
        )
        await self._store.of(NOTICES).put(notice)
        self._voice.story(f"{contract.driver} is told: {text}")
