"""``pnc secc``: a charging station for one vehicle."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pncsim.simulator.commands.options import (
    EPILOG,
    Arguments,
    Group,
    add_link,
    amount,
    check_link,
    csms_address,
)


def fill(parser: Group, words: Sequence[str] = ()) -> None:
    """What a lone station can be told."""
    add_link(parser)
    parser.add_argument("--evse-id", default="DE*PNC*E100001", metavar="ID", help="EVSE id told to the vehicle")
    parser.add_argument(
        "--csms", type=csms_address, metavar="URL", help="a CSMS (ws:// or wss://); default: one of its own"
    )
    parser.add_argument("--identity", default="CS001", metavar="ID", help="the station's identity at the CSMS (CS001)")
    parser.add_argument(
        "--ocsp",
        choices=("require", "prefer", "off"),
        default="prefer",
        help="require: do not start without an OCSP response to staple; prefer: say so; off: staple none",
    )
    parser.add_argument("--wait", type=amount, metavar="SECONDS", help="give up when no vehicle has come by then")
    parser.epilog = f"The password for --csms is read from PNC_CSMS_PASSWORD. {EPILOG}"
    parser.set_defaults(execute=_secc)


def _secc(arguments: Arguments) -> int:
    from pncsim.simulator.plan import Link
    from pncsim.simulator.runs.told import run_alone
    from pncsim.simulator.standalone import StationOptions, run_station

    check_link(arguments)
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
