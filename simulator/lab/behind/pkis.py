"""The PKIs of a plan: made anew, or read from a folder, with the roots of others that are trusted, too."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from pncsim.simulator.lab.behind.footing import Footing
from pncsim.simulator.plan import PkiPlan, RootPlan
from pncsim.tls_certs.pki import Pki, create_pki, load_pki
from pncsim.tls_certs.reading import load_all
from pncsim.wire.errors import LocalError
from pncsim.wire.voice import Voice


def open_pki(footing: Footing, plan: PkiPlan, folder: Path | None, ocsp_url: str, *, keeping: bool) -> Pki:
    """The PKI of this plan, in a folder of its own or ``folder``, if any; roots of others are trusted by the first.

    ``ocsp_url``: where its certificates say that a responder is, if a folder's name none themselves. ``keeping``: what
    is issued and revoked in it stays in the folder. Raises LocalError.
    """
    clock, name = footing.clock, f"PKI {plan.name}".strip()
    voice = Voice.on(clock, footing.trace, "PKI", name)
    if folder is None:
        pki = create_pki(
            clock.now(),
            ocsp_url=ocsp_url,
            organization=f"pncsim {plan.name}".strip(),
            source=footing.source.of(name),
            algorithm=plan.algorithm,
        )
        text = f"{len(pki.certificates)} certificates issued: V2G, CPO, CPS, MO and OEM chains, OCSP signers, OCPP."
    else:
        pki = load_pki(folder, keeping=keeping)
        if pki.ocsp_url is None:
            pki.ocsp_url = ocsp_url
        text = f"{len(pki.certificates)} certificates read from {folder}."
    voice.story(text)
    for root in footing.plan.roots if plan is footing.plan.pkis[0] else ():
        pki.certificates[root.role] = (*pki.anchors(root.role), *_certificates(root))
        voice.story(f"The {root.role.replace('_', ' ')} in {root.file} is trusted, too.")
    if pki.folder is not None:
        from pncsim.tls_certs.concerns import concerns

        for what in concerns(pki, clock.now()):
            voice.warning(what)
    return pki


def _certificates(plan: RootPlan) -> tuple[x509.Certificate, ...]:
    """What is in the file of somebody else's root. Raises LocalError."""
    try:
        return load_all(plan.file.read_bytes(), f"The root in {plan.file}")
    except OSError as error:
        raise LocalError(f"The root in {plan.file} cannot be read: {error.strerror or error}.") from error
