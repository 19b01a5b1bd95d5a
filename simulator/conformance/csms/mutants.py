"""Management systems of ours that are wrong in one point. Each row says which cases have to see it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms import authorization, handlers, link
from pncsim.backend.csms.register import Register
from pncsim.simulator.conformance.case import Mutant
from pncsim.simulator.conformance.put import put


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


_ROWS: tuple[tuple[str, str, object, str, object, tuple[str, ...]], ...] = (
    ("any-password", "whoever knows a station's identity comes in", Register, "check", _welcome, ("A_03", "A_02")),
    ("any-card", "every card may charge", authorization, "check_token", _accepted, ("C_02", "C_07")),
    ("any-card-later", "every card goes on charging", handlers, "check_token", _accepted, ("E_16",)),
    ("any-status", "revoked contracts may charge", authorization, "_revocation", _good, ("C_51",)),
    ("nobody-known", "a transaction's card is never known", handlers, "token_info", _without_token, ("E_03",)),
    ("open-house", "who is not registered may call", link, "_ALLOWED_PENDING", _Everything(), ("B_30",)),
)


def _row(name: str, title: str, owner: object, at: str, instead: object, kills: tuple[str, ...]) -> Mutant:
    def made() -> AbstractContextManager[None]:
        return put(owner, at, instead)

    return Mutant(name=name, title=title, kills=tuple(f"TC_{one}_CSMS" for one in kills), made=made)


WRONG: Mapping[str, Mutant] = {row[0]: _row(*row) for row in _ROWS}
