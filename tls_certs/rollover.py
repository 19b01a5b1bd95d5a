"""A root that is followed by another one with a new key: what stands directly below it is certified again (RCP-12)."""

from __future__ import annotations

from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.pki import Pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name, issued_by


def succeed_root(pki: Pki, role: str, now: float) -> Pki:
    """Put a root of a new name and key in the place of ``role``, above the same Sub-CAs; what was, for who verifies.

    The Sub-CAs keep names and keys, so that all below them is good by either root. The PKI that is returned holds the
    old root without its key, the Sub-CAs as it had certified them, and the signer that still answers about those: it
    verifies, and issues nothing. Raises LocalError without the keys for it.
    """
    old = pki.certificate(role)
    below = [one for one in pki.roles if one != role and issued_by(pki.certificate(one), old)]
    signer = f"ocsp_{role}"
    former = Pki(
        {one: pki.certificates[one] for one in (role, *below)},
        {signer: pki.keys[signer]} if signer in pki.keys else {},
        ocsp_url=pki.ocsp_url,
        crl_url=pki.crl_url,
        complete=False,
        source=pki.source.of("former root"),
    )
    key = pki.source.of("new root").key()
    profile = PROFILES[role]
    new = issue(
        *(profile, subject_name(profile, f"{common_name(old)} G2"), key.public_key(), now),
        issuer=None,
        issuer_key=key,
        serial=pki.source.serial(),
    )
    pki.certificates[role], pki.keys[role] = (new,), key
    for one in (signer, role):
        pki.forget_authority(one)
    pki.certificates.pop(signer, None)
    pki.keys.pop(signer, None)
    root = pki.authority(role)
    for one in below:
        if one != signer:
            held = pki.certificate(one)
            again = root.issue_for(PROFILES[one], held.subject, pki.key(one).public_key(), now)
            pki.certificates[one] = (again,)
    for authority in pki.authorities():
        authority.certificate = pki.certificate(authority.role)
        authority.chain = () if authority.is_root else pki.chain(authority.role)
    return former
