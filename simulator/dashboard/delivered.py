"""Which message brought a contract certificate to the vehicle, and who had signed it. No screen in it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pncsim.simulator.dashboard.anatomy import anatomy_of
from pncsim.simulator.dashboard.form import NUMBER, read_value
from pncsim.simulator.dashboard.signatures import SignatureView, signature_of
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.walk import Walk
from pncsim.tls_certs.reading import fingerprint
from pncsim.wire.errors import PncError
from pncsim.wire.trace import V2gMessage

AT_ONCE = 2_000
"""Rows looked at in one step."""
BRINGING = ("CertificateInstallationRes", "CertificateUpdateRes")
_MARKS = tuple(name.encode() for name in BRINGING)


class BroughtBy(Struct, frozen=True):
    """The message ``name`` at ``place`` of the store, number ``seq`` of its run, and its signature."""

    place: int
    seq: int
    name: str
    signature: SignatureView | None


class BroughtContracts:
    """The contract certificates that messages of a run have brought; :meth:`of` looks at what has come since."""

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self._places: dict[str, int] = {}
        self._walk = Walk(lambda: len(store.rows), self._look, AT_ONCE)

    def of(self, print: str) -> BroughtBy | None:
        """What brought the certificate with this SHA-256 (hex), the last time; None where nothing did."""
        self._walk.on()
        place = self._places.get(print)
        if place is None:
            return None
        event = self.store.event(place)
        anatomy = anatomy_of(event)
        signature = signature_of(self.store, place, anatomy) if anatomy is not None else None
        return BroughtBy(place, event.seq, getattr(event, "name", ""), signature)

    def _look(self, begins: int, ends: int) -> None:
        kind = NUMBER[V2gMessage]
        for place in self.store.rows.first_events[begins:ends]:
            if self.store.kinds[place] == kind and any(mark in (self.store.record(place) or b"") for mark in _MARKS):
                for leaf in _brought(self.store.event(place)):
                    self._places[fingerprint(leaf)] = place


def _brought(event: Any) -> list[bytes]:
    if event.name not in BRINGING:
        return []
    try:
        said: Any = read_value(event).value
        body = said.Body.BodyElement
        return [body.ContractSignatureCertChain.Certificate]
    except (PncError, AttributeError):
        return []  # a refusal carries none, and octets that say nothing have no body
