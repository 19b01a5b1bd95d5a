"""Stations that answer their CSMS wrongly: one handler or variable replaced."""

from __future__ import annotations

from typing import Any

from pncsim.secc.station import link, station
from pncsim.secc.station.context import StationContext
from pncsim.secc.station.trust import TrustStore
from pncsim.secc.station.upkeep import Upkeep
from pncsim.simulator.conformance.put import wrong
from pncsim.simulator.conformance.station.wrong import USUAL, answering, ids
from pncsim.wire.ocpp.actions import AndThen
from pncsim.wire.ocpp.errors import CallError


def _says(status: str) -> Any:
    return lambda _, payload: {"status": status}


# Resets, remote control


def _reset_as(kind: str) -> Any:
    return lambda context, payload: USUAL["Reset"](context, payload | {"type": kind})


def _reset_everything(context: StationContext, payload: Any) -> Any:
    return USUAL["Reset"](context, {key: value for key, value in payload.items() if key != "evseId"})


def _start_with(**changed: Any) -> Any:
    present = StationContext.present

    def instead(context: StationContext, token: str, kind: Any, **more: Any) -> None:
        known = {key: change(more[key]) for key, change in changed.items() if key in more}
        present(context, token, kind, **(more | known))

    return instead


def _no_profile(context: StationContext, payload: Any) -> Any:
    return (
        {"status": "Rejected"} if "chargingProfile" in payload else USUAL["RequestStartTransaction"](context, payload)
    )


def _stop_whatever(context: StationContext, payload: Any) -> Any:
    return USUAL["RequestStopTransaction"](context, payload) | {"status": "Accepted"}


def _nothing_follows(context: StationContext, payload: Any) -> Any:
    answer = USUAL["TriggerMessage"](context, payload)
    return answer.payload if isinstance(answer, AndThen) else answer


def _boots_on_demand(context: StationContext, payload: Any) -> Any:
    if payload["requestedMessage"] != "BootNotification":
        return USUAL["TriggerMessage"](context, payload)
    return AndThen({"status": "Accepted"}, lambda: context.link.restart("Triggered"))


def _knows_every_trigger(context: StationContext, payload: Any) -> Any:
    answer = USUAL["TriggerMessage"](context, payload)
    return {"status": "Accepted"} if isinstance(answer, dict) and answer["status"] == "NotImplemented" else answer


def _status_of(**fixed: Any) -> Any:
    def instead(context: StationContext, payload: Any) -> Any:
        return USUAL["GetTransactionStatus"](context, payload) | fixed

    return instead


def _no_custom_data(context: StationContext, payload: Any) -> Any:
    if "customData" in payload:
        raise CallError("FormatViolation", "customData")
    return USUAL["GetVariables"](context, payload)


# Certificates

_installs, _installed, _deletes = TrustStore.install, TrustStore.installed, TrustStore.delete
_signed = Upkeep.certificate_signed


def _unread(store: TrustStore, payload: Any, now: float) -> Any:
    answer = _installs(store, payload, now)
    return answer | {"status": "Accepted"}


def _not_kept(store: TrustStore, payload: Any, now: float) -> Any:
    return {"status": "Accepted"}


def _whatever_was_asked(store: TrustStore, payload: Any) -> Any:
    return _installed(store, {})


def _nothing_there(store: TrustStore, payload: Any) -> Any:
    return {"status": "NotFound"}


def _leaf_alone(store: TrustStore, payload: Any) -> Any:
    answer = _installed(store, payload)
    for one in answer.get("certificateHashDataChain", ()):
        one.pop("childCertificateHashData", None)
    return answer


def _deletes_nothing(store: TrustStore, payload: Any) -> Any:
    return {"status": "Accepted"}


def _any_chain(upkeep: Upkeep, payload: Any) -> Any:
    _signed(upkeep, payload)
    return {"status": "Accepted"}


WRONG = wrong(
    (
        "deaf-while-pending",
        "while its registration is Pending it answers nothing",
        link,
        "_UNREGISTERED",
        link._UNREGISTERED | {"Pending"},
        ids("B_02"),
    ),
    (
        "open-while-rejected",
        "while its registration is Rejected it answers everything",
        link,
        "_UNREGISTERED",
        frozenset(),
        ids("B_30"),
    ),
    (
        "no-reset",
        "it is never reset",
        station,
        "BLOCKS",
        answering("Reset", _says("Rejected")),
        ids("B_20 B_25 B_21 B_22 B_26 B_27 B_41 C_32"),
    ),
    (
        "always-at-once",
        "every reset is Immediate",
        station,
        "BLOCKS",
        answering("Reset", _reset_as("Immediate")),
        ids("B_21 B_26 B_41"),
    ),
    (
        "never-at-once",
        "no reset is Immediate",
        station,
        "BLOCKS",
        answering("Reset", _reset_as("OnIdle")),
        ids("B_22 B_27"),
    ),
    (
        "whole-resets",
        "a reset of one EVSE is one of the station",
        station,
        "BLOCKS",
        answering("Reset", _reset_everything),
        ids("B_25 B_26 B_27"),
    ),
    (
        "no-start",
        "it starts nothing from afar",
        station,
        "BLOCKS",
        answering("RequestStartTransaction", _says("Rejected")),
        ids("F_01 F_02 F_03 F_04 K_38"),
    ),
    (
        "no-profiles",
        "it starts nothing with a profile",
        station,
        "BLOCKS",
        answering("RequestStartTransaction", _no_profile),
        ids("K_38"),
    ),
    (
        "nameless-start",
        "it does not tell which start it was",
        StationContext,
        "present",
        _start_with(start=lambda _: None),
        ids("F_01 F_02 F_03 K_38"),
    ),
    (
        "asks-anyway",
        "AuthorizeRemoteStart is always true",
        StationContext,
        "present",
        _start_with(authorized=lambda _: False),
        ids("F_03"),
    ),
    (
        "never-asks",
        "AuthorizeRemoteStart is always false",
        StationContext,
        "present",
        _start_with(authorized=lambda _: True),
        ids("F_02"),
    ),
    (
        "deaf-to-stop",
        "it accepts to stop, and goes on",
        station,
        "BLOCKS",
        answering("RequestStopTransaction", _says("Accepted")),
        ids("F_08 E_21 F_09"),
    ),
    (
        "any-stop",
        "it accepts to stop what is not there",
        station,
        "BLOCKS",
        answering("RequestStopTransaction", _stop_whatever),
        ids("F_09"),
    ),
    (
        "always-unlocks",
        "it unlocks whatever happens",
        station,
        "BLOCKS",
        answering("UnlockConnector", _says("Unlocked")),
        ids("F_05 F_10"),
    ),
    (
        "never-unlocks",
        "it never unlocks",
        station,
        "BLOCKS",
        answering("UnlockConnector", _says("UnlockFailed")),
        ids("F_05 F_06 F_07 F_10"),
    ),
    (
        "no-messages",
        "nothing follows TriggerMessage",
        station,
        "BLOCKS",
        answering("TriggerMessage", _nothing_follows),
        ids("F_13 F_14 F_20 F_23 F_24 A_12 A_14 A_15 A_23 M_24 M_25 B_02 M_29"),
    ),
    (
        "boots-on-demand",
        "it boots again on demand",
        station,
        "BLOCKS",
        answering("TriggerMessage", _boots_on_demand),
        ids("F_26"),
    ),
    (
        "any-trigger",
        "it accepts messages it does not have",
        station,
        "BLOCKS",
        answering("TriggerMessage", _knows_every_trigger),
        ids("F_27"),
    ),
    (
        "always-ongoing",
        "every transaction is ongoing",
        station,
        "BLOCKS",
        answering("GetTransactionStatus", _status_of(ongoingIndicator=True)),
        ids("E_28 E_31 E_32 E_33 E_34"),
    ),
    (
        "never-ongoing",
        "no transaction is ongoing",
        station,
        "BLOCKS",
        answering("GetTransactionStatus", _status_of(ongoingIndicator=False)),
        ids("E_30 E_33 E_34"),
    ),
    (
        "queue-empty",
        "its queue is always empty",
        station,
        "BLOCKS",
        answering("GetTransactionStatus", _status_of(messagesInQueue=False)),
        ids("E_29 E_31 E_33"),
    ),
    (
        "queue-full",
        "its queue is never empty",
        station,
        "BLOCKS",
        answering("GetTransactionStatus", _status_of(messagesInQueue=True)),
        ids("E_28 E_30 E_32 E_34"),
    ),
    (
        "no-cache-cleared",
        "the cache is not cleared",
        station,
        "BLOCKS",
        answering("ClearCache", _says("Accepted")),
        ids("C_37 C_38"),
    ),
    (
        "any-profile",
        "it accepts every charging profile",
        station,
        "BLOCKS",
        answering("SetChargingProfile", _says("Accepted")),
        ids("K_02 K_11 K_12 K_14 K_16 K_53 K_58"),
    ),
    (
        "no-profile",
        "it accepts no charging profile",
        station,
        "BLOCKS",
        answering("SetChargingProfile", _says("Rejected")),
        ids("K_53 K_58"),
    ),
    (
        "any-data",
        "it accepts data of every vendor",
        station,
        "BLOCKS",
        answering("DataTransfer", _says("Accepted")),
        ids("P_01"),
    ),
    (
        "no-custom-data",
        "customData is an error to it",
        station,
        "BLOCKS",
        answering("GetVariables", _no_custom_data),
        ids("P_03"),
    ),
    ("unread-roots", "it accepts every certificate as a root", TrustStore, "install", _unread, ids("M_07")),
    (
        "unkept-roots",
        "it accepts roots and does not keep them",
        TrustStore,
        "install",
        _not_kept,
        ids("M_01 M_02 M_03 M_04 M_07 M_12 M_13 M_16 M_17 M_18 M_20"),
    ),
    (
        "lists-all",
        "it lists certificates of every type",
        TrustStore,
        "installed",
        _whatever_was_asked,
        ids("M_12 M_13 M_14 M_15 M_16 M_17 M_01 M_02 M_03 M_04 M_07 M_19 M_20 M_23 A_12 C_52 C_53"),
    ),
    (
        "lists-none",
        "it lists no certificates",
        TrustStore,
        "installed",
        _nothing_there,
        ids("M_01 M_02 M_03 M_04 M_12 M_13 M_14 M_15 M_16 M_17 M_18 M_23 A_12 C_52 C_53"),
    ),
    ("lists-leaves", "it lists its certificate without Sub-CAs", TrustStore, "installed", _leaf_alone, ids("M_15")),
    (
        "empty-list",
        "it accepts to list what is not there",
        TrustStore,
        "installed",
        lambda store, payload: _installed(store, payload) | {"status": "Accepted"},
        ids("M_19"),
    ),
    (
        "deletes-nothing",
        "it accepts to delete, and does not",
        TrustStore,
        "delete",
        _deletes_nothing,
        ids("M_20 M_22 M_23 C_52 C_53"),
    ),
    ("any-chain", "it accepts every certificate of its own", Upkeep, "certificate_signed", _any_chain, ids("A_14")),
)
