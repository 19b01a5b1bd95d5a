"""How a service says no: a sentence, the rule that decided, the HTTP status and, where published, the exact text."""

from __future__ import annotations

from pncsim.wire.errors import Kind, PeerError


class Refused(PeerError):
    """A service refuses what its caller asked for.

    ``clause`` is the number of the rule (``PCP-PUB-3``, ``CPS-6`` …). ``message`` is the text Open Plug&Charge
    publishes for this case, which clients may compare; empty where none is published. ``retry_after``: seconds after
    which the same may be asked again. ``challenge``: how a caller says who he is (RFC 9110 11.6.1).
    """

    def __init__(
        self,
        sentence: str,
        *,
        clause: str,
        http_status: int = 400,
        message: str = "",
        advice: str = "",
        kind: Kind | None = None,
        retry_after: float | None = None,
        challenge: str = "",
    ) -> None:
        super().__init__(sentence, clause=clause, advice=advice, http_status=http_status, kind=kind)
        self.message = message
        self.retry_after = retry_after
        self.challenge = challenge

    @property
    def messages(self) -> list[str]:
        """What an HTTP error body lists: the published text first, our sentence after it."""
        return [self.message, self.sentence] if self.message else [self.sentence]
