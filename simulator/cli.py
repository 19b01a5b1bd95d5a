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


@certs_app.command("create")
def certs_create(
    directory: Annotated[Path, typer.Argument(help="Folder to write; made if it is not there.")],
    ocsp_url: Annotated[
        str, typer.Option(help="Address of the OCSP responder, written into the certificates; a lab answers for it.")
    ] = "http://ocsp.pncsim.test/ocsp",
    crl_url: Annotated[str | None, typer.Option(help="Address below which revocation lists are found.")] = None,
    pcid: Annotated[str | None, typer.Option(help="Provisioning certificate id of the vehicle.")] = None,
    emaid: Annotated[str | None, typer.Option(help="Contract id (EMAID) of the contract certificate.")] = None,
    evse_id: Annotated[str | None, typer.Option(help="EVSE id of the station's certificate.")] = None,
    contract_ca: Annotated[
        Literal["mo", "v2g"], typer.Option(help="Root above the contract: the MO's own or the V2G root.")
    ] = "mo",
    force: Annotated[bool, typer.Option(help="Overwrite a PKI that is there.")] = False,
) -> None:
    """Write all certificates and keys of an ISO 15118-2 ecosystem as PEM, with a manifest pki.json."""
    from simulator import certs_cli

    raise typer.Exit(
        certs_cli.create(
            directory,
            ocsp_url=ocsp_url,
            crl_url=crl_url,
            pcid=pcid,
            emaid=emaid,
            evse_id=evse_id,
            contract_ca=contract_ca,
            force=force,
        )
    )


@certs_app.command("show")
def certs_show(directory: Annotated[Path, typer.Argument(help="A PKI folder.")]) -> None:
    """Show role, subject, issuer and validity of every certificate in a folder."""
    from simulator import certs_cli

    raise typer.Exit(certs_cli.show(directory))


@certs_app.command("verify")
def certs_verify(directory: Annotated[Path, typer.Argument(help="A PKI folder.")]) -> None:
    """Verify every chain in a folder by the V2G profiles; exit code 1 if one does not hold."""
    from simulator import certs_cli

    raise typer.Exit(certs_cli.verify(directory))


Interface = Annotated[
    str | None, typer.Option(help="Network interface towards the other device; without it, loopback.")
]
SdpPort = Annotated[int, typer.Option(help="SDP port on loopback (on an interface it is always 15118).")]
PkiFolder = Annotated[Path | None, typer.Option(help="PKI folder (see `pnc certs create`).")]
NoTls = Annotated[bool, typer.Option("--no-tls", help="Plain TCP only.")]
Payment = Annotated[bool | None, typer.Option("--pnc/--eim", help="Contract only, or external identification only.")]
Current = Annotated[bool | None, typer.Option("--ac/--dc", help="AC only, or DC only.")]
Strict = Annotated[bool, typer.Option(help="Tolerate nothing that deviates from the standard.")]
Verbose = Annotated[int, typer.Option("--verbose", "-v", count=True, help="Tell every message (-v), states too (-vv).")]


@app.command("secc")
def secc_command(
    interface: Interface = None,
    pki: PkiFolder = None,
    no_tls: NoTls = False,
    payment: Payment = None,
    current: Current = None,
    evse_id: Annotated[str, typer.Option(help="EVSE id told to the vehicle.")] = "DE*PNC*E100001",
    csms: Annotated[str | None, typer.Option(help="URL of a CSMS (ws:// or wss://); default: one of its own.")] = None,
    csms_password: Annotated[
        str | None, typer.Option(envvar="PNC_CSMS_PASSWORD", help="Basic authentication password for --csms.")
    ] = None,
    identity: Annotated[str, typer.Option(help="Identity of the station at the CSMS.")] = "CS001",
    wait: Annotated[float | None, typer.Option(help="Give up when no vehicle came within these seconds.")] = None,
    strict: Strict = False,
    sdp_port: SdpPort = 15118,
    verbose: Verbose = 0,
) -> None:
    """Be a charging station for one vehicle: answer SDP, charge it, end with a verdict."""
    from simulator.standalone import Link, StationOptions, run_station

    options = StationOptions(
        pki=pki,
        tls=not no_tls,
        payment=_either(payment, "pnc", "eim"),
        current=_either(current, "ac", "dc"),
        evse_id=evse_id,
        strict=strict,
        wait=wait,
        csms=csms,
        csms_password=csms_password,
        identity=identity,
    )
    link = Link(interface=interface, sdp_port=sdp_port)
    _alone(lambda clock, trace: run_station(link, options, clock, trace), verbose)


@app.command("ev")
def ev_command(
    interface: Interface = None,
    pki: PkiFolder = None,
    no_tls: NoTls = False,
    payment: Payment = None,
    current: Current = None,
    ocsp: Annotated[
        OcspPolicy, typer.Option(help="What is demanded of the station's stapled OCSP response.")
    ] = "prefer",
    install: Annotated[
        Literal["never", "if-needed", "always"], typer.Option(help="When to ask the station for a contract.")
    ] = "if-needed",
    contracts: Annotated[Path | None, typer.Option(help="Folder in which the vehicle keeps its contracts.")] = None,
    loops: Annotated[int, typer.Option(help="Stop after so many loop messages.")] = 10,
    interval: Annotated[float, typer.Option(help="Seconds between two loop messages.")] = 1.0,
    kwh: Annotated[float | None, typer.Option(help="Stop after this much energy, in kWh.")] = None,
    strict: Strict = False,
    sdp_port: SdpPort = 15118,
    verbose: Verbose = 0,
) -> None:
    """Be a vehicle: find a station by SDP, charge there once, end with a verdict."""
    from simulator.standalone import Link, VehicleOptions, run_vehicle

    options = VehicleOptions(
        pki=pki,
        tls=not no_tls,
        payment=_either(payment, "pnc", "eim"),
        current=_either(current, "ac", "dc"),
        ocsp=ocsp,
        install=install,
        loops=loops,
        interval=interval,
        kwh=kwh,
        contracts=contracts,
        strict=strict,
    )
    link = Link(interface=interface, sdp_port=sdp_port)
    _alone(lambda clock, trace: run_vehicle(link, options, clock, trace), verbose)


def _either(choice: bool | None, yes: Any, no: Any) -> Any:
    return "both" if choice is None else yes if choice else no


def _alone(side: Any, level: int) -> None:
    from simulator.runner import run_alone

    raise typer.Exit(run_alone(side, level=level))


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
