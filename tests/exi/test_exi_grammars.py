"""Event codes that the schemas fix: numbers of productions, codes of roots and of signed elements."""

from __future__ import annotations

import pytest

from pncsim.wire.exi.bits import bits_for
from pncsim.wire.exi.grammar import Grammars
from pncsim.wire.exi.plan import CoderPlan
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec


@pytest.mark.parametrize(
    ("name", "documents", "document_bits", "fragments", "fragment_bits"),
    [("app", 2, 2, 9, 4), ("iso2", 80, 7, 243, 8), ("xmldsig", 24, 5, 45, 6)],
)
def test_sizes_of_the_grammars(
    name: str, documents: int, document_bits: int, fragments: int, fragment_bits: int
) -> None:
    schema = codec(name).schema
    assert (len(schema.documents), len(schema.fragments)) == (documents, fragments)
    assert bits_for(documents + 1) == document_bits
    assert bits_for(fragments + 2) == fragment_bits


def test_codes_of_roots() -> None:
    roots = [qname[0] for qname, _ in codec("iso2").schema.documents]
    assert {n: roots.index(n) for n in ("BodyElement", "SessionSetupReq", "Signature", "V2G_Message")} == {
        "BodyElement": 5, "SessionSetupReq": 63, "Signature": 67, "V2G_Message": 76,
    }  # fmt: skip
    assert codec("app").schema.documents[0][0][0] == "supportedAppProtocolReq"


def test_codes_of_signed_elements() -> None:
    codes = {qname[0]: i for i, (qname, _) in enumerate(codec("iso2").schema.fragments)}
    expected = {
        "AuthorizationReq": 4, "CertificateInstallationReq": 15, "CertificateUpdateReq": 17,
        "ContractSignatureCertChain": 33, "ContractSignatureEncryptedPrivateKey": 34, "DHpublickey": 45,
        "MeteringReceiptReq": 121, "SalesTariff": 174, "SignedInfo": 208, "eMAID": 236,
    }  # fmt: skip
    assert {name: codes[name] for name in expected} == expected
    assert [q[0] for q, _ in codec("xmldsig").schema.fragments].index("SignedInfo") == 32


def test_only_the_emaid_is_declared_with_two_types() -> None:
    assert [q[0] for q, types in codec("iso2").schema.fragments if len(types) > 1] == ["eMAID"]
    assert [a[0] for a in codec("iso2").schema.attributes] == [
        "Algorithm", "Encoding", "Id", "Id", "Id", "MimeType", "Name", "Target", "Type", "URI",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("set_name", "cls", "passed", "width", "end"),
    [
        ("iso2", iso2.BodyType, 0, 6, 35),
        ("xmldsig", ds.CanonicalizationMethodType, 1, 2, 1),
        ("xmldsig", ds.SignatureMethodType, 1, 3, 2),
        ("xmldsig", ds.TransformType, 1, 3, 2),
        ("xmldsig", ds.DigestMethodType, 1, 2, 1),
    ],
)
def test_wildcards_and_mixed_content_widen_the_codes(
    set_name: str, cls: type[ds.DsigType], passed: int, width: int, end: int
) -> None:
    schema = codec(set_name).schema
    state = Grammars().start(schema.model(cls), passed, first=not passed)
    assert bits_for(len(state.productions) + 1) == width
    assert state.index("EE") == end


def test_the_two_ways_to_build_states_agree() -> None:
    """The generators number a type once, the careful coders walk particles: first states must have the same size."""
    for name in ("app", "iso2", "xmldsig"):
        schema, grammars = codec(name).schema, Grammars()
        for cls in schema.classes.values():
            model = schema.model(cls)
            plan = CoderPlan(model, grammars)
            if plan.end is not None and model.regular and not cls.__abstract__:
                assert plan.state(0).count == len(grammars.start(model).productions), cls


def test_every_type_gets_generated_code_unless_its_content_is_free() -> None:
    schema = codec("iso2").schema
    free = {c.__name__ for c in schema.classes.values() if CoderPlan(schema.model(c), Grammars()).end is None}
    assert free == {
        "DSAKeyValueType", "KeyInfoType", "KeyValueType", "PGPDataType", "SPKIDataType", "SignaturePropertyType",
        "X509DataType",
    }  # fmt: skip
