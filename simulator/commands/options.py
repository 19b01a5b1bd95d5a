"""What can be typed after a command: kinds of values, and how typed parameters become options."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pncsim.simulator.parameters import Parameter

PORTS = range(1, 65536)

Arguments = argparse.Namespace
Group = argparse.ArgumentParser

EPILOG = (
    "exit codes: 0 as expected, 1 not as expected, 2 wrong usage, 3 not possible here, 70 a defect of pncsim,"
    " 130 interrupted, 143 terminated"
)


def add_option(parser: Any, parameter: Parameter) -> None:
    """Let a typed parameter be given as an option."""
    name = f"--{parameter.name.replace('_', '-')}"
    if parameter.type is bool:
        kind = argparse.BooleanOptionalAction
        parser.add_argument(name, action=kind, default=parameter.default, help=parameter.help)
        return
    shown = f"{parameter.help} (default: {parameter.default})"
    reads = None if parameter.choices else reader(parameter)
    parser.add_argument(name, type=reads, choices=parameter.choices or None, default=parameter.default, help=shown)


def reader(parameter: Parameter) -> Callable[[str], Any]:
    """What argparse has to call for a value: refuses in the parameter's own words."""

    def read(text: str) -> Any:
        try:
            return parameter.read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def amount(text: str) -> float:
    """Amounts (kWh, minutes, seconds) are finite and above zero."""
    amount = number(text)
    if not 0 < amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return amount


def number(text: str) -> float:
    """A number; NaN, which no range contains, if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def count(text: str) -> int:
    """How often something is done: a whole number, once at least."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return count


def port(text: str) -> int:
    """A port somebody else can be told of: 0, which lets the system choose, is none."""
    try:
        port = int(text)
    except ValueError:
        port = 0
    if port not in PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: {PORTS[0]} to {PORTS[-1]} are")
    return port


def csms_address(text: str) -> str:
    """Where a CSMS is: a WebSocket address with a host."""
    if not text.startswith(("wss://", "ws://")):
        raise argparse.ArgumentTypeError(f"{text!r} must begin with wss:// (or ws:// without TLS)")
    try:
        address = urlsplit(text)
        known = address.hostname and address.port != 0
    except ValueError:
        known = None
    if not known:
        raise argparse.ArgumentTypeError(f"{text!r} names no host, or a port that is none")
    return text


def add_verbose(parser: Any) -> None:
    """How much is told."""
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="tell every message (-v), states and power too (-vv)"
    )


def add_link(parser: Group) -> None:
    """What both lone sides can be told."""
    parser.add_argument("--interface", metavar="NAME", help="network interface; without it, loopback")
    parser.add_argument("--sdp-port", type=port, default=15118, metavar="PORT", help="SDP port on loopback (15118)")
    parser.add_argument("--pki", type=Path, metavar="DIR", help="PKI folder, see `pnc certs create`")
    parser.add_argument("--no-tls", action="store_true", help="plain TCP only")
    payment = parser.add_mutually_exclusive_group()
    payment.add_argument("--pnc", dest="payment", action="store_const", const="pnc", help="pay by contract only")
    payment.add_argument(
        "--eim", dest="payment", action="store_const", const="eim", help="external identification only"
    )
    current = parser.add_mutually_exclusive_group()
    current.add_argument("--ac", dest="current", action="store_const", const="ac", help="AC only")
    current.add_argument("--dc", dest="current", action="store_const", const="dc", help="DC only")
    parser.add_argument("--strict", action="store_true", help="tolerate nothing that deviates from the standard")
    add_verbose(parser)
    parser.set_defaults(payment="both", current="both", parser=parser)


def check_link(arguments: Arguments) -> None:
    """Refuse what argparse cannot know to exclude each other."""
    if arguments.no_tls and arguments.payment == "pnc":
        arguments.parser.error("--pnc is payment by contract, which needs TLS: leave out --no-tls or --pnc (V2G2-634)")
