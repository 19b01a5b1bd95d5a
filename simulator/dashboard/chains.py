"""The certificates around a lab as a tree, each below its issuer, and how it stands by now. No screen in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from cryptography import x509
from msgspec import Struct

from pncsim.simulator.dashboard.reports import CertificateTold
from pncsim.tls_certs.concerns import SOON
from pncsim.tls_certs.findings import ProfileFinding, findings
from pncsim.tls_certs.pki import OCPP_ROLES
from pncsim.tls_certs.profiles import DAY, PROFILES, YEAR
from pncsim.tls_certs.reading import (
    fingerprint,
    is_ca,
    issued_by,
    load,
    not_after,
    not_before,
    shown,
    valid_at,
)
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.errors import PncError
from pncsim.wire.gate import Liberty

USES = {
    "secc_leaf": (Use.SECC, ("v2g_root", "private_root")),
    "private_leaf": (Use.SECC, ("v2g_root", "private_root")),
    "contract_leaf": (Use.CONTRACT, ("mo_root", "v2g_root")),
    "oem_leaf": (Use.PROVISIONING, ("oem_root", "v2g_root")),
    "cps_leaf": (Use.CPS, ("v2g_root",)),
}
"""What a leaf is verified for, and against which roots."""
_CELLS = 6


class ChainPlace(Struct, frozen=True):
    """A certificate in the tree: ``depth`` below its root, and its ``issuer`` where that is known."""

    told: CertificateTold
    certificate: x509.Certificate
    depth: int
    issuer: x509.Certificate | None

    @property
    def title(self) -> str:
        """What it is called."""
        return shown(self.certificate.subject)

    @property
    def role(self) -> str:
        """What its role is called, or what it seems to be."""
        profile = PROFILES.get(self.told.role)
        return profile.title if profile is not None else "CA certificate" if is_ca(self.certificate) else "certificate"

    @property
    def print(self) -> str:
        """SHA-256 of its DER, in hex."""
        return fingerprint(self.told.der)

    def points(self) -> list[ProfileFinding]:
        """What was found of each point of its profile; none where nobody knows its role."""
        return _points(self.told.der, self.told.role, self.issuer)

    def sign(self, now: float) -> str:
        """One sign for how it stands: ``x`` not to be used, ``!`` worth a look, ``+`` well."""
        if self.told.said == "revoked" or not valid_at(self.certificate, now):
            return "x"
        if any(one.status == "revoked" for one in self.told.heard):
            return "x"
        ends_soon = not_after(self.certificate) - now < SOON and not self.told.role.startswith("ocsp_")
        return "!" if ends_soon or not all(one.ok for one in self.points()) else "+"

    def revocation(self, now: float) -> str:
        """What is known of its revocation, in a few words, with the age of the youngest answer somebody goes by.

        ``!``: somebody still goes by an older answer that called it good.
        """
        told = self.told
        if told.said == "revoked":
            still = [one for one in told.heard if one.status == "good" and one.until > now]
            return "revoked !" if still else "revoked"
        if not told.heard:
            return {"good": "not asked", "unknown": "unknown"}.get(told.said, "-")
        youngest = max(told.heard, key=lambda one: one.at)
        return f"{youngest.status} {age(now - youngest.at)}"


def placed(certificates: Sequence[CertificateTold], *, everything: bool = False) -> list[ChainPlace]:
    """All of them, each below its issuer, in the order they were told; without signers of OCSP and what OCPP and HTTPS
    run on unless ``everything`` is asked for. What cannot be read is left out.
    """
    read: list[tuple[CertificateTold, x509.Certificate]] = []
    for one in certificates:
        try:
            read.append((one, load(one.der)))
        except PncError:
            continue
    issuers = {told.der: _issuer_of(certificate, read) for told, certificate in read}
    below: dict[bytes, list[tuple[CertificateTold, x509.Certificate]]] = {}
    for pair in read:
        issuer = issuers[pair[0].der]
        below.setdefault(issuer[0].der if issuer is not None else b"", []).append(pair)

    def walk(key: bytes, depth: int) -> Iterator[ChainPlace]:
        # Leaves stand beside their issuer; those whose issuer nobody knows behind all roots.
        for told, certificate in sorted(below.get(key, ()), key=lambda pair: is_ca(pair[1]) is not (depth == 0)):
            if everything or not _aside(told.role):
                above = issuers[told.der]
                root = certificate if certificate.issuer == certificate.subject else None
                yield ChainPlace(told, certificate, depth, root if above is None else above[1])
                yield from walk(told.der, depth + 1)

    return list(walk(b"", 0))


def verdict(place: ChainPlace, certificates: Iterable[CertificateTold], now: float) -> tuple[bool, str]:
    """Whether a leaf is good for what it is for by the rules of ISO 15118-2 at ``now``, and why; empty for no leaf."""
    if place.told.role not in USES:
        return True, ""
    use, roots = USES[place.told.role]
    liberties: list[Liberty] = []
    known = tuple(certificates)
    anchors = [load(one.der) for one in known if one.role in roots]
    between = [load(one.der) for one in known if one.role not in roots and is_ca(load(one.der))]
    revoked = {one.der for one in known if one.said == "revoked"}
    try:
        chain = validate_chain([place.certificate], anchors, use, now, intermediates=between, gate=liberties.append)
    except PncError as error:
        return False, error.sentence
    for certificate in chain.chain:
        if any(load(der) == certificate for der in revoked):
            return False, f"{shown(certificate.subject)} is revoked."
    told = "".join(f" Let pass: {liberty.what}" for liberty in liberties)
    return True, f"good for {use.value} below {shown(chain.anchor.subject)}.{told}"


def path(place: ChainPlace, places: Sequence[ChainPlace]) -> list[ChainPlace]:
    """A certificate and what stands above it, as far as it is known."""
    found = [place]
    while found[-1].issuer is not None and found[-1].issuer != found[-1].certificate:
        above = next((one for one in places if one.certificate == found[-1].issuer), None)
        if above is None or above in found:
            break
        found.append(above)
    return found


def bar(certificate: x509.Certificate, now: float, cells: int = _CELLS) -> str:
    """How much of its validity is over at ``now``: full cells are past, a mark where it is over or has not begun."""
    begins, ends = not_before(certificate), not_after(certificate)
    if now < begins:
        return "·" * cells
    done = min(cells, int((now - begins) / max(1.0, ends - begins) * cells))
    return "█" * done + "·" * (cells - done)


def left(certificate: x509.Certificate, now: float) -> str:
    """What remains of its validity, in two words at most."""
    if now < not_before(certificate):
        return f"in {age(not_before(certificate) - now)}"
    if not valid_at(certificate, now):
        return f"ended {age(now - not_after(certificate))}"
    return age(not_after(certificate) - now)


def age(seconds: float) -> str:
    """A span of time in its greatest unit: 40 s, 12 min, 5 h, 89 d, 12 y."""
    for unit, size in (("y", YEAR), ("d", DAY), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds / size)} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def _aside(role: str) -> bool:
    return role.startswith("ocsp_") or role in OCPP_ROLES


def _issuer_of(
    certificate: x509.Certificate, all: Sequence[tuple[CertificateTold, x509.Certificate]]
) -> tuple[CertificateTold, x509.Certificate] | None:
    """Who has issued it; nobody for a root, and for one whose issuer was not told."""
    if certificate.issuer == certificate.subject:
        return None
    return next((pair for pair in all if pair[1].subject == certificate.issuer and _issued(certificate, pair[1])), None)


@lru_cache(maxsize=1024)
def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    return issued_by(certificate, issuer)


@lru_cache(maxsize=1024)
def _points(der: bytes, role: str, issuer: x509.Certificate | None) -> list[ProfileFinding]:
    profile = PROFILES.get(role)
    return [] if profile is None else findings(load(der), profile, issuer)
