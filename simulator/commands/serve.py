"""``pnc serve``: the services behind the stations, for other programs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pncsim.simulator.commands.feeding import add_feed, feed_in
from pncsim.simulator.commands.options import (
    EPILOG,
    Arguments,
    Parser,
    add_attach,
    add_options,
    add_verbose,
    attachable,
    taken,
)

if TYPE_CHECKING:
    from pncsim.simulator.attach.side import Handle
    from pncsim.wire.clock import Clock
    from pncsim.wire.trace import Trace

    Serve = Callable[[Any, Clock, Trace, Handle], Coroutine[Any, Any, int]]
    Load = Callable[[], tuple[type[Any], Serve]]


def _ecosystem() -> tuple[type[Any], Serve]:
    from pncsim.simulator.serving.parts import ECOSYSTEM
    from pncsim.simulator.serving.standing import ServeOptions, run_services

    return ServeOptions, partial(run_services, part=ECOSYSTEM)


def _pki() -> tuple[type[Any], Serve]:
    from pncsim.simulator.serving.parts import PKI
    from pncsim.simulator.serving.standing import PkiOptions, run_services

    return PkiOptions, partial(run_services, part=PKI)


def _pools() -> tuple[type[Any], Serve]:
    from pncsim.simulator.serving.parts import POOLS
    from pncsim.simulator.serving.standing import PoolsOptions, run_services

    return PoolsOptions, partial(run_services, part=POOLS)


def _manufacturer() -> tuple[type[Any], Serve]:
    from pncsim.simulator.serving.manufacturer import ManufacturerOptions, run_manufacturer

    return ManufacturerOptions, lambda options, clock, trace, handle: run_manufacturer(options, clock, trace)


def _operator() -> tuple[type[Any], Serve]:
    from pncsim.simulator.serving.operator import OperatorOptions, run_operator

    return OperatorOptions, lambda options, clock, trace, handle: run_operator(options, clock, trace)


KINDS: Mapping[str, tuple[str, Load]] = {
    "ecosystem": ("all services of one ecosystem on one port: pools, PKI, operators, tokens", _ecosystem),
    "pki": ("a PKI: EST, OCSP, revocation lists, tokens and participants", _pki),
    "pools": ("the pools (RCP, PCP, CCP), signing and events, beside a PKI that is served on its own", _pools),
    "manufacturer": ("a manufacturer's back end of its own, at services of others", _manufacturer),
    "operator": ("a mobility operator's back end of its own, at services of others", _operator),
}
"""What can be served: in words, and what loads its options and what serves it, once it is asked for."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """What can be served."""
    kinds = parser.add_subparsers(metavar="WHAT", required=True)
    for name, (told, load) in KINDS.items():
        kind = kinds.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.", epilog=EPILOG)
        if name in words:
            add_options(kind, load()[0])
            add_attach(kind)
            add_feed(kind)
            add_verbose(kind)
        kind.set_defaults(execute=partial(_serve, name, load))


def _serve(kind: str, load: Load, arguments: Arguments) -> int:
    from pncsim.simulator.runs.told import run_alone

    declared, serve = load()
    options = taken(declared, arguments)
    how = attachable(f"serve-{kind}", arguments)
    with feed_in(arguments, how.kind) as feed:
        return run_alone(
            lambda clock, trace: serve(options, clock, trace, how.handle),
            how,
            {"host": options.host, "port": options.port},
            level=arguments.verbose,
            offset=options.clock_offset,
            feed=feed,
        )
