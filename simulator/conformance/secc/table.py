"""Rows become cases: the id, and the words for people, follow from what a row says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pncsim.simulator.conformance.case import Case, Condition
from pncsim.simulator.conformance.secc.step import CaseStep, Setting

SOURCE = "ISO 15118-4, Annex E"

Area = Literal["AC", "CMN", "DC"]


def declared(name: str, value: str) -> tuple[Condition, ...]:
    """The condition that the station has declared this."""
    return (Condition(name, value),)


AC = Setting(energy="ac", when=declared("ChargingMode", "aC"))
DC = Setting(energy="dc", when=declared("ChargingMode", "dC"))
EIM = Setting(payment="external", when=declared("IdentificationMode", "eIM"))
PNC = Setting(payment="contract", when=declared("IdentificationMode", "pnC"))
WITHOUT_TLS = Setting(vehicle={"tls": "off"}, when=declared("TLS", "false"))
WITH_TLS = Setting(vehicle={"tls": "require"}, when=declared("TLS", "true"))
INSTALL = PNC | Setting(delivery="install", when=declared("CertificateHandling", "certInstall"))
UPDATE = PNC | Setting(delivery="update", when=declared("CertificateHandling", "certUpdate"))
HELD = PNC | Setting(when=declared("CertificateHandling", "none_"))


def table(area: Area, group: str, rows: Mapping[int, CaseStep], *settings: Setting) -> Iterator[Case]:
    """The cases ``TC_SECC_<area>_VTB_<group>_<number>``; ``settings`` are those of every row."""
    for number, row in rows.items():
        step = row.within(*settings)
        yield Case(
            id=f"TC_SECC_{area}_VTB_{group}_{number:03}",
            title=_title(step),
            group=group,
            source=SOURCE,
            precondition=f"The exchange has come to {step.at}{f' for the {step.nth}. time' if step.nth > 1 else ''}.",
            stimulus=step.stimulus,
            expectation=step.expectation,
            when=_of_the_refusal(step),
            how=step,
        )


def _title(step: CaseStep) -> str:
    then = f"is answered with {' or '.join(step.codes)}" if step.answer else "is answered with nothing"
    return f"{step.stimulus} {then}"


def _of_the_refusal(step: CaseStep) -> tuple[Condition, ...]:
    """A refusal is the end only of a station that has been set so."""
    refused = step.answer and step.closes
    return (*step.setting.when, *(declared("AfterFailed", "close") if refused else ()))
