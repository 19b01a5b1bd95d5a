"""Contracts of ISO 15118, and the status of certificates."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.x509.ocsp import OCSPResponseStatus

from pncsim.simulator.conformance.csms.declared import AT_ONCE
from pncsim.simulator.conformance.csms.declared import CONTRACTS as WITH_CONTRACTS
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp import v201

CONTRACTS = OcttCases("contracts and certificates", when=AT_ONCE)
CASES = CONTRACTS.cases


def _hashes(chain: tuple[x509.Certificate, ...]) -> list[HashData]:
    named = [hash_data(one, issuer) for one, issuer in pairwise(chain)]
    return [one for one in named if one.responder_url][:4]


async def _authorised(desk: StationDesk, chain: tuple[x509.Certificate, ...]) -> tuple[str, str]:
    """Status of the token and of the certificate, as the CSMS says them."""
    await desk.boot()
    named: Any = [one.ocsp_payload() for one in _hashes(chain)]
    token: Any = {"idToken": reading.common_name(chain[0]), "type": "eMAID"}
    answer = await desk.ask(v201.Authorize({"idToken": token, "iso15118CertificateHashData": named}))
    return answer["idTokenInfo"]["status"], answer.get("certificateStatus", "nothing")


async def _accepted(desk: StationDesk) -> None:
    said = await _authorised(desk, desk.contract())
    must(said == ("Accepted", "Accepted"), f"The contract is answered {said[0]}, and its certificate {said[1]}.")


async def _revoked(desk: StationDesk) -> None:
    token, certificate = await _authorised(desk, desk.contract(revoked=True))
    must(token != "Accepted", "A contract whose certificate is revoked is answered Accepted.")
    must(certificate == "CertificateRevoked", f"A revoked certificate is answered {certificate}.")


async def _status(desk: StationDesk) -> None:
    chain = desk.contract()
    await desk.boot()
    wanted = hash_data(chain[0], chain[1])
    answer = await desk.ask(v201.GetCertificateStatus({"ocspRequestData": wanted.ocsp_payload()}))
    must(answer["status"] == "Accepted", f"GetCertificateStatus is answered {answer['status']}.")
    try:
        said = reading.load_answer(base64.b64decode(answer.get("ocspResult", ""), validate=True))
    except (ValueError, PeerError) as error:
        raise Unlike(f"ocspResult holds no OCSP response in base64: {error}") from error
    must(said.response_status is OCSPResponseStatus.SUCCESSFUL, f"The responder says {said.response_status.name}.")
    serials = [one.serial_number for one in said.responses]
    must(chain[0].serial_number in serials, "The OCSP response is about another certificate.")


CONTRACTS.add(
    "C_50",
    "Authorization using Contract Certificates 15118: Online - Local contract certificate validation - Accepted",
    _accepted,
    use_case="C07",
    does="it sends Authorize with the EMAID and the hash data of a contract's chain (--contract)",
    expects="idTokenInfo and certificateStatus are Accepted",
    given="The station is registered.",
    when=WITH_CONTRACTS,
)
CONTRACTS.add(
    "C_51",
    "Authorization using Contract Certificates 15118: Online - Local contract certificate validation - Rejected",
    _revoked,
    use_case="C07",
    does="it sends Authorize with the hash data of a contract that is revoked (--revoked-contract)",
    expects="certificateStatus is CertificateRevoked, and the token is not Accepted",
    given="The station is registered.",
    when=WITH_CONTRACTS,
)
CONTRACTS.add(
    "M_24",
    "Get Charging Station Certificate status: Success",
    _status,
    use_case="M06",
    does="it sends GetCertificateStatus with the hash data of a certificate (that of --contract)",
    expects="status Accepted, and ocspResult is the responder's answer about this certificate (DER in base64)",
    given="The station is registered.",
    when=WITH_CONTRACTS,
)
