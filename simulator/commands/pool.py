"""``pnc pool``: calls running services by their published interface, as a participant's own program does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pncsim.simulator.commands import pool_clients
from pncsim.simulator.commands.options import Arguments, Parser

URL = "http://127.0.0.1:8180"


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """The calls, each with ``--url``."""
    from pncsim.tls_certs.revocation import Reason

    actions = parser.add_subparsers(metavar="ACTION", required=True)
    publish = _action(actions, "publish", "publish", "demo-oem", "publish a vehicle's provisioning certificate")
    publish.add_argument(
        "files", type=Path, nargs="+", metavar="PEM", help="leaf, Sub-CA 2, Sub-CA 1, in one file or more"
    )
    publish.add_argument(
        "--v2g-root",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="a V2G root in the vehicle; repeatable",
    )
    publish.add_argument("--previous-pcid", metavar="PCID", help="what the vehicle was called before")
    lookup = _action(
        actions,
        "lookup",
        "lookup",
        "demo-mo",
        "ask whether a vehicle is published; exit code 1 if not, 3 if nobody answers",
    )
    contracts = _action(actions, "contracts", "contracts", "demo-oem", "list the contracts that wait for a vehicle")
    for one in (lookup, contracts):
        one.add_argument("pcid", metavar="PCID", help="provisioning certificate id")
    roots = _action(actions, "roots", "roots", "demo-cpo", "list the roots, and write them where --save says")
    roots.add_argument("--type", choices=("v2g", "mo", "oem", "pe"), help="only these")
    roots.add_argument("--save", type=Path, metavar="DIR", help="write each as PEM into this folder")
    revoke = _action(actions, "revoke", "revoke", "demo-admin", "revoke a certificate the services' PKI has issued")
    revoke.add_argument("file", type=Path, metavar="PEM", help="the certificate")
    reasons = get_args(Reason)
    revoke.add_argument("--reason", choices=reasons, default="unspecified", metavar="REASON", help=", ".join(reasons))
    backup = _action(actions, "backup", "backup", "demo-admin", "write everything that is kept into a file (0600)")
    restore = _action(actions, "restore", "restore", "demo-admin", "put what a backup holds into running services")
    for one in (backup, restore):
        one.add_argument("file", type=Path, metavar="FILE", help="the backup")
    pool_clients.fill(actions, _action)


def _action(actions: Any, name: str, work: str, client: str, help_text: str) -> Any:
    """A parser of one call; ``work`` names what does it, ``client`` who calls unless told."""
    action = actions.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
    action.add_argument(
        "--url", metavar="URL", help=f"where the services are (default: as --credentials says, or {URL})"
    )
    action.add_argument("--as", dest="client", default=client, metavar="CLIENT", help=f"who calls (default: {client})")
    action.add_argument(
        "--credentials",
        type=Path,
        metavar="FILE",
        help="ready file or clients.json of the services (default: that of the usual folder); "
        "$PNC_CLIENT_SECRET may hold the secret instead",
    )
    action.add_argument(
        "--ca", type=Path, metavar="PEM", help="root of the services' https certificate; a ready file names it"
    )
    action.add_argument("--json", action="store_true", help="print the answer as it came")
    action.set_defaults(execute=_execute, work=work)
    return action


def _execute(arguments: Arguments) -> int:
    from msgspec.structs import replace

    from pncsim.simulator.pool import calls
    from pncsim.simulator.pool.client import ClientSecret, KnownServices, read_access
    from pncsim.simulator.runs.loop import run_on_loop
    from pncsim.simulator.serving.data_folder import default_folder

    secret = os.environ.get("PNC_CLIENT_SECRET")
    access = KnownServices({}, (), Path("$PNC_CLIENT_SECRET"))
    if arguments.credentials is not None or not secret:
        access = read_access(arguments.credentials or default_folder() / "clients.json", arguments.url or "")
    if secret:
        access = replace(access, clients=(ClientSecret(arguments.client, secret),), file=Path("$PNC_CLIENT_SECRET"))
    base = arguments.url or ("" if access.services else URL)
    return run_on_loop("loopback", lambda: calls.run(arguments, access, base))
