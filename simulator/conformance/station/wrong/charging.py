"""Stations that let the wrong ones charge, or tell it wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pncsim.secc.questions import AuthorizationAnswer, SchedulesAnswer
from pncsim.secc.station import authorization, metering
from pncsim.secc.station.aligned import AlignedReadings
from pncsim.secc.station.authorization import Authorizer
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.outlet import Outlet
from pncsim.secc.station.planning import SchedulePlanner
from pncsim.secc.station.tokens import ShownToken, TokenCache
from pncsim.secc.station.transactions import TransactionBook
from pncsim.secc.station.variables import DeviceModel
from pncsim.simulator.conformance.put import wrong
from pncsim.simulator.conformance.station.wrong import ids
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import ReasonEnumType, TriggerReasonEnumType

# Who may charge

_answer, _payload, _judge = authorization.authorization_answer, authorization.contract_payload, Authorizer._judge
_status, _present, _ask = TokenCache.status, StationContext.present, Authorizer.contract_certificate


def _yes(token: str) -> AuthorizationAnswer:
    return AuthorizationAnswer(accepted=True, token_status="Accepted", certificate_status="Accepted", token=token)


def _always_yes(response: Any, token: str) -> AuthorizationAnswer:
    return _yes(token)


async def _unasked(self: Authorizer, shown: Any) -> AuthorizationAnswer:
    return _yes(shown.token)


async def _cache_first(self: Authorizer, shown: Any) -> AuthorizationAnswer:
    if self._cache.status(shown.token, shown.kind, self._clock.now()) == "Accepted":
        return _yes(shown.token)
    return await _judge(self, shown)


def _known_for_good(self: TokenCache, token: str, kind: str, now: float) -> str:
    return self._known.get((token.lower(), kind), ("", 0.0))[0]


def _known_as_good(self: TokenCache, token: str, kind: str, now: float) -> str:
    return "Accepted" if _status(self, token, kind, now) else ""


def _without_end(self: StationContext, token: str, kind: Any, **more: Any) -> None:
    outlet = self.outlets[more.get("evse") or 1]
    outlet.present(ShownToken(token, kind, more.get("authorized", False), more.get("start")))


def _stops_somebody(self: StationContext, token: str, kind: Any, **more: Any) -> None:
    outlet = self.outlets[more.get("evse") or 1]
    if outlet.transaction is not None and outlet.transaction.token is not None:
        outlet.end("StopAuthorized", "Local", "A card was shown.")
    else:
        _present(self, token, kind, **more)


def _no_hashes(question: Any, trust: Any, *, central: bool) -> Any:
    return {"idToken": {"idToken": question.emaid, "type": "eMAID"}, "certificate": "-----BEGIN CERTIFICATE-----"}


def _never_central(question: Any, trust: Any, *, central: bool) -> Any:
    return _payload(question, trust, central=False)


def _refused_offline(self: Authorizer, *_: Any) -> AuthorizationAnswer:
    return authorization.refusal("Nobody charges while the station is offline.")


_flag = DeviceModel.flag


def _allowed_offline(self: DeviceModel, component: str, name: str, instance: str = "", *, evse: int = 0) -> bool:
    return name == "ContractValidationOffline" or _flag(self, component, name, instance, evse=evse)


async def _other_action(self: Authorizer, question: Any) -> Any:
    other = {"Install": "Update", "Update": "Install"}[question.action]
    return await _ask(self, replace(question, action=other))


_delivered = StationContext._event_delivered


def _goes_on(self: StationContext, event: Any, answer: Any) -> None:
    _delivered(self, event, {})


def _stops_anyway(self: StationContext, event: Any, answer: Any) -> None:
    self.model.put("TxCtrlr", "StopTxOnInvalidId", "true")
    _delivered(self, event, answer)


# What is told of it

_event, _end, _note = TransactionBook._event, TransactionBook._end, TransactionBook.note


def _numbers_twice(self: TransactionBook, *arguments: Any, **more: Any) -> Any:
    event = _event(self, *arguments, **more)
    if self.open is not None:
        self.open.seq += 1
    return event


def _changed(**without: Any) -> Any:
    def instead(self: TransactionBook, *arguments: Any, **more: Any) -> Any:
        event: Any = _event(self, *arguments, **more)
        for field, value in without.items():
            if field in event:
                if value is None:
                    del event[field]
                else:
                    event[field] = value
        return event

    return instead


def _stopped_for(trigger: TriggerReasonEnumType, reason: ReasonEnumType) -> Any:
    def instead(self: TransactionBook, now: float, _: Any, __: Any, register: Any) -> Any:
        return _end(self, now, trigger, reason, register)

    return instead


_integer = DeviceModel.integer


def _in_no_interval(model: DeviceModel, component: str, name: str, instance: str = "", *, evse: int = 0) -> int:
    return 0 if component == metering.SAMPLED else _integer(model, component, name, instance, evse=evse)


_values, _needs, _schedules = metering.values, SchedulePlanner._needs, SchedulePlanner.schedules


def _in_no_context(model: Any, measurands: str, sample: Any, context: Any) -> Any:
    return _values(model, measurands, sample, "Other")


def _needs_of_nobody(self: SchedulePlanner, wanted: Any) -> Any:
    return _needs(self, wanted) | {"evseId": 7}


async def _needs_once(self: SchedulePlanner, wanted: Any, transaction: str) -> Any:
    again = self._planned == transaction
    self._planned = transaction
    return SchedulesAnswer() if again else await _schedules(self, wanted, transaction)


async def _told_to_nobody(self: Outlet, plan: Any) -> None:
    return None


WRONG = wrong(
    (
        "any-answer",
        "whatever it is answered, it lets charge",
        authorization,
        "authorization_answer",
        _always_yes,
        ids("C_02 C_05 C_06 C_07 C_56 C_09 C_10 C_11 C_51 C_53"),
    ),
    (
        "asks-nobody",
        "it asks nobody about cards",
        Authorizer,
        "_judge",
        _unasked,
        ids("C_02 C_05 C_06 C_07 C_56 C_36 C_46 C_37 C_09 C_10 C_11 C_12 E_03 E_04 F_02"),
    ),
    ("cache-first", "LocalPreAuthorize is always true", Authorizer, "_judge", _cache_first, ids("C_36")),
    ("no-cache", "it remembers no card", TokenCache, "status", lambda *_: "", ids("C_08 C_33 C_13 C_32")),
    ("for-good", "what it remembers has no end", TokenCache, "status", _known_for_good, ids("C_46")),
    ("all-good", "every card it remembers is good", TokenCache, "status", _known_as_good, ids("C_09 C_10 C_11 C_12")),
    (
        "waits-for-good",
        "a card waits for its vehicle without end",
        StationContext,
        "present",
        _without_end,
        ids("F_04 E_05 E_39"),
    ),
    ("any-card-stops", "any card ends a transaction", StationContext, "present", _stops_somebody, ids("C_04 C_42")),
    (
        "sends-certificates",
        "it always sends the contract's certificate",
        authorization,
        "contract_payload",
        _no_hashes,
        ids("C_50 C_51 M_26 M_28"),
    ),
    (
        "never-central",
        "CentralContractValidationAllowed is always false",
        authorization,
        "contract_payload",
        _never_central,
        ids("C_52 C_53"),
    ),
    (
        "shut-offline",
        "nobody charges while it is offline",
        Authorizer,
        "_locally",
        _refused_offline,
        ids("C_26 C_54 E_43 K_56"),
    ),
    (
        "open-offline",
        "ContractValidationOffline is always true",
        DeviceModel,
        "flag",
        _allowed_offline,
        ids("C_55"),
    ),
    (
        "other-action",
        "Install is Update, and Update Install",
        Authorizer,
        "contract_certificate",
        _other_action,
        ids("M_26 M_27 M_28 M_29"),
    ),
    (
        "goes-on",
        "it does not mind invalid cards in answers to events",
        StationContext,
        "_event_delivered",
        _goes_on,
        ids("C_16 E_16"),
    ),
    (
        "stops-anyway",
        "StopTxOnInvalidId is always true",
        StationContext,
        "_event_delivered",
        _stops_anyway,
        ids("C_17"),
    ),
    (
        "counts-twice",
        "seqNo has gaps",
        TransactionBook,
        "_event",
        _numbers_twice,
        ids("E_03 E_04 E_20 E_54 E_17 E_25 E_46 E_40 E_43 E_44"),
    ),
    (
        "never-offline",
        "no event is from offline",
        TransactionBook,
        "_event",
        _changed(offline=None),
        ids("E_40 E_43 E_44 C_26 C_54"),
    ),
    ("no-evse", "no event names the EVSE", TransactionBook, "_event", _changed(evse=None), ids("E_09")),
    ("no-card", "no event names the card", TransactionBook, "_event", _changed(idToken=None), ids("E_03 E_16 C_16")),
    (
        "ends-otherwise",
        "every transaction ends by AbnormalCondition for Other",
        TransactionBook,
        "_end",
        _stopped_for("AbnormalCondition", "Other"),
        ids("E_20 E_54 E_17 E_25 E_46 E_16 F_08 E_21 B_22 B_27 C_16"),
    ),
    (
        "always-free",
        "every connector is Available",
        Outlet,
        "status",
        lambda self, connector: "Available",
        ids("G_01 G_02 F_24 B_51 B_52 E_03 E_17 E_20 E_25 E_54 F_01 F_06 K_38"),
    ),
    (
        "always-taken",
        "every connector is Occupied",
        Outlet,
        "status",
        lambda self, connector: "Occupied",
        ids("G_01 G_02 F_23 F_24 B_52 E_03 E_17 E_20 E_25 E_54 F_01 F_06 K_38"),
    ),
    (
        "no-context",
        "values have the context Other",
        metering,
        "values",
        _in_no_context,
        ids("J_07 J_09 J_10"),
    ),
    (
        "no-clock-context",
        "values that keep to the clock have the context Other",
        metering,
        "aligned",
        lambda model, _, sample: _values(model, "TxStartedMeasurands", sample, "Other"),
        ids("J_01 J_02 J_03"),
    ),
    (
        "never-quiet",
        "values that keep to the clock are sent, whatever SendDuringIdle says",
        AlignedReadings,
        "_quiet",
        lambda self: False,
        ids("J_06"),
    ),
    ("no-interval", "values come in no interval", DeviceModel, "integer", _in_no_interval, ids("J_09 E_40")),
    ("no-signatures", "nothing is signed", metering, "signed", lambda receipt: [], ids("J_11")),
    (
        "plan-untold",
        "how a vehicle will charge is told to nobody",
        Outlet,
        "tell_plan",
        _told_to_nobody,
        ids("K_53 K_58"),
    ),
    (
        "needs-once",
        "it asks for schedules once in a transaction",
        SchedulePlanner,
        "schedules",
        _needs_once,
        ids("K_57 K_58"),
    ),
    (
        "needs-elsewhere",
        "what a vehicle needs is told of another EVSE",
        SchedulePlanner,
        "_needs",
        _needs_of_nobody,
        ids("K_53 K_54 K_57 K_58"),
    ),
)
