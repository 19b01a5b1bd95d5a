"""What the SECC engine asks its station, and the answers it understands.

A question travels in :class:`wire.session.outputs.Ask`; the answer comes back through ``engine.answered``. An answer
may also be a :class:`wire.errors.PncError`: the question could not be answered (back end dead, link down); the engine
then refuses the vehicle with the sentence of the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.wire.ocpp.types import v201 as types


class ContractCertificateRequest(Struct, frozen=True, kw_only=True):
    """Fetch a contract certificate for the vehicle (OCPP Get15118EVCertificate, M01/M02).

    ``exi`` is the vehicle's whole V2G_Message as received, byte for byte; ``schema`` the namespace it is written in.
    """

    action: Literal["Install", "Update"]
    schema: str
    exi: bytes


class ContractCertificateAnswer(Struct, frozen=True, kw_only=True):
    """``exi``: the whole V2G_Message to hand to the vehicle unchanged, or None; ``text`` says why there is none."""

    exi: bytes | None
    text: str = ""


class ContractAuthorization(Struct, frozen=True, kw_only=True):
    """May this contract charge here (OCPP Authorize, C07)?

    ``emaid`` without separators, upper case; ``chain`` leaf first, without root. ``validated`` tells whether the
    station has checked the chain itself, in which case hash data suffices, or wants the back end to do it; ``anchor``
    is the root it was checked up to.
    """

    emaid: str
    chain: tuple[x509.Certificate, ...]
    validated: bool = True
    anchor: x509.Certificate | None = None


class ExternalAuthorization(Struct, frozen=True, kw_only=True):
    """Wait for the driver to identify by other means (card, app, terminal). Answer only when that is decided."""


class AuthorizationAnswer(Struct, frozen=True, kw_only=True):
    """The decision. ``certificate_status`` (AuthorizeCertificateStatusEnumType) and ``token_status``
    (AuthorizationStatusEnumType) are OCPP 2.0.1 values, empty when not given. ``token`` is the identification used."""

    accepted: bool
    certificate_status: str = ""
    token_status: str = ""
    text: str = ""
    token: str = ""


class SchedulesWanted(Struct, frozen=True, kw_only=True):
    """Schedules for a vehicle that has said what it needs (OCPP K15): V, A (per phase in AC), Wh, and in how many
    seconds it departs."""

    transfer: Literal["DC", "AC_single_phase", "AC_three_phase"]
    max_voltage: float
    max_current: float
    min_current: float
    energy: float
    departure: int | None


class GivenSchedule(Struct, frozen=True, kw_only=True):
    """(start in s, watts) pairs, rising from 0, and the tariff that goes with them, as OCPP tells it.

    ``number``: what the CSMS knows it by.
    """

    number: int
    periods: tuple[tuple[int, float], ...]
    tariff: types.SalesTariffType | None = None


class SchedulesAnswer(Struct, frozen=True, kw_only=True):
    """Up to three schedules, the first to be taken where nothing speaks for another one; none: the station has its own.

    ``signature`` is the mobility operator's, over all the tariffs, as it was told (:mod:`wire.ocpp.signed_tariffs`).
    """

    schedules: tuple[GivenSchedule, ...] = ()
    signature: object = None


class VehicleReady(Struct, frozen=True, kw_only=True):
    """Wait until the vehicle signals state C or D on the control pilot; the answer is True. The EVSE answers it."""


Question = VehicleReady | ContractCertificateRequest | ContractAuthorization | ExternalAuthorization | SchedulesWanted
BackEndAnswer = ContractCertificateAnswer | AuthorizationAnswer | SchedulesAnswer
