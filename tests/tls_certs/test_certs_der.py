"""DER as we write and read it ourselves, where a library is too slow or too strict for OCSP."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.tls_certs import der
from pncsim.tls_certs.ocsp_answers import by_key
from pncsim.tls_certs.pki import Pki

steady = settings(deadline=None, derandomize=True, database=None)


class TestDer:
    @steady
    @given(st.integers(0, 1 << 170))
    def test_integers(self, value: int) -> None:
        found = der.read(der.integer(value))
        assert int.from_bytes(found.content, "big", signed=True) == value

    @pytest.mark.parametrize("dotted", ["1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "0.9.2342.19200300.100.1.25"])
    def test_object_identifiers(self, dotted: str) -> None:
        name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), "x", x509.name._ASN1Type.UTF8String)])
        assert der.oid(dotted) in name.public_bytes()

    @steady
    @given(st.binary(max_size=70_000))
    def test_lengths(self, content: bytes) -> None:
        encoded = der.element(der.OCTET_STRING, content)
        assert der.read(encoded).content == content

    @steady
    @given(st.binary(max_size=64))
    def test_reading_raises_nothing_else(self, octets: bytes) -> None:
        try:
            for element in der.sequence(octets):
                der.children(element.content)
        except der.DerError:
            pass

    def test_key_hash_is_the_method_1_identifier(self, pki: Pki) -> None:
        certificate = pki.certificate("v2g_root")
        identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert by_key(certificate.public_key()).endswith(identifier)
        assert len(identifier) == hashlib.sha1().digest_size
