"""The JSON and XML views: their shape, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from pncsim.wire.exi import views
from pncsim.wire.exi.views import ViewError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

STOP = iso2.V2G_Message(
    Header=iso2.MessageHeaderType(SessionID=bytes.fromhex("a1b2")),
    Body=iso2.BodyType(BodyElement=iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Pause)),
)
STOP_JSON = {"V2G_Message": {"Header": {"SessionID": "a1b2"}, "Body": {"SessionStopReq": {"ChargingSession": "Pause"}}}}
D, H, B = (f"urn:iso:15118:2:2013:Msg{part}" for part in ("Def", "Header", "Body"))
STOP_XML = (
    f'<d:V2G_Message xmlns:d="{D}"><d:Header><SessionID xmlns="{H}">A1B2</SessionID></d:Header>'
    f'<d:Body><SessionStopReq xmlns="{B}"><ChargingSession>Pause</ChargingSession></SessionStopReq></d:Body>'
    "</d:V2G_Message>"
)


def test_json_shape() -> None:
    assert views.to_json(codec("iso2"), STOP) == STOP_JSON
    assert views.from_json(codec("iso2"), STOP_JSON) == STOP


def test_members_of_substitution_groups_go_by_their_own_name() -> None:
    status = iso2.AC_EVSEStatusType(NotificationMaxDelay=0, EVSENotification=iso2.EVSENotificationType.None_, RCD=False)
    answer = iso2.PowerDeliveryRes(ResponseCode=iso2.ResponseCodeType.OK, EVSEStatus=status)
    view = views.to_json(codec("iso2"), answer)
    assert view["PowerDeliveryRes"]["AC_EVSEStatus"] == {
        "NotificationMaxDelay": 0, "EVSENotification": "None", "RCD": False,
    }  # fmt: skip
    assert views.from_json(codec("iso2"), view) == answer


def test_attributes_come_first_and_text_is_value() -> None:
    view = views.to_json(codec("iso2"), iso2.EMAIDType(Id="id4", value="DE8AA1A2B3C4D59"), "eMAID")
    assert view == {"eMAID": {"Id": "id4", "value": "DE8AA1A2B3C4D59"}}
    assert views.fragment_from_json(codec("iso2"), view) == ("eMAID", iso2.EMAIDType(Id="id4", value="DE8AA1A2B3C4D59"))
    assert views.fragment_from_json(codec("iso2"), {"eMAID": "DE8AA1A2B3C4D59"}) == ("eMAID", "DE8AA1A2B3C4D59")


def test_free_content_keeps_its_order() -> None:
    info = ds.KeyInfoType(items=[("MgmtData", "m"), ("KeyName", "k"), ("MgmtData", "n")])
    view = views.to_json(codec("xmldsig"), info)
    assert view == {"KeyInfo": {"items": [{"MgmtData": "m"}, {"KeyName": "k"}, {"MgmtData": "n"}]}}
    assert views.from_json(codec("xmldsig"), view) == info
    assert views.from_xml(codec("xmldsig"), views.to_xml(codec("xmldsig"), info)) == info


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ([], "one key, the root element's name"),
        ({"Nonsense": {}}, "'Nonsense' is not a root element of the set 'iso2'"),
        ({"V2G_Message": 5}, "V2G_Message: an object is wanted, not 5"),
        ({"V2G_Message": {"Body": {}}}, "V2G_Message: Header is missing"),
        ({"SessionStopReq": {"ChargingSession": "Nap"}}, "ChargingSession: 'Nap' is not one of Terminate, Pause"),
        ({"SessionStopReq": {"Charging": "Pause"}}, "'Charging' is unknown here; there are ChargingSession"),
        ({"SessionSetupReq": {"EVCCID": "xx"}}, "EVCCID: 'xx' is not hexadecimal"),
        ({"PaymentDetailsRes": {"GenChallenge": "*"}}, r"GenChallenge: '\*' is not base64"),
        ({"ServiceDetailReq": {"ServiceID": True}}, "ServiceID: an integer is wanted, not True"),
        ({"ServiceDetailReq": {"ServiceID": "1"}}, "ServiceID: an integer is wanted, not '1'"),
        ({"SessionSetupReq": {"EVCCID": 5}}, "EVCCID: text is wanted"),
        ({"EVSEStatus": {}}, "abstract"),
        ({"PowerDeliveryRes": {"AC_EVSEStatus": {}}}, "NotificationMaxDelay, EVSENotification, RCD is missing"),
        (
            {"PaymentServiceSelectionReq": {"SelectedServiceList": {"SelectedService": {}}}},
            "SelectedService: a list is wanted",
        ),
    ],
)
def test_wrong_json(data: Any, sentence: str) -> None:
    with pytest.raises(ViewError, match=sentence):
        views.from_json(codec("iso2"), data)


def test_two_members_exclude_each_other() -> None:
    ac = {"NotificationMaxDelay": 0, "EVSENotification": "None", "RCD": False}
    dc = {"NotificationMaxDelay": 0, "EVSENotification": "None", "EVSEStatusCode": "EVSE_Ready"}
    with pytest.raises(ViewError, match="'DC_EVSEStatus' and another element exclude each other"):
        views.from_json(
            codec("iso2"), {"PowerDeliveryRes": {"ResponseCode": "OK", "AC_EVSEStatus": ac, "DC_EVSEStatus": dc}}
        )


def test_xml_with_any_prefixes_is_read() -> None:
    assert views.from_xml(codec("iso2"), STOP_XML) == STOP
    assert views.from_xml(codec("iso2"), views.to_xml(codec("iso2"), STOP)) == STOP
    assert f'xmlns:v2gci_d="{D}"' in views.to_xml(codec("iso2"), STOP)


def test_attributes_are_qualified_and_read_either_way() -> None:
    request = iso2.AuthorizationReq(Id="ID1", GenChallenge=bytes(16))
    xml = views.to_xml(codec("iso2"), request)
    assert 'v2gci_b:Id="ID1"' in xml
    assert (
        views.from_xml(codec("iso2"), xml) == views.from_xml(codec("iso2"), xml.replace("v2gci_b:Id", "Id")) == request
    )


def test_text_is_escaped() -> None:
    notification = iso2.NotificationType(FaultCode=iso2.FaultCodeType.ParsingError, FaultMsg='<&>" \n\t\r x')
    xml = views.to_xml(codec("iso2"), notification, "Notification")
    assert views.fragment_from_xml(codec("iso2"), xml) == ("Notification", notification)
    notification.FaultMsg = "\x00"
    with pytest.raises(ViewError, match="a character that XML cannot carry"):
        views.to_xml(codec("iso2"), notification, "Notification")


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        ("", "not well-formed"),
        ("<a>", "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "a DOCTYPE is not accepted"),
        ("<a>" * 40 + "</a>" * 40, "nested more than 32 deep"),
        ("<Nonsense/>", "'Nonsense' is not a root element"),
        (STOP_XML.replace("Pause", "Nap"), "ChargingSession: 'Nap' is not one of"),
        (STOP_XML.replace("A1B2", "A1B"), "SessionID: 'A1B' is not hexadecimal"),
        (
            STOP_XML.replace(H, B),
            f"Header: SessionID of namespace {B!r} is not allowed here, the schema wants SessionID",
        ),
        (
            STOP_XML.replace("<ChargingSession>Pause</ChargingSession>", ""),
            "the schema wants ChargingSession",
        ),
        (STOP_XML.replace("</d:Body>", "text</d:Body>"), "text between elements"),
        (STOP_XML.replace("<d:Body>", '<d:Body x="">'), "the attribute x is unknown here"),
        (STOP_XML.replace("Pause", "<b/>"), "text is wanted, not the element b"),
    ],
)
def test_wrong_xml(xml: str, sentence: str) -> None:
    with pytest.raises(ViewError, match=sentence):
        views.from_xml(codec("iso2"), xml)
