"""Enrolling at an EST server of somebody else, whatever it answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_csr

from pncsim.backend.pki.est_client import StationEnrolment, ca_certificates, enrol
from pncsim.backend.refusal import Refused
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pkcs7 import certs_only
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import der, load_all
from pncsim.wire.errors import PeerError
from pncsim.wire.source import SYSTEM

NOW = 1_767_225_600.0


class Server:
    """Answers with ``body``; what was asked last is kept."""

    def __init__(self, body: bytes) -> None:
        self.body, self.path, self.sent = body, "", b""

    async def call(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        raise AssertionError("EST speaks no JSON")

    async def get(self, service: str, path: str) -> bytes:
        self.path = f"{service}{path}"
        return self.body

    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes:
        self.path, self.sent = f"{service}{path}", body
        return self.body


def request() -> bytes:
    return build_request(SYSTEM.key(), PROFILES["secc_leaf"], "DEPNCE100001")


async def test_a_root_among_what_comes_is_left_out_of_a_chain_and_lines_are_joined() -> None:
    pki = create_pki(NOW)
    chain = (*pki.chain("secc_leaf"), pki.root("secc_leaf"))
    server = Server(base64.encodebytes(certs_only(map(der, chain))))
    assert await enrol(server, "cpo", request()) == pki.chain("secc_leaf")
    assert await ca_certificates(server, "cpo") == chain
    assert server.path == "est/cpo/.well-known/est/cacerts"


async def test_a_station_gets_its_chain_as_pem_and_what_it_sends_is_its_own_request() -> None:
    pki = create_pki(NOW)
    server = Server(base64.b64encode(certs_only(map(der, pki.chain("secc_leaf")))))
    csr = load_der_x509_csr(request())
    chain = await StationEnrolment(server).sign_csr(csr.public_bytes(Encoding.PEM).decode(), "V2GCertificate")
    assert tuple(load_all(chain, "The chain")) == pki.chain("secc_leaf")
    assert base64.b64decode(server.sent) == csr.public_bytes(Encoding.DER)
    with pytest.raises(Refused):
        await StationEnrolment(server).sign_csr(chain, "ChargingStationCertificate")


@pytest.mark.parametrize("body", [b"", b"\xff", b"not base64!", b"MAA=", base64.b64encode(certs_only([]))])
async def test_an_answer_without_a_certificate_is_a_sentence(body: bytes) -> None:
    with pytest.raises(PeerError):
        await enrol(Server(body), "cpo", request())
