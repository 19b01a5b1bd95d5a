"""Links of mutants: what a station would do that does not answer SDP, or looks at nothing in a request."""

from __future__ import annotations

from pncsim.secc.evse import EvsePlan
from pncsim.wire.network import Handlers, Network, SdpError, SeccAddress, Security, Serving
from pncsim.wire.streams import ByteStream
from pncsim.wire.v2g.sdp import ATTEMPTS, Wish
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice


class WrongLink:
    """``link``, on which one thing is wrong: nothing answers SDP, or any datagram is a right request there."""

    def __init__(self, link: Network, *, answers: bool) -> None:
        self._link, self._answers = link, answers

    async def serve(self, handlers: Handlers, voice: Voice | None = None) -> Serving:
        """As :class:`wire.network.Network`."""
        return await self._link.serve(handlers, voice)

    async def find(self, want: Wish, voice: Voice | None = None, *, attempts: int = ATTEMPTS) -> SeccAddress:
        """As :class:`wire.network.Network`, but for what is wrong."""
        if not self._answers:
            raise SdpError("The mutant answers no SDP request.")
        return await self._link.find(Security.NONE if isinstance(want, bytes) else want, voice, attempts=attempts)

    async def connect(self, address: SeccAddress, voice: Voice | None = None) -> ByteStream:
        """As :class:`wire.network.Network`."""
        return await self._link.connect(address, voice)


def deaf(plan: EvsePlan) -> EvsePlan:
    """An EVSE that answers no SDP request."""
    return _on(plan, answers=False)


def lax(plan: EvsePlan) -> EvsePlan:
    """An EVSE that takes any datagram for a right request."""
    return _on(plan, answers=True)


def _on(plan: EvsePlan, *, answers: bool) -> EvsePlan:
    assert plan.network is not None, "a station under test has a link"
    return replace(plan, network=WrongLink(plan.network, answers=answers))
