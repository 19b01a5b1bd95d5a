"""Who may charge, asked by a CSMS of operators at a URL: each time, or by a list where they do not answer (CSO-2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import get_args
from urllib.parse import quote

from msgspec import Struct

from pncsim.backend.answers import AuthorizationStatus, TokenStatus
from pncsim.backend.ports import Calls
from pncsim.backend.refusal import Refused
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.identifiers import normal_emaid
from pncsim.wire.voice import Voice

FRESH = 86_400.0
"""Seconds a list is believed."""
_STATUSES: Mapping[str, AuthorizationStatus] = {status: status for status in get_args(AuthorizationStatus)}
_MOST_PAGES = 10_000


class Whitelist(Struct, frozen=True):
    """The contracts that may charge as of ``as_of``, each with the last second it may (lab seconds since the epoch)."""

    as_of: float
    contracts: dict[str, float]

    def status(self, emaid: str, now: float) -> TokenStatus:
        """What the list says of a contract: of one that is not in it, that it is unknown."""
        ends = self.contracts.get(normal_emaid(emaid))
        if ends is None:
            return TokenStatus("Unknown", f"The contract {normal_emaid(emaid)} is not in the operators' list.")
        if ends < now:
            return TokenStatus("Expired", f"The contract {normal_emaid(emaid)} has ended.")
        return TokenStatus("Accepted", f"The contract {normal_emaid(emaid)} is in the operators' list.")


class RemoteOperators:
    """Operators behind ``calls``: the mobility operator of a CSMS (:class:`backend.csms.ports.MobilityOperator`).

    Where they do not answer, the list decides that was taken by :meth:`refresh` and is not older than a day.
    """

    def __init__(self, clock: Clock, voice: Voice, calls: Calls) -> None:
        self._clock, self._voice, self._calls = clock, voice, calls
        self._list: Whitelist | None = None

    async def authorize(self, emaid: str) -> TokenStatus:
        """Whether the contract may charge. Raises PeerError where nobody answers and no list is fresh."""
        try:
            status = await self._asked(emaid)
            reason = status.text or f"The operator says {status.status}."
        except PeerError as error:
            if isinstance(error, Refused) and (error.http_status or 400) < 500:
                raise
            status = self._listed(emaid, error)
            reason = f"{error.sentence} {status.text}"
        self._voice.judged(f"contract {emaid[:20]}", status.status == "Accepted", reason, "CSO-2")
        return status

    async def refresh(self) -> Whitelist:
        """Take the list anew. Raises PncError; the list before is kept then."""
        contracts: dict[str, float] = {}
        as_of, after = self._clock.now(), ""
        for _ in range(_MOST_PAGES):
            answer = await self._calls.call("mo", "GET", f"/v1/mo/whitelist?after={quote(after, safe='')}")
            try:
                for one in answer["contracts"]:
                    contracts[normal_emaid(one["emaid"])] = datetime.fromisoformat(one["validUntil"]).timestamp()
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise PeerError(f"The operators' list cannot be read: {error!r}.", kind="malformed") from None
            after = str(answer.get("next") or "")
            if not after:
                break
        self._list = Whitelist(as_of, contracts)
        return self._list

    async def _asked(self, emaid: str) -> TokenStatus:
        answer = await self._calls.call("mo", "POST", "/v1/mo/authorize", {"emaid": emaid})
        said = str(answer.get("status"))
        status = _STATUSES.get(said)
        if status is None:
            raise PeerError(f"The operator says {said[:40]!a} of {emaid}, which is no status.", kind="malformed")
        return TokenStatus(status, "" if status == "Accepted" else f"The operator says {status} of {emaid}.")

    def _listed(self, emaid: str, error: PeerError) -> TokenStatus:
        held, now = self._list, self._clock.now()
        if held is None or held.as_of + FRESH < now:
            raise error
        return held.status(emaid, now)
