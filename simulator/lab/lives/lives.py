"""The lives of a lab's actors: who is taken away at which message, and how each stands again from its store.

In memory only: there the borders of all actors can be seen. A moment is told as its message is about to be sent, so an
actor that is killed there is dead between it and the message before. ``EV`` keeps its keys and contracts, ``SECC``
what :mod:`secc.station.state` names, the others what is in their stores. Meters, wires and batteries are no memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from pncsim.ev.outcome import SessionOutcome
from pncsim.simulator.lab.lives.borders import ServiceDoor, WatchedChannel, WatchedLink, WatchedWire
from pncsim.simulator.lab.lives.life import Life, Mortal, Strike
from pncsim.simulator.lab.plug_in import PlugIn
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerClosed, PncError
from pncsim.wire.network import Network
from pncsim.wire.session.outputs import Alter
from pncsim.wire.v2g import iso2
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.backend.ecosystem import Service
    from pncsim.ev.vehicle import Vehicle
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.back_end import BackEnd
    from pncsim.simulator.lab.hooks import Hooks
    from pncsim.wire.ocpp.channel import FrameChannel

KILLED = "The vehicle's controller was killed."

_SERVICES: dict[Mortal, Service] = {"CCP": "pool", "MO": "mo", "OCSP": "responder"}


class Lives:
    """``stations`` are those of the lab by identity, and ``makes`` make each anew. Nobody is taken away until
    :meth:`arm`; from then on there may be one vehicle, one station and one CSMS. ``told``: the messages from the first
    plug-in on, and when.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        hooks: Hooks,
        stations: dict[str, ChargePoint],
        makes: dict[str, Callable[..., ChargePoint]],
    ) -> None:
        self._clock, self._voice, self._hooks = clock, voice, hooks
        self._stations, self._makes = stations, makes
        self._strikes: list[Strike] = []
        self._lives: dict[Mortal, Life] = {}
        self._seen: Counter[str] = Counter()
        self._wires: list[WatchedWire] = []
        self._channels: list[WatchedChannel] = []
        self._doors: dict[Mortal, ServiceDoor] = {}
        self._returning: set[asyncio.Task[None]] = set()
        self._back: BackEnd | None = None
        self._vehicle: Vehicle | None = None
        self._driving: asyncio.Task[SessionOutcome] | None = None
        self._progress = ""
        self.told: list[tuple[float, str]] = []

    # Who disturbs

    def arm(self, *strikes: Strike) -> None:
        """Have this happen; without any, messages are only told."""
        if not self._lives:
            self._lives = {actor: Life() for actor in ("EV", "SECC", "CSMS", "CCP", "MO", "OCSP")}
            self._hooks.alter("vehicle", "", self._sending("EV"))
            self._hooks.alter("station", "", self._sending("SECC"))
            self._hooks.once("csms", "", self._stand_before)
        self._strikes += strikes

    def on(self, network: Network) -> Network:
        """``network`` as the vehicle sees it."""
        return WatchedLink(network, self._clock, self._lives["EV"], self._lives["SECC"], self._wires)

    # What the lab asks

    def channel(self, channel: FrameChannel) -> FrameChannel:
        """A station's channel to its CSMS, as the station sees it."""
        if not self._lives:
            return channel
        seen = WatchedChannel(channel, self._lives["SECC"], self._lives["CSMS"], self._moment)
        self._channels.append(seen)
        return seen

    async def drive(self, vehicle: Vehicle, charging: Coroutine[Any, Any, SessionOutcome]) -> SessionOutcome:
        """Let the vehicle charge, to the end of its session or of itself."""
        if not self._lives:
            return await charging
        self._vehicle, self._driving = vehicle, asyncio.ensure_future(charging)
        try:
            return await self._driving
        except asyncio.CancelledError:
            if not self._lives["EV"].dead:
                raise
            return SessionOutcome(reason=KILLED, error=PeerClosed(KILLED))
        finally:
            self._driving = None

    async def standing(self, identity: str) -> ChargePoint:
        """The station, once it stands."""
        if self._lives:
            await self._lives["SECC"].here()
        return self._stations[identity]

    async def all_back(self) -> None:
        """Wait until everybody is there again."""
        while self._returning:
            await asyncio.wait(tuple(self._returning))

    async def close(self) -> None:
        """Nobody comes back any more."""
        for task in self._returning:
            task.cancel()
        await asyncio.gather(*self._returning, return_exceptions=True)

    # Moments

    def _sending(self, actor: Mortal) -> Alter:
        def about_to_send(name: str, message: Any) -> Any:
            body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else None
            if body is None and not name.startswith("SupportedAppProtocol"):
                return message  # before it is signed
            if isinstance(body, iso2.PowerDeliveryReq):
                self._progress = str(body.ChargeProgress)
            self._moment(f"{name}.{self._progress}" if name.startswith("PowerDelivery") else name)
            return None if self._lives[actor].taken else message

        return about_to_send

    def _moment(self, message: str) -> None:
        if self._back is None:
            return
        self.told.append((self._clock.now(), message))
        self._seen[message] += 1
        for strike in self._strikes:
            if (strike.message, strike.nth) == (message, self._seen[message]) and self._lives[
                strike.actor
            ].taken is None:
                self._take(strike)

    async def _stand_before(self, plug_in: PlugIn) -> None:
        """Stand before the services that the CSMS asks."""
        self._back = back = plug_in.back
        ecosystem, services = back.ecosystem, back.services
        for actor, service in _SERVICES.items():
            self._doors[actor] = ServiceDoor(getattr(ecosystem, service), actor, self._lives[actor], self._moment)
        services.pool, services.operator = self._doors["CCP"], self._doors["MO"]
        ecosystem.__dict__["responder"] = self._doors["OCSP"]

    # Taking away, and giving back

    def _take(self, strike: Strike) -> None:
        life = self._lives[strike.actor]
        life.take(strike.how)
        self._voice.story(f"{strike.actor} is {strike.how} as {strike.message} is about to be sent.")
        stand_again = self._kill(strike.actor) if strike.how == "killed" else _unchanged
        if strike.how == "silent":
            self._look()
        task = asyncio.ensure_future(self._return(strike, life, stand_again))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _return(self, strike: Strike, life: Life, stand_again: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await self._clock.sleep(strike.seconds)
        try:
            await stand_again()
        except PncError as error:
            self._voice.problem(error)
        life.give_back()
        self._look()
        self._voice.story(f"{strike.actor} is there again.")

    def _look(self) -> None:
        for wire in self._wires:
            wire.look()
        for channel in self._channels:
            channel.look()

    def _kill(self, actor: Mortal) -> Callable[[], Coroutine[Any, Any, None]]:
        match actor:
            case "EV":
                return self._kill_vehicle()
            case "SECC":
                return self._kill_station()
            case "CSMS":
                return self._kill_csms()
        return self._kill_service(actor)

    def _kill_vehicle(self) -> Callable[[], Coroutine[Any, Any, None]]:
        for wire in self._wires:
            wire.cut()
        if self._driving is not None:
            self._driving.cancel()
        vehicle = self._vehicle
        assert vehicle is not None, "it has been plugged in, or nothing would be told"
        vehicle.restart()
        return _unchanged

    def _kill_station(self) -> Callable[[], Coroutine[Any, Any, None]]:
        ((identity, station),) = self._stations.items()
        kept, hardware = station.lose_power()
        self._cut_channels()
        dying = asyncio.ensure_future(self._bury(station))

        async def stand_again() -> None:
            await dying
            self._stations[identity] = anew = self._makes[identity](state=kept, hardware=hardware)
            await anew.open()

        return stand_again

    async def _bury(self, station: ChargePoint) -> None:
        await self._reset_channels()
        await station.buried()

    def _kill_csms(self) -> Callable[[], Coroutine[Any, Any, None]]:
        back = self._back
        assert back is not None and back.own is not None, "its station has met it"
        self._cut_channels()
        store, dying = back.own.store, asyncio.ensure_future(self._bury_csms(back))

        async def stand_again() -> None:
            await dying
            assert back.make is not None, "it is our own"
            back.own = back.make(store=store)
            if back.door is not None:
                back.door.csms = back.own
            else:
                back.connect = back.own.connector()

        return stand_again

    async def _bury_csms(self, back: BackEnd) -> None:
        await self._reset_channels()
        await back.csms.lose_power()

    def _cut_channels(self) -> None:
        for channel in self._channels:
            channel.cut()

    async def _reset_channels(self) -> None:
        channels, self._channels = self._channels, []
        for channel in channels:
            await channel.reset()

    def _kill_service(self, actor: Mortal) -> Callable[[], Coroutine[Any, Any, None]]:
        door, back = self._doors[actor], self._back
        assert back is not None, "its station has met it"
        door.die()

        async def stand_again() -> None:
            door.service = back.ecosystem.restart(_SERVICES[actor])
            if actor == "OCSP":
                back.ecosystem.__dict__["responder"] = door

        return stand_again


async def _unchanged() -> None:
    """It is as it was."""
