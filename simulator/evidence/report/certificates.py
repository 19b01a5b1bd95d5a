"""The chains that were presented: who issued whom, how long, with which key, and what a verifier finds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.report.markup import details, text
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.reading import Unreadable, is_ca, load_all, load_answer, shown, valid_at
from pncsim.tls_certs.rules import Use
from pncsim.tls_certs.validation import validate_chain
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.wire.gate import Liberty

_USES = {"secc": Use.SECC, "contract": Use.CONTRACT, "cps": Use.CPS}
"""By the first word of the file's name. Of a provisioning certificate the message shows the leaf alone."""

MOST = 60
"""Chains that are shown; all are in ``certs``."""


def certificates(bundle: Bundle) -> Iterator[str]:
    """Every chain with its findings, then the lab's roots, then the OCSP responses."""
    folder = bundle.folder / "certs"
    paths = sorted(folder.glob("*.pem"))
    roots = [one for path in paths if path.stem.endswith("_root") for one in _loaded(path)]
    moment = bundle.started or None
    for path in [path for path in paths if not path.stem.endswith("_root")][:MOST]:
        yield _chain(path, roots, moment)
    if roots:
        rows = "".join(_row(one, moment) for one in roots)
        head = f"<b>roots</b> <span>{len(roots)} trust anchors of this lab</span>"
        yield details(head, f"<div class=wide><table>{rows}</table></div>")
    staples = sorted((folder / "ocsp").glob("*.der"))
    if staples:
        yield f"<h3>OCSP responses</h3><ul>{''.join(map(_staple, staples[:MOST]))}</ul>"


def _loaded(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        return load_all(path.read_bytes(), path.name)
    except Unreadable:
        return ()


def _chain(path: Path, roots: list[x509.Certificate], moment: float | None) -> str:
    chain = _loaded(path)
    if not chain:
        return f'<p class="bad">certs/{text(path.name)} holds no certificate that can be read.</p>'
    findings: list[str] = []
    verdict = _verified(path, chain, roots, moment, findings)
    kind, told = ("bad", "refused") if verdict else ("ok", "leads to a root") if verdict == "" else ("", "")
    if verdict:
        findings.insert(0, verdict)
    listed = "".join(f'<li class="{kind or "odd"}">{text(one)}</li>' for one in findings)
    rows = "".join(_row(one, moment) for one in chain)
    leaf = shown(chain[0].subject)
    head = f"<b>{text(path.stem)}</b> <span>{text(leaf)}</span>{f' <i class=tag>{told}</i>' if told else ''}"
    head = head.replace("class=tag", f'class="tag {kind}"')
    body = f"{f'<ul class=checks>{listed}</ul>' if listed else ''}<div class=wide><table>{rows}</table></div>"
    return details(
        head, f'{body}<p class="seen">certs/{text(path.name)}</p>', kind=f"message {kind if verdict else ''}"
    )


def _verified(
    path: Path,
    chain: tuple[x509.Certificate, ...],
    roots: list[x509.Certificate],
    moment: float | None,
    found: list[str],
) -> str | None:
    """Why the chain is refused, "" if it is not; None where that cannot be judged. ``found``: liberties it takes."""
    use = _USES.get(path.stem.partition("-")[0])
    if use is None or not roots or moment is None:
        return None

    def note(liberty: Liberty) -> None:
        found.append(liberty.what)

    try:
        validate_chain(chain, roots, use, moment, gate=note)
    except ChainError as error:
        return error.sentence
    return ""


def _row(certificate: x509.Certificate, moment: float | None) -> str:
    key = certificate.public_key()
    curve = getattr(getattr(key, "curve", None), "name", type(key).__name__.lstrip("_"))
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    out = moment is not None and not valid_at(certificate, moment)
    kind = "CA" if is_ca(certificate) else "leaf"
    return (
        f"<tr><td>{kind}</td><td>{text(shown(certificate.subject))}"
        f'<br><span class="seen">issued by {text(shown(certificate.issuer))}, serial '
        f"{certificate.serial_number:x}</span></td><td>{text(curve)}</td>"
        f'<td class="{"bad" if out else ""}">{begin:%Y-%m-%d} to {end:%Y-%m-%d}</td></tr>'
    )


def _staple(path: Path) -> str:
    try:
        answer = load_answer(path.read_bytes())
        if answer.response_status.name != "SUCCESSFUL":
            return f'<li class="bad">{text(path.name)}: {text(answer.response_status.name.lower())}</li>'
        said = [
            f"serial {one.serial_number:x} is {one.certificate_status.name.lower()} as of "
            f"{one.this_update_utc:%Y-%m-%d %H:%M} UTC"
            + (f", until {one.next_update_utc:%Y-%m-%d %H:%M} UTC" if one.next_update_utc else "")
            for one in answer.responses
        ]
        return f"<li>{text(path.name)}: {text('; '.join(dict.fromkeys(said)))}</li>"
    except (PncError, ValueError) as error:
        return f'<li class="bad">{text(path.name)}: {text(error)}</li>'
