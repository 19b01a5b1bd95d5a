"""XML signatures over EXI: a published vector made with an independent codec, and every way to be wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.wire.credentials import KeySigner
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

VECTOR: dict[str, str] = json.loads((Path(__file__).parents[1] / "vectors" / "signature.json").read_text())
KEY = ec.derive_private_key(int(VECTOR["contract_private"], 16), ec.SECP256R1())
REQUEST = iso2.AuthorizationReq(Id="id1", GenChallenge=bytes(range(16)))
PARTS: list[tuple[str, object]] = [("AuthorizationReq", REQUEST)]


def test_octets_are_those_of_the_independent_codec() -> None:
    made = signature.sign(PARTS, KeySigner(KEY))
    assert codec("iso2").encode_fragment("AuthorizationReq", REQUEST).hex() == VECTOR["element_fragment_exi"]
    assert made.SignedInfo.Reference[0].DigestValue.hex() == VECTOR["element_digest_sha256"]
    octets = codec("xmldsig").encode_fragment("SignedInfo", made.SignedInfo)
    assert octets.hex() == VECTOR["signed_info_exi_xmldsig_grammar"]


def with_value(hexadecimal: str) -> ds.SignatureType:
    made = signature.sign(PARTS, KeySigner(KEY))
    return replace(made, SignatureValue=ds.SignatureValueType(value=bytes.fromhex(hexadecimal)))


def test_published_signature_verifies_and_the_double_hashed_one_does_not() -> None:
    assert signature.verify(with_value(VECTOR["SignatureValue_raw_r_s"]), PARTS, KEY.public_key()) == "xmldsig"
    with pytest.raises(signature.SignatureError, match="not made with the key"):
        signature.verify(with_value(VECTOR["wrong_double_hash_signature_must_fail"]), PARTS, KEY.public_key())


@pytest.mark.parametrize("grammar", ["xmldsig", "iso2"])
def test_both_signed_info_grammars_of_the_field_verify(grammar: Literal["xmldsig", "iso2"]) -> None:
    made = signature.sign(PARTS, KeySigner(KEY), grammar=grammar)
    told: list[Liberty] = []
    assert signature.verify(made, PARTS, KEY.public_key(), gate=told.append) == grammar
    assert [one.tolerance for one in told] == ([] if grammar == "xmldsig" else [Tolerance.SIGNATURE_GRAMMAR])


def test_emaid_digest_is_accepted_in_both_forms_of_the_field() -> None:
    emaid = iso2.EMAIDType(Id="id4", value="DE8AACA2B3C4D5L")
    relaxed, typed = (codec("iso2").encode_fragment("eMAID", emaid, relaxed=form) for form in (True, False))
    assert relaxed != typed
    made = signature.sign([("eMAID", emaid)], KeySigner(KEY))
    assert made.SignedInfo.Reference[0].DigestValue == hashlib.sha256(relaxed).digest()
    foreign = replace(made.SignedInfo.Reference[0], DigestValue=hashlib.sha256(typed).digest())
    info = replace(made.SignedInfo, Reference=[foreign])
    value = KeySigner(KEY).sign(codec("xmldsig").encode_fragment("SignedInfo", info))
    signed = ds.SignatureType(SignedInfo=info, SignatureValue=ds.SignatureValueType(value=value))
    told: list[Liberty] = []
    assert signature.verify(signed, [("eMAID", emaid)], KEY.public_key(), gate=told.append) == "xmldsig"
    assert [one.tolerance for one in told] == [Tolerance.DIGEST_GRAMMAR]


def test_a_missing_signature_is_a_sentence_and_an_answer() -> None:
    with pytest.raises(signature.SignatureError, match="without a signature") as caught:
        signature.verify(None, PARTS, KEY.public_key())
    assert caught.value.kind == "signature"


@pytest.mark.parametrize("identifier", [None, ""])
def test_a_part_without_id_is_refused_whatever_the_reference_says(identifier: str | None) -> None:
    part = ("AuthorizationReq", iso2.AuthorizationReq(Id=identifier, GenChallenge=bytes(16)))
    made = signature.sign([part], KeySigner(KEY))
    with pytest.raises(signature.SignatureError, match="AuthorizationReq has no Id") as caught:
        signature.verify(made, [part], KEY.public_key())
    assert caught.value.kind == "signature"


def test_an_altered_element_is_found() -> None:
    made = signature.sign(PARTS, KeySigner(KEY))
    altered = iso2.AuthorizationReq(Id="id1", GenChallenge=bytes(16))
    with pytest.raises(signature.SignatureError, match="digest of AuthorizationReq"):
        signature.verify(made, [("AuthorizationReq", altered)], KEY.public_key())


def test_another_key_is_found() -> None:
    made = signature.sign(PARTS, KeySigner(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(signature.SignatureError, match="not made with the key"):
        signature.verify(made, PARTS, KEY.public_key())


def _method(info: ds.SignedInfoType) -> None:
    info.SignatureMethod = ds.SignatureMethodType(Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")


def _twice(info: ds.SignedInfoType) -> None:
    info.Reference = [*info.Reference, info.Reference[0]]


def _elsewhere(info: ds.SignedInfoType) -> None:
    info.Reference = [replace(info.Reference[0], URI="#id9")]


def _five(info: ds.SignedInfoType) -> None:
    info.Reference = info.Reference * 5


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_method, "SignatureMethod is .*rsa-sha256"),
        (_twice, "same element twice"),
        (_elsewhere, "does not cover AuthorizationReq with Id 'id1'; it covers #id9"),
        (_five, "5 references"),
    ],
)
def test_malformed_signed_info_is_refused(spoil: Callable[[ds.SignedInfoType], None], sentence: str) -> None:
    made = signature.sign(PARTS, KeySigner(KEY))
    spoil(made.SignedInfo)
    with pytest.raises(signature.SignatureError, match=sentence):
        signature.verify(made, PARTS, KEY.public_key())


def _value(made: ds.SignatureType) -> None:
    made.SignatureValue.Id = "id1"


def _info(made: ds.SignatureType) -> None:
    made.SignedInfo.Id = "id1"


def _reference(made: ds.SignatureType) -> None:
    made.SignedInfo.Reference[0].Id = "id1"


def _object(made: ds.SignatureType) -> None:
    made.Object = [ds.ObjectType(Id="id1")]


def _among_themselves(made: ds.SignatureType) -> None:
    made.Id = made.SignatureValue.Id = "id7"


@pytest.mark.parametrize("twin", [_value, _info, _reference, _object, _among_themselves])
def test_no_element_of_the_signature_shares_an_id(twin: Callable[[ds.SignatureType], None]) -> None:
    made = signature.sign(PARTS, KeySigner(KEY))
    twin(made)
    with pytest.raises(signature.SignatureError, match=r"Two elements of the message have the Id .id[17].") as caught:
        signature.verify(made, PARTS, KEY.public_key())
    assert (caught.value.kind, caught.value.clause) == ("signature", "V2G2-771")


def test_no_two_parts_share_an_id() -> None:
    tariffs: list[tuple[str, object]] = [
        ("SalesTariff", iso2.SalesTariffType(Id="id1", SalesTariffID=number, SalesTariffEntry=[])) for number in (1, 2)
    ]
    emaids: list[tuple[str, object]] = [("eMAID", iso2.EMAIDType(Id="id1", value="DE8AACA2B3C4D5L"))] * 2
    made = signature.sign(emaids, KeySigner(KEY))
    for parts in (tariffs, emaids):
        with pytest.raises(signature.SignatureError, match="have the Id 'id1'"):
            signature.verify(made, parts, KEY.public_key())


def test_no_element_beside_the_parts_shares_an_id_with_one_of_them() -> None:
    emaid = iso2.EMAIDType(Id="id1", value="DE8AACA2B3C4D5L")
    chain = iso2.CertificateChainType(Id="id1", Certificate=b"0")
    made = signature.sign([("eMAID", emaid)], KeySigner(KEY))
    assert signature.verify(made, [("eMAID", emaid)], KEY.public_key(), within=[emaid]) == "xmldsig"
    with pytest.raises(signature.SignatureError, match="have the Id 'id1'"):
        signature.verify(made, [("eMAID", emaid)], KEY.public_key(), within=[chain, emaid])


def signed_with(transforms: ds.TransformsType | None) -> ds.SignatureType:
    """A signature that is right, over a reference with these transforms."""
    made = signature.sign(PARTS, KeySigner(KEY))
    info = replace(made.SignedInfo, Reference=[replace(made.SignedInfo.Reference[0], Transforms=transforms)])
    value = KeySigner(KEY).sign(codec("xmldsig").encode_fragment("SignedInfo", info))
    return ds.SignatureType(SignedInfo=info, SignatureValue=ds.SignatureValueType(value=value))


def transform(**more: list[tuple[str, str]]) -> ds.TransformType:
    return ds.TransformType(Algorithm=signature.CANONICAL_EXI, **more)


@pytest.mark.parametrize(
    ("transforms", "row"),
    [
        (None, Tolerance.TRANSFORMS_MISSING),
        (ds.TransformsType(Transform=[transform(), transform()]), Tolerance.TRANSFORM_REPEATED),
        (ds.TransformsType(Transform=[transform(items=[("XPath", "//x")])]), Tolerance.TRANSFORM_CONTENT),
    ],
)
def test_a_reference_with_other_transforms_than_the_one_is_told_and_refused_when_strict(
    transforms: ds.TransformsType | None, row: Tolerance
) -> None:
    made = signed_with(transforms)
    told: list[Liberty] = []
    assert signature.verify(made, PARTS, KEY.public_key(), gate=told.append) == "xmldsig"
    assert [(one.tolerance, one.clause) for one in told] == [(row, "V2G2-771")]
    with pytest.raises(NotTolerated) as refused:
        signature.verify(made, PARTS, KEY.public_key())
    assert refused.value.kind == "signature"


def test_nothing_is_let_pass_of_a_signature_that_is_wrong() -> None:
    made = signed_with(None)
    told: list[Liberty] = []
    with pytest.raises(signature.SignatureError, match="not made with the key"):
        signature.verify(made, PARTS, ec.derive_private_key(2, ec.SECP256R1()).public_key(), gate=told.append)
    assert told == []
