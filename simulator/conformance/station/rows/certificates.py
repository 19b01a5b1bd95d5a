"""Certificates: the station's own, and the roots it keeps."""

from __future__ import annotations

from typing import Any

from cryptography.x509.oid import NameOID

from pncsim.backend.answers import SigningUse
from pncsim.simulator.conformance.octt import OcttCases, Playing
from pncsim.simulator.conformance.station.declared import has
from pncsim.simulator.conformance.station.desk import PATIENCE, CsmsDesk
from pncsim.simulator.conformance.station.signing import asked_for, delete, install, installed, names, root_for, signed
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.tls_certs.hash_data import hash_data
from pncsim.tls_certs.issue import read_request
from pncsim.tls_certs.reading import pem
from pncsim.wire.errors import PeerError, PncError
from pncsim.wire.ocpp import v201

CERTIFICATES = OcttCases("certificates", "CS")
CASES = CERTIFICATES.cases

WAITS = 6
"""CertSigningWaitMinimum (s) where a case waits for it."""
V2G, OEM, MO, CSMS = (
    "V2GRootCertificate",
    "ManufacturerRootCertificate",
    "MORootCertificate",
    "CSMSRootCertificate",
)


def _own(desk: CsmsDesk) -> SigningUse:
    """The certificate of its own that the station can have renewed."""
    return "ChargingStationCertificate" if desk.pics.has("StationCertificate", "true") else "V2GCertificate"


def _renewed(use: SigningUse) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        asked = await asked_for(desk, use)
        try:
            request = read_request(asked["csr"])
        except PncError as error:
            raise Unlike(f"SignCertificate has no good request: {error.sentence}") from error
        if use == "V2GCertificate":
            wanted = (await desk.variable("ISO15118Ctrlr", "SeccId")).get("attributeValue")
            named = next(iter(reading.values_of(request.subject, NameOID.COMMON_NAME)), "")
            must(wanted in (None, named), f"The request names {named!a}, and SeccId is {wanted!a}.")
        status = await signed(desk, asked, use)
        must(status == "Accepted", f"CertificateSigned is answered {status}, not Accepted.")
        if use == "V2GCertificate" and desk.pics.has("CertificateStore", "true"):
            must(await installed(desk, "V2GCertificateChain"), "The new certificate is not among those it has.")

    return play


async def _signed_by_nobody(desk: CsmsDesk) -> None:
    use = _own(desk)
    asked = await asked_for(desk, use)
    status = await signed(desk, asked, use, known=False)
    must(status == "Rejected", f"A certificate below a root nobody knows is answered {status}, not Rejected.")
    await desk.expect(
        "SecurityEventNotification",
        lambda said: said["type"] == "InvalidChargingStationCertificate",
        what="(InvalidChargingStationCertificate)",
    )


async def _not_signed(desk: CsmsDesk) -> None:
    await desk.configured("SecurityCtrlr", "CertSigningWaitMinimum", str(WAITS))
    await asked_for(desk, _own(desk), status="Rejected")
    await desk.never("SignCertificate", within=WAITS * 3.0, what="again, though it was Rejected")


async def _never_signed(desk: CsmsDesk) -> None:
    await desk.configured("SecurityCtrlr", "CertSigningWaitMinimum", str(WAITS))
    await asked_for(desk, _own(desk))
    began = desk.clock.now()
    first = await desk.next("SignCertificate", within=WAITS + PATIENCE, what="again")
    waited = first.at - began
    must(waited >= WAITS - 1, f"SignCertificate comes again after {waited:.0f} s; CertSigningWaitMinimum is {WAITS}.")
    second = await desk.next("SignCertificate", within=WAITS * 2 + PATIENCE, what="a third time")
    waited = second.at - first.at
    must(waited >= WAITS * 2 - 1, f"The third SignCertificate comes after {waited:.0f} s; the wait has to double.")


def _installs(use: str) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        root = root_for(desk, use)
        status = await install(desk, use, root)
        must(status == "Accepted", f"InstallCertificate of a {use} is answered {status}, not Accepted.")
        must(names(await installed(desk, use), root), f"The {use} that was installed is not among those it has.")

    return play


async def _no_root(desk: CsmsDesk) -> None:
    leaf = desk.pki.certificate("secc_leaf")
    request: Any = {"certificateType": V2G, "certificate": pem((leaf,))}
    await desk.status(v201.InstallCertificate(request), "Rejected")
    must(not names(await installed(desk, V2G), leaf), "What was Rejected is among the certificates it has.")


async def _root_of_nobody(desk: CsmsDesk) -> None:
    request: Any = {"certificateType": CSMS, "certificate": pem((root_for(desk, CSMS),))}
    await desk.status(v201.InstallCertificate(request), "Rejected")


def _finds(*uses: str, first: tuple[str, ...] = ()) -> Playing:
    """``first``: what is installed before, so that there is something to find."""

    async def play(desk: CsmsDesk) -> None:
        roots = {use: root_for(desk, use) for use in first}
        for use, root in roots.items():
            if await install(desk, use, root) != "Accepted":
                raise PeerError(f"The station takes no {use}: the case cannot begin.", kind="refused")
        found = await installed(desk, *uses)
        must(found is not None, f"GetInstalledCertificateIds finds no {' or '.join(uses) or 'certificate'}.")
        for use, root in roots.items():
            must(names(found, root), f"The {use} that was installed is not among what is found.")
        kinds = {one["certificateType"] for one in found or ()}
        missed = [use for use in uses if use not in kinds]
        must(not missed, f"GetInstalledCertificateIds finds no {''.join(missed[:1])}.")

    return play


async def _finds_chain(desk: CsmsDesk) -> None:
    found = await installed(desk, "V2GCertificateChain")
    must(found is not None, "GetInstalledCertificateIds finds no V2GCertificateChain.")
    must(
        any(one.get("childCertificateHashData") for one in found or ()),
        "The V2GCertificateChain is a leaf alone: its Sub-CAs are not named.",
    )


async def _finds_nothing(desk: CsmsDesk) -> None:
    found = await installed(desk, OEM)
    if found is not None:
        raise PeerError("The station has manufacturers' roots: the case needs one without.", kind="refused")


async def _deletes(desk: CsmsDesk) -> None:
    root = root_for(desk, MO)
    if await install(desk, MO, root) != "Accepted":
        raise PeerError("The station takes no new root: the case cannot begin.", kind="refused")
    status = await delete(desk, hash_data(root, root).certificate_payload())
    must(status == "Accepted", f"DeleteCertificate of a root it has is answered {status}, not Accepted.")
    must(not names(await installed(desk, MO), root), "The root that was deleted is still among those it has.")


async def _deletes_nothing(desk: CsmsDesk) -> None:
    root = root_for(desk, MO)
    status = await delete(desk, hash_data(root, root).certificate_payload())
    must(status == "NotFound", f"DeleteCertificate of a root it never had is answered {status}, not NotFound.")


async def _deletes_its_own(desk: CsmsDesk) -> None:
    found = await installed(desk, "V2GCertificateChain")
    must(found, "GetInstalledCertificateIds finds no V2GCertificateChain.")
    for one in found or ():
        status = await delete(desk, one["certificateHashData"])
        must(status != "Accepted", "The station lets its own certificate be deleted.")
        must(status == "Failed", f"DeleteCertificate of its own certificate is answered {status}, not Failed.")


def _status_of_new(*, had: bool) -> Playing:
    async def play(desk: CsmsDesk) -> None:
        if not had:
            desk.answer("GetCertificateStatus", lambda payload: {"status": "Failed"})
        asked = await asked_for(desk, "V2GCertificate")
        if await signed(desk, asked, "V2GCertificate") != "Accepted":
            raise PeerError("The station does not take the certificate: the case cannot begin.", kind="refused")
        request = await desk.expect("GetCertificateStatus", within=PATIENCE * 2)
        data = request["ocspRequestData"]
        must(data["responderURL"], "GetCertificateStatus names no responder.")
        for field in ("issuerNameHash", "issuerKeyHash", "serialNumber"):
            must(
                data[field] and all(c in "0123456789abcdefABCDEF" for c in data[field]),
                f"{field} of GetCertificateStatus is no hex.",
            )
        if not had:
            await desk.trigger("Heartbeat")
            await desk.expect("Heartbeat", what="from a station without OCSP answer")

    return play


_STORE, _V2G = has("CertificateStore"), has("Contracts")
_ROOT = (*_STORE, *has("RootFromOthers"))

for _number, _title, _play, _use, _does, _expects, _when in (
    (
        "A_11",
        "Update Charging Station Certificate by request of CSMS: Success - Charging Station Certificate",
        _renewed("ChargingStationCertificate"),
        "A02, F06",
        "TriggerMessage for SignChargingStationCertificate; what is asked for is signed and sent",
        "SignCertificate with a request signed by its key; CertificateSigned is Accepted",
        has("StationCertificate"),
    ),
    (
        "A_12",
        "Update Charging Station Certificate by request of CSMS: Success - V2G Certificate",
        _renewed("V2GCertificate"),
        "A02",
        "TriggerMessage for SignV2GCertificate; what is asked for is signed and sent",
        "SignCertificate with a request that names SeccId; CertificateSigned is Accepted, and the chain is listed",
        _V2G,
    ),
    (
        "A_13",
        "Update Charging Station Certificate by request of CSMS: Success - Combined Certificate",
        _renewed("Combined"),
        "A02",
        "TriggerMessage for SignCombinedCertificate; what is asked for is signed and sent",
        "SignCertificate without a type; CertificateSigned is Accepted",
        has("CombinedCertificate"),
    ),
    (
        "A_14",
        "Update Charging Station Certificate by request of CSMS: Invalid certificate",
        _signed_by_nobody,
        "A02",
        "a certificate is asked for, and one below a root nobody knows is sent",
        "CertificateSigned is Rejected; SecurityEventNotification (InvalidChargingStationCertificate)",
        (),
    ),
    (
        "A_15",
        "Update Charging Station Certificate by request of CSMS: SignCertificateRequest Rejected",
        _not_signed,
        "A02",
        "a certificate is asked for, and SignCertificate is answered Rejected",
        "SignCertificate is not sent again",
        (),
    ),
    (
        "A_23",
        "Update Charging Station Certificate by request of CSMS: CertificateSignedRequest Timeout",
        _never_signed,
        "A02, F06",
        f"CertSigningWaitMinimum is {WAITS} s; a certificate is asked for, and none is sent",
        "SignCertificate again after that time, and a third time after twice as long",
        has("SigningTimeout"),
    ),
    *(
        (
            number,
            f"Install CA certificate: {use}",
            _installs(use),
            "M05",
            f"InstallCertificate of a new {use}",
            "status Accepted, and it is listed",
            _ROOT,
        )
        for number, use in (("M_01", CSMS), ("M_02", OEM), ("M_03", V2G), ("M_04", MO))
    ),
    (
        "M_07",
        "Install CA certificate: Rejected - Certificate invalid",
        _no_root,
        "M05",
        "InstallCertificate of a certificate that is no root",
        "status Rejected, and it is not listed",
        _STORE,
    ),
    (
        "M_09",
        "Install CA certificate: AdditionalRootCertificateCheck - Rejected",
        _root_of_nobody,
        "M05",
        "InstallCertificate of a CSMSRootCertificate that the present one has not signed",
        "status Rejected",
        (*_STORE, *has("AdditionalRootCheck")),
    ),
    (
        "M_12",
        "Retrieve certificates from Charging Station: CSMSRootCertificate",
        _finds(CSMS, first=(CSMS,)),
        "M03",
        "a CSMSRootCertificate is installed; GetInstalledCertificateIds for it",
        "it is listed, and nothing of another type",
        _ROOT,
    ),
    (
        "M_13",
        "Retrieve certificates from Charging Station: ManufacturerRootCertificate",
        _finds(OEM, first=(OEM,)),
        "M03",
        "a ManufacturerRootCertificate is installed; GetInstalledCertificateIds for it",
        "it is listed, and nothing of another type",
        _ROOT,
    ),
    (
        "M_14",
        "Retrieve certificates from Charging Station: V2GRootCertificate",
        _finds(V2G),
        "M03",
        "GetInstalledCertificateIds for V2GRootCertificate",
        "at least one, and nothing of another type",
        (*_STORE, *_V2G),
    ),
    (
        "M_15",
        "Retrieve certificates from Charging Station: V2GCertificateChain",
        _finds_chain,
        "M03",
        "GetInstalledCertificateIds for V2GCertificateChain",
        "the station's certificate with its Sub-CAs",
        (*_STORE, *_V2G),
    ),
    (
        "M_16",
        "Retrieve certificates from Charging Station: MORootCertificate",
        _finds(MO, first=(MO,)),
        "M03",
        "an MORootCertificate is installed; GetInstalledCertificateIds for it",
        "it is listed, and nothing of another type",
        _ROOT,
    ),
    (
        "M_17",
        "Retrieve certificates from Charging Station: CSMSRootCertificate & ManufacturerRootCertificate",
        _finds(CSMS, OEM, first=(CSMS, OEM)),
        "M03",
        "one of each is installed; GetInstalledCertificateIds for both types",
        "both are listed, and nothing of another type",
        _ROOT,
    ),
    (
        "M_18",
        "Retrieve certificates from Charging Station: All certificateTypes",
        _finds(first=(CSMS, OEM)),
        "M03",
        "two roots are installed; GetInstalledCertificateIds without a type",
        "both are listed",
        _ROOT,
    ),
    (
        "M_19",
        "Retrieve certificates from Charging Station: No matching certificate found",
        _finds_nothing,
        "M03",
        "GetInstalledCertificateIds for ManufacturerRootCertificate, of which it has none",
        "status NotFound, without a list",
        _STORE,
    ),
    (
        "M_20",
        "Delete a certificate from a Charging Station: Success",
        _deletes,
        "M04",
        "an MORootCertificate is installed; DeleteCertificate of it",
        "status Accepted, and it is not listed any more",
        _ROOT,
    ),
    (
        "M_22",
        "Delete a certificate from a Charging Station: No matching certificate found",
        _deletes_nothing,
        "M04",
        "DeleteCertificate of a root it never had",
        "status NotFound",
        _STORE,
    ),
    (
        "M_23",
        "Delete a certificate from a Charging Station: Unable to delete the Charging Station Certificate",
        _deletes_its_own,
        "M04",
        "DeleteCertificate of the certificate it shows to vehicles",
        "status Failed",
        (*_STORE, *_V2G),
    ),
    (
        "M_24",
        "Get Charging Station Certificate status: Success",
        _status_of_new(had=True),
        "M06",
        "the station gets a new V2G certificate",
        "GetCertificateStatus about it, with hex digests and a responder",
        _V2G,
    ),
    (
        "M_25",
        "Get Charging Station Certificate status: Rejected",
        _status_of_new(had=False),
        "M06",
        "the station gets a new V2G certificate; GetCertificateStatus is answered Failed",
        "it goes on: a Heartbeat that is triggered comes",
        _V2G,
    ),
):
    CERTIFICATES.add(_number, _title, _play, use_case=_use, does=_does, expects=_expects, when=_when)

for _number, _title in (
    ("M_30", "Install CA certificate: AdditionalRootCertificateCheck - Reconnect using new CSMS Root - Success"),
    (
        "M_31",
        "Install CA certificate: AdditionalRootCertificateCheck - Reconnect using new CSMS Root - Failback mechanism",
    ),
):
    CERTIFICATES.add(
        _number,
        _title,
        None,
        use_case="M05",
        does="the CSMS shows a certificate below a new root",
        expects="the station comes in by it, or falls back",
        unsuited="The tester shows one certificate, below one root: a second one it would have to be told of first.",
    )
