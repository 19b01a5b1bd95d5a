"""``pnc certs issue``, ``renew``, ``revoke``: work under the roots of a PKI folder that is there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pncsim.simulator.commands.options import Arguments
from pncsim.simulator.commands.outputs import refused
from pncsim.wire.errors import PncError

if TYPE_CHECKING:
    from cryptography import x509


def fill(actions: Any) -> None:
    """The three actions."""
    from pncsim.tls_certs.folder_work import ISSUABLE
    from pncsim.tls_certs.revocation import Reason

    issue = actions.add_parser("issue", help="issue one more certificate, into a PKI folder for who is to hold it")
    renew = actions.add_parser("renew", help="put a new certificate in the place of one, for the same subject")
    revoke = actions.add_parser("revoke", help="revoke a certificate; responders over the folder know from then on")
    for one, execute in ((issue, _issue), (renew, _renew), (revoke, _revoke)):
        one.add_argument("directory", type=Path, metavar="DIR", help="the PKI folder with the CA's key")
        one.set_defaults(execute=execute)
    issue.add_argument("role", choices=ISSUABLE, metavar="ROLE", help=", ".join(ISSUABLE))
    issue.add_argument("name", metavar="NAME", help="contract id, provisioning certificate id, EVSE id or a name")
    issue.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="made if need be; holds no CA's key")
    issue.add_argument("--force", action="store_true", help="replace a certificate of that role that is there")
    renew.add_argument("role", metavar="ROLE", help="a role of the folder; a CA keeps its key")
    renew.add_argument("--same-key", action="store_true", help="keep the key of a leaf, too")
    for one in (issue, renew):
        one.add_argument("--days", type=float, metavar="N", help="how long it is valid (default: as its profile says)")
    revoke.add_argument("what", metavar="ROLE|FILE", help="a role of the folder, or a certificate issued under it")
    revoke.add_argument(
        "--reason", choices=get_args(Reason), default="unspecified", metavar="REASON", help=", ".join(get_args(Reason))
    )


def _issue(arguments: Arguments) -> int:
    from pncsim.tls_certs.folder_work import issue_into
    from pncsim.tls_certs.pki import load_pki

    try:
        pki = load_pki(arguments.directory, keeping=True)
        issued = issue_into(
            pki,
            arguments.role,
            arguments.name,
            arguments.into,
            time.time(),
            days=arguments.days,
            force=arguments.force,
        )
    except PncError as error:
        return refused(error)
    print(f"{_called(issued)} is in {arguments.into} as {arguments.role}, with its key and the roots.")
    return 0


def _renew(arguments: Arguments) -> int:
    from pncsim.tls_certs.folder_work import renew
    from pncsim.tls_certs.pki import load_pki

    try:
        pki = load_pki(arguments.directory, keeping=True)
        issued = renew(pki, arguments.role, time.time(), days=arguments.days, same_key=arguments.same_key)
    except PncError as error:
        return refused(error)
    print(f"{arguments.role} in {arguments.directory} is now {_called(issued)}.")
    return 0


def _revoke(arguments: Arguments) -> int:
    from pncsim.tls_certs.folder_work import revoke
    from pncsim.tls_certs.pki import load_pki

    try:
        pki = load_pki(arguments.directory, keeping=True)
        revoked = revoke(pki, arguments.what, time.time(), arguments.reason)
    except PncError as error:
        return refused(error)
    print(f"{_called(revoked)} is revoked ({arguments.reason.replace('_', ' ')}); {arguments.directory} remembers it.")
    return 0


def _called(certificate: x509.Certificate) -> str:
    from pncsim.tls_certs.reading import shown

    return (
        f"{shown(certificate.subject)} (serial {certificate.serial_number:x}, until "
        f"{certificate.not_valid_after_utc:%Y-%m-%d})"
    )
