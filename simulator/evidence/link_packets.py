"""What passed between vehicle and station, as packets: each octet once, whichever end told of it first."""

from __future__ import annotations

from collections import Counter

from pncsim.simulator.evidence.pcapng import UDP, Connection, FlowEnd, Packets, Way, end, own_mac
from pncsim.wire.trace import EndPoint, LinkBytes

_SIDES = {"EV": 1, "SECC": 2}
"""The last octet of their MACs; the one before it counts those of the kind."""

_Flow = tuple[EndPoint, EndPoint]


class LinkPackets:
    """Packets of every link of a run, on ``interface``."""

    def __init__(self, packets: Packets, interface: int) -> None:
        self._packets, self._interface = packets, interface
        self._macs: dict[tuple[str, str], bytes] = {}
        self._connections: dict[_Flow, _Shared] = {}
        self._waiting: Counter[tuple[_Flow, bytes]] = Counter()

    def tell(self, event: LinkBytes) -> int:
        """Write what ``event`` adds; the number of the packet that has the last of its octets, 0 where none is new."""
        sent = event.direction == "sent"
        if event.carrier == "UDP":
            return self._datagram(event, sent)
        shared = self._connections.get((event.local, event.remote))
        if shared is None or (event.mark == "opened" and event.unit in shared.openers):
            # Of a connection that was there before anybody wanted to know, the vehicle is taken for the client.
            opener = sent if event.mark == "opened" else event.role == "EV"
            here, there = self._ends(event)
            client, server = (here, there) if opener else (there, here)
            client_at = event.local if opener else event.remote
            made = Connection(self._packets, self._interface, client, server)
            shared = _Shared(made, client_at)
            for flow in ((event.local, event.remote), (event.remote, event.local)):
                self._connections[flow] = shared
        return shared.tell(event, sent)

    def _datagram(self, event: LinkBytes, sent: bool) -> int:
        source, target = (event.local, event.remote) if sent else (event.remote, event.local)
        key = ((source, target), event.data)
        if not sent and self._waiting[key]:
            self._waiting[key] -= 1
            return 0
        if sent:
            self._waiting[key] += 1
        here, there = self._ends(event)
        way = Way(here, there, UDP) if sent else Way(there, here, UDP)
        return self._packets.add(self._interface, event.time, way.udp(event.data))

    def _ends(self, event: LinkBytes) -> tuple[FlowEnd, FlowEnd]:
        other = "SECC" if event.role == "EV" else "EV"
        return (
            end(*event.local, self._mac(event.role, event.local[0])),
            end(*event.remote, self._mac(other, event.remote[0])),
        )

    def _mac(self, role: str, host: str) -> bytes:
        if (role, host) not in self._macs:
            before = sum(known == role for known, _ in self._macs)
            self._macs[role, host] = own_mac((before & 0xFF) << 8 | _SIDES.get(role, 0))
        return self._macs[role, host]


class _Shared:
    """A connection that up to two units tell of; counts how much of each direction each of them has told."""

    def __init__(self, connection: Connection, client: EndPoint) -> None:
        self._connection, self._client = connection, client
        self.openers: set[str] = set()
        self._written = [0, 0]
        self._packet = [0, 0]
        self._told: tuple[dict[str, int], dict[str, int]] = {}, {}
        self._ended: set[int] = set()
        self._reset = False

    def tell(self, event: LinkBytes, sent: bool) -> int:
        client_here = event.local == self._client
        side = 0 if client_here == sent else 1
        if event.mark == "opened":
            self.openers.add(event.unit)
            self._connection.open(event.time)
        elif event.mark:
            self._end(event, side)
        elif event.data:
            told = self._told[side]
            before = told.get(event.unit, 0)
            told[event.unit] = after = before + len(event.data)
            if after > self._written[side] and not self._reset:
                known = self._written[side] - before
                fresh = event.data[known:] if known > 0 else event.data
                self._packet[side] = self._connection.send(event.time, side, fresh)
                self._written[side] = after
            return self._packet[side]
        return 0

    def _end(self, event: LinkBytes, side: int) -> None:
        if self._reset or side in self._ended:
            return
        self._ended.add(side)
        if event.mark == "reset":
            self._reset = True
            self._connection.reset(event.time, side)
        else:
            self._connection.finish(event.time, side)
