"""What the station offers: services, payment options and its electrical limits, as they are sent."""

from __future__ import annotations

from pncsim.secc.config import CERTIFICATE_SERVICE, ServiceOffer
from pncsim.secc.iso2.session import Iso2StationSession
from pncsim.wire.v2g import iso2

CHARGE_SERVICE_ID = 1
CERTIFICATE_SERVICE_ID = 2
MAX_SERVICES = 8
MAX_PARAMETERS = 16

_V, _A, _W = iso2.UnitSymbolType.V, iso2.UnitSymbolType.A, iso2.UnitSymbolType.W


def payment_options(s: Iso2StationSession) -> list[iso2.PaymentOptionType]:
    """The options offered now; a joined session keeps the one it had (V2G2-741)."""
    offered = []
    if s.contract_offered and (s.is_contract or s.joined is not None or not s.wishes.by_card):
        offered.append(iso2.PaymentOptionType.Contract)
    if s.config.external:
        offered.append(iso2.PaymentOptionType.ExternalPayment)
    if s.joined is not None:
        return [option for option in offered if option == s.joined.payment]
    return offered


def charge_service(s: Iso2StationSession) -> iso2.ChargeServiceType:
    """The service every station offers (id 1)."""
    return iso2.ChargeServiceType(
        ServiceID=CHARGE_SERVICE_ID,
        ServiceName="AC_DC_Charging",
        ServiceCategory=iso2.ServiceCategoryType.EVCharging,
        FreeService=s.config.free_charging,
        SupportedEnergyTransferMode=iso2.SupportedEnergyTransferModeType(
            EnergyTransferMode=[iso2.EnergyTransferModeType(mode) for mode in s.config.energy_modes]
        ),
    )


def services(s: Iso2StationSession) -> list[ServiceOffer]:
    """Value added services offered now; that for contract certificates only together with Contract."""
    offered = [CERTIFICATE_SERVICE] if s.config.certificate_service and s.contract_offered else []
    return [*offered, *s.config.services][:MAX_SERVICES]


def service(s: Iso2StationSession, service_id: int) -> ServiceOffer | None:
    """The value added service with that id, if it is offered."""
    return next((offer for offer in services(s) if offer.service_id == service_id), None)


def service_message(offer: ServiceOffer) -> iso2.ServiceType:
    """A service as it stands in ServiceList."""
    return iso2.ServiceType(
        ServiceID=offer.service_id,
        ServiceName=offer.name,
        ServiceCategory=iso2.ServiceCategoryType(offer.category),
        ServiceScope=offer.scope,
        FreeService=offer.free,
    )


def parameter_sets(offer: ServiceOffer) -> iso2.ServiceParameterListType | None:
    """The parameter sets of a service, None if it has none."""
    if not offer.parameter_sets:
        return None
    return iso2.ServiceParameterListType(
        ParameterSet=[
            iso2.ParameterSetType(
                ParameterSetID=set_id, Parameter=[_parameter(*parameter) for parameter in parameters[:MAX_PARAMETERS]]
            )
            for set_id, parameters in offer.parameter_sets
        ]
    )


def _parameter(name: str, value: str | int | bool) -> iso2.ParameterType:
    if isinstance(value, bool):
        return iso2.ParameterType(Name=name, boolValue=value)
    if isinstance(value, int):
        return iso2.ParameterType(Name=name, intValue=value)
    return iso2.ParameterType(Name=name, stringValue=value)


def charge_parameter(s: Iso2StationSession) -> iso2.EVSEChargeParameterType:
    """The EVSE's limits for the mode requested."""
    if not s.is_dc:
        ac = s.config.ac
        return iso2.AC_EVSEChargeParameterType(
            AC_EVSEStatus=s.ac_status(),
            EVSENominalVoltage=iso2.physical(ac.voltage, _V),
            EVSEMaxCurrent=iso2.physical(ac.max_current, _A),
        )
    dc = s.config.dc
    return iso2.DC_EVSEChargeParameterType(
        DC_EVSEStatus=s.dc_status(),
        EVSEMaximumCurrentLimit=iso2.physical(dc.max_current, _A),
        EVSEMaximumPowerLimit=iso2.physical(dc.max_power, _W),
        EVSEMaximumVoltageLimit=iso2.physical(dc.max_voltage, _V),
        EVSEMinimumCurrentLimit=iso2.physical(dc.min_current, _A),
        EVSEMinimumVoltageLimit=iso2.physical(dc.min_voltage, _V),
        EVSEPeakCurrentRipple=iso2.physical(dc.peak_ripple, _A),
    )


def power_limit(s: Iso2StationSession) -> float:
    """What the EVSE can give in the mode requested, in W, all phases together (V2G2-315)."""
    if s.is_dc:
        return s.config.dc.max_power
    return s.config.ac.voltage * s.config.ac.max_current * s.phases
