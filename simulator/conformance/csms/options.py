"""What the suite for management systems can be told besides what every suite can."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Struct

from pncsim.simulator.parameters import AtTarget, Flag, Shown


class CsmsUnderTest(Struct, frozen=True, kw_only=True):
    """What somebody's CSMS knows the tester by; the defaults are what ours knows."""

    password: Annotated[Path | None, "file with the password of the tester's station", Shown("FILE"), AtTarget()] = None
    trust: Annotated[Path | None, "root of the CSMS's certificate (PEM), for wss://", Shown("FILE"), AtTarget()] = None
    station_credentials: Annotated[
        Path | None,
        "what the tester's station shows for security profile 3: chain and key (PEM)",
        Shown("FILE"),
        AtTarget(),
    ] = None
    card: Annotated[str, "ISO 14443 card the CSMS accepts", Shown("UID")] = "04A1B2C3"
    expired_card: Annotated[str, "card the CSMS knows as expired", Shown("UID")] = "04A1B2C4"
    restricted_card: Annotated[str, "card that may not charge here, now, or at all", Shown("UID")] = "04A1B2C5"
    group_card: Annotated[str, "card of a group", Shown("UID")] = "04A1B2C6"
    other_group_card: Annotated[str, "another card of the same group", Shown("UID")] = "04A1B2C7"
    master_card: Annotated[str, "card of the group that may end every transaction", Shown("UID")] = "04A1B2C8"
    unknown_card: Annotated[str, "card the CSMS does not know, or not as valid", Shown("UID")] = "04FFFFFF"
    contract: Annotated[
        Path | None,
        "contract the CSMS accepts: its certificate, Sub-CAs and root (PEM, in this order)",
        Shown("FILE"),
        AtTarget(),
    ] = None
    revoked_contract: Annotated[
        Path | None, "contract whose certificate is revoked, written in the same way", Shown("FILE"), AtTarget()
    ] = None
    installation_request: Annotated[
        Path | None, "CertificateInstallationReq of a vehicle whose contract waits (EXI)", Shown("FILE"), AtTarget()
    ] = None
    update_request: Annotated[
        Path | None, "CertificateUpdateReq of a contract that can be renewed (EXI)", Shown("FILE"), AtTarget()
    ] = None
    csms_command: Annotated[
        str | None,
        "lets the CSMS call: run with the station's id, an action and its payload behind it",
        Shown("COMMAND"),
        AtTarget(),
    ] = None
    manual: Annotated[
        bool, "ask a person to let the CSMS call, where a case needs it", Flag("--manual"), AtTarget()
    ] = False
