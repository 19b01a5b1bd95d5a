"""``pnc serve``: the services behind the stations, for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pncsim.simulator.commands.options import EPILOG, Arguments, Parser, add_options, add_verbose, taken

if TYPE_CHECKING:
    from pncsim.simulator.serving import ServeOptions
    from pncsim.simulator.serving_parts import ServedPart


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
    help_text = "a PKI: EST, OCSP, revocation lists, tokens and participants"
    pki = kinds.add_parser("pki", help=help_text, description=f"{help_text}.", epilog=EPILOG)
    if "pki" in words:
        from pncsim.simulator.serving import PkiOptions

        add_options(pki, PkiOptions)
        add_verbose(pki)
    pki.set_defaults(execute=_pki)
    help_text = "the pools (RCP, PCP, CCP), signing and events, beside a PKI that is served on its own"
    pools = kinds.add_parser("pools", help=help_text, description=f"{help_text.capitalize()}.", epilog=EPILOG)
    if "pools" in words:
        from pncsim.simulator.serving import PoolsOptions

        add_options(pools, PoolsOptions)
        add_verbose(pools)
    pools.set_defaults(execute=_pools)
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
    from pncsim.simulator.serving import ServeOptions
    from pncsim.simulator.serving_parts import ECOSYSTEM

    return _served(taken(ServeOptions, arguments), arguments, ECOSYSTEM)


def _pki(arguments: Arguments) -> int:
    from pncsim.simulator.serving import PkiOptions
    from pncsim.simulator.serving_parts import PKI

    return _served(taken(PkiOptions, arguments), arguments, PKI)


def _pools(arguments: Arguments) -> int:
    from pncsim.simulator.serving import PoolsOptions
    from pncsim.simulator.serving_parts import POOLS

    return _served(taken(PoolsOptions, arguments), arguments, POOLS)


def _served(options: ServeOptions, arguments: Arguments, part: ServedPart) -> int:
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.serving import run_services

    return run_alone(
        lambda clock, trace: run_services(options, clock, trace, part),
        level=arguments.verbose,
        offset=options.clock_offset,
    )
