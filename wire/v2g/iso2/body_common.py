"""The messages every charging session uses: set-up, services, payment, authorization, schedules, stop (8.4.3)."""

from __future__ import annotations

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import Attribute, ComplexType, Ref
from pncsim.wire.v2g.iso2.datatypes import (
    CertificateChainType,
    ChargeServiceType,
    ChargingProfileType,
    EVChargeParameterType,
    EVPowerDeliveryParameterType,
    EVSEChargeParameterType,
    EVSEStatusType,
    MeterInfoType,
    PaymentOptionListType,
    SASchedulesType,
    SelectedServiceListType,
    ServiceListType,
    ServiceParameterListType,
)
from pncsim.wire.v2g.iso2.enumerations import (
    ChargeProgressType,
    ChargingSessionType,
    EnergyTransferModeType,
    EVSEProcessingType,
    PaymentOptionType,
    ResponseCodeType,
    ServiceCategoryType,
)
from pncsim.wire.v2g.iso2.simple import (
    MSG_BODY,
    SAIDType,
    eMAIDType,
    evccIDType,
    evseIDType,
    genChallengeType,
    serviceIDType,
    serviceScopeType,
    sessionIDType,
)


class BodyElement(ComplexType, namespace=MSG_BODY, element="BodyElement", abstract=True):
    """Head of the substitution group that all messages belong to; never on the wire itself."""


class SessionSetupReq(BodyElement, element="SessionSetupReq"):
    """The vehicle opens a session or resumes a paused one (header: the old SessionID). EVCCID is its MAC."""

    EVCCID: evccIDType


class SessionSetupRes(BodyElement, element="SessionSetupRes"):
    """The station names the session in the header and itself by EVSEID; the time is Unix seconds."""

    ResponseCode: ResponseCodeType
    EVSEID: evseIDType
    EVSETimeStamp: xs.long | None = None


class ServiceDiscoveryReq(BodyElement, element="ServiceDiscoveryReq"):
    """Asks what the station offers, optionally of one scope or category only."""

    ServiceScope: serviceScopeType | None = None
    ServiceCategory: ServiceCategoryType | None = None


class ServiceDiscoveryRes(BodyElement, element="ServiceDiscoveryRes"):
    """Payment options, the charge service with its energy transfer modes, and value added services."""

    ResponseCode: ResponseCodeType
    PaymentOptionList: PaymentOptionListType
    ChargeService: ChargeServiceType
    ServiceList: ServiceListType | None = None


class ServiceDetailReq(BodyElement, element="ServiceDetailReq"):
    """Asks for the parameter sets of one service."""

    ServiceID: serviceIDType


class ServiceDetailRes(BodyElement, element="ServiceDetailRes"):
    """The parameter sets of that service."""

    ResponseCode: ResponseCodeType
    ServiceID: serviceIDType
    ServiceParameterList: ServiceParameterListType | None = None


class PaymentServiceSelectionReq(BodyElement, element="PaymentServiceSelectionReq"):
    """The vehicle chooses how to pay and which services (with parameter sets) it will use."""

    SelectedPaymentOption: PaymentOptionType
    SelectedServiceList: SelectedServiceListType


class PaymentServiceSelectionRes(BodyElement, element="PaymentServiceSelectionRes"):
    """Whether that choice is accepted."""

    ResponseCode: ResponseCodeType


class PaymentDetailsReq(BodyElement, element="PaymentDetailsReq"):
    """Plug and Charge: the contract's EMAID and certificate chain."""

    eMAID: eMAIDType
    ContractSignatureCertChain: CertificateChainType


class PaymentDetailsRes(BodyElement, element="PaymentDetailsRes"):
    """The challenge the vehicle has to sign in AuthorizationReq; the time is Unix seconds."""

    ResponseCode: ResponseCodeType
    GenChallenge: genChallengeType
    EVSETimeStamp: xs.long


class AuthorizationReq(BodyElement, element="AuthorizationReq"):
    """Plug and Charge: the challenge back, signed (the signature refers to Id). Empty for external payment."""

    Id: Attribute[xs.ID] | None = None
    GenChallenge: genChallengeType | None = None


class AuthorizationRes(BodyElement, element="AuthorizationRes"):
    """Whether charging is authorized, or still being decided."""

    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType


class ChargeParameterDiscoveryReq(BodyElement, element="ChargeParameterDiscoveryReq"):
    """What the vehicle can take and wants: mode, limits, departure."""

    MaxEntriesSAScheduleTuple: xs.unsignedShort | None = None
    RequestedEnergyTransferMode: EnergyTransferModeType
    EVChargeParameter: Ref[EVChargeParameterType]


class ChargeParameterDiscoveryRes(BodyElement, element="ChargeParameterDiscoveryRes"):
    """What the station can give: limits, power schedules and tariffs, or that it is still working them out."""

    ResponseCode: ResponseCodeType
    EVSEProcessing: EVSEProcessingType
    SASchedules: Ref[SASchedulesType] | None = None
    EVSEChargeParameter: Ref[EVSEChargeParameterType]


class PowerDeliveryReq(BodyElement, element="PowerDeliveryReq"):
    """Start, stop or renegotiate charging, with the chosen schedule and the profile the vehicle will follow."""

    ChargeProgress: ChargeProgressType
    SAScheduleTupleID: SAIDType
    ChargingProfile: ChargingProfileType | None = None
    EVPowerDeliveryParameter: Ref[EVPowerDeliveryParameterType] | None = None


class PowerDeliveryRes(BodyElement, element="PowerDeliveryRes"):
    """Whether power is switched as asked, with the station's status."""

    ResponseCode: ResponseCodeType
    EVSEStatus: Ref[EVSEStatusType]


class MeteringReceiptReq(BodyElement, element="MeteringReceiptReq"):
    """The vehicle signs a meter reading (Id is what the signature refers to)."""

    Id: Attribute[xs.ID] | None = None
    SessionID: sessionIDType
    SAScheduleTupleID: SAIDType | None = None
    MeterInfo: MeterInfoType


class MeteringReceiptRes(BodyElement, element="MeteringReceiptRes"):
    """Whether the receipt is accepted, with the station's status."""

    ResponseCode: ResponseCodeType
    EVSEStatus: Ref[EVSEStatusType]


class SessionStopReq(BodyElement, element="SessionStopReq"):
    """Ends the session for good, or pauses it."""

    ChargingSession: ChargingSessionType


class SessionStopRes(BodyElement, element="SessionStopRes"):
    """Whether the session is ended as asked."""

    ResponseCode: ResponseCodeType
