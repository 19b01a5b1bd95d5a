"""Certificates a CSMS brings to a station, asks for and takes away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.simulator.conformance.csms.course import Begun, Checked, CourseStep, Says, StationCourse
from pncsim.simulator.conformance.csms.rows.table import add_rows
from pncsim.simulator.conformance.csms.rows.upkeep import A_CERTIFICATE
from pncsim.simulator.conformance.octt import OcttCases
from pncsim.simulator.conformance.pattern import ABSENT, FromCase
from pncsim.tls_certs.hash_data import HashName

CERTIFICATES = OcttCases("certificates of the station")
CASES = CERTIFICATES.cases

ALGORITHMS: tuple[HashName, ...] = ("SHA256", "SHA384", "SHA512")


def _hashes(algorithm: HashName = "SHA256") -> dict[str, Any]:
    """The hash data of a root as a station reports them."""

    def member(name: str) -> FromCase:
        return FromCase(f"its {name}", lambda course: course.desk.a_certificate_hash(algorithm)[name])

    return {
        "hashAlgorithm": algorithm,
        **{one: member(one) for one in ("issuerNameHash", "issuerKeyHash", "serialNumber")},
    }


HASHES = _hashes()


def _installs(kind: str, status: str = "Accepted") -> tuple[CourseStep, ...]:
    payload = {"certificateType": kind, "certificate": A_CERTIFICATE}
    return Begun("InstallCertificate", payload, {"status": status}), Says("Heartbeat")


def _found(kind: str, hashes: dict[str, Any]) -> dict[str, Any]:
    found = {"certificateType": kind, "certificateHashData": hashes}
    return {"status": "Accepted", "certificateHashDataChain": [found]}


def _lists(kind: str) -> Begun:
    return Begun("GetInstalledCertificateIds", {"certificateType": [kind]}, _found(kind, HASHES))


def _finds(hashes: dict[str, Any]) -> tuple[CourseStep, ...]:
    """The root of the CSMS is asked for, by its type or among all."""
    return Begun("GetInstalledCertificateIds", {}, _found(_CSMS, hashes)), _MEANT


def _not_meant(course: StationCourse) -> str:
    kinds = course.calls["GetInstalledCertificateIds"].get("certificateType", [_CSMS])
    return "" if _CSMS in kinds else f"Certificates are asked for as {', '.join(kinds)}, not as {_CSMS}."


_CSMS = "CSMSRootCertificate"
_MEANT = Checked(f"by the type {_CSMS} or none", _not_meant)


def _deletes(status: str, hashes: dict[str, Any] = HASHES) -> Begun:
    return Begun("DeleteCertificate", {"certificateHashData": hashes}, {"status": status})


def _deletes_each() -> Iterator[CourseStep]:
    """Whatever a station hashes with, it is asked for by (M04.FR.07)."""
    for algorithm in ALGORITHMS:
        hashes = _hashes(algorithm)
        yield from (*_finds(hashes), _deletes("Accepted", hashes))


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
            Begun("GetInstalledCertificateIds", {"certificateType": [_KINDS[3]]}, {"status": "NotFound"}),
            Says("Heartbeat"),
        ),
    ),
    (
        "M_20",
        "Delete a certificate from a Charging Station: Success",
        "M04",
        (*_deletes_each(), Says("Heartbeat")),
    ),
    (
        "M_21",
        "Delete a certificate from a Charging Station: Failed",
        "M04",
        (*_finds(HASHES), _deletes("Failed"), Says("Heartbeat")),
    ),
    ("M_01", "Install CA certificate: CSMSRootCertificate", "M05", _installs(_KINDS[2])),
    ("M_02", "Install CA certificate: ManufacturerRootCertificate", "M05", _installs(_KINDS[3])),
    ("M_03", "Install CA certificate: V2GRootCertificate", "M05", _installs(_KINDS[0])),
    ("M_04", "Install CA certificate: MORootCertificate", "M05", _installs(_KINDS[1])),
    ("M_05", "Install CA certificate: Failed", "M05", _installs(_KINDS[2], "Failed")),
)
