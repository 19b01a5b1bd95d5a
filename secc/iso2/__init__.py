"""A station that speaks ISO 15118-2: one move per request, by chapter of the standard.

A move answers at once or yields what it waits for (:class:`wire.session.responder.Until`).
"""

from __future__ import annotations

from pncsim.secc.iso2.certificates import contract_certificate
from pncsim.secc.iso2.charging import charge_parameter_discovery, power_delivery
from pncsim.secc.iso2.charging_ac import charging_status
from pncsim.secc.iso2.charging_dc import cable_check, current_demand, pre_charge, welding_detection
from pncsim.secc.iso2.ending import session_stop
from pncsim.secc.iso2.failed import failed
from pncsim.secc.iso2.loop import metering_receipt
from pncsim.secc.iso2.payment import authorization, payment_details
from pncsim.secc.iso2.services import payment_service_selection, service_detail, service_discovery
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.secc.iso2.setup import session_setup
from pncsim.wire.session.dialect import Move
from pncsim.wire.v2g.iso2 import dialect as wire
from pncsim.wire.v2g.iso2.secc_sequence import State
from pncsim.wire.values import replace

MOVES: dict[str, Move] = {
    "SessionSetupReq": session_setup,
    "ServiceDiscoveryReq": service_discovery,
    "ServiceDetailReq": service_detail,
    "PaymentServiceSelectionReq": payment_service_selection,
    "CertificateInstallationReq": contract_certificate,
    "CertificateUpdateReq": contract_certificate,
    "PaymentDetailsReq": payment_details,
    "AuthorizationReq": authorization,
    "ChargeParameterDiscoveryReq": charge_parameter_discovery,
    "PowerDeliveryReq": power_delivery,
    "ChargingStatusReq": charging_status,
    "MeteringReceiptReq": metering_receipt,
    "CableCheckReq": cable_check,
    "PreChargeReq": pre_charge,
    "CurrentDemandReq": current_demand,
    "WeldingDetectionReq": welding_detection,
    "SessionStopReq": session_stop,
}
"""What answers each request."""

ISO2 = replace(
    wire.ISO2,
    session=Iso2StationSession,
    moves=MOVES,
    refuse=failed,
    # Without a new contract the vehicle may go on with the one it holds (V2G2-557, -558).
    forgiven={
        (State.CONTRACT, "CertificateInstallationReq"): State.DELIVERED,
        (State.CONTRACT, "CertificateUpdateReq"): State.DELIVERED,
    },
)
"""The dialect as a station speaks it."""
