"""One function per request, by chapter of the standard. A handler answers at once or yields what it waits for."""

from __future__ import annotations

from pncsim.secc.handlers.certificates import contract_certificate
from pncsim.secc.handlers.charging import charge_parameter_discovery, power_delivery
from pncsim.secc.handlers.charging_ac import charging_status
from pncsim.secc.handlers.charging_dc import cable_check, current_demand, pre_charge, welding_detection
from pncsim.secc.handlers.ending import session_stop
from pncsim.secc.handlers.loop import metering_receipt
from pncsim.secc.handlers.payment import authorization, payment_details
from pncsim.secc.handlers.services import payment_service_selection, service_detail, service_discovery
from pncsim.secc.handlers.session import session_setup
from pncsim.secc.session import Handler
from pncsim.wire.v2g import iso2

HANDLERS: dict[type[iso2.BodyElement], tuple[str, Handler]] = {
    iso2.SessionSetupReq: ("SessionSetupReq", session_setup),
    iso2.ServiceDiscoveryReq: ("ServiceDiscoveryReq", service_discovery),
    iso2.ServiceDetailReq: ("ServiceDetailReq", service_detail),
    iso2.PaymentServiceSelectionReq: ("PaymentServiceSelectionReq", payment_service_selection),
    iso2.CertificateInstallationReq: ("CertificateInstallationReq", contract_certificate),
    iso2.CertificateUpdateReq: ("CertificateUpdateReq", contract_certificate),
    iso2.PaymentDetailsReq: ("PaymentDetailsReq", payment_details),
    iso2.AuthorizationReq: ("AuthorizationReq", authorization),
    iso2.ChargeParameterDiscoveryReq: ("ChargeParameterDiscoveryReq", charge_parameter_discovery),
    iso2.PowerDeliveryReq: ("PowerDeliveryReq", power_delivery),
    iso2.ChargingStatusReq: ("ChargingStatusReq", charging_status),
    iso2.MeteringReceiptReq: ("MeteringReceiptReq", metering_receipt),
    iso2.CableCheckReq: ("CableCheckReq", cable_check),
    iso2.PreChargeReq: ("PreChargeReq", pre_charge),
    iso2.CurrentDemandReq: ("CurrentDemandReq", current_demand),
    iso2.WeldingDetectionReq: ("WeldingDetectionReq", welding_detection),
    iso2.SessionStopReq: ("SessionStopReq", session_stop),
}
"""Request type -> its name in the sequence table and what answers it."""
