"""What a scenario expects to observe: each expectation is a check in the result, and most add a line of summary.

Once a session has failed, what was to follow from it is not checked any more: the first cause is what there is to say.
Other sessions of the lab are checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pncsim.simulator.lab.sessions import LabSessions
from pncsim.simulator.parameters import did_you_mean
from pncsim.simulator.result import Check, RunResult
from pncsim.wire.amounts import shown_energy
from pncsim.wire.errors import KINDS, LocalError
from pncsim.wire.tls.alerts import ALERTS
from pncsim.wire.v2g.iso2.enumerations import ResponseCodeType

if TYPE_CHECKING:
    from pncsim.backend.csms.transactions import Transaction
    from pncsim.ev.contracts import Contract
    from pncsim.ev.outcome import SessionOutcome
    from pncsim.ev.vehicle import Vehicle

TOLERANCE = 0.05
"""How far vehicle, station meter and CSMS may differ in energy: one loop's worth of rounding."""


class Expectations:
    """The expectations of one run; ``lab.expect`` is one of these.

    Each is about one session: its vehicle's outcome, its transactions, its receipts. Checks and facts of a session
    after the first say which one they are about.
    """

    def __init__(self, result: RunResult, sessions: LabSessions, transactions: Callable[[], list[Transaction]]) -> None:
        self._result, self._sessions, self._transactions = result, sessions, transactions
        self._failed: set[int] = set()

    def that(self, expected: str, ok: bool, seen: object = "", *, of: SessionOutcome | None = None) -> bool:
        """Record one expectation: what was expected, whether it held (also the return value), what was seen.

        ``of``: the session it is about, if it is about one; where that has failed already nothing is recorded.
        """
        session = None if of is None else self._sessions.of(of)
        if session is not None and session.number in self._failed:
            return False
        label = f"{session.label}: " if session is not None and session.label else ""
        self._result.checks.append(Check(f"{label}{expected}", bool(ok), str(seen)))
        return bool(ok)

    def _fact(self, of: SessionOutcome, name: str, text: str) -> None:
        label = self._sessions.of(of).label
        self._result.facts[f"{label}: {name}" if label else name] = text

    def _decides(self, of: SessionOutcome, expected: str, ok: bool, seen: object) -> bool:
        """As :meth:`that`; if it does not hold, nothing more is expected of the session."""
        held = self.that(expected, ok, seen, of=of)
        if not held:
            self._failed.add(self._sessions.of(of).number)
        return held

    def session(self, outcome: SessionOutcome) -> None:
        """The session ended in order, as the vehicle saw it. If not, nothing more of it is expected."""
        self._decides(outcome, "the session ends in order", outcome.ok, outcome.error or outcome.reason)

    def refused(self, outcome: SessionOutcome, code: str) -> None:
        """The session did not end in order, and what ended it is ``code``.

        That is a ResponseCode the station has answered (``FAILED_CertificateRevoked``), a TLS alert by its name
        (``certificate_expired``) or the kind of the vehicle's error (``"status stale"``, see :mod:`wire.errors`).
        Raises LocalError for what is none of these.
        """
        known = [*(code for code in ResponseCodeType if code.startswith("FAILED")), *ALERTS.values(), *sorted(KINDS)]
        if code not in known:
            raise LocalError(f"Nobody refuses with {code!r}.", advice=did_you_mean(code, known))
        error, failed = outcome.error, [told for _, told in outcome.response_codes if told.startswith("FAILED")]
        ended = [failed[-1]] if failed else []
        if error is not None:
            ended = [error.response_code] if error.response_code else ended
            ended += [error.kind, *([ALERTS[error.alert]] if error.alert in ALERTS else [])]
        seen = f"{error or outcome.reason} ({', '.join(ended)})"
        self.that(f"the session is refused with {code}", not outcome.ok and code in ended, seen, of=outcome)

    def installed(self, vehicle: Vehicle, outcome: SessionOutcome, emaid: str) -> None:
        """The contract ``emaid`` arrived, is stored whole and is the default."""
        new, held = outcome.installed, vehicle.contracts.default
        got = new.emaid if new is not None else "no contract"
        if self.that(f"contract {emaid} is installed", got == emaid, got, of=outcome):
            kept = held.emaid if held is not None else "none"
            self.that("the vehicle holds it with its key", kept == emaid, kept, of=outcome)
        if new is not None:
            until = f"{_day(new.not_before)} to {_day(new.not_after)}"
            self._fact(outcome, "contract installed", f"{new.emaid}, issued by {new.issuer}, valid {until}")

    def updated(self, vehicle: Vehicle, outcome: SessionOutcome, before: Contract) -> None:
        """The contract was replaced by one of the same EMAID that lasts longer and has another key."""
        new, held = outcome.installed, vehicle.contracts.default
        why = "; ".join(problem.sentence for problem in outcome.problems) or "none came"
        if not self.that(
            f"a successor of {before.emaid} is installed",
            new is not None and new.by_update and new.emaid == before.emaid,
            new.emaid if new is not None else why,
            of=outcome,
        ):
            return
        assert new is not None
        self.that(
            "it replaced the old one, with another key and a later end",
            held is not None
            and held.not_after > before.not_after
            and held.credentials.key.public_key() != before.credentials.key.public_key(),
            _day(held.not_after) if held is not None else "no contract",
            of=outcome,
        )
        until = f"until {_day(new.not_after)} instead of {_day(before.not_after)}"
        self._fact(outcome, "contract updated", f"{new.emaid}, {until}")

    def charged(
        self, outcome: SessionOutcome, *, kwh: float, token: str, before: SessionOutcome | None = None
    ) -> Transaction | None:
        """The energy wished for was charged, and the CSMS has closed one transaction for ``token`` with it.

        ``before``: the connection in which the session began, if it was paused and joined again.
        """
        energy = outcome.energy_wh + (before.energy_wh if before else 0.0)
        loops = outcome.loops + (before.loops if before else 0)
        enough = abs(energy - kwh * 1000) <= kwh * 1000 * TOLERANCE
        self.that(f"{kwh:g} kWh are charged", enough, shown_energy(energy), of=outcome)
        if energy:
            told = f"{shown_energy(energy)} ({outcome.energy_mode}, {loops} loop messages)"
            self._fact(outcome, "energy charged", told)
        transactions = self._transactions_of(outcome, before)
        self.that("the CSMS holds one transaction", len(transactions) == 1, len(transactions), of=outcome)
        if not transactions:
            return None
        transaction = transactions[-1]
        self._fact(outcome, "transaction", _told(transaction))
        known = f"events {', '.join(map(str, sorted(transaction.events)))}" + (
            "" if transaction.ended is not None else ", no end"
        )
        self.that("it is complete and closed", transaction.complete, known, of=outcome)
        self.that(f"it is paid by {token}", transaction.token == token, transaction.token or "nobody", of=outcome)
        self.that(
            "its meter values agree with the vehicle",
            abs(transaction.energy_wh - energy) <= max(energy * TOLERANCE, 1.0),
            shown_energy(transaction.energy_wh),
            of=outcome,
        )
        return transaction

    def _transactions_of(self, *outcomes: SessionOutcome | None) -> list[Transaction]:
        """The transactions of these connections, as the CSMS kept them when the last vehicle was done."""
        ids = {id for outcome in outcomes if outcome is not None for id in self._sessions.of(outcome).transactions}
        return [transaction for transaction in self._transactions() if transaction.id in ids]

    def paid(self, outcome: SessionOutcome, emaid: str, *, kwh: float, before: SessionOutcome | None = None) -> None:
        """As :meth:`charged`, paid by contract, with every metering receipt signed and verified."""
        by_contract = outcome.payment == "Contract"
        self.that("the vehicle pays by contract", by_contract, outcome.payment or "not at all", of=outcome)
        self.charged(outcome, kwh=kwh, token=emaid, before=before)
        connections = [one for one in (outcome, before) if one is not None]
        signed = sum(one.receipts_signed for one in connections)
        verified = sum(self._sessions.of(one).receipts for one in connections)
        all_verified = 0 < signed == verified
        self.that("metering receipts are signed and verified", all_verified, f"{verified} of {signed}", of=outcome)
        if signed:
            share = "all" if verified == signed else str(verified)
            self._fact(outcome, "receipts", f"{signed} signed by the vehicle, {share} verified by the station")

    def paused(self, outcome: SessionOutcome) -> None:
        """The session was paused on purpose. If not, nothing more of it is expected."""
        self._decides(outcome, "the session is paused", outcome.paused is not None, outcome.error or outcome.reason)

    def resumed(self, first: SessionOutcome, second: SessionOutcome) -> None:
        """The second connection joined the session of the first. If not, nothing more of it is expected."""
        joined = ", ".join(f"{name} {code}" for name, code in second.response_codes[:2])
        if not self._decides(second, "the paused session is joined", second.resumed, joined):
            return
        same, shown = second.session_id == first.session_id, second.session_id.hex().upper()
        self.that("under the same SessionID", same, shown, of=second)
        self._fact(second, "session", f"{shown}, paused and joined again")

    def renegotiated(self, outcome: SessionOutcome) -> None:
        """The charge parameters were negotiated once more."""
        self.that("the parameters are renegotiated", outcome.renegotiations >= 1, outcome.renegotiations, of=outcome)
        if outcome.renegotiations:
            self._fact(outcome, "renegotiations", str(outcome.renegotiations))


def _told(transaction: Transaction) -> str:
    payer = f"{transaction.token_type} {transaction.token}" if transaction.token else "nobody authorised"
    energy = f"{shown_energy(transaction.energy_wh)}, {payer}"
    if transaction.ended is None:
        return f"{transaction.id} still open in the CSMS: {energy}"
    return f"{transaction.id} closed in the CSMS: {energy}, stopped: {transaction.stopped_reason}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
