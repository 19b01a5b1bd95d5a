"""What a lone station and a lone vehicle can be told; `pnc secc` and `pnc ev` have an option for each field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from pncsim.backend.pki.revocation import RevocationPolicy
from pncsim.ev.config import InstallPolicy
from pncsim.simulator.parameters import Bounds, Flag, Reads, Shown, Switches
from pncsim.tls_certs.judges import OcspPolicy
from pncsim.wire.session.responder import AfterFailed
from pncsim.wire.urls import MASK
from pncsim.wire.values import Discreet

Payment = Literal["pnc", "eim", "both"]
Current = Literal["ac", "dc", "both"]


def csms_address(text: str) -> str:
    """Where a CSMS is: a WebSocket address with a host. Raises ValueError."""
    if not text.startswith(("wss://", "ws://")):
        raise ValueError(f"{_shown(text)!r} must begin with wss:// (or ws:// without TLS)")
    try:
        address = urlsplit(text)
        known = address.hostname and address.port != 0
    except ValueError:
        known = None
    if not known:
        raise ValueError(f"{_shown(text)!r} names no host, or a port that is none")
    return text


def _shown(text: str) -> str:
    """What was typed for an address, which may lack its scheme, without the password in it."""
    info, at, place = text.rpartition("@")
    scheme, begun, _ = info.partition("://")
    return f"{scheme if begun else ''}{begun}{MASK}@{place}" if at else text


def station_identity(text: str) -> str:
    """What a CSMS can know a station by. Raises ValueError."""
    if not 1 <= len(text) <= 48 or ":" in text or not text.isprintable():
        raise ValueError(f"{text!r} is no station identity: 1 to 48 characters without a colon are (OCPP-J 3.1.1)")
    return text


def vehicle_profile(text: str) -> str:
    """A car that is known, or a file that describes one. Raises ValueError."""
    from pncsim.simulator.cars.profile import known

    return known(text)


class SideOptions(Struct, frozen=True, kw_only=True):
    """What both sides can be told."""

    pki: Annotated[Path | None, "PKI folder, see `pnc certs create`", Shown("DIR")] = None
    tls: Annotated[bool, "plain TCP only", Flag("--no-tls")] = True
    payment: Annotated[
        Payment, "", Switches({"pnc": "pay by contract only", "eim": "external identification only"})
    ] = "both"
    current: Annotated[Current, "", Switches({"ac": "AC only", "dc": "DC only"})] = "both"
    strict: Annotated[bool, "tolerate nothing that deviates from the standard", Flag("--strict")] = False


class StationOptions(Discreet, SideOptions, frozen=True, kw_only=True):
    """``pnc secc``: what is offered and who manages it.

    ``sessions``: visits of vehicles until the station ends, which ``forever`` leaves to somebody else. ``wait`` None:
    for ever.
    """

    _hidden = ("csms", "csms_password")

    evse_id: Annotated[str, "EVSE id told to the vehicle", Shown("ID")] = "DE*PNC*E100001"
    csms: Annotated[
        str | None, "a CSMS (ws:// or wss://); default: one of its own", Reads(csms_address), Shown("URL")
    ] = None
    csms_password: str | None = None
    csms_certificate: Annotated[
        Path | None,
        "certificate and key of the station (PEM) for a CSMS of security profile 3; instead of a password",
        Shown("FILE"),
    ] = None
    identity: Annotated[str, "the station's identity at the CSMS", Reads(station_identity), Shown("ID")] = "CS001"
    ocsp: Annotated[
        OcspPolicy, "require: do not start without an OCSP response to staple; prefer: say so; off: staple none"
    ] = "prefer"
    after_failed: Annotated[
        AfterFailed,
        "what follows a refusal; continue: a vehicle that gets no new contract may pay with its old one, all else ends "
        "the session; close: this ends it, too; goodbye: the vehicle may always send its SessionStopReq",
    ] = "continue"
    revocation: Annotated[
        RevocationPolicy,
        "what is demanded of a contract: require: its responder or revocation list says that it is not revoked;"
        " prefer: neither says that it is, and where nobody can tell that is told; off: nobody is asked;"
        " with --csms that is for the CSMS to decide",
    ] = "require"
    wait: Annotated[float | None, "give up when no vehicle has come by then", Shown("SECONDS")] = None
    sessions: Annotated[int, "end after the visits of N vehicles, with a verdict on each", Shown("N")] = 1
    state: Annotated[
        Path | None,
        "a file in which the station keeps what must outlive a loss of power: variables, transactions, what is untold",
        Shown("FILE"),
    ] = None
    forever: Annotated[bool, "serve vehicles until Ctrl-C or SIGTERM", Flag("--forever")] = False


class VehicleOptions(SideOptions, frozen=True, kw_only=True):
    """``pnc ev``: what the vehicle is and wants.

    ``ocsp`` None: prefer, or require if ``strict``. ``bench``: the station has no power electronics, so its voltages
    need not fit the battery.
    """

    ocsp: Annotated[
        OcspPolicy | None,
        "what is demanded of the station's stapled OCSP response; prefer notes a missing one "
        "(default: prefer, with --strict: require)",
    ] = None
    install: Annotated[InstallPolicy, "when to ask the station for a contract certificate"] = "if-needed"
    contracts: Annotated[Path | None, "where the vehicle keeps its contracts", Shown("DIR")] = None
    loops: Annotated[int, "stop after so many loop messages, unless --kwh says when", Shown("N")] = 10
    interval: Annotated[
        float | None, "seconds between loop messages (default: 1, or what the profile says)", Shown("S")
    ] = None
    kwh: Annotated[
        float | None, "stop after this much energy; exit code 4 if it does not come to that", Shown("KWH")
    ] = None
    patience: Annotated[
        float, "wait so many times as long for everything as the standard says", Bounds(1), Shown("FACTOR")
    ] = 1.0
    bench: Annotated[bool, "the station has no power electronics: DC voltages need not fit", Flag("--bench")] = False
    vehicle_profile: Annotated[
        str | None,
        "speak as this car does: one of `pnc list --vehicles`, or a file of your own (.toml)",
        Reads(vehicle_profile),
        Shown("NAME"),
    ] = None
