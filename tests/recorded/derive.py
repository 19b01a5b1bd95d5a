"""Derive vehicle scripts from network recordings of real sessions.

    python tests/recorded/derive.py NAME=RECORDING.pcap ...

Each connection of a recording that speaks ISO 15118-2 in plain TCP becomes ``tests/vectors/recorded/NAME.json``
(``NAME-2.json`` …, see :mod:`script`); others are listed with the reason. The scripts kept here come from captures that
the EVerest project has published (EVerest/logfiles on GitHub, Apache License 2.0); the recordings are not part of this
repository. What identifies a car, a station or a network is not in a script: the EVCCID is replaced by one of the same
length, so is a SessionID from before, and of what the station said the ResponseCode, what mattered to the vehicle and
the schedule are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from recording import Recorded, RecordedStream, streams
from script import HANDSHAKE, SCRIPTS, VehicleScript, folded, write_script

from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.exi import views
from pncsim.wire.exi.beyond import as_given
from pncsim.wire.gate import told_before
from pncsim.wire.v2g.registry import ISO2_NAMESPACE, codec

PERSONAL = ("PaymentDetailsReq", "CertificateInstallationReq", "CertificateUpdateReq", "MeteringReceiptReq")
"""Requests that are about a contract: nothing of them is kept."""
EVCCID = "020000000001"
"""In the place of any other: an address nobody is given (locally administered)."""
OLDER_SESSION = "5e" * 8

_HANDSHAKE_BEGINS = (b"\x80\x00", b"\x80\x40")  # EXI header and event code of SupportedAppProtocolReq and -Res


class _Exchange(Struct):
    """A request ``pause`` seconds after the last response, with its SessionID; ``response`` is empty if none came."""

    pause: float
    name: str
    values: dict[str, Any]
    session: str
    response: dict[str, Any]


def derive(stream: RecordedStream) -> VehicleScript:
    """The vehicle's side of a connection. Raises PncError where no script can be made of it."""
    script = VehicleScript([], asks_tls=stream.asked_tls, ended_by=stream.ended)
    told: list[tuple[float, str, dict[str, Any], str]] = []
    for exchange in _exchanges(stream):
        name, values, response = exchange.name, exchange.values, exchange.response
        if name in PERSONAL:
            raise LocalError(f"The session is about a contract ({name}): such recordings are not derived.")
        if name == HANDSHAKE:
            _check_protocol(values, response)
        if name == "SessionSetupReq":
            values = {**values, "EVCCID": _as_long_as(values["EVCCID"], EVCCID)}
            script.first_session = exchange.session
            if exchange.session.strip("0"):
                script.first_session = _as_long_as(exchange.session, OLDER_SESSION)
        if (offered := response.get("SAScheduleList")) is not None:
            script.schedule = _schedule(offered)
        told.append((exchange.pause, name, values, _answer(response)))
    script.steps = folded(told)
    return script


def _exchanges(stream: RecordedStream) -> Iterator[_Exchange]:
    """Raises PncError for what is no conversation in turns, in one session."""
    quiet_since, given = stream.opened, ""
    asked: _Exchange | None = None
    for message in stream.seen:
        name, values, session = _read(message)
        if not message.by_vehicle:
            given, quiet_since = session, message.time
            if asked is not None:
                asked.response = values
                yield asked
                asked = None
            continue
        if asked is not None:
            raise LocalError(f"The vehicle sends {name} before {asked.name} was answered.")
        if session != given and name != "SessionSetupReq":
            raise LocalError(f"The vehicle sends {name} with another SessionID than it was given.")
        asked = _Exchange(message.time - quiet_since, name, values, session, {})
    if asked is not None:
        yield asked


def _read(message: Recorded) -> tuple[str, dict[str, Any], str]:
    """Name, values and SessionID. Raises PncError for what is signed, or written so that values alone cannot say it
    again, such as octets after a message; values beyond their facets can."""
    coder = codec("app" if message.payload.startswith(_HANDSHAKE_BEGINS) else "iso2")
    shown = views.to_json(coder, coder.decode(message.payload, gate=told_before))
    if message.by_vehicle and coder.encode(as_given(views.from_json(coder, shown))) != message.payload:
        raise LocalError(f"The vehicle sends {message.payload.hex()}, which its values alone do not say.")
    if (root := shown.get("V2G_Message")) is None:
        ((name, values),) = shown.items()
        return name, values, ""
    ((name, values),) = root["Body"].items()
    if "Signature" in root["Header"] and message.by_vehicle:
        raise LocalError(f"The vehicle signs its {name}: such recordings are not derived.")
    return name, values, root["Header"]["SessionID"]


def _check_protocol(offered: dict[str, Any], answer: dict[str, Any]) -> None:
    agreed = [one["ProtocolNamespace"] for one in offered["AppProtocol"] if one["SchemaID"] == answer.get("SchemaID")]
    if agreed != [ISO2_NAMESPACE]:
        raise LocalError(f"The session is in {agreed[0] if agreed else 'no protocol'}.")


def _answer(response: dict[str, Any]) -> str:
    status: dict[str, str] = next((value for name, value in response.items() if name.endswith("EVSEStatus")), {})
    words = [response.get("ResponseCode", ""), response.get("EVSEProcessing", ""), status.get("EVSENotification", "")]
    return " ".join(word for word in words if word not in ("", "Finished", "None"))


def _schedule(offered: dict[str, Any]) -> list[tuple[int, float]]:
    return [
        (entry["RelativeTimeInterval"]["start"], entry["PMax"]["Value"] * 10.0 ** entry["PMax"]["Multiplier"])
        for entry in offered["SAScheduleTuple"][0]["PMaxSchedule"]["PMaxScheduleEntry"]
    ]


def _as_long_as(given: str, ours: str) -> str:
    return ours[: len(given)].ljust(len(given), "0")


def main(given: list[str]) -> int:
    """Write the scripts; 0 if each recording gave one, 1 if not, 2 if ``given`` cannot be read."""
    if not given or any("=" not in one for one in given):
        print(__doc__, file=sys.stderr)
        return 2
    SCRIPTS.mkdir(exist_ok=True)
    made = [_derive_all(*one.split("=", 1)) for one in given]
    return int(0 in made)


def _derive_all(name: str, path: str) -> int:
    """How many scripts came of a recording."""
    made = 0
    for stream in streams(Path(path)):
        try:
            script = derive(stream)
        except PncError as error:
            print(f"{name}: left out: {error.sentence}")
            continue
        made += 1
        target = SCRIPTS / f"{name}{f'-{made}' if made > 1 else ''}.json"
        write_script(target, script)
        print(f"{target.name}: {sum(step.times for step in script.steps)} requests, to {script.reached}")
    if not made:
        print(f"{name}: no script came of it")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
