"""ISO 15118-2 as the vehicle sees it: after which response, under which condition, which request may be next.

This literal is the EVCC's state machine. A row's state is the response that was accepted (CONNECTED before the first
one), its event names the decision taken, its outcomes what may be sent then (:mod:`wire.session.sequence` has the rules
of reading). Requests with a mode are written with it: ``PowerDeliveryReq(Start)``.

Not in the table, because they hold everywhere: no answer in time, an answer of another type, a foreign SessionID or a
FAILED code end the session without a further request, except where a row says otherwise.
"""

from __future__ import annotations

from pncsim.wire.session.sequence import CONNECTED, Row, Sequence

_GIVE_UP = "nothing acceptable offered"
_STOP = ("PowerDeliveryReq(Stop)",)
_TERMINATE = ("SessionStopReq(Terminate)",)

_ROWS = (
    Row(CONNECTED, "", ("SupportedAppProtocolReq",), "V2G2-167"),
    Row("SupportedAppProtocolRes", "agreed", ("SessionSetupReq",), "V2G2-169"),
    Row("SupportedAppProtocolRes", "no common protocol", (), "V2G2-172"),
    Row("SessionSetupRes", "new session", ("ServiceDiscoveryReq",), "V2G2-750"),
    Row("SessionSetupRes", "joined the paused session", ("ServiceDiscoveryReq",), "V2G2-740"),
    Row("ServiceDiscoveryRes", "certificate service wanted", ("ServiceDetailReq",), "V2G2-422"),
    Row("ServiceDiscoveryRes", "services chosen", ("PaymentServiceSelectionReq",), "V2G2-804"),
    Row("ServiceDiscoveryRes", _GIVE_UP, (), "V2G2-634"),
    Row("ServiceDetailRes", "services chosen", ("PaymentServiceSelectionReq",), "V2G2-804"),
    Row("ServiceDetailRes", _GIVE_UP, (), "V2G2-422"),
    Row("PaymentServiceSelectionRes", "external payment", ("AuthorizationReq",), "V2G2-854"),
    Row("PaymentServiceSelectionRes", "contract wanted", ("CertificateInstallationReq",), "V2G2-820"),
    Row("PaymentServiceSelectionRes", "contract to be renewed", ("CertificateUpdateReq",), "V2G2-821"),
    Row("PaymentServiceSelectionRes", "contract held", ("PaymentDetailsReq",), "V2G2-554"),
    Row("CertificateInstallationRes", "contract installed", ("PaymentDetailsReq",), "V2G2-557"),
    Row("CertificateInstallationRes", "refused, contract held", ("PaymentDetailsReq",), "V2G2-557"),
    Row("CertificateInstallationRes", "refused, no contract held", (), "V2G2-557"),
    Row("CertificateUpdateRes", "contract renewed", ("PaymentDetailsReq",), "V2G2-558"),
    Row("CertificateUpdateRes", "refused, contract held", ("PaymentDetailsReq",), "V2G2-558"),
    Row("CertificateUpdateRes", "refused, no contract held", (), "V2G2-558"),
    Row("PaymentDetailsRes", "challenged", ("AuthorizationReq",), "V2G2-697"),
    Row("AuthorizationRes", "undecided", ("AuthorizationReq",), "V2G2-684"),
    Row("AuthorizationRes", "waiting for the customer", ("AuthorizationReq",), "V2G2-845"),
    Row("AuthorizationRes", "authorized", ("ChargeParameterDiscoveryReq",), "V2G2-856"),
    Row("ChargeParameterDiscoveryRes", "ongoing", ("ChargeParameterDiscoveryReq",), "V2G2-710"),
    Row("ChargeParameterDiscoveryRes", "AC agreed", ("PowerDeliveryReq(Start)",), "V2G2-842"),
    Row("ChargeParameterDiscoveryRes", "DC agreed", ("CableCheckReq",), "V2G2-565"),
    Row("ChargeParameterDiscoveryRes", "DC renewed, cable still checked", ("PowerDeliveryReq(Start)",), "V2G2-842"),
    Row("ChargeParameterDiscoveryRes", "called off", _STOP, "V2G2-679"),
    Row("ChargeParameterDiscoveryRes", "station not fit", (), "V2G2-679, V2G2-880"),
    Row("ChargeParameterDiscoveryRes", _GIVE_UP, (), "V2G2-905"),
    Row("CableCheckRes", "ongoing", ("CableCheckReq",), "V2G2-565"),
    Row("CableCheckRes", "isolated", ("PreChargeReq",), "V2G2-582"),
    Row("CableCheckRes", "station not fit", (), "V2G2-880"),
    Row("PreChargeRes", "voltage differs", ("PreChargeReq",), "V2G2-704"),
    Row("PreChargeRes", "voltage fits", ("PowerDeliveryReq(Start)",), "V2G2-707"),
    Row("PreChargeRes", "called off", _STOP, "V2G2-679, V2G2-587"),
    Row("PowerDeliveryRes", "AC started", ("ChargingStatusReq",), "V2G2-842"),
    Row("PowerDeliveryRes", "DC started", ("CurrentDemandReq",), "V2G2-842"),
    Row("PowerDeliveryRes", "called off", _STOP, "V2G2-679"),
    Row("PowerDeliveryRes", "renegotiating", ("ChargeParameterDiscoveryReq",), "V2G2-813"),
    Row("PowerDeliveryRes", "DC stopped", ("WeldingDetectionReq",), "V2G2-601"),
    Row("PowerDeliveryRes", "stopped", _TERMINATE, "V2G2-571"),
    Row("PowerDeliveryRes", "stopped for a pause", ("SessionStopReq(Pause)",), "V2G2-739"),
    Row("ChargingStatusRes", "receipt asked", ("MeteringReceiptReq",), "V2G2-691"),
    Row("ChargingStatusRes", "goes on", ("ChargingStatusReq",), "V2G2-844"),
    Row("ChargingStatusRes", "renegotiation wanted", ("PowerDeliveryReq(Renegotiate)",), "V2G2-841"),
    Row("ChargingStatusRes", "enough", _STOP, "V2G2-679"),
    Row("CurrentDemandRes", "receipt asked", ("MeteringReceiptReq",), "V2G2-691"),
    Row("CurrentDemandRes", "goes on", ("CurrentDemandReq",), "V2G2-844"),
    Row("CurrentDemandRes", "renegotiation wanted", ("PowerDeliveryReq(Renegotiate)",), "V2G2-841"),
    Row("CurrentDemandRes", "enough", _STOP, "V2G2-679"),
    Row("MeteringReceiptRes", "AC goes on", ("ChargingStatusReq",), "V2G2-797"),
    Row("MeteringReceiptRes", "DC goes on", ("CurrentDemandReq",), "V2G2-797"),
    Row("MeteringReceiptRes", "renegotiation wanted", ("PowerDeliveryReq(Renegotiate)",), "V2G2-841"),
    Row("MeteringReceiptRes", "enough", _STOP, "V2G2-679"),
    Row("WeldingDetectionRes", "voltage still high", ("WeldingDetectionReq",), "V2G2-601"),
    Row("WeldingDetectionRes", "done", _TERMINATE, "V2G2-571"),
    Row("WeldingDetectionRes", "done for a pause", ("SessionStopReq(Pause)",), "V2G2-739"),
    Row("SessionStopRes", "", (), "V2G2-571"),
)

EVCC_SEQUENCE = Sequence(("response", "condition", "next request"), _ROWS)
"""The vehicle's decisions, in the order of a session."""


def response_to(request: str) -> str:
    """The response to a request as written in the table: ``PowerDeliveryReq(Start)`` -> PowerDeliveryRes."""
    return request.partition("(")[0].removesuffix("Req") + "Res"
