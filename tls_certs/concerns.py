"""What the owner of a PKI folder should hear before a run: what has ended or ends soon, is missing, or lies open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pncsim.tls_certs.folder import key_files
from pncsim.tls_certs.pki import OCPP_FOLDER, Pki
from pncsim.tls_certs.profiles import DAY
from pncsim.tls_certs.reading import common_name, not_after, not_before, valid_at
from pncsim.tls_certs.revocation import Status

SOON = 21 * DAY
"""Seconds before its end from which a certificate is said to end (V2G2-690 has 21 days for contracts)."""

WITHOUT = {
    "v2g_root": "no station and no provisioning service can be trusted",
    "secc_leaf": "no vehicle can be served over TLS",
    "mo_root": "contracts under a root of their own are judged by the back end alone",
    "contract_leaf": "the vehicle has no contract until one is installed",
    "oem_leaf": "no contract can be installed for the vehicle",
    "cps_leaf": "no contract can be signed for installation",
    "mo_sub2": "no contract can be issued",
}
"""What cannot be done without a role."""


class Said(NamedTuple):
    """What is said of a role's certificate, and whether it can be used all the same."""

    role: str
    what: str
    usable: bool = False


def about_certificates(pki: Pki, now: float) -> list[Said]:
    """Every role whose certificate is not good now, or not for long."""
    found = []
    for role in pki.roles:
        certificate = pki.certificate(role)
        if now < not_before(certificate):
            found.append(Said(role, f"is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on"))
        elif not valid_at(certificate, now):
            found.append(Said(role, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"))
        elif not_after(certificate) - now < SOON:
            found.append(Said(role, f"expires on {certificate.not_valid_after_utc:%Y-%m-%d}", usable=True))
        if pki.status(certificate, certificate) is Status.REVOKED:
            found.append(Said(role, "is revoked"))
    return found


def about_roles(pki: Pki, roles: Iterable[str]) -> list[str]:
    """Which of the roles that are wanted are not there, and what for."""
    return [f"{role} is not in the PKI folder: {WITHOUT[role]}." for role in roles if role not in pki.certificates]


def about_evse(pki: Pki, evse_id: str) -> list[str]:
    """Whether the station's certificate is for another EVSE than ``evse_id``."""
    if "secc_leaf" not in pki.certificates:
        return []
    name = common_name(pki.certificate("secc_leaf"))
    if _plain(name) == _plain(evse_id):
        return []
    return [f"The station's certificate is for {name or 'nobody'}, the EVSE is {evse_id}."]


def _plain(evse_id: str) -> str:
    return evse_id.replace("*", "").replace("-", "").upper()


def about_files(folder: Path) -> list[str]:
    """Keys that others can read, and a folder that nothing can be remembered in."""
    open_keys = [path for place in (folder, folder / OCPP_FOLDER) for path in key_files(place) if _is_open(path)]
    found = [f"{path} can be read by others; keys should have mode 0600." for path in open_keys]
    if not os.access(folder, os.W_OK):
        found.append(f"{folder} cannot be written: what is issued and revoked is forgotten with this run.")
    return found


def _is_open(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def concerns(pki: Pki, now: float) -> list[str]:
    """All about what lies in a folder, as sentences."""
    said = [f"{one.role} of the PKI folder {one.what}." for one in about_certificates(pki, now)]
    return [*said, *(about_files(pki.folder) if pki.folder is not None else ())]
