"""The command ``pnc``: what can be typed, and nothing else; each command imports what it needs when it runs.

Exit codes: 0 everything expected was observed; 1 something was not, or the session failed; 2 wrong usage; 3 the run
could not be done here (port, file, interface, permission); 70 a defect of pncsim; 130 interrupted (Ctrl-C); 143
terminated (SIGTERM).
"""

from __future__ import annotations

import argparse
import gc
import io
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pncsim.simulator.result import (
    EXIT_DEFECT,
    EXIT_INTERRUPTED,
    EXIT_TERMINATED,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
    Terminated,
)
from pncsim.simulator.scenario import Option, Scenario, all_scenarios
from pncsim.wire.errors import LocalError, PncError

DESCRIPTION = "The whole Plug & Charge ecosystem in one program: vehicle, station, CSMS, pools and PKI."
EPILOG = (
    "exit codes: 0 as expected, 1 not as expected, 2 wrong usage, 3 not possible here, 70 a defect of pncsim,"
    " 130 interrupted, 143 terminated"
)
OCSP_URL = "http://ocsp.pncsim.test/ocsp"
"""What certificates name when nothing else is said; a lab and a lone station answer for it themselves."""

COLLECTOR = (200_000, 20, 10)
"""Thresholds of Python's cycle collector: with the usual 700 it takes a tenth of a run looking at what stays anyway."""

PORTS = range(1, 65536)

Arguments = argparse.Namespace
Group = argparse.ArgumentParser


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point: run the command; every failure becomes a sentence and an exit code."""
    gc.set_threshold(*COLLECTOR)
    if not (sys.warnoptions or os.environ.get("PNC_DEBUG")):
        # What a library thinks of a peer's certificate is not for the user, unless Python was asked for warnings.
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no umlaut shows a question mark; that is no reason to break off.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        words = sys.argv[1:] if argv is None else argv
        parser = _parser(words)
        if not words:
            parser.print_help()
            sys.exit(EXIT_USAGE)
        arguments = parser.parse_args(words)
        code = arguments.execute(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except Terminated:
        print("terminated", file=sys.stderr)
        code = EXIT_TERMINATED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except PncError as error:
        from pncsim.simulator.story import printable

        print(f"pnc: {printable(str(error))}", file=sys.stderr)
        code = EXIT_UNAVAILABLE if isinstance(error, LocalError) else 1
    except Exception as error:
        if os.environ.get("PNC_DEBUG"):
            raise
        what = f"{type(error).__name__}: {error}"
        print(f"pnc: a defect of pncsim: {what}. Set PNC_DEBUG=1 for the traceback.", file=sys.stderr)
        code = EXIT_DEFECT
    sys.exit(code)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """All commands by name; only those among ``words`` with their options, for each option costs every start."""
    parser = argparse.ArgumentParser(prog="pnc", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, help_text, fill in COMMANDS:
        command = commands.add_parser(name, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        if name in words:
            fill(command)
    return parser


# run, list


def _fill_run(parser: Group) -> None:
    scenarios = parser.add_subparsers(metavar="SCENARIO", required=True)
    for found in all_scenarios().values():
        one = scenarios.add_parser(
            found.name,
            help=found.title,
            description=found.story,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=f"{EPILOG}\nshows: {', '.join(found.clauses)}",
        )
        for option in found.options:
            _add_option(one, option)
        _add_common(one)
        one.set_defaults(execute=_run(found))


def _add_option(parser: Group, option: Option) -> None:
    name = f"--{option.name.replace('_', '-')}"
    help_text = f"{option.help} (default: {option.default})"
    if option.type is bool:
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=option.default, help=option.help)
    else:
        choices = option.choices or None
        kind = _amount if option.type is float else option.type
        parser.add_argument(name, type=kind, choices=choices, default=option.default, help=help_text)


def _add_common(parser: Group) -> None:
    common = parser.add_argument_group("for every scenario")
    common.add_argument(
        "--transport",
        choices=("loopback", "memory"),
        default="loopback",
        help="loopback: real sockets on this machine; memory: no socket, time runs ahead by itself",
    )
    common.add_argument("--pki", type=Path, metavar="DIR", help="use the certificates of this folder")
    common.add_argument(
        "--fault",
        action="append",
        type=_known_fault,
        default=[],
        metavar="NAME",
        help="disturb the run on purpose; `pnc list --faults` names them; may be given several times",
    )
    common.add_argument(
        "--evidence", type=Path, default=Path("evidence"), metavar="DIR", help="where the evidence goes (./evidence)"
    )
    common.add_argument("--no-evidence", action="store_true", help="write no evidence")
    _add_verbose(common)
    common.add_argument("-q", "--quiet", action="store_true", help="print the verdict line only")


def _known_fault(name: str) -> str:
    from pncsim.simulator.faults import find_fault

    try:
        return find_fault(name).name
    except LocalError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _amount(text: str) -> float:
    """Amounts (kWh, minutes, seconds) are finite and above zero."""
    amount = _number(text)
    if not 0 < amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return amount


def _number(text: str) -> float:
    """A number; NaN, which no range contains, if it is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _count(text: str) -> int:
    """How often something is done: a whole number, once at least."""
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return count


def _port(text: str) -> int:
    """A port somebody else can be told of: 0, which lets the system choose, is none."""
    try:
        port = int(text)
    except ValueError:
        port = 0
    if port not in PORTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: {PORTS[0]} to {PORTS[-1]} are")
    return port


def _csms_address(text: str) -> str:
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


def _add_verbose(parser: Any) -> None:
    parser.add_argument(
        "-v", "--verbose", action="count", default=0, help="tell every message (-v), states and power too (-vv)"
    )


def _run(found: Scenario) -> Callable[[Arguments], int]:
    def execute(arguments: Arguments) -> int:
        from pncsim.simulator.runner import RunSettings, run_and_tell

        settings = RunSettings(
            transport=arguments.transport,
            pki=arguments.pki,
            faults=tuple(arguments.fault),
            evidence=None if arguments.no_evidence else arguments.evidence,
        )
        options = {option.name: getattr(arguments, option.name) for option in found.options}
        return run_and_tell(found, options, settings, level=-1 if arguments.quiet else arguments.verbose).exit_code

    return execute


def _fill_list(parser: Group) -> None:
    parser.add_argument("--faults", action="store_true", help="list the faults for --fault instead")
    parser.set_defaults(execute=_list)


def _list(arguments: Arguments) -> int:
    if arguments.faults:
        from pncsim.simulator.faults import FAULTS

        rows = [(fault.name, fault.title) for fault in FAULTS.values()]
    else:
        rows = [(found.name, found.title) for found in all_scenarios().values()]
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        print(f"{name:<{width}}  {title}")
    return 0


# secc, ev


def _add_link(parser: Group) -> None:
    parser.add_argument("--interface", metavar="NAME", help="network interface; without it, loopback")
    parser.add_argument("--sdp-port", type=_port, default=15118, metavar="PORT", help="SDP port on loopback (15118)")
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
    _add_verbose(parser)
    parser.set_defaults(payment="both", current="both", parser=parser)


def _check_link(arguments: Arguments) -> None:
    if arguments.no_tls and arguments.payment == "pnc":
        arguments.parser.error("--pnc is payment by contract, which needs TLS: leave out --no-tls or --pnc (V2G2-634)")


def _fill_secc(parser: Group) -> None:
    _add_link(parser)
    parser.add_argument("--evse-id", default="DE*PNC*E100001", metavar="ID", help="EVSE id told to the vehicle")
    parser.add_argument(
        "--csms", type=_csms_address, metavar="URL", help="a CSMS (ws:// or wss://); default: one of its own"
    )
    parser.add_argument("--identity", default="CS001", metavar="ID", help="the station's identity at the CSMS (CS001)")
    parser.add_argument(
        "--ocsp",
        choices=("require", "prefer", "off"),
        default="prefer",
        help="require: do not start without an OCSP response to staple; prefer: say so; off: staple none",
    )
    parser.add_argument("--wait", type=_amount, metavar="SECONDS", help="give up when no vehicle has come by then")
    parser.epilog = f"The password for --csms is read from PNC_CSMS_PASSWORD. {EPILOG}"
    parser.set_defaults(execute=_secc)


def _secc(arguments: Arguments) -> int:
    from pncsim.simulator.runner import run_alone
    from pncsim.simulator.standalone import Link, StationOptions, run_station

    _check_link(arguments)
    options = StationOptions(
        pki=arguments.pki,
        tls=not arguments.no_tls,
        payment=arguments.payment,
        current=arguments.current,
        evse_id=arguments.evse_id,
        ocsp=arguments.ocsp,
        strict=arguments.strict,
        wait=arguments.wait,
        csms=arguments.csms,
        csms_password=os.environ.get("PNC_CSMS_PASSWORD"),
        identity=arguments.identity,
    )
    link = Link(interface=arguments.interface, sdp_port=arguments.sdp_port)
    return run_alone(lambda clock, trace: run_station(link, options, clock, trace), level=arguments.verbose)


def _fill_ev(parser: Group) -> None:
    _add_link(parser)
    parser.add_argument(
        "--ocsp",
        choices=("require", "prefer", "off"),
        help="what is demanded of the station's stapled OCSP response "
        "(prefer: a missing one is noted; with --strict: require)",
    )
    parser.add_argument(
        "--install",
        choices=("never", "if-needed", "always"),
        default="if-needed",
        help="when to ask the station for a contract certificate (if-needed)",
    )
    parser.add_argument("--contracts", type=Path, metavar="DIR", help="where the vehicle keeps its contracts")
    parser.add_argument("--loops", type=_count, default=10, metavar="N", help="stop after so many loop messages (10)")
    parser.add_argument("--interval", type=_amount, default=1.0, metavar="S", help="seconds between loop messages (1)")
    parser.add_argument("--kwh", type=_amount, metavar="KWH", help="stop after this much energy")
    parser.add_argument(
        "--bench", action="store_true", help="the station has no power electronics: DC voltages need not fit"
    )
    parser.epilog = EPILOG
    parser.set_defaults(execute=_ev)


def _ev(arguments: Arguments) -> int:
    from pncsim.simulator.runner import run_alone
    from pncsim.simulator.standalone import Link, VehicleOptions, run_vehicle

    _check_link(arguments)
    options = VehicleOptions(
        pki=arguments.pki,
        tls=not arguments.no_tls,
        payment=arguments.payment,
        current=arguments.current,
        ocsp=arguments.ocsp,
        install=arguments.install,
        loops=arguments.loops,
        interval=arguments.interval,
        kwh=arguments.kwh,
        contracts=arguments.contracts,
        bench=arguments.bench,
        strict=arguments.strict,
    )
    link = Link(interface=arguments.interface, sdp_port=arguments.sdp_port)
    return run_alone(lambda clock, trace: run_vehicle(link, options, clock, trace), level=arguments.verbose)


# exi, certs, tables


def _fill_exi(parser: Group) -> None:
    directions = parser.add_subparsers(metavar="DIRECTION", required=True)
    for direction, help_text in (
        ("decode", "read hex, one message per line, print JSON or an error per line"),
        ("encode", "read JSON, one message per line, print hex or an error per line"),
    ):
        one = directions.add_parser(direction, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        one.add_argument(
            "--set", required=True, dest="set_name", metavar="SET", help="schema set: app, iso2 or xmldsig"
        )
        one.add_argument("--fragment", action="store_true", help="EXI fragments, as signatures hash them")
        one.set_defaults(execute=_exi, direction=direction)


def _exi(arguments: Arguments) -> int:
    from pncsim.simulator.exi_cli import run_exi

    return run_exi(arguments.direction, arguments.set_name, arguments.fragment, sys.stdin, sys.stdout)


def _fill_certs(parser: Group) -> None:
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
    create.add_argument("--force", action="store_true", help="overwrite a PKI that is there")
    show = actions.add_parser("show", help="show role, subject, issuer and validity of every certificate")
    verify = actions.add_parser("verify", help="verify every chain by the V2G profiles; exit code 1 if one fails")
    for one, execute in ((create, _certs_create), (show, _certs_show), (verify, _certs_verify)):
        one.add_argument("directory", type=Path, metavar="DIR", help="the PKI folder")
        one.set_defaults(execute=execute)


def _certs_create(arguments: Arguments) -> int:
    from pncsim.simulator import certs_cli

    return certs_cli.create(
        arguments.directory,
        ocsp_url=arguments.ocsp_url,
        crl_url=arguments.crl_url,
        pcid=arguments.pcid,
        emaid=arguments.emaid,
        evse_id=arguments.evse_id,
        contract_ca=arguments.contract_ca,
        force=arguments.force,
    )


def _certs_show(arguments: Arguments) -> int:
    from pncsim.simulator import certs_cli

    return certs_cli.show(arguments.directory)


def _certs_verify(arguments: Arguments) -> int:
    from pncsim.simulator import certs_cli

    return certs_cli.verify(arguments.directory)


def _fill_tables(parser: Group) -> None:
    parser.set_defaults(execute=_tables)


def _tables(arguments: Arguments) -> int:
    from pncsim.simulator.tables import page

    print(page(), end="")
    return 0


COMMANDS: tuple[tuple[str, str, Callable[[Group], None]], ...] = (
    ("run", "run a scenario with all actors on this machine", _fill_run),
    ("list", "name the scenarios, or the faults", _fill_list),
    ("secc", "be a charging station for one vehicle, then give a verdict", _fill_secc),
    ("ev", "be a vehicle that charges at one station, then give a verdict", _fill_ev),
    ("exi", "decode and encode EXI, line by line", _fill_exi),
    ("certs", "create, show and verify the certificates of a V2G PKI", _fill_certs),
    ("tables", "print the state machines and times as Markdown", _fill_tables),
)
