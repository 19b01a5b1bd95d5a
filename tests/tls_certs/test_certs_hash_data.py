"""The hash data of OCPP: what a station is asked about a certificate it does not hold (OCPP 2.0.1 M06, C07)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from certs_lab import NOW, OCSP_URL, pair

from pncsim.tls_certs.ocsp import (
    OcspError,
    build_request,
    cert_id,
    cert_id_from_hash_data,
    hash_data,
    request_from_hash_data,
    verify_response_for,
)
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.revocation import Status
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.values import replace


class TestHashData:
    def test_a_request_from_hash_data_is_the_one_from_the_certificate(self, pki: Pki) -> None:
        certificate, issuer = pair(pki)
        for algorithm in ("SHA256", "SHA384", "SHA512"):
            data = hash_data(certificate, issuer, algorithm)
            assert data.responder_url == OCSP_URL
            assert request_from_hash_data(data) == build_request(certificate, issuer, algorithm=algorithm)
            answer = pki.answer_ocsp(request_from_hash_data(data), NOW)
            name = cert_id_from_hash_data(data)
            assert verify_response_for(answer, name, issuer, NOW).status is Status.GOOD

    def test_base64url_and_decimal_are_understood_and_told(self, pki: Pki) -> None:
        certificate, issuer = pair(pki)
        data = hash_data(certificate, issuer)
        odd = replace(
            data,
            issuer_name_hash=base64.urlsafe_b64encode(bytes.fromhex(data.issuer_name_hash)).decode().rstrip("="),
            issuer_key_hash=base64.urlsafe_b64encode(bytes.fromhex(data.issuer_key_hash)).decode(),
            serial_number=str(certificate.serial_number),
        )
        told: list[Liberty] = []
        assert cert_id_from_hash_data(odd, gate=told.append) == cert_id_from_hash_data(data)
        assert [one.tolerance for one in told] == [Tolerance.HASH_DATA_FORM]
        with pytest.raises(NotTolerated):
            cert_id_from_hash_data(odd)

    @pytest.mark.parametrize(
        "change",
        [
            {"algorithm": "SHA1"},
            {"algorithm": "MD5"},
            {"issuer_name_hash": ""},
            {"issuer_key_hash": "ä" * 64},
            {"issuer_key_hash": "00"},
            {"serial_number": ""},
            {"serial_number": "xyz"},
            {"serial_number": "-1"},
        ],
    )
    def test_bad_hash_data(self, pki: Pki, change: dict[str, Any]) -> None:
        data = replace(hash_data(*pair(pki)), **change)
        with pytest.raises(PeerError, match="hash data has"):
            cert_id_from_hash_data(data)

    def test_a_negative_serial_number_is_a_sentence(self, pki: Pki) -> None:
        data = replace(hash_data(*pair(pki)), serial_number="-7f")
        with pytest.raises(PeerError, match="has the negative serial number '-7f'") as caught:
            request_from_hash_data(data)
        assert caught.value.ocpp_status == "CertChainError"

    def test_of_another_issuer(self, pki: Pki) -> None:
        certificate, issuer = pair(pki)
        answer = pki.authority("mo_sub2").staple(certificate, NOW)
        with pytest.raises(OcspError, match="does not belong to the issuer"):
            verify_response_for(answer, cert_id(certificate, issuer), pki.certificate("mo_sub1"), NOW)
