"""Stations of a lab, and the links their vehicles come by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pncsim.ev.config import AC_MODES, DC_MODES
from pncsim.secc.charge_point import ChargePoint, Hardware, trusted_roots
from pncsim.secc.config import AcSupply, DcSupply, ReceiptPolicy, SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.station.config import StationConfig
from pncsim.simulator.lab.home import PrivateHome
from pncsim.simulator.lab.hooks import Hooks, chained
from pncsim.simulator.lab.traits import with_traits
from pncsim.simulator.parameters import check_wishes
from pncsim.simulator.plan import NO_WISHES, NOTHING, OtherSide, Policies, SecurityProfile, StationPlan, serial_of
from pncsim.simulator.settings import Transport
from pncsim.tls_certs.pki import DEFAULT_EVSE_ID, Pki
from pncsim.tls_certs.reading import responder_url
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.network import Network
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace

ISOLATION_TEST = CONTACTOR = 0.005
SLOPE = 8000.0
"""Seconds the DC isolation test and the closing AC contactor take, and volts per second of a DC output in PreCharge
and after the stop: quicker than real ones, because on sockets a lab really waits for them."""


OF_THE_LAB = frozenset({"evse_id", "paused"})
"""What no scenario can choose: the EVSEs of a lab have ids of their own, and remember what sleeps there themselves."""


def configure_station(
    config: SeccConfig | None,
    wishes: Mapping[str, Any],
    traits: Mapping[str, Any] = NOTHING,
    *,
    policies: Policies = NO_WISHES,
) -> SeccConfig:
    """What the EVSEs of a lab's station are like: ``config``, or what is usual, with ``wishes`` for some of its fields.

    What is usual has the ``traits`` of the station's plan, and is as the ``policies`` of the lab want everybody.
    Raises LocalError for a wish that is no field, or for values that do not fit together.
    """
    check_wishes("A station", wishes, SeccConfig)
    if of_the_lab := sorted(OF_THE_LAB & wishes.keys()):
        raise LocalError(f"No station of a lab can wish for its {of_the_lab[0]}: that is the lab's.")
    if config is None:
        usual = SeccConfig(
            energy_modes=(*AC_MODES, *DC_MODES[:2]),
            ac=AcSupply(contactor_seconds=CONTACTOR),
            dc=DcSupply(isolation_seconds=ISOLATION_TEST, volts_per_second=SLOPE),
            receipts=ReceiptPolicy(first=2, every=5),
            refuses=policies.refuses,
            algorithms=policies.algorithms,
        )
        config = with_traits(usual, traits)
    return replace(config, **wishes)


def make_station(
    plan: StationPlan,
    number: int,
    *,
    password: str,
    security_profile: SecurityProfile,
    everywhere: Iterable[Pki],
    credentials: Credentials | None,
    staples: bool,
    connect: Connector,
    home: PrivateHome | None = None,
    hooks: Hooks,
    transport: Transport,
    clock: Clock,
    trace: Trace,
    source: Source,
    config: SeccConfig,
    state: bytes | None = None,
    hardware: Sequence[Hardware] = (),
) -> ChargePoint:
    """Station ``number`` of a lab. Without ``credentials`` it will ask for its V2G certificate.

    ``staples``: it asks for OCSP answers. ``config`` is for each of its EVSEs, whose ids are of the lab; without
    anchors of its own they have those of the PKIs ``everywhere``. In a ``home`` it knows no roots and has no CSMS.
    ``state``, ``hardware``: what is left of it (:meth:`ChargePoint.lose_power`).
    """
    outlets = range(1, plan.evses + 1)
    evses = [hooks.fitted(_evse(plan, config, hooks, number, one, transport, clock)) for one in outlets]
    known = everywhere if plan.commissioned and home is None else ()
    roots = [anchor for one in known for anchor in trusted_roots(one)]
    credentials = credentials if home is None else home.station
    return ChargePoint(
        clock,
        trace,
        StationConfig(
            identity=plan.identity,
            secc_id=evses[0].config.evse_id,
            request_certificate=credentials is None,
            request_staples=staples,
            commissioned=plan.commissioned,
            private_emaids=None if home is None else home.emaids,
            security_profile=security_profile,
            serial_number=serial_of(number),
            refuses=config.refuses,
        ),
        evses,
        connect=hooks.disturbed(connect, plan.identity) if home is None else None,
        source=source.of(plan.identity),
        password=password,
        roots=roots,
        credentials=credentials,
        state=state,
        hardware=hardware,
    )


def _evse(
    plan: StationPlan, config: SeccConfig, hooks: Hooks, number: int, outlet: int, transport: Transport, clock: Clock
) -> EvsePlan:
    own = replace(
        config,
        evse_id=evse_id_of(number, outlet),
        alter=chained((config.alter, hooks.altering("station", plan.identity, f"{plan.identity}/{outlet}"))),
    )
    if plan.link is not None and outlet == 1:
        return EvsePlan(config=own, network=network_at(plan.link, clock), contract=own.contract, assumed=True)
    network = own_network(transport, clock, number << 16 | outlet)
    return EvsePlan(config=own, network=network, contract=own.contract)


def evse_id_of(number: int, outlet: int = 1) -> str:
    """What EVSE ``outlet`` of station ``number`` is called."""
    return f"{DEFAULT_EVSE_ID[:-6]}{number}{outlet:05}"


def can_staple(pki: Pki) -> bool:
    """Whether the PKI's station certificate names an OCSP responder; those of somebody else's folder may not."""
    leaf = pki.certificates.get("secc_leaf")
    return leaf is None or bool(responder_url(leaf[0]))


def own_network(transport: Transport, clock: Clock, number: int) -> Network:
    """A link within the lab; no two have the same ``number``."""
    if transport == "memory":
        from pncsim.wire.network.memory import MemoryNetwork

        return MemoryNetwork(clock, number)
    from pncsim.wire.network.loopback import LoopbackNetwork

    return LoopbackNetwork(clock)


def network_at(link: OtherSide, clock: Clock) -> Network:
    """A link to somebody else."""
    if link.interface is not None:
        from pncsim.wire.network.interface import InterfaceNetwork

        return InterfaceNetwork(link.interface, clock)
    from pncsim.wire.network.loopback import LoopbackNetwork

    return LoopbackNetwork(clock, sdp_port=link.sdp_port)
