"""The command ``pnc``: what can be typed, and nothing else; each command imports what it needs when it runs.

Exit codes: 0 everything expected was observed; 1 something was not, or the session failed; 2 wrong usage; 3 the run
could not be done here (port, file, interface, permission); 70 a defect of pncsim; 130 interrupted.
"""

from __future__ import annotations

import inspect
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from simulator.result import EXIT_INTERRUPTED, Verdict
from simulator.scenario import Option, Scenario, all_scenarios
from wire.errors import LocalError, PncError

EXIT_UNAVAILABLE = 3
EXIT_DEFECT = 70

app = typer.Typer(
    name="pnc",
    help="The whole Plug & Charge ecosystem in one program: vehicle, station, CSMS, pools and PKI.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
run_app = typer.Typer(help="Run a scenario; `pnc list` names them.", no_args_is_help=True)
exi_app = typer.Typer(help="Decode and encode EXI line by line (hex <-> JSON).", no_args_is_help=True)
certs_app = typer.Typer(help="Create, show and verify the certificates of a V2G PKI.", no_args_is_help=True)
app.add_typer(run_app, name="run")
app.add_typer(exi_app, name="exi")
app.add_typer(certs_app, name="certs")

Transport = Literal["loopback", "memory"]
OcspPolicy = Literal["require", "prefer", "off"]

COMMON: dict[str, tuple[Any, Any]] = {
    "transport": (
        Annotated[
            Transport,
            typer.Option(help="loopback: real sockets on this machine; memory: no socket, time runs ahead by itself."),
        ],
        "loopback",
    ),
    "pki": (
        Annotated[Path | None, typer.Option(help="Use the certificates of this folder (made by `pnc certs create`).")],
        None,
    ),
    "fault": (
        Annotated[list[str] | None, typer.Option(help="Disturb the run on purpose; `pnc list --faults` names them.")],
        None,
    ),
    "evidence": (
        Annotated[Path, typer.Option(help="Folder below which the evidence of this run is written.")],
        Path("evidence"),
    ),
    "no_evidence": (Annotated[bool, typer.Option("--no-evidence", help="Write no evidence.")], False),
    "verbose": (
        Annotated[int, typer.Option("--verbose", "-v", count=True, help="Tell every message (-v), states too (-vv).")],
        0,
    ),
    "quiet": (Annotated[bool, typer.Option("--quiet", "-q", help="Print only the verdict line.")], False),
}


@app.command("list")
def list_command(
    faults: Annotated[bool, typer.Option("--faults", help="List the faults for --fault instead.")] = False,
) -> None:
    """Name the scenarios (or faults) there are."""
    if faults:
        from simulator.faults import FAULTS

        rows = [(fault.name, fault.title) for fault in FAULTS.values()]
    else:
        rows = [(found.name, found.title) for found in all_scenarios().values()]
    width = max(len(name) for name, _ in rows)
    for name, title in rows:
        print(f"{name:<{width}}  {title}")


@exi_app.command("decode")
def exi_decode(
    set_name: Annotated[str, typer.Option("--set", help="Schema set: app, iso2 or xmldsig.")],
    fragment: Annotated[
        bool, typer.Option("--fragment", help="The lines are EXI fragments, as signatures hash.")
    ] = False,
) -> None:
    """Read one hex string per line from standard input, print one JSON value (or error) per line."""
    from simulator.exi_cli import run_exi

    raise typer.Exit(run_exi("decode", set_name, fragment, sys.stdin, sys.stdout))


@exi_app.command("encode")
def exi_encode(
    set_name: Annotated[str, typer.Option("--set", help="Schema set: app, iso2 or xmldsig.")],
    fragment: Annotated[bool, typer.Option("--fragment", help="Write EXI fragments, as signatures hash.")] = False,
) -> None:
    """Read one JSON value per line from standard input, print one hex string (or error) per line."""
    from simulator.exi_cli import run_exi

    raise typer.Exit(run_exi("encode", set_name, fragment, sys.stdin, sys.stdout))


def _scenario_command(found: Scenario) -> Any:
    """A function whose signature is the scenario's options and the common ones, for typer to read."""

    def command(**given: Any) -> None:
        from simulator.runner import RunSettings, run_and_tell

        common = {name: given.pop(name) for name in COMMON}
        settings = RunSettings(
            transport=common["transport"],
            pki=common["pki"],
            faults=tuple(common["fault"] or ()),
            evidence=None if common["no_evidence"] else common["evidence"],
        )
        level = -1 if common["quiet"] else common["verbose"]
        raise typer.Exit(run_and_tell(found, given, settings, level=level).exit_code)

    parameters = [*map(_parameter, found.options)]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=default)
        for name, (hint, default) in COMMON.items()
    ]
    command.__doc__ = found.story
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _parameter(option: Option) -> inspect.Parameter:
    kind: Any = Literal[option.choices] if option.choices else option.type
    hint = Annotated[kind, typer.Option(help=option.help)]
    return inspect.Parameter(option.name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=option.default)


def _register() -> None:
    for found in all_scenarios().values():
        run_app.command(found.name, help=found.story, short_help=found.title)(_scenario_command(found))


def main() -> None:
    """Entry point: run the command; every failure becomes a sentence and an exit code."""
    _register()
    try:
        code = app(standalone_mode=True)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except PncError as error:
        print(f"pnc: {error}", file=sys.stderr)
        code = EXIT_UNAVAILABLE if isinstance(error, LocalError) else 1
    except Exception as error:
        if os.environ.get("PNC_DEBUG"):
            raise
        print(
            f"pnc: a defect of pncsim: {type(error).__name__}: {error}. Set PNC_DEBUG=1 for the traceback.",
            file=sys.stderr,
        )
        code = EXIT_DEFECT
    sys.exit(code)


__all__ = ["Verdict", "app", "main"]
