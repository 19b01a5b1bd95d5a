"""``pnc ev``: a vehicle that charges at one station."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pncsim.simulator.commands.options import EPILOG, Arguments, Group, add_link, amount, check_link, count


def fill(parser: Group, words: Sequence[str] = ()) -> None:
    """What a lone vehicle can be told."""
    add_link(parser)
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
    parser.add_argument("--loops", type=count, default=10, metavar="N", help="stop after so many loop messages (10)")
    parser.add_argument("--interval", type=amount, default=1.0, metavar="S", help="seconds between loop messages (1)")
    parser.add_argument("--kwh", type=amount, metavar="KWH", help="stop after this much energy")
    parser.add_argument(
        "--bench", action="store_true", help="the station has no power electronics: DC voltages need not fit"
    )
    parser.epilog = EPILOG
    parser.set_defaults(execute=_ev)


def _ev(arguments: Arguments) -> int:
    from pncsim.simulator.plan import Link
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.standalone import VehicleOptions, run_vehicle

    check_link(arguments)
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
