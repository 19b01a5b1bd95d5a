"""Vehicles of ours that believe what they must not, or do not hear what they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pncsim.ev.engine import EvccEngine
from pncsim.ev.iso2 import bundle, contract, parameters, requests
from pncsim.ev.iso2.schedule import choose, profile
from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.evcc.lapses import Lapse, moves
from pncsim.simulator.conformance.evcc.step import HandshakeStep
from pncsim.simulator.conformance.evcc.table import OURS
from pncsim.simulator.conformance.put import gives
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.judges import StationJudge
from pncsim.tls_certs.validation import Use, ValidatedChain
from pncsim.wire.session.dialect import Move
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_chain, _trusted, _verify_bundle = StationJudge.chain, bundle._trusted, bundle.verify_bundle
_read_limits = parameters._read_limits


def misjudging(cases: Iterable[Case]) -> Iterator[Lapse]:
    """All of them; which of ``cases`` each makes fail."""
    shown = {case.id: case.how for case in cases if isinstance(case.how, HandshakeStep)}
    chains = tuple(id for id, step in shown.items() if step.fault == "chain")
    staples = tuple(id for id, step in shown.items() if step.fault == "staple")
    yield "any-chain", "it believes any chain of a station", StationJudge, "chain", _believes, chains
    yield "any-staple", "it looks at no stapled OCSP answer", StationJudge, "staples", gives(None), staples
    yield from _contracts()
    yield from _schedules()
    yield from _reports()


def _believes(judge: Any, chain: Any, now: float) -> None:
    try:
        _chain(judge, chain, now)
    except ChainError:
        judge._validated = ValidatedChain(Use.SECC, (reading.load(chain[0]),))


# ---- contracts -----------------------------------------------------------------------------------------------------


def _delivered(*numbers: str) -> tuple[str, ...]:
    """The cases of these numbers, for an installation and an update."""
    return tuple(f"{OURS}PNC_{way}_{number}" for way in ("CI", "CU") for number in numbers)


def _trusts(wanted: Use) -> Callable[..., Any]:
    def trusted(s: Any, chain: Any, anchors: Any, use: Use) -> Any:
        if use is not wanted:
            return _trusted(s, chain, anchors, use)
        return tuple(reading.load(one) if isinstance(one, bytes) else one for one in chain)

    return trusted


def _keeps_the_old(s: Any, res: Any, receiver: Any, signature: Any) -> Any:
    arrived = _verify_bundle(s, res, receiver, signature)
    return arrived if s.contract is None else s.contract


def _contracts() -> Iterator[Lapse]:
    yield (
        "any-signature",
        "it does not verify the signature over a contract",
        bundle,
        "verify",
        lambda *given, **more: "any",
        _delivered("01", "02_chain", "02_key", "02_point", "02_emaid"),
    )
    signers = _delivered("03_domain", "03_expired", "03_sub_ca", "03_root")
    yield "any-signer", "it believes any provisioning service", bundle, "_trusted", _trusts(Use.CPS), signers
    expired = _delivered("08_expired")
    title = "it takes any contract certificate"
    yield "any-contract", title, bundle, "_trusted", _trusts(Use.CONTRACT), expired
    title = "it takes any key for that of the contract"
    keys = _delivered("04", "05_scalar", "05_point")
    yield "any-key", title, bundle, "unwrap", lambda wrapped, own, public: own, keys
    title = "it does not compare eMAID and certificate"
    yield "any-emaid", title, bundle, "_same_emaid", gives(None), _delivered("08_emaid")
    title = "it goes on with the old contract after an update"
    yield "keeps-the-old", title, contract, "verify_bundle", _keeps_the_old, (f"{OURS}PNC_CU_09",)
    lengths = (f"{OURS}PNC_PD_02_short", f"{OURS}PNC_PD_02_long")
    yield "any-challenge", "it takes a challenge of any length", *moves("PaymentDetailsRes", _fills_up), lengths


def _fills_up(right: Move) -> Move:
    return lambda s, res: right(s, replace(res, GenChallenge=(res.GenChallenge * 16)[:16]))


# ---- schedules -----------------------------------------------------------------------------------------------------


def _invents(right: Move) -> Move:
    interval = iso2.RelativeTimeIntervalType(start=0, duration=86_400)
    entry = iso2.PMaxScheduleEntryType(TimeInterval=interval, PMax=iso2.physical(1000, iso2.UnitSymbolType.W))
    one = iso2.SAScheduleTupleType(SAScheduleTupleID=1, PMaxSchedule=iso2.PMaxScheduleType(PMaxScheduleEntry=[entry]))
    invented = iso2.SAScheduleListType(SAScheduleTuple=[one])
    return lambda s, res: right(s, res if res.SASchedules is not None else replace(res, SASchedules=invented))


def _greedy(schedule: Any, watts: float) -> Any:
    entries = tuple((start, 2 * limit) for start, limit in schedule.entries)
    return profile(replace(schedule, entries=entries), 10 * watts)


def _takes_limits(s: Any, offered: Any) -> None:
    _read_limits(s, offered)


def _schedules() -> Iterator[Lapse]:
    at, case = "ChargeParameterDiscoveryRes", f"{OURS}ChargeParameterDiscovery_"
    yield "invents-a-schedule", "it charges without a schedule", *moves(at, _invents), (f"{case}empty",)
    title = "it takes limits of whatever current"
    yield "any-limits", title, parameters, "_read_limits", _takes_limits, (f"{case}current",)
    yield "greedy", "its profile is above the schedule", requests, "profile", _greedy, (f"{case}profile",)
    signed, bad = f"{OURS}Tariff_signed", (f"{OURS}Tariff_unsigned", f"{OURS}Tariff_forged")
    title = "it believes any tariff"
    yield "any-tariff", title, parameters, "_tariffs_trusted", lambda s, tariffs: True, bad
    title = "it does not look at prices"
    yield "any-price", title, parameters, "choose", lambda all, wanted=None: choose(all[:1], wanted), (signed,)
    title = "it takes any SchemaID for its first protocol"
    yield "any-protocol", title, EvccEngine, "_chosen", lambda self, response: self.dialects[0], (f"{OURS}SAP_01",)


# ---- what a station asks for and reports ---------------------------------------------------------------------------


def _hears(name: str, **says: Any) -> Callable[[Move], Move]:
    """What the status ``name`` says is always this."""

    def wrap(right: Move) -> Move:
        return lambda s, res: right(s, replace(res, **{name: replace(getattr(res, name), **says)}))

    return wrap


def _reports() -> Iterator[Lapse]:
    none, ready = iso2.EVSENotificationType.None_, iso2.DC_EVSEStatusCodeType.EVSE_Ready
    deaf = "it does not hear what the station says of itself in"
    ac = _hears("AC_EVSEStatus", EVSENotification=none, RCD=False)
    cases = tuple(f"{OURS}ChargingStatus_{word}" for word in ("stop", "renegotiate", "rcd"))
    yield "deaf-in-ChargingStatus", f"{deaf} ChargingStatusRes", *moves("ChargingStatusRes", ac), cases
    dc = _hears("DC_EVSEStatus", EVSENotification=none, EVSEStatusCode=ready)
    cases = tuple(f"{OURS}CurrentDemand_{word}" for word in ("stop", "renegotiate", "emergency"))
    yield "deaf-in-CurrentDemand", f"{deaf} CurrentDemandRes", *moves("CurrentDemandRes", dc), cases
    isolated = _hears("DC_EVSEStatus", EVSEIsolationStatus=iso2.IsolationLevelType.Valid)
    case = f"{OURS}CableCheck_isolation"
    yield "any-isolation", "it takes any cable for isolated", *moves("CableCheckRes", isolated), (case,)
