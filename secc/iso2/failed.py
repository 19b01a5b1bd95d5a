"""Failed responses: for every request the response type that answers it, its mandatory fields filled validly.

The vehicle ignores everything but the code (V2G2-735); the station still sends what the schema demands (V2G2-736). An
out-of-order request is answered with the response type of the request that came (V2G2-538).
"""

from __future__ import annotations

from collections.abc import Callable

from pncsim.secc.iso2.offer import charge_parameter, charge_service
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import ResponseCodeType as Code
from pncsim.wire.values import replace

NO_CERTIFICATE = b"\x00"
NO_EMAID = "ZZ000000000000"
NO_CHALLENGE = bytes(16)


def failed(request: iso2.BodyElement, code: str, s: Iso2StationSession) -> iso2.BodyElement:
    """The response to ``request`` with ``code``. Raises KeyError if ``request`` is none."""
    return _RESPONSES[type(request)](request, Code(code), s)


def _session_setup(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.SessionSetupRes(ResponseCode=code, EVSEID=s.config.evse_id)


def _service_discovery(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.ServiceDiscoveryRes(
        ResponseCode=code,
        PaymentOptionList=iso2.PaymentOptionListType(PaymentOption=[iso2.PaymentOptionType.ExternalPayment]),
        ChargeService=charge_service(s),
    )


def _service_detail(request: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    assert isinstance(request, iso2.ServiceDetailReq)
    return iso2.ServiceDetailRes(ResponseCode=code, ServiceID=request.ServiceID)


def _payment_selection(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.PaymentServiceSelectionRes(ResponseCode=code)


def _chain() -> iso2.CertificateChainType:
    return iso2.CertificateChainType(Certificate=NO_CERTIFICATE)


def _undelivered(
    kind: type[iso2.CertificateInstallationRes | iso2.CertificateUpdateRes], code: Code
) -> iso2.CertificateInstallationRes | iso2.CertificateUpdateRes:
    return kind(
        ResponseCode=code,
        SAProvisioningCertificateChain=_chain(),
        ContractSignatureCertChain=_chain(),
        ContractSignatureEncryptedPrivateKey=iso2.ContractSignatureEncryptedPrivateKeyType(Id="id1", value=bytes(48)),
        DHpublickey=iso2.DiffieHellmanPublickeyType(Id="id2", value=bytes(65)),
        eMAID=iso2.EMAIDType(Id="id3", value=NO_EMAID),
    )


def _certificate_installation(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return _undelivered(iso2.CertificateInstallationRes, code)


def _certificate_update(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    # Try again in the next charging session (V2G2-696, V2G2-928).
    return replace(_undelivered(iso2.CertificateUpdateRes, code), RetryCounter=0)


def _payment_details(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.PaymentDetailsRes(ResponseCode=code, GenChallenge=NO_CHALLENGE, EVSETimeStamp=int(s.talk.now))


def _authorization(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.AuthorizationRes(ResponseCode=code, EVSEProcessing=iso2.EVSEProcessingType.Finished)


def _charge_parameter_discovery(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.ChargeParameterDiscoveryRes(
        ResponseCode=code,
        EVSEProcessing=iso2.EVSEProcessingType.Finished,
        EVSEChargeParameter=charge_parameter(s),
    )


def _status(s: Iso2StationSession) -> iso2.EVSEStatusType:
    return s.dc_status() if s.is_dc else s.ac_status()


def _power_delivery(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.PowerDeliveryRes(ResponseCode=code, EVSEStatus=_status(s))


def _metering_receipt(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.MeteringReceiptRes(ResponseCode=code, EVSEStatus=_status(s))


def _tuple_id(s: Iso2StationSession) -> int:
    return s.schedule.tuple_id if s.schedule else 1


def _charging_status(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.ChargingStatusRes(
        ResponseCode=code,
        EVSEID=s.config.evse_id,
        SAScheduleTupleID=_tuple_id(s),
        ReceiptRequired=False,
        AC_EVSEStatus=s.ac_status(),
    )


def _cable_check(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.CableCheckRes(
        ResponseCode=code, DC_EVSEStatus=s.dc_status(), EVSEProcessing=iso2.EVSEProcessingType.Finished
    )


def _volts(s: Iso2StationSession) -> iso2.PhysicalValueType:
    return iso2.physical(s.power.output(s.talk.now), iso2.UnitSymbolType.V)


def _pre_charge(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.PreChargeRes(ResponseCode=code, DC_EVSEStatus=s.dc_status(), EVSEPresentVoltage=_volts(s))


def _current_demand(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.CurrentDemandRes(
        ResponseCode=code,
        DC_EVSEStatus=s.dc_status(),
        EVSEPresentVoltage=_volts(s),
        EVSEPresentCurrent=iso2.physical(0, iso2.UnitSymbolType.A),
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        EVSEPowerLimitAchieved=False,
        EVSEID=s.config.evse_id,
        SAScheduleTupleID=_tuple_id(s),
    )


def _welding_detection(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.WeldingDetectionRes(ResponseCode=code, DC_EVSEStatus=s.dc_status(), EVSEPresentVoltage=_volts(s))


def _session_stop(_: iso2.BodyElement, code: Code, s: Iso2StationSession) -> iso2.BodyElement:
    return iso2.SessionStopRes(ResponseCode=code)


_RESPONSES: dict[type[iso2.BodyElement], Callable[[iso2.BodyElement, Code, Iso2StationSession], iso2.BodyElement]] = {
    iso2.SessionSetupReq: _session_setup,
    iso2.ServiceDiscoveryReq: _service_discovery,
    iso2.ServiceDetailReq: _service_detail,
    iso2.PaymentServiceSelectionReq: _payment_selection,
    iso2.CertificateInstallationReq: _certificate_installation,
    iso2.CertificateUpdateReq: _certificate_update,
    iso2.PaymentDetailsReq: _payment_details,
    iso2.AuthorizationReq: _authorization,
    iso2.ChargeParameterDiscoveryReq: _charge_parameter_discovery,
    iso2.PowerDeliveryReq: _power_delivery,
    iso2.ChargingStatusReq: _charging_status,
    iso2.MeteringReceiptReq: _metering_receipt,
    iso2.CableCheckReq: _cable_check,
    iso2.PreChargeReq: _pre_charge,
    iso2.CurrentDemandReq: _current_demand,
    iso2.WeldingDetectionReq: _welding_detection,
    iso2.SessionStopReq: _session_stop,
}
