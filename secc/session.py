"""What a station knows of the vehicle that is connected, in any dialect, and the few things a move may do."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from pncsim.secc import notices
from pncsim.secc.config import KeptSession, PowerSchedule, SeccConfig
from pncsim.secc.power import EvsePower
from pncsim.secc.questions import Question
from pncsim.wire.amounts import shown_energy
from pncsim.wire.gate import Liberty
from pncsim.wire.session.dialect import Envelope
from pncsim.wire.session.outputs import Notice
from pncsim.wire.session.responder import Responder

NO_SESSION = bytes(8)


class Wishes(Struct):
    """What the station wants of the vehicle: to stop (since when), to renegotiate, and the schedule it then offers.

    ``by_card``: a driver has identified, who is not asked for a contract any more (CharIN 2.4).
    """

    schedule: PowerSchedule
    stop_at: float | None = None
    renegotiation: bool = False
    by_card: bool = False


class StationSession:
    """One vehicle at one EVSE. Moves read and write it; ``talk`` is the conversation it belongs to."""

    def __init__(
        self,
        talk: Responder,
        config: SeccConfig,
        power: EvsePower,
        tls: bool,
        random: Callable[[int], bytes],
        wishes: Wishes,
    ) -> None:
        self.talk, self.config, self.power, self.tls = talk, config, power, tls
        self.random, self.wishes = random, wishes
        self.voice, self.answers = talk.voice, talk.answers
        self.received = Envelope("", None, NO_SESSION)
        """The request being answered."""
        self.payload = b""
        """Its octets."""
        # who
        self.id = NO_SESSION
        self.evccid = ""
        self.joined: KeptSession | None = None
        self.emaid = ""
        # energy
        self.charging = self.was_charging = False
        self.sampled_at: float | None = None
        self.soc: int | None = None
        self.start_wh = power.energy(talk.now)

    @property
    def state(self) -> str:
        """The state of the sequence table the station is in."""
        return self.talk.state

    @property
    def contract_offered(self) -> bool:
        """Contract needs TLS and a station that can reach its back end."""
        return self.tls and self.config.contract

    @property
    def energy_wh(self) -> float:
        """Energy of this session so far, with that before its pause."""
        return self.power.energy(self.talk.now) - self.start_wh

    def open(self, id: bytes, paused: KeptSession | None) -> None:
        """The session has its number; ``paused`` if it goes on where it had paused."""
        self.id, self.joined = id, paused
        self.voice.session = id.hex().upper()
        self.start_wh = self.power.energy(self.talk.now) - (paused.energy_wh if paused else 0.0)

    def tolerate(self, liberty: Liberty) -> None:
        """The station's gate: let a liberty of the vehicle pass and say so, or raise NotTolerated."""
        self.talk.tolerate(liberty)

    def notice(self, content: notices.StationNotice) -> None:
        """Tell the station."""
        self.talk.out.append(Notice(content))

    def ask(self, question: Question) -> int:
        """Put a question; the answer appears in ``answers`` under the returned number, or resumes an :class:`Until`."""
        return self.talk.ask(question)

    def sample(self, *, last: bool = False) -> None:
        """Report the meter, at most once per ``config.meter_interval``; ``last`` does so in any case."""
        now, power = self.talk.now, self.power
        if not last and self.sampled_at is not None and now - self.sampled_at < self.config.meter_interval:
            return
        self.sampled_at = now
        register = power.energy(now)
        energy = register - self.start_wh
        self.notice(
            notices.MeterSample(
                time=now,
                watts=power.watts,
                energy_wh=energy,
                register_wh=int(register),
                volts=power.volts,
                amperes=power.amperes,
                soc=self.soc,
            )
        )
        if self.voice.heard:
            watts, volts, amperes = power.watts, power.volts, power.amperes
            self.voice.power(watts=watts, energy_wh=energy, volts=volts, amperes=amperes, soc=self.soc)

    def start_charging(self) -> None:
        """Energy may flow from now on."""
        if self.charging:
            return
        self.charging = True
        self.notice(
            notices.ChargingStarted(
                time=self.talk.now, register_wh=self.power.reading(self.talk.now), resumed=self.was_charging
            )
        )
        self.was_charging = True
        self.voice.story("Energy may flow: the vehicle has started to charge.")

    def stop_charging(self, reason: str) -> None:
        """No energy flows from now on, whatever the state."""
        if self.charging:
            self.sample(last=True)
        self.power.off(self.talk.now)
        if not self.charging:
            return
        self.charging = False
        self.notice(
            notices.ChargingStopped(
                time=self.talk.now,
                energy_wh=self.energy_wh,
                register_wh=self.power.reading(self.talk.now),
                reason=reason,
            )
        )
        self.voice.story(f"Charging has stopped after {shown_energy(self.energy_wh)}: {reason}.")
