"""The stations of a lab, each booted when it is first needed, with what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.config import SeccConfig
from pncsim.simulator.lab.around import named
from pncsim.simulator.lab.back_end import BackEnd
from pncsim.simulator.lab.home import PrivateHome
from pncsim.simulator.lab.hooks import Hooks
from pncsim.simulator.lab.lives.lives import Lives
from pncsim.simulator.lab.region import Region
from pncsim.simulator.lab.stations import can_staple, configure_station, evse_id_of, make_station
from pncsim.simulator.plan import StationPlan
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.wire.ocpp.channel import Connector, FrameChannel

RECONNECT_PATIENCE = 300.0
"""Seconds a station that lost its CSMS may take, after the session, to deliver what it kept (in memory)."""


class Sites:
    """``standing``: the stations that have been needed, by identity; ``behind``: what is behind each; ``homes``: those
    of private ones; ``lives``: who is taken away. ``installed``: stations have their V2G certificate from the start.
    """

    def __init__(self, region: Region, hooks: Hooks, voice: Voice, *, installed: bool) -> None:
        self._region, self._on, self._plan = region, region.footing, region.plan
        self._hooks, self._voice, self._installed = hooks, voice, installed
        self.standing: dict[str, ChargePoint] = {}
        self.behind: dict[str, BackEnd] = {}
        clock, source = self._on.clock, self._on.source
        self.homes = {one.identity: PrivateHome.of(clock, source) for one in self._plan.stations if one.private}
        self._makes: dict[str, Callable[..., ChargePoint]] = {}
        self.lives = Lives(clock, voice, hooks, self.standing, self._makes)
        self._booting = asyncio.Lock()
        self._cut_until: dict[str, float] = {}

    def planned(self, identity: str) -> tuple[StationPlan, int]:
        """The plan of a station and its number from 1, "" the first. Raises LocalError."""
        for number, plan in enumerate(self._plan.stations, 1):
            if identity in ("", plan.identity):
                return plan, number
        known = ", ".join(plan.identity for plan in self._plan.stations) or "none"
        raise LocalError(f"This lab has no station {identity!r}; it has {known}.")

    async def station(self, identity: str, config: SeccConfig | None, wishes: Mapping[str, Any]) -> ChargePoint:
        """The station of that identity, booted if it was not yet (see :meth:`simulator.lab.lab.Lab.station`)."""
        plan, number = self.planned(identity)
        if plan.foreign:
            raise LocalError(f"The station {plan.identity} is somebody else's: its inside cannot be seen.")
        async with self._booting:
            if plan.identity not in self.standing:
                settings = configure_station(config, wishes, plan.traits, policies=self._plan.policies)
                await self._boot(plan, number, settings)
            elif config is not None or wishes:
                raise LocalError(
                    f"The station {plan.identity} is running already.",
                    advice="Say what it is like before the first vehicle is plugged in.",
                )
            return self.standing[plan.identity]

    async def cut_csms(self, back: BackEnd, seconds: float) -> None:
        """The connections to a CSMS break and cannot be opened again for ``seconds``."""
        self._cut_until[back.name] = self._on.clock.now() + seconds
        for link in tuple(back.csms.stations.values()):
            await link.peer.close(1001, "the connection is cut")

    async def heard(self) -> None:
        """Once the CSMSs have heard what stations have to say now."""
        for station in self.standing.values():
            await station.heard()

    async def delivered(self, site: ChargePoint) -> None:
        """A station that has lost its CSMS may come back and deliver what it kept, in virtual time; or it is said."""
        if not site.station.delivery.holds():
            return
        patience = RECONNECT_PATIENCE if self._on.transport == "memory" else 0.0
        if not await site.station.settled(patience):
            self._voice.of("CS", site.station.config.identity).problem(
                PeerError(
                    "TransactionEvents wait for the CSMS: it does not know how the transaction went on.",
                    kind="unreachable",
                    clause="E04.FR.01",
                    advice="A real station delivers them when the CSMS is back, whenever that is.",
                )
            )

    async def close(self) -> None:
        """Take every station down; nobody who was taken away comes back."""
        await self.lives.close()
        for station in self.standing.values():
            await station.close()

    async def _boot(self, plan: StationPlan, number: int, config: SeccConfig) -> None:
        on, back = self._on, await self._region.back_end(plan.csms)
        pki = named(back.parties.pkis, plan.pki)
        issued = self._installed and plan.commissioned and not plan.private
        equipped = await back.parties.equip_station(number, evse_id_of(number), plan.pki) if issued else None
        make = self._makes[plan.identity] = partial(
            make_station,
            plan,
            number,
            password=back.password,
            security_profile=back.security_profile,
            everywhere=back.parties.pkis.values(),
            credentials=equipped,
            staples=equipped is None or can_staple(pki),
            connect=self._reach(back),
            home=self.homes.get(plan.identity),
            hooks=self._hooks,
            transport=on.transport,
            clock=on.clock,
            trace=on.trace,
            source=on.source,
            config=config,
        )
        station = make()
        self.standing[plan.identity], self.behind[plan.identity] = station, back
        await station.open(lenient=self._plan.policies.ocsp in ("prefer", "off"))
        which = "station" if len(self._plan.stations) == 1 else f"station {plan.identity}"
        self._voice.story(
            f"The {which} is ready; {'it has no CSMS' if plan.private else f'the CSMS is {back.csms_url}'}."
        )

    def _reach(self, back: BackEnd) -> Connector:
        async def connect(identity: str, password: str | None) -> FrameChannel:
            if self._on.clock.now() < self._cut_until.get(back.name, 0.0):
                raise PeerError("The CSMS cannot be reached: the connection is cut.", kind="unreachable")
            return self.lives.channel(await back.connect(identity, password))

        return connect
