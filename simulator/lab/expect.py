"""What a scenario expects to observe: each expectation is a check in the result, and most add a line of summary.

Once a session has failed, what was to follow from it is not checked any more: the first cause is what there is to say.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pncsim.simulator.result import Check, RunResult
from pncsim.wire.amounts import shown_energy

if TYPE_CHECKING:
    from pncsim.backend.csms.transactions import Transaction
    from pncsim.ev.contracts import Contract
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle

TOLERANCE = 0.05
"""How far vehicle, station meter and CSMS may differ in energy: one loop's worth of rounding."""


class Expectations:
    """The expectations of one run; ``lab.expect`` is one of these."""

    def __init__(
        self, result: RunResult, transactions: Callable[[], list[Transaction]], receipts_verified: Callable[[], int]
    ) -> None:
        self._result = result
        self._transactions, self._receipts_verified = transactions, receipts_verified
        self._failed = False

    def that(self, expected: str, ok: bool, seen: object) -> bool:
        """Record one expectation: what was expected, whether it held (also the return value), what was seen."""
        if not self._failed:
            self._result.checks.append(Check(expected, bool(ok), str(seen)))
        return bool(ok) and not self._failed

    def _fact(self, name: str, text: str) -> None:
        self._result.facts[name] = text

    def session(self, outcome: SessionOutcome) -> None:
        """The session ended in order, as the vehicle saw it. If not, nothing after it is expected any more."""
        if not self.that("the session ends in order", outcome.ok, outcome.error or outcome.reason):
            self._failed = True

    def installed(self, vehicle: Vehicle, outcome: SessionOutcome, emaid: str) -> None:
        """The contract ``emaid`` arrived, is stored whole and is the default."""
        new, held = outcome.installed, vehicle.contracts.default
        got = new.emaid if new is not None else "no contract"
        if self.that(f"contract {emaid} is installed", got == emaid, got):
            kept = held.emaid if held is not None else "none"
            self.that("the vehicle holds it with its key", kept == emaid, kept)
        if new is not None:
            until = f"{_day(new.not_before)} to {_day(new.not_after)}"
            self._fact("contract installed", f"{new.emaid}, issued by {new.issuer}, valid {until}")

    def updated(self, vehicle: Vehicle, outcome: SessionOutcome, before: Contract) -> None:
        """The contract was replaced by one of the same EMAID that lasts longer and has another key."""
        new, held = outcome.installed, vehicle.contracts.default
        why = "; ".join(problem.sentence for problem in outcome.problems) or "none came"
        if not self.that(
            f"a successor of {before.emaid} is installed",
            new is not None and new.by_update and new.emaid == before.emaid,
            new.emaid if new is not None else why,
        ):
            return
        assert new is not None
        self.that(
            "it replaced the old one, with another key and a later end",
            held is not None
            and held.not_after > before.not_after
            and held.credentials.key.public_key() != before.credentials.key.public_key(),
            _day(held.not_after) if held is not None else "no contract",
        )
        self._fact("contract updated", f"{new.emaid}, until {_day(new.not_after)} instead of {_day(before.not_after)}")

    def charged(
        self, outcome: SessionOutcome, *, kwh: float, token: str, before: SessionOutcome | None = None
    ) -> Transaction | None:
        """The energy wished for was charged, and the CSMS has closed one transaction for ``token`` with it."""
        energy = outcome.energy_wh + (before.energy_wh if before else 0.0)
        loops = outcome.loops + (before.loops if before else 0)
        self.that(f"{kwh:g} kWh are charged", abs(energy - kwh * 1000) <= kwh * 1000 * TOLERANCE, shown_energy(energy))
        if energy:
            self._fact("energy charged", f"{shown_energy(energy)} ({outcome.energy_mode}, {loops} loop messages)")
        transactions = self._transactions()
        self.that("the CSMS holds one transaction", len(transactions) == 1, len(transactions))
        if not transactions:
            return None
        transaction = transactions[-1]
        self._fact("transaction", _told(transaction))
        known = f"events {', '.join(map(str, sorted(transaction.events)))}" + (
            "" if transaction.ended is not None else ", no end"
        )
        self.that("it is complete and closed", transaction.complete, known)
        self.that(f"it is paid by {token}", transaction.token == token, transaction.token or "nobody")
        self.that(
            "its meter values agree with the vehicle",
            abs(transaction.energy_wh - energy) <= max(energy * TOLERANCE, 1.0),
            shown_energy(transaction.energy_wh),
        )
        return transaction

    def paid(self, outcome: SessionOutcome, emaid: str, *, kwh: float, before: SessionOutcome | None = None) -> None:
        """As :meth:`charged`, paid by contract, with every metering receipt signed and verified."""
        self.that("the vehicle pays by contract", outcome.payment == "Contract", outcome.payment or "not at all")
        self.charged(outcome, kwh=kwh, token=emaid, before=before)
        signed = outcome.receipts_signed + (before.receipts_signed if before else 0)
        verified = self._receipts_verified()
        self.that("metering receipts are signed and verified", 0 < signed == verified, f"{verified} of {signed}")
        if signed:
            share = "all" if verified == signed else str(verified)
            self._fact("receipts", f"{signed} signed by the vehicle, {share} verified by the station")

    def paused(self, outcome: SessionOutcome) -> None:
        """The session was paused on purpose. If not, nothing after it is expected any more."""
        if not self.that("the session is paused", outcome.paused is not None, outcome.error or outcome.reason):
            self._failed = True

    def resumed(self, first: SessionOutcome, second: SessionOutcome) -> None:
        """The second connection joined the session of the first."""
        joined = ", ".join(f"{name} {code}" for name, code in second.response_codes[:2])
        self.that("the paused session is joined", second.resumed, joined)
        self.that("under the same SessionID", second.session_id == first.session_id, second.session_id.hex().upper())
        if second.resumed:
            self._fact("session", f"{second.session_id.hex().upper()}, paused and joined again")

    def renegotiated(self, outcome: SessionOutcome) -> None:
        """The charge parameters were negotiated once more."""
        self.that("the parameters are renegotiated", outcome.renegotiations >= 1, outcome.renegotiations)
        if outcome.renegotiations:
            self._fact("renegotiations", str(outcome.renegotiations))


def _told(transaction: Transaction) -> str:
    payer = f"{transaction.token_type} {transaction.token}" if transaction.token else "nobody authorised"
    energy = f"{shown_energy(transaction.energy_wh)}, {payer}"
    if transaction.ended is None:
        return f"{transaction.id} still open in the CSMS: {energy}"
    return f"{transaction.id} closed in the CSMS: {energy}, stopped: {transaction.stopped_reason}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
