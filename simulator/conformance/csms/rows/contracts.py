"""Contracts of ISO 15118, and the status of certificates."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.x509.ocsp import OCSPResponseStatus

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import Says, StationCourse
from pncsim.simulator.conformance.csms.declared import AT_ONCE, PROVISIONING
from pncsim.simulator.conformance.csms.declared import CONTRACTS as WITH_CONTRACTS
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.csms.rows.table import add_rows, begins
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import FromCase, Such
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.gate import refuse
from pncsim.wire.ocpp import v201
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import ISO2_NAMESPACE, codec

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


_PAYS = begins("Authorized", "EVConnected", contract=True)


async def _accepted(desk: StationDesk) -> None:
    said = await _authorised(desk, desk.contract())
    must(said == ("Accepted", "Accepted"), f"The contract is answered {said[0]}, and its certificate {said[1]}.")
    await StationCourse(desk).take([_PAYS])


async def _revoked(desk: StationDesk) -> None:
    token, certificate = await _authorised(desk, desk.contract(revoked=True))
    must(token == "Invalid", f"A contract whose certificate is revoked is answered {token}, not Invalid.")
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
    does="it sends Authorize with the EMAID and the hash data of a contract's chain (--contract); TransactionEvent",
    expects="idTokenInfo and certificateStatus are Accepted, and so is the EMAID in the event",
    given="The station is registered.",
    when=WITH_CONTRACTS,
)
CONTRACTS.add(
    "C_51",
    "Authorization using Contract Certificates 15118: Online - Local contract certificate validation - Rejected",
    _revoked,
    use_case="C07",
    does="it sends Authorize with the hash data of a contract that is revoked (--revoked-contract)",
    expects="certificateStatus is CertificateRevoked, and the token Invalid (C07.FR.16)",
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


def _installed(kind: type) -> Such:
    """An EXI message of that type that says OK."""

    def holds(text: Any) -> bool:
        try:
            message = codec("iso2").decode(base64.b64decode(text, validate=True), gate=refuse)
        except (ValueError, PncError):
            return False
        body = message.Body.BodyElement if isinstance(message, iso2.V2G_Message) else None
        return isinstance(body, kind) and str(getattr(body, "ResponseCode", "")).startswith("OK")

    return Such(f"a {kind.__name__} that says OK, as EXI in base64", holds, "")


def _asks(action: str, request: FromCase, kind: type) -> Says:
    payload = {"iso15118SchemaVersion": ISO2_NAMESPACE, "action": action, "exiRequest": request}
    return Says("Get15118EVCertificate", payload, {"status": "Accepted", "exiResponse": _installed(kind)})


CENTRALLY = {
    "idToken": {"idToken": FromCase("the EMAID", lambda course: course.desk.emaid()), "type": "eMAID"},
    "certificate": FromCase("the contract's chain in PEM", lambda course: course.desk.chain()),
}

add_rows(
    CONTRACTS,
    (
        "C_52",
        "Authorization using Contract Certificates 15118: Online - Central contract certificate validation - Accepted",
        "C07",
        (Says("Authorize", CENTRALLY, {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted"}), _PAYS),
    ),
    when=(*WITH_CONTRACTS, Condition("CentralValidation", "true")),
)
add_rows(
    CONTRACTS,
    (
        "M_26",
        "Certificate Installation EV: Success",
        "M01",
        (
            _asks(
                "Install",
                FromCase("a CertificateInstallationReq", lambda course: course.desk.vehicle_asks("installation")),
                iso2.CertificateInstallationRes,
            ),
        ),
    ),
    (
        "M_28",
        "Certificate Update EV: Success",
        "M02",
        (
            _asks(
                "Update",
                FromCase("a CertificateUpdateReq", lambda course: course.desk.vehicle_asks("update")),
                iso2.CertificateUpdateRes,
            ),
        ),
    ),
    when=PROVISIONING,
)
