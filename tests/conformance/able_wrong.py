"""Stations made with the package ocpp that are wrong in one point: what stands in for what, and who sees it."""

from __future__ import annotations

from typing import Any

from able_station import AbleStation
from foreign_station import call_result, on

RIGHT = AbleStation
_turned, _reached, _event, _ended, _unplug, _powered = (
    RIGHT.turned,
    RIGHT.reached,
    RIGHT.event,
    RIGHT.ended,
    RIGHT.unplug,
    RIGHT.powered,
)
_restarts, _update, _asked, _judged, _flag = RIGHT.restarts, RIGHT.update, RIGHT.asked, RIGHT.judged, RIGHT.flag


def _says(action: str, **payload: Any) -> Any:
    """A handler that answers so, whatever it is asked."""
    return on(action)(lambda self, **_: getattr(call_result, action)(**payload))


async def _nothing(*_: Any, **more: Any) -> None:
    return None


async def _tells_anyway(self: AbleStation, place: Any, evses: list[int], *, off: bool) -> None:
    await _turned(self, place, evses, off=off)
    await self.tells()


def _at_once(self: AbleStation, operational_status: str, evse: Any = None, **_: Any) -> str:
    place = (evse["id"], evse.get("connector_id", 0)) if evse else (0, 0)
    self.later(self.turned(place, [*self.visits], off=operational_status == "Inoperative"))
    return "Accepted"


def _forgetting(name: str) -> Any:
    def restarts(self: AbleStation) -> None:
        kept = getattr(self, name)
        setattr(self, name, type(kept)())
        _restarts(self)

    return restarts


def _adds(self: AbleStation, evse: int, profile: Any) -> str:
    self.profiles[len(self.profiles)] = evse, profile
    return "Accepted"


def _lowest_level(self: AbleStation, evse: int) -> float:
    _, lowest = min(self.profiles.values(), key=lambda one: one[1]["stack_level"])
    return float(lowest["charging_schedule"][0]["charging_schedule_period"][0]["limit"])


def _informs_anyway(self: AbleStation, request_id: int, **_: Any) -> Any:
    self.later(self.informs(request_id))
    return call_result.CustomerInformation(status="Accepted")


def _resets_evses(self: AbleStation, **_: Any) -> Any:
    self.restarts()
    return call_result.Reset(status="Accepted")


def _any_version(
    self: AbleStation, version_number: int, update_type: str, local_authorization_list: Any = None, **_: Any
) -> Any:
    self.update(local_authorization_list or [], whole=update_type == "Full")
    self.version = version_number
    return call_result.SendLocalList(status="Accepted")


def _only_adds(self: AbleStation, entries: Any, *, whole: bool) -> None:
    _update(self, [one for one in entries if "id_token_info" in one], whole=False)


def _all_good(self: AbleStation, entries: Any, *, whole: bool) -> None:
    _update(self, entries, whole=whole)
    self.list = {card: ("Accepted", group) for card, (_, group) in self.list.items()}


def _of_no_group(self: AbleStation, entries: Any, *, whole: bool) -> None:
    _update(self, entries, whole=whole)
    self.list = {card: (status, "") for card, (status, _) in self.list.items()}


async def _asked_of_no_group(self: AbleStation, card: str) -> tuple[str, str]:
    status, _ = await _asked(self, card)
    return status, ""


async def _always_of_the_group(self: AbleStation, card: str) -> tuple[str, str]:
    _, group = await _judged(self, card)
    return "Accepted", group


def _asks_after_all(self: AbleStation, component: str, name: str) -> bool:
    return name != "DisablePostAuthorize" and _flag(self, component, name)


def _asks_anyway(self: AbleStation, component: str, name: str) -> bool:
    return name != "DisableRemoteAuthorization" and _flag(self, component, name)


async def _by_cable(self: AbleStation, visit: Any, point: str, trigger: str, **more: Any) -> None:
    self.starts = {"EVConnected"}
    await _reached(self, visit, point, trigger, **more)


def _telling(**fixed: Any) -> Any:
    async def event(self: AbleStation, visit: Any, kind: str, trigger: str, **more: Any) -> None:
        await _event(self, visit, kind, trigger, **(more | fixed))

    return event


async def _ends_otherwise(self: AbleStation, visit: Any, *_: Any, **more: Any) -> None:
    await _ended(self, visit, "AbnormalCondition", "Other")


async def _ends_with_cable(self: AbleStation, evse: int) -> None:
    self.ends_with_cable = True
    await _unplug(self, evse)


async def _takes_energy(self: AbleStation, visit: Any) -> None:
    self.takes_energy = True
    await _powered(self, visit)


WRONG: dict[str, tuple[str, Any, str]] = {
    "changes-nothing": (
        "turn",
        lambda self, *_, **more: "Accepted",
        "G_03 G_04 G_05 G_06 G_07 G_08 G_10 G_11 G_13 G_14 G_16 G_17 G_18 G_19 G_21 B_23",
    ),
    "tells-anyway": ("turned", _tells_anyway, "G_09 G_10 G_12 G_13 G_15 G_16"),
    "changes-at-once": ("turn", _at_once, "G_11 G_14 G_17"),
    "forgets-what-is-off": ("restarts", _forgetting("off"), "G_18 G_19 G_21 B_23"),
    "keeps-no-profile": (
        "keep",
        lambda self, *_: "Accepted",
        "K_04 K_05 K_06 K_09 K_13 K_21 K_22 K_23 K_24 K_29 K_30 K_31 K_32 K_33 K_34 K_35 K_36 K_37 K_40 K_41",
    ),
    "takes-no-profile": ("keep", lambda self, *_: "Rejected", "K_01 K_03 K_10 K_19 K_28 K_60"),
    "replaces-no-profile": ("keep", _adds, "K_04"),
    "clears-no-profile": ("forget", lambda self, _: None, "K_05 K_06 K_09 K_24"),
    "clears-whatever": (
        "clear",
        _says("ClearChargingProfile", status="Accepted"),
        "K_05 K_06 K_07 K_08 K_09 K_24",
    ),
    "forgets-profiles": ("restarts", _forgetting("profiles"), "K_13"),
    "no-schedule": ("composite", _says("GetCompositeSchedule", status="Rejected"), "K_39 K_40 K_41"),
    "any-schedule": ("composite", _says("GetCompositeSchedule", status="Accepted"), "K_42 K_47"),
    "lowest-level-counts": ("limit", _lowest_level, "K_40"),
    "largest-limit-counts": ("limit", lambda self, evse: 22_000.0, "K_40 K_41"),
    "silent-uploads": ("tells_of_log", _nothing, "F_16 N_25 N_26 N_35 N_36"),
    "any-firmware": ("firmware", _says("UpdateFirmware", status="Accepted"), "L_05"),
    "tells-nobody-of-firmware": ("alarms", _nothing, "L_05"),
    "informs-nobody": ("informs", _nothing, "N_27 N_28 N_30 N_31 N_62 N_63"),
    "informs-anyway": ("customer", on("CustomerInformation")(_informs_anyway), "N_32"),
    "any-network": ("network", _says("SetNetworkProfile", status="Accepted"), "A_22 B_43"),
    "no-messages": ("trigger", _says("TriggerMessage", status="Accepted"), "F_11 F_12 F_15 F_17 F_18 A_11 A_13"),
    "resets-all": ("reset", on("Reset")(_resets_evses), "B_28 B_29"),
    "installs-anything": ("install", _says("InstallCertificate", status="Accepted"), "M_09"),
    "takes-no-certificate": ("signed", _says("CertificateSigned", status="Rejected"), "A_11 A_13"),
    "keeps-no-list": ("update", lambda self, *_, whole: None, "C_21 C_25 C_27 C_58"),
    "counts-no-version": (
        "receive_list",
        _says("SendLocalList", status="Accepted"),
        "D_01 D_02 D_03 D_05 D_06 D_07 D_08",
    ),
    "any-version": ("receive_list", on("SendLocalList")(_any_version), "D_06"),
    "only-adds": ("update", _only_adds, "D_03 D_04"),
    "forgets-its-list": ("restarts", _forgetting("version"), "D_07"),
    "list-is-always-on": ("list_version", _says("GetLocalListVersion", version_number=11), "D_10"),
    "all-on-the-list-are-good": ("update", _all_good, "C_22 C_23 C_24 C_25 C_28 C_29 C_30 C_31 C_43 C_58"),
    "list-without-groups": ("update", _of_no_group, "C_40"),
    "no-groups": ("asked", _asked_of_no_group, "C_39 C_41 C_45 C_47 C_48 C_49 E_45"),
    "any-card-stops": ("judged", _always_of_the_group, "C_44"),
    "always-asks": ("flag", _asks_after_all, "C_57 C_58"),
    "heeds-no-refusal": ("refused", _nothing, "C_15 C_18 C_34"),
    "gives-without-end": ("suspended", _nothing, "C_15"),
    "learns-nothing": ("learns", lambda self, *_: None, "C_34"),
    "asks-anyway": ("flag", _asks_anyway, "E_52"),
    "never-stops": ("stopped", _nothing, "E_06 E_07 E_08 E_15 E_22 E_35"),
    "begins-by-cable": ("reached", _by_cable, "E_01 E_02 E_10 E_11 E_12 J_08"),
    "nameless-start": ("event", _telling(start=None), "E_13 K_37"),
    "ends-otherwise": ("ended", _ends_otherwise, "E_14 E_24 E_37"),
    "ends-with-cable": ("unplug", _ends_with_cable, "E_26 E_27"),
    "waits-for-ever": ("waited", _nothing, "E_27"),
    "always-takes-energy": ("powered", _takes_energy, "E_38"),
    "signs-nothing": ("event", _telling(signed=False), "J_04"),
}
"""By name: attribute of the station, what stands in its place, and cases that it fails."""
