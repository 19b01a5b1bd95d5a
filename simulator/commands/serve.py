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
    help_text = "a manufacturer's back end of its own, at services of others"
    manufacturer = kinds.add_parser("manufacturer", help=help_text, description=f"{help_text.capitalize()}.")
    if "manufacturer" in words:
        from pncsim.simulator.serving_manufacturer import ManufacturerOptions

        add_options(manufacturer, ManufacturerOptions)
        add_verbose(manufacturer)
    manufacturer.set_defaults(execute=_manufacturer)
    help_text = "a mobility operator's back end of its own, at services of others"
    operator = kinds.add_parser("operator", help=help_text, description=f"{help_text.capitalize()}.")
    if "operator" in words:
        from pncsim.simulator.serving_operator import OperatorOptions

        add_options(operator, OperatorOptions)
        add_verbose(operator)
    operator.set_defaults(execute=_operator)


def _operator(arguments: Arguments) -> int:
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.serving_operator import OperatorOptions, run_operator

    options = taken(OperatorOptions, arguments)
    return run_alone(
        lambda clock, trace: run_operator(options, clock, trace), level=arguments.verbose, offset=options.clock_offset
    )


def _manufacturer(arguments: Arguments) -> int:
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.serving_manufacturer import ManufacturerOptions, run_manufacturer

    options = taken(ManufacturerOptions, arguments)
    return run_alone(
        lambda clock, trace: run_manufacturer(options, clock, trace),
        level=arguments.verbose,
        offset=options.clock_offset,
    )


def _ecosystem(arguments: Arguments) -> int:
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.serving import ServeOptions, run_services

    options = taken(ServeOptions, arguments)
    return run_alone(
        lambda clock, trace: run_services(options, clock, trace), level=arguments.verbose, offset=options.clock_offset
    )
