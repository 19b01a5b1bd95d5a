"""What a station keeps, read from its rooms, and put back into them after a loss of power."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.state import StationState, own
from pncsim.tls_certs.reading import der, load

if TYPE_CHECKING:
    from pncsim.secc.station.context import StationContext


def state_of(station: StationContext) -> StationState:
    """Everything that has to be there again."""
    books = {number: outlet.book.kept() for number, outlet in station.outlets.items()}
    return StationState(
        variables=station.model.written,
        password=station.link.password,
        roots=[(use, der(root)) for use, root in station.trust.all],
        own=[own(credentials) for credentials in station.upkeep.all],
        waiting=list(station.delivery.waiting),
        transactions={number: kept for number, kept in books.items() if kept is not None},
        meters={number: outlet.reading() for number, outlet in station.outlets.items() if outlet.reading is not None},
        tokens=station.cache.known,
    )


def restore(station: StationContext, state: StationState) -> None:
    """Have all of it again, before the station is run; open transactions are ended by :func:`end_interrupted`."""
    station.model.restore(state.variables)
    station.link.password = state.password
    station.trust.restore((use, load(root)) for use, root in state.roots)
    station.upkeep.restore(state.credentials())
    station.delivery.add(state.waiting)
    station.cache.restore(state.tokens)


def end_interrupted(station: StationContext, state: StationState, evse: int, register_wh: int | None) -> None:
    """The transaction that was open at ``evse`` ends now; the CSMS hears of it in its turn."""
    kept = state.transactions.get(evse)
    if kept is not None and evse in station.outlets:
        station.tell(station.outlets[evse].book.interrupted(kept, station.clock.now(), register_wh))
