"""What is done under the roots of a PKI folder once it is there: issue one more certificate, renew one, revoke one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.tls_certs.folder import Certificates, Keys, read_folders, update_folder
from pncsim.tls_certs.hsm import HsmKey
from pncsim.tls_certs.issue import ORGANIZATION, issue
from pncsim.tls_certs.pki import OCPP_FOLDER, OCPP_ROLES, KeyMaker, Pki, add_authorities, load_pki
from pncsim.tls_certs.profiles import DAY, PROFILES, NameKind, Profile
from pncsim.tls_certs.reading import load_all, same_key
from pncsim.tls_certs.revocation import Reason, Status
from pncsim.wire.errors import LocalError
from pncsim.wire.identifiers import check_emaid, check_evseid, check_pcid

ISSUABLE = tuple(role for role, profile in PROFILES.items() if not profile.ca and not profile.responder)
"""Roles a certificate can be issued for."""

_ROOTS = ("v2g_root", "mo_root", "oem_root", "private_root", "csms_root")
_NAMES: dict[NameKind, Callable[[str], str]] = {
    NameKind.EMAID: check_emaid,
    NameKind.PCID: check_pcid,
    NameKind.STATION: lambda name: check_evseid(name).replace("*", ""),
}


def issue_into(
    pki: Pki, role: str, name: str, folder: Path, now: float, *, days: float | None = None, force: bool = False
) -> x509.Certificate:
    """Issue a certificate with a fresh key for ``name`` and write it into ``folder``, another PKI folder or a new one.

    That folder gets what its holder needs: the certificate, its Sub-CAs and the roots, no CA's key. Roles that are
    there already are kept; without ``force`` the role itself must not be. Raises LocalError, IdentifierError.
    """
    profile = _issuable(role)
    credentials = pki.authority(profile.issuer or role).credentials(
        profile,
        _NAMES.get(profile.name, str)(name),
        now,
        organization=ORGANIZATION,
        not_after=None if days is None else now + days * DAY,
    )
    subs = _sub_cas(role, credentials.chain[1:])
    roots = {root: pki.certificates[root] for root in _ROOTS if root in pki.certificates}
    ocpp = role in OCPP_ROLES

    def add(there: Certificates) -> tuple[Certificates, Keys]:
        if role in there and not force:
            raise LocalError(f"{folder} has a {role} already.", advice="Choose another folder, or --force.")
        for sub, chain in subs.items():
            if sub in there and tuple(there[sub]) != chain:
                raise LocalError(f"The {sub} in {folder} is another one than the issuer of the new certificate.")
        missing = {one: chain for one, chain in roots.items() if one not in there and (one in OCPP_ROLES) == ocpp}
        return {**missing, **subs, role: (credentials.leaf,)}, {role: credentials.key}

    update_folder(folder / OCPP_FOLDER if ocpp else folder, add)
    return credentials.leaf


def complete(folder: Path, profiles: Sequence[Profile], now: float, keys: KeyMaker | None = None) -> list[str]:
    """Make the authorities of ``profiles`` that a PKI folder lacks, and keep them there; the roles that were made.

    None where the root above them is not the folder's to use. Several processes may do it at once: one of them makes
    each. ``keys`` makes their keys. Raises LocalError.
    """
    pki, made = load_pki(folder), list[str]()
    if all(profile.role in pki.certificates for profile in profiles) or profiles[0].issuer not in pki.keys:
        return made

    def add(there: Certificates) -> tuple[Certificates, Keys]:
        made.extend(add_authorities(pki, [profile for profile in profiles if profile.role not in there], now, keys))
        return {role: pki.certificates[role] for role in made}, {role: pki.keys[role] for role in made}

    update_folder(folder, add)
    return made


def _sub_cas(role: str, chain: Sequence[x509.Certificate]) -> dict[str, tuple[x509.Certificate, ...]]:
    found: dict[str, tuple[x509.Certificate, ...]] = {}
    for certificate in chain:
        role = PROFILES[role].issuer or role
        found[role] = (certificate,)
    return found


def _issuable(role: str) -> Profile:
    if role not in ISSUABLE:
        raise LocalError(f"No certificate can be issued for the role {role}.", advice=f"Roles: {', '.join(ISSUABLE)}.")
    return PROFILES[role]


def renew(pki: Pki, role: str, now: float, *, days: float | None = None, same_key: bool = False) -> x509.Certificate:
    """Put a new certificate in the place of the one of ``role``: the same subject, a validity from now on.

    A CA keeps its key, so that what it has issued stays good, and so does whose key is in a token; others get a fresh
    one unless ``same_key``. The old certificate is not revoked by that. Raises LocalError.
    """
    if pki.folder is None:
        raise LocalError("Only a PKI that lies in a folder can be renewed.")
    profile = PROFILES.get(role)
    if profile is None:
        raise LocalError(f"There is no profile for the role {role}, so nothing is known of what its certificate has.")
    kept = profile.ca or same_key or isinstance(pki.keys.get(role), HsmKey)
    key = pki.key(role) if kept else pki.source.key()
    new = certified_again(pki, profile, key, now, None if days is None else now + days * DAY)
    place = pki.folder / OCPP_FOLDER if role in OCPP_ROLES else pki.folder
    update_folder(place, lambda there: ({role: (new, *there[role][1:])}, {role: key}))
    return new


def certified_again(
    pki: Pki, profile: Profile, key: ec.EllipticCurvePrivateKey, now: float, ends: float | None = None
) -> x509.Certificate:
    """A certificate for ``key`` with the subject of that of the profile's role, from ``now`` on. Raises LocalError."""
    old = pki.certificate(profile.role)
    if profile.issuer is not None:
        return pki.issuer_authority(old).issue_for(profile, old.subject, key.public_key(), now, ends)
    return issue(
        *(profile, old.subject, key.public_key(), now),
        issuer=None,
        issuer_key=key,
        serial=pki.source.serial(),
        not_after=ends,
    )


def renew_authority(pki: Pki, role: str, now: float, *, lasting: bool = True) -> x509.Certificate:
    """Certify an authority again for its name and key, while it works: in ``pki``, and in its folder if it is to last.

    What it has issued stays good, and both certificates verify it. Where another program has done so in the folder
    meanwhile, that certificate is taken over instead. Raises LocalError.
    """
    old = pki.certificates[role]
    if pki.folder is None or not lasting:
        new = certified_again(pki, PROFILES[role], pki.key(role), now)
    else:
        there = read_folders(pki.folder, OCPP_FOLDER)[0].get(role, old)[0]
        new = there if there != old[0] and same_key(there, old[0]) else renew(pki, role, now)
    pki.certificates[role] = (new, *old)
    for authority in pki.authorities():
        authority.certificate = pki.certificate(authority.role)
        authority.chain = () if authority.is_root else pki.chain(authority.role)
    return new


def revoke(pki: Pki, what: str, now: float, reason: Reason = "unspecified") -> x509.Certificate:
    """Revoke the certificate of a role, or the first one in a file; the folder remembers it. Raises LocalError."""
    certificate = pki.certificate(what) if what in pki.certificates else _in_file(Path(what), pki)
    authority = pki.issuer_authority(certificate)
    if authority.status(certificate) is Status.REVOKED:
        raise LocalError(f"{what} is revoked already.")
    authority.revoke(certificate, now, reason)
    if pki.ledger is not None and pki.ledger.lost:
        raise LocalError(pki.ledger.lost)
    return certificate


def _in_file(path: Path, pki: Pki) -> x509.Certificate:
    try:
        return load_all(path.read_bytes(), f"The certificate in {path}")[0]
    except OSError as error:
        raise LocalError(
            f"{path} is neither a role of this folder nor a file that can be read ({error.strerror}).",
            advice=f"Roles here: {', '.join(pki.roles)}.",
        ) from error
