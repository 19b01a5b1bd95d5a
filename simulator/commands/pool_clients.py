"""``pnc pool clients``: taking participants in and letting them go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args


def fill(actions: Any, action: Callable[[Any, str, str, str, str], Any]) -> None:
    """The actions on clients, each made by ``action``."""
    from pncsim.backend.rest.access import Role

    help_text = "take participants in, confirm them, shut them out, let them go"
    clients = actions.add_parser("clients", help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
    verbs = clients.add_subparsers(metavar="ACTION", required=True)
    action(verbs, "list", "clients_list", "demo-admin", "list the participants")
    add = action(verbs, "add", "clients_add", "demo-admin", "take a participant in; its secret is printed, once")
    add.add_argument("id", metavar="ID", help="what it is called by")
    add.add_argument("role", choices=get_args(Role), metavar="ROLE", help=", ".join(get_args(Role)))
    add.add_argument("--name", default="", help="its name for people")
    add.add_argument("--wmi", action="append", default=[], metavar="WMI", help="a manufacturer's code; repeatable")
    add.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="ID",
        help="an operator's country and provider id; repeatable",
    )
    add.add_argument(
        "--confirmation", default="", metavar="WHO", help="who has confirmed that the provider ids are its own"
    )
    confirm = action(verbs, "confirm", "clients_confirm", "demo-admin", "let an operator in whose ids are confirmed")
    for name, help_text in (
        ("disable", "shut a participant out at once"),
        ("enable", "let a participant in again"),
        ("rotate", "give a participant a new secret, which is printed, once"),
        ("remove", "forget a participant; what it published stays"),
    ):
        action(verbs, name, f"clients_{name}", "demo-admin", help_text).add_argument("id", metavar="ID")
    confirm.add_argument("id", metavar="ID")
    confirm.add_argument("confirmation", metavar="WHO", help="who has confirmed the ids")
