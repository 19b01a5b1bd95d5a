"""Management systems of ours that are wrong in one point. Each row says which cases have to see it."""

from __future__ import annotations

from typing import Any

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms import authorization, handlers, link
from pncsim.backend.csms.register import Register
from pncsim.simulator.conformance.put import wrong


async def _welcome(*args: object, **more: object) -> str:
    return "welcome"


async def _accepted(*args: object, **more: object) -> TokenStatus:
    return TokenStatus("Accepted", "")


async def _good(*args: object, **more: object) -> tuple[str, str]:
    return "Accepted", ""


class _Everything:
    def __contains__(self, action: object) -> bool:
        return True


def _without_token(status: Any) -> dict[str, str]:
    return {"status": "Unknown"}


WRONG = wrong(
    (
        "any-password",
        "whoever knows a station's identity comes in",
        Register,
        "check",
        _welcome,
        ("TC_A_03_CSMS", "TC_A_02_CSMS"),
    ),
    ("any-card", "every card may charge", authorization, "check_token", _accepted, ("TC_C_02_CSMS", "TC_C_07_CSMS")),
    ("any-card-later", "every card goes on charging", handlers, "check_token", _accepted, ("TC_E_16_CSMS",)),
    ("any-status", "revoked contracts may charge", authorization, "_revocation", _good, ("TC_C_51_CSMS",)),
    ("nobody-known", "a transaction's card is never known", handlers, "token_info", _without_token, ("TC_E_03_CSMS",)),
    ("open-house", "who is not registered may call", link, "_ALLOWED_PENDING", _Everything(), ("TC_B_30_CSMS",)),
)
