"""What the encoder refuses, and how it says so."""

from __future__ import annotations

import pytest

from pncsim.wire.errors import LocalError
from pncsim.wire.exi import ExiEncodeError
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

U = iso2.UnitSymbolType


def encode(message: object) -> bytes:
    header = iso2.MessageHeaderType(SessionID=bytes(8))
    return codec("iso2").encode(
        iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=message))  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (iso2.SessionSetupReq(EVCCID=bytes(7)), "SessionSetupReq/EVCCID .* has 7 octets, 0 to 6 are allowed"),
        (iso2.SessionSetupReq(EVCCID="abc"), "EVCCID .* 'abc' is not octets"),  # type: ignore[arg-type]
        (iso2.SessionSetupReq(EVCCID=None), "SessionSetupReq cannot be encoded: EVCCID is required and missing"),  # type: ignore[arg-type]
        (
            iso2.SessionSetupRes(ResponseCode=iso2.ResponseCodeType.OK, EVSEID="DE*P"),
            "EVSEID .* has 4 characters, 7 to 37 are allowed",
        ),
        (iso2.SessionStopRes(ResponseCode="Fine"), "ResponseCode .* 'Fine' is not one of OK,"),  # type: ignore[arg-type]
        (iso2.ServiceDetailReq(ServiceID=65536), "ServiceID .* 65536 is out of range, 0 to 65535 is allowed"),
        (iso2.ServiceDetailReq(ServiceID=-1), "ServiceID .* -1 is out of range"),
        (iso2.ServiceDetailReq(ServiceID=1.5), "ServiceID .* 1.5 is not an integer"),  # type: ignore[arg-type]
        (
            iso2.PaymentServiceSelectionReq(
                SelectedPaymentOption=iso2.PaymentOptionType.Contract,
                SelectedServiceList=iso2.SelectedServiceListType(SelectedService=[]),
            ),
            "SelectedService occurs 0 times, 1 to 16 are allowed",
        ),
        (
            iso2.PowerDeliveryRes(ResponseCode=iso2.ResponseCodeType.OK, EVSEStatus=iso2.physical(1, U.A)),  # type: ignore[arg-type]
            "EVSEStatus holds PhysicalValueType.*, one of AC_EVSEStatusType, DC_EVSEStatusType, .* is wanted",
        ),
        (
            iso2.CableCheckReq(DC_EVStatus=iso2.EVStatusType()),  # type: ignore[arg-type]
            "DC_EVStatus cannot be encoded: a DC_EVStatusType is wanted",
        ),
        (
            iso2.CertificateInstallationReq(
                Id=None,  # type: ignore[arg-type]
                OEMProvisioningCert=b"",
                ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(RootCertificateID=[]),
            ),
            "the attribute Id is required and missing",
        ),
        (iso2.physical(1, U.A), "BodyElement holds PhysicalValueType"),
        (iso2.BodyElement(), "is abstract, it cannot be sent itself"),
    ],
)
def test_a_refused_message(message: object, sentence: str) -> None:
    with pytest.raises(ExiEncodeError, match=sentence):
        encode(message)


def test_exactly_one_parameter_value() -> None:
    for given in ({}, {"boolValue": True, "intValue": 1}):
        with pytest.raises(ExiEncodeError, match=r"Parameter cannot be encoded: .* where the schema wants"):
            codec("iso2").encode_fragment("Parameter", iso2.ParameterType(Name="n", **given))  # type: ignore[arg-type]


def test_wrong_roots_and_unknown_elements() -> None:
    with pytest.raises(ExiEncodeError, match="not the type of a root element of the set 'app'"):
        codec("app").encode(iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Pause))
    with pytest.raises(ExiEncodeError, match="has no element 'Nonsense'"):
        codec("iso2").encode_fragment("Nonsense", iso2.physical(1, U.A))


def test_free_content_is_checked_against_the_grammar() -> None:
    good = ds.KeyInfoType(items=[("KeyName", "k"), ("X509Data", ds.X509DataType(items=[("X509SKI", b"\x01")]))])
    stream = codec("xmldsig").encode_fragment("KeyInfo", good)
    assert codec("xmldsig").decode_fragment(stream) == ("KeyInfo", good)
    for items, sentence in (
        ([], "the content ends where the schema wants"),
        ([("Nonsense", "k")], "Nonsense is not allowed here"),
        (["KeyName"], "pairs of element name and value"),
        ([("KeyName", 5)], "5 is not text"),
    ):
        with pytest.raises(ExiEncodeError, match=sentence):
            codec("xmldsig").encode_fragment("KeyInfo", ds.KeyInfoType(items=items))  # type: ignore[arg-type]


def test_sets_that_are_not_built_in() -> None:
    with pytest.raises(LocalError, match="'din' is reserved for later; there are app, iso2, xmldsig"):
        codec("din")
    with pytest.raises(LocalError, match="'nonsense' is unknown"):
        codec("nonsense")


def test_at_most_twenty_protocols() -> None:
    one = app.AppProtocolType(
        ProtocolNamespace="urn:x", VersionNumberMajor=2, VersionNumberMinor=0, SchemaID=1, Priority=20
    )
    stream = codec("app").encode(app.SupportedAppProtocolReq(AppProtocol=[one] * 20))
    assert codec("app").decode(stream).AppProtocol == [one] * 20
    with pytest.raises(ExiEncodeError, match="occurs 21 times, 1 to 20 are allowed"):
        codec("app").encode(app.SupportedAppProtocolReq(AppProtocol=[one] * 21))
