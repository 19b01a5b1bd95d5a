"""What is said of the meter, in transactions and beside them (use cases J01 to J03)."""

from __future__ import annotations

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.metering import MEASURES, REGISTER
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp.actions import Row

HANDLERS: tuple[Row[StationContext], ...] = ()

_ALL = tuple(MEASURES)

VARIABLES = (
    V("SampledDataCtrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("SampledDataCtrlr", "SignReadings", "boolean", "ReadOnly", "true"),
    V("SampledDataCtrlr", "TxUpdatedInterval", "integer", "ReadWrite", "60", "s", limits=(0, 86400)),
    V("SampledDataCtrlr", "TxEndedInterval", "integer", "ReadWrite", "0", "s", limits=(0, 86400)),
    V("SampledDataCtrlr", "TxStartedMeasurands", "MemberList", "ReadWrite", REGISTER, options=_ALL),
    V("SampledDataCtrlr", "TxUpdatedMeasurands", "MemberList", "ReadWrite", ",".join(_ALL), options=_ALL),
    V("SampledDataCtrlr", "TxEndedMeasurands", "MemberList", "ReadWrite", REGISTER, options=_ALL),
    # Whoever wants values by the clock says how often; until then there are none.
    V("AlignedDataCtrlr", "Interval", "integer", "ReadWrite", "0", "s", limits=(0, 86400)),
    V("AlignedDataCtrlr", "Measurands", "MemberList", "ReadWrite", REGISTER, options=_ALL),
    V("AlignedDataCtrlr", "SendDuringIdle", "boolean", "ReadWrite", "false"),
    V("AlignedDataCtrlr", "TxEndedInterval", "integer", "ReadWrite", "0", "s", limits=(0, 86400)),
    V("AlignedDataCtrlr", "TxEndedMeasurands", "MemberList", "ReadWrite", REGISTER, options=_ALL),
)
