"""Rows become cases: the id, and the words for people, follow from what a row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pncsim.simulator.conformance.case import Case, Condition
from pncsim.simulator.conformance.secc.discovery import LateConnection, Search
from pncsim.simulator.conformance.secc.step import CaseStep, Setting

SOURCE = "ISO 15118-4, Annex E"
_ANNEX = {
    "V2GTPSessionSetup": "ISO 15118-4, Annex C",
    "V2GTPSDP": "ISO 15118-4, Annex C",
    "SDP": "ISO 15118-4, Annex D",
}
"""Groups that stand elsewhere."""

Area = Literal["AC", "CMN", "DC"]


def declared(name: str, value: str) -> tuple[Condition, ...]:
    """The condition that the station has declared this."""
    return (Condition(name, value),)


WIRED = declared("ControlPilot", "true")
AC = Setting(energy="ac", when=declared("ChargingMode", "aC"))
DC = Setting(energy="dc", when=declared("ChargingMode", "dC"))
EIM = Setting(payment="external", when=declared("IdentificationMode", "eIM"))
PNC = Setting(payment="contract", when=declared("IdentificationMode", "pnC"))
WITHOUT_TLS = Setting(vehicle={"tls": "off"}, when=declared("TLS", "false"))
WITH_TLS = Setting(vehicle={"tls": "require"}, when=declared("TLS", "true"))
INSTALL = PNC | Setting(delivery="install", when=declared("CertificateHandling", "certInstall"))
UPDATE = PNC | Setting(delivery="update", when=declared("CertificateHandling", "certUpdate"))
HELD = PNC | Setting(when=declared("CertificateHandling", "none_"))
RENEGOTIATED = Setting(vehicle={"renegotiate_after_loops": 1}, when=declared("Renegotiation", "true"))
_PAUSES = declared("Pause", "true")
RESUMED = Setting(pause="vehicle", when=(*_PAUSES, *declared("WakeUp", "vehicle")))
WOKEN = Setting(pause="station", when=(*_PAUSES, *declared("WakeUp", "station")))

RowKind = CaseStep | Search | LateConnection
"""What a row can be."""


def table(area: Area, group: str, rows: Mapping[int, Any], *settings: Setting) -> Iterator[Case]:
    """The cases ``TC_SECC_<area>_VTB_<group>_<number>`` of rows (:data:`RowKind`); ``settings`` are those of all."""
    for number, row in rows.items():
        how: RowKind = row.within(*settings)
        yield Case(
            id=f"TC_SECC_{area}_VTB_{group}_{number:03}",
            title=f"{how.stimulus[0].upper()}{how.stimulus[1:]}",
            group=group,
            source=_ANNEX.get(group, SOURCE),
            precondition=how.precondition,
            stimulus=how.stimulus,
            expectation=how.expectation,
            when=_conditions(how),
            how=how,
        )


def _conditions(how: RowKind) -> tuple[Condition, ...]:
    """A refusal is the end only of a station that has been set so, and what the pilot says is heard only by wire."""
    refused = isinstance(how, CaseStep) and how.answer and how.closes
    by_plug = isinstance(how, LateConnection) or (isinstance(how, Search) and how.late)
    wired = by_plug or how.setting.state != "C" or how.setting.stuck
    return (
        *how.setting.when,
        *(declared("AfterFailed", "close") if refused else ()),
        *(WIRED if wired else ()),
    )
