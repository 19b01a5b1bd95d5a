"""Which function decides after which response."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pncsim.ev.decision import Decision
from pncsim.ev.session import Session
from pncsim.ev.steps import (
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

STEPS: dict[str, Callable[[Session, Any], Decision]] = {
    "SupportedAppProtocolRes": setup.supported_app_protocol,
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
SEES_FAILURES = frozenset({"CertificateInstallationRes", "CertificateUpdateRes"})
"""Steps that decide about FAILED codes themselves; everywhere else a FAILED code ends the session."""
