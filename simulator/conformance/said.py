"""What was said to a device and by it in one case, for its record: the octets, so that anybody can judge them again."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from msgspec import Struct

from pncsim.wire.trace import Direction, Event, HttpExchange, OcppFrame, SdpDatagram, V2gMessage

MOST = 6
"""Messages that are kept of a case: the one before its step, and what came from there on; of one without, the last."""
PENDING = 64
"""Messages that wait until it is known where the step was."""


class Uttered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as the tester has sent or received it.

    ``at``: lab seconds since the step, or since the first that is kept. ``name``: that of the message, the action or
    the request. ``octets``: as on the wire, in hexadecimal; a V2G message without its V2GTP header. ``text``: an OCPP-J
    frame, or the address of a request.
    """

    at: float
    way: Direction
    name: str
    octets: str = ""
    text: str = ""


ON_THE_LINK = (SdpDatagram, V2gMessage)
"""What passes between vehicle and station."""
AT_THE_DESK = (OcppFrame, HttpExchange)
"""What passes between a tester and a service."""


class Ear:
    """A reader of the trace that remembers what was said last, of those ``kinds``."""

    def __init__(self, kinds: tuple[type[Event], ...]) -> None:
        self._kinds = kinds
        self._heard = deque[tuple[float, Uttered]](maxlen=PENDING)

    def __call__(self, event: Event) -> None:
        """A reader of the trace."""
        if isinstance(event, self._kinds) and (said := _said(event)) is not None:
            self._heard.append((event.time, said))

    def told(self, since: float | None) -> tuple[Uttered, ...]:
        """What is worth keeping of a case whose step was taken at ``since`` (None: it has none)."""
        heard = list(self._heard)
        if since is None:
            kept = heard[-MOST:]
            since = kept[0][0] if kept else 0.0
        else:
            step = next((index for index, (at, _) in enumerate(heard) if at >= since), len(heard))
            kept = heard[max(0, step - 1) :][:MOST]
        return tuple(_at(said, at - since) for at, said in kept)


def _at(said: Uttered, seconds: float) -> Uttered:
    return Uttered(at=round(seconds, 3) + 0.0, way=said.way, name=said.name, octets=said.octets, text=said.text)


def _said(event: Event) -> Uttered | None:
    match event:
        case V2gMessage():
            return Uttered(at=0.0, way=event.direction, name=event.name, octets=event.payload.hex())
        case SdpDatagram():
            return Uttered(at=0.0, way=event.direction, name="SDP", octets=event.data.hex())
        case OcppFrame():
            return Uttered(at=0.0, way=event.direction, name=event.action, text=event.frame)
        case HttpExchange():
            # Bodies may hold what lets somebody in: what was asked and how it ended says enough.
            return Uttered(at=0.0, way="sent", name=f"{event.method} {event.status}", text=event.url)
    return None


def line(said: Uttered, shortened: int = 0) -> str:
    """A message as a line for people; ``shortened``: octets of it that are shown at most, 0 for all."""
    arrow = ">" if said.way == "sent" else "<"
    shown, left = said.octets, len(said.octets) // 2 - shortened
    if shortened and left > 0:
        shown = f"{shown[: 2 * shortened]}… ({left} more)"
    return f"{said.at:+9.3f} s {arrow} {said.name} {shown or said.text}".rstrip()


def lines(said: Sequence[Uttered], shortened: int = 0) -> str:
    """Several, one a line."""
    return "\n".join(line(one, shortened) for one in said)
