"""The cases of ISO 15118-4 for the EVCC: those whose procedure is public, and those of which nothing but the id is."""

from __future__ import annotations

from pncsim.secc.config import DcSupply
from pncsim.simulator.conformance.case import Case
from pncsim.simulator.conformance.evcc import looks
from pncsim.simulator.conformance.evcc.step import AnswerStep
from pncsim.simulator.conformance.evcc.stimuli import (
    CABLE_CHECK,
    PRECHARGE,
    another,
    endless,
    failed,
    goes_on,
    nothing,
    silenced,
    unavailable,
    undecided,
)
from pncsim.simulator.conformance.evcc.table import ISO, PUBLISHED, table
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import AC, DC, INSTALL
from pncsim.simulator.faults.changes import in_body
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_ISOLATES = DC | Setting(station={"dc": DcSupply(isolation_seconds=300.0), "ongoing_seconds": 300.0})
_RISES = DC | Setting(station={"dc": DcSupply(isolation_seconds=0.005, volts_per_second=0.1)})
_DETAIL = ("ServiceDetailReq", "PaymentServiceSelectionReq")
_LEAVING = ("WeldingDetectionReq", "SessionStopReq")

_STOPS = in_body(
    lambda body: replace(
        body, EVSEStatus=replace(body.EVSEStatus, EVSENotification=iso2.EVSENotificationType.StopCharging)
    )
)

ROWS: dict[str, AnswerStep] = {
    "CMN_VTB_SessionSetup_001": goes_on(
        "SupportedAppProtocolRes", "SessionSetupReq", look=looks.is_new, looks=" with SessionID 0"
    ),
    "CMN_VTB_SessionSetup_004": nothing("SessionSetupRes"),
    "CMN_VTB_SessionSetup_007": unavailable("SessionSetupRes"),
    "CMN_VTB_ServiceDiscovery_001": goes_on(
        "SessionSetupRes",
        "ServiceDiscoveryReq",
        look=looks.has_the_number,
        looks=" with the SessionID that was assigned",
    ),
    "CMN_VTB_ServiceDiscovery_002": failed("ServiceDiscoveryRes"),
    "CMN_VTB_ServiceDiscovery_003": failed("ServiceDiscoveryRes", "FAILED_SequenceError"),
    "CMN_VTB_ServiceDiscovery_004": failed("ServiceDiscoveryRes", "FAILED_SignatureError"),
    "CMN_VTB_ServiceDiscovery_008": another("ServiceDiscoveryRes"),
    "CMN_VTB_ServiceDetail_011": nothing("ServiceDetailRes").within(INSTALL),
    "CMN_VTB_ServiceDetail_013": another("ServiceDetailRes").within(INSTALL),
    "CMN_VTB_ServiceDetailAndPaymentSelection_001": goes_on("ServiceDiscoveryRes", *_DETAIL),
    "CMN_VTB_ServiceDetailAndPaymentSelection_003": silenced(failed("PaymentServiceSelectionRes")),
    "CMN_VTB_Authorization_004": failed("AuthorizationRes"),
    "CMN_VTB_Authorization_009": undecided(),
    "CMN_VTB_ChargeParameterDiscovery_001": goes_on("AuthorizationRes", "ChargeParameterDiscoveryReq"),
    "CMN_VTB_ChargeParameterDiscovery_002": another("ChargeParameterDiscoveryRes"),
    "AC_VTB_PowerDelivery_001": goes_on(
        "ChargeParameterDiscoveryRes", "PowerDeliveryReq", look=looks.says("Start"), looks=" with Start", ready=True
    ).within(AC),
    "AC_VTB_ChargingStatus_001": goes_on("PowerDeliveryRes", "ChargingStatusReq").within(AC),
    "DC_VTB_CableCheck_006": endless("CableCheckRes", CABLE_CHECK, "that says Ongoing", _ISOLATES),
    "DC_VTB_CableCheck_007": another("CableCheckRes").within(DC),
    "DC_VTB_PreCharge_006": endless("PreChargeRes", PRECHARGE, "with a voltage short of the target", _RISES),
    "DC_VTB_CurrentDemand_002": failed("CurrentDemandRes").within(DC),
    "DC_VTB_CurrentDemand_005": nothing("CurrentDemandRes").within(DC),
    "DC_VTB_CurrentDemand_007": unavailable("CurrentDemandRes").within(DC),
    "DC_VTB_WeldingDetectionOrSessionStop_001": replace(
        goes_on("PowerDeliveryRes", *_LEAVING, says="StopCharging", change=_STOPS, nth=2).within(DC), leaves=True
    ),
}
"""By id without ``TC_EVCC_``."""

_NAMED = (
    *(f"CMN_VTB_Authorization_00{number}" for number in (1, 2, 3)),
    *(f"AC_VTB_PowerDelivery_00{number}" for number in (2, 3)),
    *(f"CMN_VTB_SessionStop_00{number}" for number in (1, 3, 4, 5)),
    *(f"AC_VTB_ChargingStatus_00{number}" for number in (2, 3, 4, 5)),
)


def _unknown(id: str) -> Case:
    return Case(
        id=f"{ISO}{id}",
        title="named in a public list of tests",
        group=id.split("_")[2],
        source=PUBLISHED,
        precondition="Not public.",
        stimulus="not public",
        expectation="not public",
        unsuited="Nothing but its id is public: what the tester does, and what a vehicle has to do then, is not.",
    )


CASES = (*table(ISO, PUBLISHED, ROWS), *map(_unknown, _NAMED))
