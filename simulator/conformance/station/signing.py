"""The tester as a certificate authority: what a station asks to be signed, rightly, and by somebody nobody knows."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from pncsim.backend.answers import SigningUse
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.store import MemoryStore
from pncsim.simulator.conformance.station.desk import CsmsDesk
from pncsim.simulator.conformance.unlike import must
from pncsim.simulator.lab.roots import new_root
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.reading import pem
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp import v201
from pncsim.wire.source import SYSTEM

TRIGGERS: dict[str, str] = {
    "ChargingStationCertificate": "SignChargingStationCertificate",
    "V2GCertificate": "SignV2GCertificate",
    "Combined": "SignCombinedCertificate",
}
"""What is triggered for a certificate to be asked for."""


async def asked_for(desk: CsmsDesk, use: SigningUse, *, status: str = "Accepted") -> Any:
    """Trigger it: the SignCertificate request that follows, which is answered with ``status``. Raises Unlike."""
    desk.answer("SignCertificate", lambda payload: {"status": status})
    desk.mark()
    await desk.trigger(TRIGGERS[use])
    asked = await desk.expect("SignCertificate")
    kind = asked.get("certificateType", "ChargingStationCertificate" if use != "Combined" else "Combined")
    must(kind == use, f"SignCertificate asks for a {kind}, not for a {use}.")
    return asked


async def signed(desk: CsmsDesk, asked: Any, use: SigningUse, *, known: bool = True) -> str:
    """CertificateSigned with what was asked for; its status. Not ``known``: below a root the station has never seen."""
    if known:
        authority: Any = desk.services.authority
        if authority is None:
            raise LocalError("The tester has no authority to sign by.", advice="Give --pki a folder with its keys.")
    else:
        stranger = create_pki(desk.clock.now(), ocsp_url="http://nobody.example/ocsp")
        authority = CertificateService(desk.clock, desk.csms.voice, MemoryStore(), stranger)
    chain = await authority.sign_csr(asked["csr"], use)
    payload: Any = {"certificateChain": chain, **({} if use == "Combined" else {"certificateType": use})}
    answer: Any = await desk.ask(v201.CertificateSigned(payload))
    status: str = answer["status"]
    return status


def root_for(desk: CsmsDesk, use: str) -> x509.Certificate:
    """A root nobody has seen before, for that use of OCPP's."""
    kind = {"V2GRootCertificate": "V2G", "MORootCertificate": "MO", "ManufacturerRootCertificate": "OEM"}
    return new_root(kind.get(use, "V2G"), desk.clock.now(), SYSTEM)


async def install(desk: CsmsDesk, use: Any, root: x509.Certificate) -> str:
    """InstallCertificate; the status. What was installed is taken away again at the end."""
    answer: Any = await desk.ask(v201.InstallCertificate({"certificateType": use, "certificate": pem((root,))}))
    status: str = answer["status"]
    if status == "Accepted":
        desk.afterwards(lambda: delete(desk, hash_data(root, root).certificate_payload()))
    return status


async def delete(desk: CsmsDesk, named: Any) -> str:
    """DeleteCertificate; the status."""
    answer: Any = await desk.ask(v201.DeleteCertificate({"certificateHashData": named}))
    status: str = answer["status"]
    return status


async def installed(desk: CsmsDesk, *uses: Any) -> list[Any] | None:
    """certificateHashDataChain of GetInstalledCertificateIds; None where it says NotFound. Raises Unlike."""
    request: Any = {"certificateType": list(uses)} if uses else {}
    answer: Any = await desk.ask(v201.GetInstalledCertificateIds(request))
    found = answer.get("certificateHashDataChain")
    if answer["status"] == "NotFound":
        must(not found, "GetInstalledCertificateIds says NotFound, and names certificates.")
        return None
    must(found, "GetInstalledCertificateIds says Accepted, and names no certificate.")
    strange = [one["certificateType"] for one in found if uses and one["certificateType"] not in uses]
    must(not strange, f"GetInstalledCertificateIds names a {''.join(strange[:1])}, for which nobody has asked.")
    return list(found)


def names(found: list[Any] | None, root: x509.Certificate) -> bool:
    """Whether ``root`` is among what was found."""
    wanted = hash_data(root, root)
    return any(type(wanted).from_payload(one["certificateHashData"]).same_certificate(wanted) for one in found or ())
