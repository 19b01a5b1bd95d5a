"""What a participant can know of a PKI whose keys are elsewhere: the roots in the root pool, and the Sub-CAs by EST."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cryptography import x509

from pncsim.backend.pki.est_client import ca_certificates
from pncsim.backend.ports import Calls
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki, load_pki
from pncsim.wire.errors import LocalError, PeerError

_ROOTS: Mapping[str, str] = {RootKind.V2G: "v2g_root", RootKind.MO: "mo_root", RootKind.OEM: "oem_root"}
_LABELS = ("cpo", "cps", "mo", "oem")
"""The authorities EST names; each is two Sub-CAs."""
_SIGNER = "cps_leaf"
"""What signs contract data; a fault has others in its place."""


async def known_pki(calls: Calls, keeper: str) -> Pki:
    """The PKI without its keys, which ``keeper`` has. Raises PncError; LocalError where the root pool has no V2G root.

    Sub-CAs that lead to none of the pool's roots are left out.
    """
    answer = await calls.call("rcp", "GET", "/v1/root/rootCerts")
    listed = answer.get("RootCertificateCollection")
    found: dict[str, list[x509.Certificate]] = {}
    try:
        for one in listed["rootCertificates"] if isinstance(listed, dict) else ():
            if role := _ROOTS.get(one["rootType"]):
                root = reading.parsed(base64.b64decode(one["caCertificate"], validate=True))
                found.setdefault(role, []).append(root)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise PeerError(f"The root pool's list cannot be read: {error!r}.", kind="malformed") from None
    if "v2g_root" not in found:
        raise LocalError(f"The root pool of {keeper} has no V2G root: no vehicle could trust a station.")
    pki = Pki({role: tuple(roots) for role, roots in found.items()}, {}, complete=False, keeper=keeper)
    for label in _LABELS:
        try:
            above = await ca_certificates(calls, label)
        except Refused:
            continue  # an authority that issues nothing there
        known = [root for roots in found.values() for root in roots]
        sub_cas = [one for one in above if one.subject != one.issuer]
        for role, certificate in reversed(list(zip((f"{label}_sub2", f"{label}_sub1"), sub_cas, strict=False))):
            if any(reading.issued_by(certificate, issuer) for issuer in known):
                pki.certificates[role] = (certificate,)
                known.append(certificate)
    return pki


def take_keys(pki: Pki, folder: Path) -> None:
    """Let the authorities of ``pki`` issue here, too, whose keys can be read in the services' own ``folder``, and what
    signs contract data sign.

    What they issue is listed there, and so the services' responder knows it. Who cannot read it goes without.
    """
    try:
        own = load_pki(folder, keeping=True)
    except LocalError:
        return  # on another machine, or somebody else's
    for role, (certificate, *_) in pki.certificates.items():
        if role in own.keys and reading.is_ca(certificate) and own.certificate(role) == certificate:
            pki.keys[role] = own.keys[role]
    if pki.certificates.get("cps_sub2") == own.certificates.get("cps_sub2") and _SIGNER in own.keys:
        pki.certificates[_SIGNER], pki.keys[_SIGNER] = own.certificates[_SIGNER], own.keys[_SIGNER]
    pki.ledger, pki.ocsp_url, pki.crl_url = own.ledger, own.ocsp_url, own.crl_url


class KnownRoots:
    """The roots of PKIs (:class:`backend.verification.Roots`)."""

    def __init__(self, pkis: Callable[[], Iterable[Pki]]) -> None:
        self._pkis = pkis

    async def anchors(self, *kinds: RootKind) -> list[x509.Certificate]:
        """The roots of these kinds, in order."""
        roles = [_ROOTS[kind] for kind in kinds if kind in _ROOTS]
        return [root for pki in self._pkis() for root in pki.anchors(*roles)]
