"""The simple types of ISO 15118-2 with their facets, under their XSD names (8.5.2), and its namespaces."""

from __future__ import annotations

from typing import Annotated

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import Binary, Integer, Named, Namespace, Text
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

MSG_DEF = Namespace(ISO2_NAMESPACE, "v2gci_d", attributes_qualified=True)
MSG_HEADER = Namespace("urn:iso:15118:2:2013:MsgHeader", "v2gci_h", attributes_qualified=True)
MSG_BODY = Namespace("urn:iso:15118:2:2013:MsgBody", "v2gci_b", attributes_qualified=True)
MSG_DATA_TYPES = Namespace("urn:iso:15118:2:2013:MsgDataTypes", "v2gci_t", attributes_qualified=True)

intervalStartType = Annotated[int, Integer(0, 16777214)]
intervalDurationType = Annotated[int, Integer(0, 86400)]
percentValueType = Annotated[int, Integer(0, 100)]
faultMsgType = Annotated[str, Text(max_length=64), Named("faultMsgType")]
serviceNameType = Annotated[str, Text(max_length=32), Named("serviceNameType")]
serviceScopeType = Annotated[str, Text(max_length=64), Named("serviceScopeType")]
maxNumPhasesType = Annotated[int, Integer(1, 3)]
meterStatusType = xs.short
genChallengeType = Annotated[bytes, Binary("base64", min_length=16, max_length=16)]
certificateType = Annotated[bytes, Binary("base64", max_length=800)]
dHpublickeyType = Annotated[bytes, Binary("base64", max_length=65)]
privateKeyType = Annotated[bytes, Binary("base64", max_length=48)]
sigMeterReadingType = Annotated[bytes, Binary("base64", max_length=64)]
sessionIDType = Annotated[bytes, Binary("hex", max_length=8)]
evccIDType = Annotated[bytes, Binary("hex", max_length=6)]
evseIDType = Annotated[str, Text(min_length=7, max_length=37), Named("evseIDType")]
serviceIDType = xs.unsignedShort
eMAIDType = Annotated[str, Text(min_length=14, max_length=15), Named("eMAIDType")]
meterIDType = Annotated[str, Text(max_length=32), Named("meterIDType")]
SAIDType = Annotated[int, Integer(1, 255)]
tariffDescriptionType = Annotated[str, Text(max_length=32), Named("tariffDescriptionType")]
unitMultiplierType = Annotated[int, Integer(-3, 3)]
