"""Firmware and logs, which a CSMS lets a station fetch and hand over."""

from __future__ import annotations

import base64
from typing import Any

from pncsim.simulator.conformance.csms.course import NOW, Begun, CourseStep, Rebooted, Says, asked
from pncsim.simulator.conformance.csms.rows.table import CHARGING, OVER, add_rows
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, Anything, Fitting, FromCase, Such
from pncsim.tls_certs.profiles import DAY
from pncsim.tls_certs.reading import Unreadable, load_all
from pncsim.wire.ocpp.when import seconds, timestamp

UPKEEP = OcttCases("firmware and logs")
CASES = UPKEEP.cases


def is_certificate(value: Any) -> bool:
    """Whether it is one certificate, or a chain of them, in PEM."""
    try:
        return bool(load_all(value, "What the CSMS sent")) and "-----BEGIN CERTIFICATE-----" in value
    except Unreadable:
        return False


def _is_base64(value: Any) -> bool:
    try:
        return bool(base64.b64decode(value, validate=True))
    except ValueError:
        return False


A_CERTIFICATE = Such(
    "a certificate in PEM", is_certificate, FromCase("a certificate", lambda course: course.desk.a_certificate())
)


def _updates(status: str = "Accepted", install: Any = ABSENT, request: Any = None) -> Begun:
    firmware = {
        "location": Anything("https://csms.example/firmware.bin"),
        "retrieveDateTime": Anything("2026-01-01T00:00:00Z"),
        "installDateTime": install,
        "signingCertificate": A_CERTIFICATE,
        "signature": Such("a signature in base64", _is_base64, "MAYCAQECAQE="),
    }
    return Begun("UpdateFirmware", {"requestId": request or Anything(31), "firmware": firmware}, {"status": status})


LATER = Fitting(
    "a time to come",
    lambda time, course: seconds(time) > course.desk.clock.now(),
    FromCase("tomorrow", lambda course: timestamp(course.desk.clock.now() + DAY)),
)


def _firmware(*statuses: str) -> tuple[CourseStep, ...]:
    request = asked("UpdateFirmware", "requestId")
    return tuple(Says("FirmwareStatusNotification", {"status": one, "requestId": request}) for one in statuses)


def _event(kind: str) -> Says:
    return Says("SecurityEventNotification", {"type": kind, "timestamp": NOW})


INSTALLED = (*_firmware("InstallRebooting"), Rebooted("FirmwareUpdate"), *_firmware("Installed"))
LOADED = _firmware("Downloading", "Downloaded")
VERIFIED = (*LOADED, *_firmware("SignatureVerified"))


def _logs(kind: str, answer: str = "Accepted", number: int = 41) -> Begun:
    payload = {
        "logType": kind,
        "requestId": Anything(number),
        "log": {"remoteLocation": Anything("https://csms.example/logs")},
    }
    return Begun(
        "GetLog", payload, {"status": answer, "filename": "log.txt"} if answer != "Rejected" else {"status": answer}
    )


def _logged(*statuses: str) -> tuple[CourseStep, ...]:
    request = asked("GetLog", "requestId")
    return tuple(Says("LogStatusNotification", {"status": one, "requestId": request}) for one in statuses)


add_rows(
    UPKEEP,
    (
        "L_01",
        "Secure Firmware Update: Installation successful",
        "L01",
        (_updates(), *VERIFIED, *_firmware("Installing"), *INSTALLED, _event("FirmwareUpdated")),
    ),
    (
        "L_02",
        "Secure Firmware Update: InstallScheduled",
        "L01",
        (_updates(install=LATER), *VERIFIED, *_firmware("InstallScheduled", "Installing"), *INSTALLED),
    ),
    (
        "L_03",
        "Secure Firmware Update: DownloadScheduled",
        "L01",
        (_updates(), *_firmware("DownloadScheduled"), *VERIFIED, *_firmware("Installing"), *INSTALLED),
    ),
    (
        "L_04",
        "Secure Firmware Update: RevokedCertificate",
        "L01",
        (_updates("RevokedCertificate"), _event("InvalidFirmwareSigningCertificate")),
    ),
    (
        "L_05",
        "Secure Firmware Update: InvalidCertificate",
        "L01",
        (_updates("InvalidCertificate"), _event("InvalidFirmwareSigningCertificate")),
    ),
    (
        "L_06",
        "Secure Firmware Update: InvalidSignature",
        "L01",
        (_updates(), *LOADED, *_firmware("InvalidSignature"), _event("InvalidFirmwareSignature")),
    ),
    (
        "L_07",
        "Secure Firmware Update: DownloadFailed",
        "L01",
        (_updates(), *_firmware("Downloading", "DownloadFailed")),
    ),
    (
        "L_08",
        "Secure Firmware Update: InstallVerificationFailed or InstallationFailed",
        "L01",
        (_updates(), *VERIFIED, *_firmware("Installing", "InstallVerificationFailed")),
    ),
    (
        "L_09",
        "Secure Firmware Update: InstallationFailed",
        "L01",
        (_updates(), *VERIFIED, *_firmware("Installing", "InstallationFailed")),
    ),
    (
        "L_10",
        "Secure Firmware Update: AcceptedCanceled",
        "L01",
        (_updates(), *_firmware("Downloading"), _updates("AcceptedCanceled", request=Anything(32)), *VERIFIED),
    ),
    (
        "L_11",
        "Secure Firmware Update: Unable to cancel",
        "L01",
        (_updates(), *VERIFIED, *_firmware("Installing"), _updates("Rejected", request=Anything(32))),
    ),
    (
        "L_13",
        "Secure Firmware Update: Unable to download/install firmware with ongoing transaction - "
        "AllowNewSessionsPendingFirmwareUpdate is false",
        "L01",
        (*CHARGING, _updates(), *_firmware("DownloadScheduled"), OVER, *VERIFIED, *_firmware("Installing"), *INSTALLED),
    ),
    (
        "N_25",
        "Retrieve Log Information: Diagnostics Log - Success",
        "N01",
        (_logs("DiagnosticsLog"), *_logged("Uploading", "Uploaded")),
    ),
    ("N_34", "Retrieve Log Information: Rejected", "N01", (_logs("DiagnosticsLog", "Rejected"), Says("Heartbeat"))),
    (
        "N_35",
        "Retrieve Log Information: Security Log - Success",
        "N01",
        (_logs("SecurityLog"), *_logged("Uploading", "Uploaded")),
    ),
    (
        "N_36",
        "Retrieve Log Information: Second Request",
        "N01",
        (
            _logs("DiagnosticsLog"),
            *_logged("Uploading", "AcceptedCanceled"),
            _logs("DiagnosticsLog", "AcceptedCanceled", 42),
            *_logged("Uploading", "Uploaded"),
        ),
    ),
)
