"""How a charging session ended, as the vehicle saw it."""

from __future__ import annotations

from msgspec import Struct, field

from pncsim.ev.session_memory import PausedSession
from pncsim.wire.errors import PncError
from pncsim.wire.gate import Liberty


class InstalledContract(Struct, frozen=True, kw_only=True):
    """A contract that arrived in this session. Times in lab seconds since the epoch."""

    emaid: str
    issuer: str
    not_before: float
    not_after: float
    by_update: bool


class SessionOutcome(Struct, kw_only=True):
    """The verdict and what a report needs.

    ``ok``: the session ended in order and energy flowed as wished, or was paused on purpose. ``problems``: what went
    wrong without ending the session (a refused installation while another contract was at hand). ``energy_wh`` is what
    the vehicle took in this connection; ``meter_wh`` is the station's meter, last reading minus first.
    ``contract_refused``: the code that said the contract counts no more.
    ``overdue``: what only a patient vehicle waits for -> how long it took at most and the standard's limit, in seconds.
    """

    ok: bool = False
    reason: str = ""
    error: PncError | None = None
    problems: list[PncError] = field(default_factory=list)
    tls: bool = False
    session_id: bytes = b""
    evse_id: str = ""
    resumed: bool = False
    paused: PausedSession | None = None
    payment: str = ""
    emaid: str = ""
    energy_mode: str = ""
    energy_wh: float = 0.0
    meter_wh: float | None = None
    charging_seconds: float = 0.0
    loops: int = 0
    renegotiations: int = 0
    receipts_signed: int = 0
    installed: InstalledContract | None = None
    contract_expires_soon: bool = False
    contract_refused: str = ""
    retry_update_after: int | None = None
    certificate_service: bool = False
    response_codes: list[tuple[str, str]] = field(default_factory=list)
    overdue: dict[str, tuple[float, float]] = field(default_factory=dict)
    tolerated: list[Liberty] = field(default_factory=list)
