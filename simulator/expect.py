"""What a scenario expects to observe: each expectation is a check in the result, and most add a line of summary."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulator.result import Check, RunResult

if TYPE_CHECKING:
    from backend.csms.transactions import Transaction
    from ev.contracts import Contract
    from ev.outcome import SessionOutcome
    from ev.vehicle import Vehicle
    from simulator.lab import Lab

TOLERANCE = 0.05
"""How far vehicle, station meter and CSMS may differ in energy: one loop's worth of rounding."""


class Expectations:
    """The expectations of one run; ``lab.expect`` is one of these."""

    def __init__(self, lab: Lab, result: RunResult) -> None:
        self._lab = lab
        self._result = result

    def that(self, expected: str, ok: bool, seen: object) -> None:
        """Record one expectation: what was expected, whether it held, what was seen."""
        self._result.checks.append(Check(expected, bool(ok), str(seen)))

    def session(self, outcome: SessionOutcome) -> None:
        """The session ended in order, as the vehicle saw it."""
        self.that("the session ends in order", outcome.ok, outcome.error or outcome.reason)

    def installed(self, vehicle: Vehicle, outcome: SessionOutcome, emaid: str) -> None:
        """The contract ``emaid`` arrived, is stored whole and is the default."""
        new = outcome.installed
        held = vehicle.contracts.default
        self.that(f"contract {emaid} is installed", new is not None and new.emaid == emaid, new and new.emaid)
        self.that("the vehicle holds it with its key", held is not None and held.emaid == emaid, held)
        if new is not None:
            until = f"{_day(new.not_before)} to {_day(new.not_after)}"
            self._result.facts["contract installed"] = f"{new.emaid}, issued by {new.issuer}, valid {until}"

    def updated(self, vehicle: Vehicle, outcome: SessionOutcome, before: Contract) -> None:
        """The contract was replaced by one of the same EMAID that lasts longer and has another key."""
        new, held = outcome.installed, vehicle.contracts.default
        self.that("a successor is installed", new is not None and new.by_update and new.emaid == before.emaid, new)
        self.that(
            "it replaced the old one, with another key and a later end",
            held is not None
            and held.not_after > before.not_after
            and held.credentials.key.public_key() != before.credentials.key.public_key(),
            held and _day(held.not_after),
        )
        if new is not None:
            self._result.facts["contract updated"] = (
                f"{new.emaid}, until {_day(new.not_after)} instead of {_day(before.not_after)}"
            )

    def charged(
        self, outcome: SessionOutcome, *, kwh: float, token: str, before: SessionOutcome | None = None
    ) -> Transaction | None:
        """The energy wished for was charged, and the CSMS has closed one transaction for ``token`` with it."""
        energy = outcome.energy_wh + (before.energy_wh if before else 0.0)
        self.that(f"{kwh:g} kWh are charged", abs(energy - kwh * 1000) <= kwh * 1000 * TOLERANCE, f"{energy:.0f} Wh")
        self._result.facts["energy charged"] = (
            f"{energy / 1000:.3f} kWh ({outcome.energy_mode}, {outcome.loops} loop messages)"
        )
        transactions = self._lab.transactions()
        self.that("the CSMS holds one transaction", len(transactions) == 1, len(transactions))
        if not transactions:
            return None
        transaction = transactions[-1]
        self.that("it is complete and closed", transaction.complete, f"{sorted(transaction.events)}")
        self.that(f"it is paid by {token}", transaction.token == token, transaction.token or "nobody")
        self.that(
            "its meter values agree with the vehicle",
            abs(transaction.energy_wh - energy) <= max(energy * TOLERANCE, 1.0),
            f"{transaction.energy_wh:.0f} Wh",
        )
        self._result.facts["transaction"] = (
            f"{transaction.id} closed in the CSMS: {transaction.energy_wh / 1000:.3f} kWh, "
            f"{transaction.token_type} {transaction.token}, stopped: {transaction.stopped_reason}"
        )
        return transaction

    def paid(self, outcome: SessionOutcome, emaid: str, *, kwh: float, before: SessionOutcome | None = None) -> None:
        """As :meth:`charged`, paid by contract, with every metering receipt signed and verified."""
        self.that("the vehicle pays by contract", outcome.payment == "Contract", outcome.payment)
        self.charged(outcome, kwh=kwh, token=emaid, before=before)
        signed = outcome.receipts_signed + (before.receipts_signed if before else 0)
        verified = self._lab.receipts_verified
        self.that("metering receipts are signed and verified", 0 < signed == verified, f"{verified} of {signed}")
        self._result.facts["receipts"] = f"{verified} signed by the vehicle, all verified by the station"

    def paused(self, outcome: SessionOutcome) -> None:
        """The session was paused on purpose."""
        self.that("the session is paused", outcome.paused is not None, outcome.error or outcome.reason)

    def resumed(self, first: SessionOutcome, second: SessionOutcome) -> None:
        """The second connection joined the session of the first."""
        self.that("the paused session is joined", second.resumed, second.response_codes[:2])
        self.that("under the same SessionID", second.session_id == first.session_id, second.session_id.hex())
        self._result.facts["session"] = f"{second.session_id.hex().upper()}, paused and joined again"

    def renegotiated(self, outcome: SessionOutcome) -> None:
        """The charge parameters were negotiated once more."""
        self.that("the parameters are renegotiated", outcome.renegotiations >= 1, outcome.renegotiations)
        self._result.facts["renegotiations"] = str(outcome.renegotiations)


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
