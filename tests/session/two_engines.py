"""A vehicle's engine and a station's engine that talk to each other with nothing between. Time is a number."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pncsim.ev.battery import Battery
from pncsim.ev.config import VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.engine import EvccEngine
from pncsim.ev.iso2 import ISO2 as EV_ISO2
from pncsim.ev.vehicle import Vehicle
from pncsim.secc.config import SeccConfig
from pncsim.secc.engine import SeccEngine
from pncsim.secc.iso2 import ISO2 as SECC_ISO2
from pncsim.secc.power import EvsePower
from pncsim.secc.questions import AuthorizationAnswer
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.wire.session.dialect import Dialect
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, PassTime, Send, Wait
from pncsim.wire.trace import Event
from pncsim.wire.values import replace

NOW = 1_795_000_000.0
EMAID = "DEABCC123ABC56"
YES = AuthorizationAnswer(accepted=True, certificate_status="Accepted", token_status="Accepted", token="CARD-1")


@cache
def pki() -> Pki:
    return create_pki(NOW, emaid=EMAID)


def vehicle(**wishes: Any) -> Vehicle:
    """A vehicle that wants 0.5 kWh and pays by its contract."""
    return Vehicle(
        config=VehicleConfig(**{"energy_wish": 500.0, "loop_interval": 30.0, "install": "never", **wishes}),
        battery=Battery(),
        v2g_roots=(pki().certificate("v2g_root"),),
        contracts=ContractStore((Contract(EMAID, pki().credentials("contract_leaf")),)),
    )


def station(**changes: Any) -> SeccConfig:
    """An EVSE that knows the vehicle's mobility operator."""
    return replace(SeccConfig(contract_anchors=(pki().certificate("mo_root"),)), **changes)


@dataclass
class Conversation:
    """What came of it. ``slow`` seconds pass before the station's answer to a message reaches the vehicle."""

    ev: EvccEngine
    secc: SeccEngine
    slow: dict[str, float] = field(default_factory=dict)
    now: float = NOW
    events: list[Event] = field(default_factory=list)
    frames: list[tuple[str, bytes]] = field(default_factory=list)
    notices: list[object] = field(default_factory=list)
    ends: dict[str, Close] = field(default_factory=dict)

    def run(self) -> Conversation:
        """Talk until both have closed."""
        self._do("SECC", self.secc.start(self.now))
        self._do("EV", self.ev.start(self.now))
        return self

    def of(self, kind: type[Any], role: str = "") -> list[Any]:
        """The events of one kind, of one role if given."""
        return [event for event in self.events if isinstance(event, kind) and role in ("", event.role)]

    def _do(self, who: str, outputs: list[Output]) -> None:
        """Carry out what ``who`` says, the other side's reaction included, depth first: they take turns anyway."""
        other: Any = self.secc if who == "EV" else self.ev
        name = ""
        for output in outputs:
            if isinstance(output, Event):
                self.events.append(output)
                name = getattr(output, "name", name)
            elif isinstance(output, Send):
                self.frames.append((who, output.frame))
                self.now += self.slow.get(name, 0.01)
                self._do("SECC" if who == "EV" else "EV", other.receive(output.frame, self.now))
            elif isinstance(output, Notice):
                self.notices.append(output.content)
            elif isinstance(output, Close):
                self.ends[who] = output
                self._do("SECC" if who == "EV" else "EV", other.closed(self.now))
            elif isinstance(output, Ask):
                self._answer(who, output)
        if self.secc.deadline is not None and self.secc.deadline <= self.now:
            self._do("SECC", self.secc.wake(self.now))
        if who == "SECC" and self.secc._pending is not None and not self.secc.done:
            self.now = max(self.now, self.secc.deadline or 0.0)
            self._do("SECC", self.secc.wake(self.now))

    def _answer(self, who: str, ask: Ask) -> None:
        if isinstance(ask.question, PassTime | Wait):
            self.now += ask.question.seconds
        engine: Any = self.ev if who == "EV" else self.secc
        self._do(who, engine.answered(ask.id, YES if who == "SECC" else None, self.now))


def converse(*, ev: tuple[Dialect, ...] = (), secc: tuple[Dialect, ...] = (), **given: Any) -> Conversation:
    """One session; ``ev`` and ``secc`` are the dialects each side speaks, ``given`` more of Conversation."""
    wishes, changes = given.pop("wishes", {}), given.pop("changes", {})
    counter = itertools.count(1)
    car = EvccEngine(vehicle(**wishes), tls=True, plugged_in=NOW, dialects=ev or (EV_ISO2,))
    evse = SeccEngine(
        station(**changes),
        power=EvsePower(),
        tls=True,
        random=lambda n: next(counter).to_bytes(n, "big"),
        dialects=secc or (SECC_ISO2,),
    )
    return Conversation(car, evse, **given).run()
