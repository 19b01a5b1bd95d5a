"""Reading certificates of others: what stands in them, and one kind of error for all that cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from certs_lab import NOW
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from pncsim.tls_certs import der, reading
from pncsim.tls_certs.chain_element import chain_element, chain_octets
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.keys import sign
from pncsim.tls_certs.pki import DEFAULT_EMAID, Pki
from pncsim.tls_certs.profiles import DAY
from pncsim.tls_certs.validation import Use, validate_chain

Parts = list[bytes]


def remade(pki: Pki, change: Callable[[Parts], Parts]) -> bytes:
    """The station's certificate with some element of it changed and signed again by its issuer."""
    leaf = pki.certificate("secc_leaf")
    parts = [element.encoding for element in der.children(der.read(leaf.tbs_certificate_bytes).content)]
    algorithm = parts[2]
    tbs = der.element(der.SEQUENCE, *change(parts))
    return der.element(der.SEQUENCE, tbs, algorithm, der.bit_string(sign(pki.key("cpo_sub2"), tbs, hashes.SHA256())))


def _version_9(parts: Parts) -> Parts:
    return [der.element(der.context(0), b"\x02\x01\x09"), *parts[1:]]


def _extension_twice(parts: Parts) -> Parts:
    extensions = [one.encoding for one in der.children(der.read(der.read(parts[-1]).content).content)]
    twice = der.element(der.SEQUENCE, *extensions, extensions[0])
    return [*parts[:-1], der.element(der.context(3), twice)]


def _no_date(parts: Parts) -> Parts:
    dates = der.element(der.SEQUENCE, der.element(0x17, b"991332000000Z"), der.element(0x17, b"991332000000Z"))
    return [*parts[:4], dates, *parts[5:]]


def _unknown_curve(parts: Parts) -> Parts:
    return [
        *parts[:6],
        parts[6].replace(bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a8648ce3d03017f")),
        *parts[7:],
    ]


SPOILT = {"version 9": _version_9, "no date": _no_date}
HALF_SPOILT = {"an extension twice": _extension_twice, "a curve nobody knows": _unknown_curve}


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT)
def test_what_the_library_cannot_read_is_the_senders_fault_whatever_it_raises(
    pki: Pki, change: Callable[[Parts], Parts]
) -> None:
    octets = remade(pki, change)
    with pytest.raises(reading.Unreadable, match=r"^The third certificate cannot be read: .*") as caught:
        reading.load(octets, "The third certificate")
    assert caught.value.kind == "unparsable"
    with pytest.raises(reading.Unreadable):
        reading.load_all(octets)


@pytest.mark.parametrize("change", (SPOILT | HALF_SPOILT).values(), ids=SPOILT | HALF_SPOILT)
def test_the_judge_of_chains_refuses_what_cannot_be_read(pki: Pki, change: Callable[[Parts], Parts]) -> None:
    chain = [remade(pki, change), *pki.credentials("secc_leaf").chain_der[1:]]
    with pytest.raises(ChainError) as caught:
        validate_chain(chain, pki.anchors("v2g_root"), Use.SECC, NOW)
    assert caught.value.kind == "unparsable"


def test_a_key_of_another_kind_or_none_that_can_be_read_is_no_p256_key(pki: Pki) -> None:
    assert reading.p256_key(pki.certificate("secc_leaf")) == pki.key("secc_leaf").public_key()
    assert reading.p256_key(reading.load(remade(pki, _unknown_curve))) is None


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x03abc", "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "é"]
)
def test_a_file_or_field_without_certificate_is_unreadable(data: bytes | str) -> None:
    with pytest.raises(reading.Unreadable, match="The file cannot be read"):
        reading.load_all(data, "The file")


def test_files_are_pem_with_one_or_several_or_der(pki: Pki) -> None:
    chain = pki.chain("secc_leaf")
    assert reading.load_all(reading.pem(chain)) == chain
    assert reading.load_all(reading.pem(chain).encode()) == chain
    assert reading.load_all(chain[0].public_bytes(Encoding.DER)) == chain[:1]
    assert reading.load_chain(pki.credentials("secc_leaf").chain_der) == chain


def test_names_are_what_the_certificate_says(pki: Pki) -> None:
    leaf = pki.certificate("contract_leaf")
    assert (reading.common_name(leaf), reading.common_names(leaf)) == (DEFAULT_EMAID, (DEFAULT_EMAID,))
    assert reading.domains_of(pki.certificate("secc_leaf").subject) == ["CPO"]
    assert reading.shown(leaf.subject) == DEFAULT_EMAID
    assert len(reading.fingerprint(reading.der(leaf))) == 64


def test_validity_includes_its_first_and_last_second(pki: Pki) -> None:
    leaf = pki.certificate("contract_leaf")
    first, last = reading.not_before(leaf), reading.not_after(leaf)
    assert first < NOW < NOW + DAY < last
    assert [reading.valid_at(leaf, when) for when in (first - 1, first, last, last + 1)] == [False, True, True, False]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_chain_goes_into_the_message_element_and_comes_out_the_same(pki: Pki, length: int) -> None:
    ders = pki.credentials("contract_leaf").chain_der[:length]
    element = chain_element(ders, id="id1")
    assert (element.Id, element.Certificate, chain_octets(element)) == ("id1", ders[0], ders)
    assert (element.SubCertificates is None) == (length == 1)
