"""``pnc serve``: the services behind the stations, for other programs."""

from __future__ import annotations

from collections.abc import Sequence

from pncsim.simulator.commands.options import EPILOG, Arguments, Parser, add_options, add_verbose, taken


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What can be served."""
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    help_text = "all services of one ecosystem on one port: pools, PKI, operators, tokens"
    ecosystem = kinds.add_parser("ecosystem", help=help_text, description=f"{help_text.capitalize()}.", epilog=EPILOG)
    if "ecosystem" in words:
        from pncsim.simulator.serving import ServeOptions

        add_options(ecosystem, ServeOptions)
        add_verbose(ecosystem)
    ecosystem.set_defaults(execute=_ecosystem)


def _ecosystem(arguments: Arguments) -> int:
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.serving import ServeOptions, run_services

    options = taken(ServeOptions, arguments)
    return run_alone(
        lambda clock, trace: run_services(options, clock, trace), level=arguments.verbose, offset=options.clock_offset
    )
