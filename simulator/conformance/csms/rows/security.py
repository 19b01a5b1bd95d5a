"""TLS, passwords and certificates of stations (security profiles 1 to 3)."""

from __future__ import annotations

import ssl
import warnings
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.csms.course import (
    NOW,
    Begun,
    Checked,
    Says,
    SetsOff,
    ShowsRenewed,
    StationCourse,
)
from pncsim.simulator.conformance.csms.declared import AT_ONCE, CERTIFIED, SECURED, WITH_PASSWORD
from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.csms.rows.table import add_rows
from pncsim.simulator.conformance.csms.rows.upkeep import is_certificate
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, FromCase, Such
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.wire.errors import LocalError, PeerError

SECURITY = OcttCases("security", when=AT_ONCE)
CASES = SECURITY.cases

SMALLEST_RSA, SMALLEST_EC = 2048, 224
"""Bits of a key (A00.FR.5xx)."""


# ---- TLS ---------------------------------------------------------------------------------------------------------


async def _good_server(desk: StationDesk) -> None:
    """Its certificate leads to the root, names the host, and has a key and a hash that are strong enough."""
    desk.secured_by()
    try:
        await desk.boot()
    except PeerError as error:
        if error.kind != "chain":
            raise
        raise Unlike(error.sentence) from error
    seen = desk.secured
    assert seen is not None, "it has come in with TLS"
    must(seen.version in ("TLSv1.2", "TLSv1.3"), f"The connection has {seen.version}.")
    why = _weak(reading.load(seen.shown, "The certificate of the CSMS"))
    must(not why, f"The certificate of the CSMS {why}.")


def _weak(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA:
        return f"has an RSA key of {key.key_size} bits"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < SMALLEST_EC:
        return f"has a key on {key.curve.name}"
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name in ("md5", "sha1"):
        return f"is signed with {algorithm.name}"
    return ""


async def _old_version(desk: StationDesk) -> None:
    await desk.boot()
    await desk.go()
    try:
        await desk.connect(desk.identity, desk.password, tls=_of_old(desk.secured_by().context()))
    except PeerError:
        return
    seen = desk.secured
    raise Unlike(f"The CSMS goes on with {'no TLS' if seen is None else seen.version}.")


def _of_old(context: ssl.SSLContext) -> ssl.SSLContext:
    """It speaks TLS 1.1 at most. Raises LocalError where OpenSSL here cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.check_hostname = False
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO()).do_handshake()
    except ssl.SSLWantReadError:
        return context
    except ssl.SSLError as error:
        raise LocalError(f"OpenSSL here does not offer TLS 1.1: {error.reason}.") from error
    raise AssertionError("nobody has answered")


async def _good_station(desk: StationDesk) -> None:
    desk.certified_by()
    try:
        await desk.boot()
    except PeerError as error:
        if error.kind == "unreachable":
            raise
        raise Unlike(f"The CSMS does not let in a station with its certificate: {error.sentence}") from error


async def _bad_station(desk: StationDesk) -> None:
    security = desk.certified_by()
    await desk.boot()
    await desk.go()
    for what, shown in security.wrong:
        try:
            await desk.connect(desk.identity, None, tls=security.context(shown))
        except PeerError:
            continue
        raise Unlike(f"The CSMS lets in a station that shows {what}.")


SECURITY.add(
    "A_04",
    "TLS - server-side certificate: Valid certificate",
    _good_server,
    use_case="A00",
    given="The station trusts the root of the CSMS's certificate (--trust).",
    does="it connects with TLS and sends BootNotification",
    expects="TLS 1.2 or 1.3, and a certificate that leads to the root, names the host, and is strong enough",
    when=SECURED,
)
SECURITY.add(
    "A_06",
    "TLS - server-side certificate: TLS version too low",
    _old_version,
    use_case="A00",
    given="The station has been connected as it should be.",
    does="it offers TLS 1.1",
    expects="the CSMS ends the handshake",
    when=SECURED,
)
SECURITY.add(
    "A_07",
    "TLS - Client-side certificate: valid certificate",
    _good_station,
    use_case="A00",
    given="The station has a certificate of the CSMS's operator (--station-credentials).",
    does="it shows it, and sends BootNotification",
    expects="the CSMS lets it in and accepts it",
    when=CERTIFIED,
)
SECURITY.add(
    "A_08",
    "TLS - Client-side certificate: Invalid certificate",
    _bad_station,
    use_case="A00",
    given="The station has been connected as it should be.",
    does="it shows a certificate of another operator (and to a CSMS of ours one of another station, too)",
    expects="the CSMS does not let it in",
    when=CERTIFIED,
)


# ---- passwords ---------------------------------------------------------------------------------------------------

_PASSWORD: dict[str, Any] = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
_ANY_NEW = Such("a password of 16 to 40 characters", lambda text: 16 <= len(text) <= 40, "the-password-after-it-1")


def _sets(value: Any, status: str) -> Begun:
    return Begun(
        "SetVariables",
        {"setVariableData": [{**_PASSWORD, "attributeValue": value}]},
        {"setVariableResult": [{**_PASSWORD, "attributeStatus": status}]},
    )


async def _changed(desk: StationDesk, status: str) -> None:
    """The station is told another password; then one counts, and the other one does not. At last all is as before."""
    first = desk.password
    if first is None:
        raise LocalError("The tester was given no password to come in by.", advice="Give --password FILE.")
    await desk.boot()
    course = StationCourse(desk)
    await course.take([_sets(_ANY_NEW, status)])
    other = course.calls["SetVariables"]["setVariableData"][0]["attributeValue"]
    good, bad = (other, first) if status == "Accepted" else (first, other)
    await desk.go()
    try:
        await desk.connect(desk.identity, bad)
    except PeerError as error:
        if error.http_status not in (401, 403, 404):
            raise
    else:
        raise Unlike(
            f"The station {'took' if status == 'Accepted' else 'refused'} a password, and comes in by the wrong one."
        )
    try:
        await desk.connect(desk.identity, good)
    except PeerError as error:
        raise Unlike(f"The station does not come in by the password that counts now: {error.sentence}") from error
    await course.take([Says("Heartbeat")])
    if status == "Accepted":
        await course.take([_sets(first, status)])


async def _accepted(desk: StationDesk) -> None:
    await _changed(desk, "Accepted")


async def _rejected(desk: StationDesk) -> None:
    await _changed(desk, "Rejected")


for _number, _title, _play, _says in (
    ("A_09", "Accepted", _accepted, "from then on only the new password counts"),
    ("A_10", "Rejected", _rejected, "still only the old password counts"),
):
    SECURITY.add(
        _number,
        f"Update Charging Station Password for HTTP Basic Authentication: {_title}",
        _play,
        use_case="A01",
        given="The station is registered.",
        does=f"its operator lets it set SecurityCtrlr.BasicAuthPassword (answered {_title})",
        expects=_says,
        when=(*AT_ONCE, *WITH_PASSWORD, Condition("Sends", "SetVariables")),
    )


# ---- certificates of the station ---------------------------------------------------------------------------------

CSR = FromCase("a certificate request", lambda course: course.desk.csr())
A_CHAIN = Such("a chain in PEM", is_certificate, "")


def _not_its_key(course: StationCourse) -> str:
    chain = reading.load_all(course.calls["CertificateSigned"]["certificateChain"], "The chain the CSMS sent")
    return "" if course.desk.is_for_its_key(chain[0]) else "The certificate is not for the key of the request."


ITS_KEY = Checked("its certificate is for the key of the request", _not_its_key)


def _renews(message: str, kind: Any, status: str) -> tuple[Begun, SetsOff, Checked]:
    return (
        Begun("TriggerMessage", {"requestedMessage": message}, {"status": "Accepted"}),
        SetsOff(
            Says("SignCertificate", {"csr": CSR, "certificateType": kind}, {"status": "Accepted"}),
            Begun("CertificateSigned", {"certificateChain": A_CHAIN, "certificateType": kind}, {"status": status}),
        ),
        ITS_KEY,
    )


_STATION = ("SignChargingStationCertificate", "ChargingStationCertificate")
_BAD = Says("SecurityEventNotification", {"type": "InvalidChargingStationCertificate", "timestamp": NOW})
_TITLE = "Update Charging Station Certificate by request of CSMS"

add_rows(
    SECURITY,
    (
        "A_11",
        f"{_TITLE}: Success - Charging Station Certificate",
        "A02, F06",
        (*_renews(*_STATION, "Accepted"), ShowsRenewed(), Says("Heartbeat")),
    ),
    when=(*CERTIFIED, Condition("Signs", "true")),
    given="The station has come in with its certificate (--station-credentials), and is registered.",
)
add_rows(
    SECURITY,
    (
        "A_12",
        f"{_TITLE}: Success - V2G Certificate",
        "A02",
        _renews("SignV2GCertificate", "V2GCertificate", "Accepted"),
    ),
    (
        "A_13",
        f"{_TITLE}: Success - Combined Certificate",
        "A02",
        _renews("SignCombinedCertificate", ABSENT, "Accepted"),
    ),
    ("A_14", f"{_TITLE}: Invalid certificate", "A02", (*_renews(*_STATION, "Rejected"), _BAD)),
    when=(*AT_ONCE, Condition("Signs", "true")),
)
