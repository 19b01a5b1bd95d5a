"""SupportedAppProtocol: how vehicle and station agree on the protocol of a session (ISO 15118-2, 8.2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import ComplexType, Integer, Named, Namespace, Occurs, Text

APP_PROTOCOL = Namespace("urn:iso:15118:2:2010:AppProtocol", "n1", elements_qualified=False)

protocolNamespaceType = Annotated[str, Text(max_length=100), Named("protocolNamespaceType")]
idType = xs.unsignedByte
priorityType = Annotated[int, Integer(1, 20)]


class ResponseCodeType(StrEnum):
    """How the station chose."""

    OK_SuccessfulNegotiation = "OK_SuccessfulNegotiation"
    OK_SuccessfulNegotiationWithMinorDeviation = "OK_SuccessfulNegotiationWithMinorDeviation"
    Failed_NoNegotiation = "Failed_NoNegotiation"


class AppProtocolType(ComplexType, namespace=APP_PROTOCOL):
    """One protocol the vehicle speaks; priority 1 is the one it likes best."""

    ProtocolNamespace: protocolNamespaceType
    VersionNumberMajor: xs.unsignedInt
    VersionNumberMinor: xs.unsignedInt
    SchemaID: idType
    Priority: priorityType


class SupportedAppProtocolReq(ComplexType, namespace=APP_PROTOCOL, element="supportedAppProtocolReq"):
    """The protocols the vehicle speaks, up to twenty."""

    AppProtocol: Annotated[list[AppProtocolType], Occurs(1, 20)]


class SupportedAppProtocolRes(ComplexType, namespace=APP_PROTOCOL, element="supportedAppProtocolRes"):
    """The protocol the station chose, by the SchemaID the vehicle gave it; absent if none fits."""

    ResponseCode: ResponseCodeType
    SchemaID: idType | None = None
