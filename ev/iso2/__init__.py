"""A vehicle that speaks ISO 15118-2: one move per response, by chapter of the standard.

A move is given the session and the response, which has the right type, the right SessionID and a code that is not
FAILED (those of the provisioning see FAILED ones too). It writes what it learned into the session and returns a
decision (:mod:`wire.session.initiator`); what the station did wrong it raises as PeerError.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.ev.iso2 import (
    alternating_current,
    authorization,
    contract,
    delivery,
    direct_current,
    ending,
    loop,
    parameters,
    services,
    setup,
)
from pncsim.ev.iso2.advice import ADVICE
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.wire.session.dialect import Dialect, Move
from pncsim.wire.v2g.iso2 import dialect as wire
from pncsim.wire.values import replace

if TYPE_CHECKING:
    from pncsim.ev.habits import Habits

MOVES: dict[str, Move] = {
    "SupportedAppProtocolRes": setup.agreed,
    "SessionSetupRes": setup.session_setup,
    "ServiceDiscoveryRes": services.service_discovery,
    "ServiceDetailRes": services.service_detail,
    "PaymentServiceSelectionRes": services.payment_service_selection,
    "CertificateInstallationRes": contract.certificate_installation,
    "CertificateUpdateRes": contract.certificate_update,
    "PaymentDetailsRes": authorization.payment_details,
    "AuthorizationRes": authorization.authorization,
    "ChargeParameterDiscoveryRes": parameters.charge_parameter_discovery,
    "PowerDeliveryRes": delivery.power_delivery_done,
    "CableCheckRes": direct_current.cable_check_done,
    "PreChargeRes": direct_current.pre_charge,
    "CurrentDemandRes": direct_current.current_demand_done,
    "WeldingDetectionRes": direct_current.welding_detection,
    "ChargingStatusRes": alternating_current.charging_status,
    "MeteringReceiptRes": loop.metering_receipt,
    "SessionStopRes": ending.session_stop,
}
"""Which function decides after which response."""

ISO2 = replace(
    wire.ISO2,
    session=Iso2VehicleSession,
    moves=MOVES,
    hears_failures=frozenset({"CertificateInstallationRes", "CertificateUpdateRes"}),
    advice=ADVICE,
)
"""The dialect as a vehicle speaks it."""


def with_habits(habits: Habits) -> Dialect:
    """The dialect as a vehicle with these habits speaks it."""
    from pncsim.ev.iso2.habits import habitual

    return habitual(ISO2, habits)
