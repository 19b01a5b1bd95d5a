"""Certificates a CSMS brings to a station, asks for and takes away."""

from __future__ import annotations

from typing import Any

from pncsim.simulator.conformance.csms.course import Begun, CourseStep, Says
from pncsim.simulator.conformance.csms.rows.table import add_rows
from pncsim.simulator.conformance.csms.rows.upkeep import A_CERTIFICATE
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, FromCase

CERTIFICATES = OcttCases("certificates of the station")
CASES = CERTIFICATES.cases

HASHES = FromCase("the hash data", lambda course: course.desk.a_certificate_hash())


def _installs(kind: str, status: str = "Accepted") -> tuple[CourseStep, ...]:
    payload = {"certificateType": kind, "certificate": A_CERTIFICATE}
    return Begun("InstallCertificate", payload, {"status": status}), Says("Heartbeat")


def _lists(kind: str) -> Begun:
    found = {"certificateType": kind, "certificateHashData": HASHES}
    answer = {"status": "Accepted", "certificateHashDataChain": [found]}
    return Begun("GetInstalledCertificateIds", {"certificateType": [kind]}, answer)


def _deletes(status: str) -> Begun:
    return Begun("DeleteCertificate", {"certificateHashData": HASHES}, {"status": status})


_ALL: dict[str, Any] = {"certificateType": ABSENT}
_KINDS = ("V2GRootCertificate", "MORootCertificate", "CSMSRootCertificate", "ManufacturerRootCertificate")

add_rows(
    CERTIFICATES,
    ("M_14", "Retrieve certificates from Charging Station: V2GRootCertificate", "M03", (_lists(_KINDS[0]),)),
    (
        "M_15",
        "Retrieve certificates from Charging Station: V2GCertificateChain",
        "M03",
        (_lists("V2GCertificateChain"),),
    ),
    ("M_16", "Retrieve certificates from Charging Station: MORootCertificate", "M03", (_lists(_KINDS[1]),)),
    ("M_13", "Retrieve certificates from Charging Station: ManufacturerRootCertificate", "M03", (_lists(_KINDS[3]),)),
    (
        "M_18",
        "Retrieve certificates from Charging Station: All certificateTypes",
        "M03",
        (
            Begun(
                "GetInstalledCertificateIds",
                _ALL,
                {
                    "status": "Accepted",
                    "certificateHashDataChain": [
                        {"certificateType": kind, "certificateHashData": HASHES} for kind in _KINDS
                    ],
                },
            ),
        ),
    ),
    (
        "M_19",
        "Retrieve certificates from Charging Station: No matching certificate found",
        "M03",
        (
            Begun("GetInstalledCertificateIds", {"certificateType": [_KINDS[1]]}, {"status": "NotFound"}),
            Says("Heartbeat"),
        ),
    ),
    (
        "M_20",
        "Delete a certificate from a Charging Station: Success",
        "M04",
        (_lists(_KINDS[0]), _deletes("Accepted"), Says("Heartbeat")),
    ),
    (
        "M_21",
        "Delete a certificate from a Charging Station: Failed",
        "M04",
        (_lists(_KINDS[0]), _deletes("Failed"), Says("Heartbeat")),
    ),
    ("M_01", "Install CA certificate: CSMSRootCertificate", "M05", _installs(_KINDS[2])),
    ("M_02", "Install CA certificate: ManufacturerRootCertificate", "M05", _installs(_KINDS[3])),
    ("M_03", "Install CA certificate: V2GRootCertificate", "M05", _installs(_KINDS[0])),
    ("M_04", "Install CA certificate: MORootCertificate", "M05", _installs(_KINDS[1])),
    ("M_05", "Install CA certificate: Failed", "M05", _installs(_KINDS[2], "Failed")),
)
