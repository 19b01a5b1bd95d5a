"""The messages of AC charging (8.4.4)."""

from __future__ import annotations

from pncsim.wire.exi import xs
from pncsim.wire.v2g.iso2.body_common import BodyElement
from pncsim.wire.v2g.iso2.datatypes import (
    AC_EVSEStatusType,
    MeterInfoType,
    PhysicalValueType,
)
from pncsim.wire.v2g.iso2.enumerations import (
    ResponseCodeType,
)
from pncsim.wire.v2g.iso2.simple import (
    SAIDType,
    evseIDType,
)


class ChargingStatusReq(BodyElement, element="ChargingStatusReq"):
    """Asks for meter and status while charging with AC."""


class ChargingStatusRes(BodyElement, element="ChargingStatusRes"):
    """Station, schedule in force, current limit, meter, whether a receipt is wanted, status."""

    ResponseCode: ResponseCodeType
    EVSEID: evseIDType
    SAScheduleTupleID: SAIDType
    EVSEMaxCurrent: PhysicalValueType | None = None
    MeterInfo: MeterInfoType | None = None
    ReceiptRequired: xs.boolean | None = None
    AC_EVSEStatus: AC_EVSEStatusType
