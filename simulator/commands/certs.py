"""``pnc certs``: make a PKI folder, show what is in one, verify its chains. Plain lines, an exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pncsim.simulator.commands import certs_work
from pncsim.simulator.commands.options import Arguments, Parser
from pncsim.simulator.commands.outputs import refused
from pncsim.simulator.evidence.story import printable
from pncsim.wire.errors import PncError
from pncsim.wire.gate import Liberty, refuse

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.tls_certs.pki import Pki

OCSP_URL = "http://ocsp.pncsim.test/ocsp"
"""What certificates name when nothing else is said; a lab and a lone station answer for it themselves."""

_CHAINS = (
    ("secc_leaf", "SECC", ("v2g_root", "private_root")),
    ("contract_leaf", "CONTRACT", ("mo_root", "v2g_root")),
    ("oem_leaf", "PROVISIONING", ("oem_root", "v2g_root")),
    ("cps_leaf", "CPS", ("v2g_root",)),
)
"""Which chain is verified for which use against which roots."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Create, show, verify, and the work of :mod:`certs_work`."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser("create", help="write all certificates and keys as PEM, with a manifest pki.json")
    create.add_argument("--ocsp-url", default=OCSP_URL, metavar="URL", help=f"OCSP responder they name ({OCSP_URL})")
    create.add_argument("--crl-url", metavar="URL", help="address below which revocation lists are found")
    create.add_argument("--pcid", help="provisioning certificate id of the vehicle")
    create.add_argument("--emaid", help="contract id of the contract certificate")
    create.add_argument("--evse-id", help="EVSE id of the station's certificate")
    create.add_argument(
        "--contract-ca", choices=("mo", "v2g"), default="mo", help="root above the contract: the MO's or the V2G root"
    )
    create.add_argument(
        "--hsm",
        metavar="URI",
        help="make the authorities' keys in a token (pkcs11:token=T?module-path=LIB&pin-source=FILE)",
    )
    create.add_argument("--force", action="store_true", help="overwrite a PKI that is there")
    show = actions.add_parser("show", help="show role, subject, issuer and validity of every certificate")
    verify = actions.add_parser("verify", help="verify every chain by the V2G profiles; exit code 1 if one fails")
    verify.add_argument("--strict", action="store_true", help="what would be tolerated is bad, too")
    certs_work.fill(actions)
    for one, execute in ((create, _certs_create), (show, _certs_show), (verify, _certs_verify)):
        one.add_argument("directory", type=Path, metavar="DIR", help="the PKI folder")
        one.set_defaults(execute=execute)


def _certs_create(arguments: Arguments) -> int:
    return create(
        arguments.directory,
        ocsp_url=arguments.ocsp_url,
        crl_url=arguments.crl_url,
        pcid=arguments.pcid,
        emaid=arguments.emaid,
        evse_id=arguments.evse_id,
        contract_ca=arguments.contract_ca,
        hsm=arguments.hsm,
        force=arguments.force,
    )


def _certs_show(arguments: Arguments) -> int:
    return show(arguments.directory)


def _certs_verify(arguments: Arguments) -> int:
    return verify(arguments.directory, strict=arguments.strict)


def create(
    directory: str | Path,
    *,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
    pcid: str | None = None,
    emaid: str | None = None,
    evse_id: str | None = None,
    contract_ca: Literal["mo", "v2g"] = "mo",
    hsm: str | None = None,
    force: bool = False,
    now: float | None = None,
) -> int:
    """Make a whole PKI in ``directory``; 0 when it is there, 2 for a bad identifier, 3 when it cannot be written.

    ``now`` is in seconds since the epoch (default: today). ``hsm``: the URI of a token that makes the keys of the
    authorities and of the provisioning service (:mod:`tls_certs.hsm`).
    """
    from pncsim.tls_certs.hsm import key_maker
    from pncsim.tls_certs.pki import DEFAULT_EMAID, DEFAULT_EVSE_ID, DEFAULT_PCID, create_pki, write_pki

    try:
        pki = create_pki(
            time.time() if now is None else now,
            ocsp_url=ocsp_url,
            crl_url=crl_url,
            pcid=pcid or DEFAULT_PCID,
            emaid=emaid or DEFAULT_EMAID,
            evse_id=evse_id or DEFAULT_EVSE_ID,
            contract_ca=contract_ca,
            keys=None if hsm is None else key_maker(hsm, Path()),
        )
        write_pki(pki, directory, force=force)
    except PncError as error:
        return refused(error)
    print(f"{len(pki.roles)} certificates with their keys are in {directory} (manifest pki.json, keys mode 0600).")
    for role in ("secc_leaf", "contract_leaf", "oem_leaf"):
        print(f"  {role:<14} {_shown(pki.certificate(role).subject):<20} until {_day(pki.certificate(role))}")
    return 0


def show(directory: str | Path, *, now: float | None = None) -> int:
    """List the roles of a PKI folder, one line each; 1 when something is wrong with one, 3 when there is none."""
    from pncsim.tls_certs.concerns import about_certificates, about_files
    from pncsim.tls_certs.pki import load_pki

    moment = time.time() if now is None else now
    try:
        pki = load_pki(directory)
        said, files = about_certificates(pki, moment), about_files(Path(directory))
    except PncError as error:
        return refused(error)
    problems = len(files) + sum(not one.usable for one in said)
    print(f"{'role':<14} {'subject':<38} {'issuer':<30} {'valid until':<11} key  problems")
    for role in pki.roles:
        unrooted = _unrooted(pki, role)
        problems += len(unrooted)
        found = [*(one.what for one in said if one.role == role), *unrooted]
        certificate = pki.certificate(role)
        print(
            f"{role:<14} {_shown(certificate.subject):<38} {_issuer_name(certificate):<30} {_day(certificate):<11} "
            f"{'yes' if role in pki.keys else 'no ':<4} {'; '.join(found)}".rstrip()
        )
    for sentence in files:
        print(sentence)
    for role in (role for role in pki.keys if role not in pki.certificates):
        print(f"{role}_key is a key without certificate.")
    return 1 if problems else 0


def verify(directory: str | Path, *, now: float | None = None, strict: bool = False) -> int:
    """Verify the chains of a PKI folder by the V2G rules, as vehicle, station and back end would.

    What the folder has revoked is bad; ``strict`` tolerates nothing. 1 when one is bad or there is none, 3 when the
    folder cannot be read.
    """
    from pncsim.tls_certs.pki import load_pki
    from pncsim.tls_certs.validation import Use, validate_chain

    moment = time.time() if now is None else now
    try:
        pki = load_pki(directory)
    except PncError as error:
        return refused(error)
    bad = checked = 0
    for role, use, roots in _CHAINS:
        if role not in pki.roles:
            print(f"{role:<14} not there")
            continue
        checked += 1
        liberties: list[Liberty] = []
        try:
            chain = validate_chain(
                *(pki.chain(role), pki.anchors(*roots), Use[use], moment),
                revocation=pki.status,
                gate=refuse if strict else liberties.append,
            )
        except PncError as error:
            bad += 1
            print(f"{role:<14} BAD   {printable(str(error))}")
            continue
        notes = "".join(f"; tolerated: {liberty.what.removesuffix('.')}" for liberty in liberties)
        path = " < ".join(_shown(certificate.subject) for certificate in chain.path)
        print(f"{role:<14} good  {path}{notes}")
    if not checked:
        print("There is no leaf certificate to verify.", file=sys.stderr)
    return 1 if bad or not checked else 0


def _unrooted(pki: Pki, role: str) -> list[str]:
    """Why a role leads to no root of the folder; nothing if it does."""
    try:
        pki.root(role)
    except PncError as error:
        return [error.sentence]
    return []


def _issuer_name(certificate: x509.Certificate) -> str:
    return "itself" if certificate.issuer == certificate.subject else _shown(certificate.issuer)


def _shown(name: x509.Name) -> str:
    from pncsim.tls_certs.reading import shown

    return shown(name)


def _day(certificate: x509.Certificate) -> str:
    return f"{datetime.fromtimestamp(certificate.not_valid_after_utc.timestamp(), UTC):%Y-%m-%d}"
