"""Bytes with a history: worked examples, and the forms other stacks write that ours reads but never writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pncsim.wire.exi import ExiDecodeError, ExiUnsupportedError
from pncsim.wire.exi.bits import BitWriter
from pncsim.wire.exi.careful_decode import OF_A_KIND
from pncsim.wire.exi.careful_encode import CarefulEncoder
from pncsim.wire.gate import Liberty, Tolerance
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

SETUP = "809802000000000000000011d01aaf37bc04080c00"


def body(message: str) -> object:
    return codec("iso2").decode(bytes.fromhex(message)).Body.BodyElement


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (SETUP, iso2.SessionSetupReq(EVCCID=bytes.fromhex("abcdef010203"))),
        ("80980040120000", iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK)),
        ("8098004011D01808000000000400", iso2.SessionSetupReq(EVCCID=bytes.fromhex("020000000001"))),
        (
            "809802004080C1014181C211E020451114A941390CA914C0C0C0C0C4A8C480",
            iso2.SessionSetupRes(ResponseCode=iso2.ResponseCodeType.OK_NewSessionEstablished, EVSEID="DE*PNC*E00001*1"),
        ),
        ("809800401230", None),  # an empty Body
    ],
)
def test_worked_iso2_messages(stream: str, expected: object) -> None:
    message = codec("iso2").decode(bytes.fromhex(stream))
    assert message.Body.BodyElement == expected
    assert codec("iso2").encode(message).hex() == stream.lower()


def test_worked_supported_app_protocol() -> None:
    stream = (
        "8000DBAB9371D3234B71D1B981899189D191818991D26B9B3A232B30020000040401"
        "D75726E3A69736F3A31353131383A323A323031333A4D73674465660040000000080"
    )
    request = codec("app").decode(bytes.fromhex(stream))
    assert [(p.ProtocolNamespace, p.SchemaID, p.Priority) for p in request.AppProtocol] == [
        ("urn:din:70121:2012:MsgDef", 1, 2),
        ("urn:iso:15118:2:2013:MsgDef", 0, 1),
    ]
    assert codec("app").encode(request).hex() == stream.lower()
    answer = app.SupportedAppProtocolRes(ResponseCode=app.ResponseCodeType.OK_SuccessfulNegotiation, SchemaID=0)
    assert codec("app").encode(answer).hex() == "80400000"


def test_worked_fragments() -> None:
    stream = bytes.fromhex("80040152510c408000081018202830384048505860687079e8")
    request = iso2.AuthorizationReq(Id="ID1", GenChallenge=bytes(range(16)))
    assert codec("iso2").decode_fragment(stream) == ("AuthorizationReq", request)
    assert codec("iso2").encode_fragment("AuthorizationReq", request) == stream


def test_emaid_is_written_by_the_relaxed_grammar_unless_asked_otherwise() -> None:
    emaid = iso2.EMAIDType(Id="id4", value="DE1")
    relaxed = bytes.fromhex("80ec0202b4b21a400151114c7d3d00")
    assert codec("iso2").encode_fragment("eMAID", emaid) == relaxed
    assert codec("iso2").decode_fragment(relaxed) == ("eMAID", emaid)
    assert codec("iso2").encode_fragment("eMAID", emaid, relaxed=False).hex() == "80ec02b4b21a0151114c5e80"


@given(st.text(max_size=140), st.none() | st.text(max_size=140), st.booleans())
def test_the_quick_relaxed_form_is_the_careful_one(text: str, id_: Any, plain: bool) -> None:
    coder = codec("iso2")
    value = text if plain else iso2.EMAIDType(Id=id_, value=text)
    code, _ = coder._choose_fragment("eMAID", type(value))
    careful = CarefulEncoder(coder.schema, coder.grammars).fragment(code, iso2.EMAIDType, value, relaxed=True)
    assert coder.encode_fragment("eMAID", value) == careful


def signed_info() -> ds.SignedInfoType:
    return ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm="http://www.w3.org/TR/canonical-exi/"),
        SignatureMethod=ds.SignatureMethodType(Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        Reference=[
            ds.ReferenceType(
                URI="#ID1",
                Transforms=ds.TransformsType(
                    Transform=[ds.TransformType(Algorithm="http://www.w3.org/TR/canonical-exi/")]
                ),
                DigestMethod=ds.DigestMethodType(Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"),
                DigestValue=bytes(32),
            )
        ],
    )


@pytest.mark.parametrize(("grammar", "start"), [("xmldsig", "808112b4"), ("iso2", "80d0")])
def test_signed_info_has_two_grammars(grammar: str, start: str) -> None:
    stream = codec(grammar).encode_fragment("SignedInfo", signed_info())
    assert stream.hex().startswith(start)
    assert codec(grammar).decode_fragment(stream) == ("SignedInfo", signed_info())


def test_string_table_hits_are_read_and_never_written() -> None:
    plain = "80004bab9371d30b1318020000040000975726e3a6162630040000100880"
    hits = "80004bab9371d30b131802000004000000040000100880"
    notes: list[Liberty] = []
    request = codec("app").decode(bytes.fromhex(hits), gate=notes.append)
    assert request == codec("app").decode(bytes.fromhex(plain))
    assert notes == []
    assert codec("app").encode(request).hex() == plain


def bits(*parts: str) -> bytes:
    joined = "".join(parts).replace(" ", "")
    joined += "0" * (-len(joined) % 8)
    return int(joined, 2).to_bytes(len(joined) // 8, "big")


HEADER = (
    "10000000 1001100 0 00 00000001 00000000 0 10 0"  # V2G_Message, Header with a SessionID of one zero octet, Body
)


def test_an_empty_value_is_read_in_both_forms_and_written_in_the_first() -> None:
    by_characters = bits(HEADER, "011101 0 0 00000000 0", "000")
    by_end = bits(HEADER, "011101 0 1 000", "000")
    for stream in (by_characters, by_end):
        message = codec("iso2").decode(stream)
        assert message.Body.BodyElement == iso2.SessionSetupReq(EVCCID=b"")
        assert codec("iso2").encode(message) == by_characters


def test_an_empty_number_is_no_value() -> None:
    stop = bits(HEADER, "011111 0 1 000", "000")
    with pytest.raises(ExiDecodeError, match=r"SessionStopReq/ChargingSession.* bit \d+ .*the element is empty"):
        codec("iso2").decode(stop)


def test_a_global_hit_of_another_element_is_read() -> None:
    # ServiceDiscoveryReq has one string only, so a message with two is built: Notification/FaultMsg, then ServiceScope.
    notification = "0 0 10 0 00 0 00000100 01000001 01000010 0 0"
    stream = bits(
        "10000000 1001100 0 00 00000001 00000000 0 00", notification, "01 0", "011011 00 0 00000001 0", "01 0 0"
    )
    message = codec("iso2").decode(stream)
    assert message.Header.Notification.FaultMsg == "AB"
    assert message.Body.BodyElement.ServiceScope == "AB"


def test_a_padded_integer_is_read_and_noted() -> None:
    # ServiceDetailReq with ServiceID 3 in two groups.
    stream = bits(HEADER, "011001 0 0 10000011 00000000 0", "000")
    notes: list[Liberty] = []
    message = codec("iso2").decode(stream, gate=notes.append)
    assert message.Body.BodyElement == iso2.ServiceDetailReq(ServiceID=3)
    assert [note.what for note in notes] == [
        "In V2G_Message/Body/ServiceDetailReq/ServiceID the integer 3 is written with more octets than it needs."
    ]


def test_a_message_that_takes_a_liberty_with_every_octet_is_told_of_in_a_few_notes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def padded(writer: BitWriter, value: int) -> None:
        for shift in range(0, max(value.bit_length(), 1), 7):
            writer.parts.append((value >> shift & 127 | 128, 8))
        writer.parts.append((0, 8))

    text = "A" * 32_000
    info = ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm="a"),
        SignatureMethod=ds.SignatureMethodType(Algorithm="b"),
        Reference=[ds.ReferenceType(URI="#a", DigestMethod=ds.DigestMethodType(Algorithm="c"), DigestValue=b"1")],
    )
    signature = ds.SignatureType(
        SignedInfo=info,
        SignatureValue=ds.SignatureValueType(value=b"1"),
        KeyInfo=ds.KeyInfoType(items=[("KeyName", text)]),
    )
    message = iso2.V2G_Message(
        Header=iso2.MessageHeaderType(SessionID=bytes(8), Signature=signature),
        Body=iso2.BodyType(BodyElement=iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Terminate)),
    )
    coder = codec("iso2")
    roots = coder.schema.documents
    code = next(code for code, (_, type_) in enumerate(roots) if type_ is iso2.V2G_Message)
    with monkeypatch.context() as writing:
        writing.setattr(BitWriter, "unsigned", padded)
        stream = CarefulEncoder(coder.schema, coder.grammars).document(code, *roots[code], message)
    notes: list[Liberty] = []
    assert len(stream) > 64_000
    assert coder.decode(stream, gate=notes.append) == message
    assert 2 <= len(notes) <= OF_A_KIND + 1
    assert {note.tolerance for note in notes} == {Tolerance.EXI_INTEGER_FORM}


def test_trailing_octets_and_padding_are_noted() -> None:
    notes: list[Liberty] = []
    assert codec("iso2").decode(bytes.fromhex(SETUP + "beef"), gate=notes.append) == codec("iso2").decode(
        bytes.fromhex(SETUP)
    )
    assert [note.what for note in notes] == ["2 octets follow the end of the message."]
    notes.clear()
    codec("iso2").decode(bytes.fromhex(SETUP[:-2] + "01"), gate=notes.append)
    assert [note.what for note in notes] == ["The padding bits after the message are not zero."]


def test_a_value_below_its_minimum_length_is_read_noted_and_not_written() -> None:
    stream = bits(HEADER, "011110 0 0 00000 0 0 0 00000011 01000001 0 01", "00")
    notes: list[Liberty] = []
    message = codec("iso2").decode(stream, gate=notes.append)
    assert message.Body.BodyElement.EVSEID == "A"
    what = "In V2G_Message/Body/SessionSetupRes/EVSEID a length of 1 was read, the schema wants at least 7."
    assert [note.what for note in notes] == [what]


def test_an_empty_string_is_two() -> None:
    meter = iso2.MeterInfoType(MeterID="")
    receipt = iso2.MeteringReceiptReq(SessionID=b"", MeterInfo=meter)
    stream = codec("iso2").encode_fragment("MeteringReceiptReq", receipt)
    assert codec("iso2").decode_fragment(stream) == ("MeteringReceiptReq", receipt)


def test_text_beyond_ascii_and_a_long_serial_number() -> None:
    issuer = ds.X509IssuerSerialType(X509IssuerName="CN=Ä漢\U0001f50c", X509SerialNumber=-(1 << 158) + 12345)
    stream = codec("iso2").encode_fragment("RootCertificateID", issuer)
    assert codec("iso2").decode_fragment(stream) == ("RootCertificateID", issuer)


def test_a_name_in_two_namespaces_means_the_global_element() -> None:
    status = iso2.DC_EVStatusType(EVReady=True, EVErrorCode=iso2.DC_EVErrorCodeType.NO_ERROR, EVRESSSOC=5)
    assert codec("iso2").encode_fragment("DC_EVStatus", status).hex() == "802c200053d0"


@pytest.mark.parametrize(
    ("event", "what"), [("00", "any element"), ("10", "text"), ("11 10", r"undeclared content \(SE")]
)
def test_wildcards_and_mixed_text_are_unsupported(event: str, what: str) -> None:
    stream = bits("10000000 000000 0 00000010", event, "0" * 16)  # CanonicalizationMethod with an empty Algorithm
    with pytest.raises(ExiUnsupportedError, match=f"In CanonicalizationMethod, .* {what}.* is not supported"):
        codec("xmldsig").decode_fragment(stream)
