"""What a scenario expects to observe: each expectation is a check in the result, and most add a line of summary.

Once a session has failed, what was to follow from it is not checked any more: the first cause is what there is to say.
Other sessions of the lab are checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.simulator.lab.sessions import LabSessions
from pncsim.simulator.parameters import did_you_mean
from pncsim.simulator.result import Check, RunResult, check_name
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

LOOKED_AT: Mapping[str, tuple[str, str]] = {
    "ends-in-order": ("CharIN 2.2.1", "EV"),
    "refused": ("CharIN 2.2.1", "EV"),
    "installed": ("V2G2-823", "EV"),
    "held": ("CharIN 2.1.3.2", "EV"),
    "successor": ("V2G2-821", "EV"),
    "replaced": ("V2G2-690", "EV"),
    "energy": ("OCPP E02", "EV"),
    "one-transaction": ("OCPP E01", "CSMS"),
    "closed": ("OCPP E06", "CSMS"),
    "payer": ("OCPP C07", "CSMS"),
    "meter": ("OCPP E02", "CSMS"),
    "by-contract": ("CharIN 2.2.1.2", "EV"),
    "receipts": ("V2G2-691", "SECC"),
    "paused": ("V2G2-739", "EV"),
    "joined": ("V2G2-740", "SECC"),
    "same-session": ("V2G2-741", "SECC"),
    "renegotiated": ("V2G2-680", "EV"),
}
"""What the methods below look at, by the ids of their checks: what demands it, and who has seen it."""


class Expectations:
    """The expectations of one run; ``lab.expect`` is one of these.

    Each is about one session: its vehicle's outcome, its transactions, its receipts. Checks and facts of a session
    after the first say which one they are about.
    """

    def __init__(self, result: RunResult, sessions: LabSessions, transactions: Callable[[], list[Transaction]]) -> None:
        self._result, self._sessions, self._transactions = result, sessions, transactions
        self._failed: set[int] = set()

    def that(
        self,
        expected: str,
        ok: bool,
        seen: object = "",
        *,
        of: SessionOutcome | None = None,
        id: str = "",
        clause: str = "",
        actor: str = "",
    ) -> bool:
        """Record one expectation: what was expected, whether it held (also the return value), what was seen.

        ``of``: the session it is about, if it is about one; where that has failed already nothing is recorded. ``id``
        names the check within the scenario, otherwise its words do; ``clause`` demands it, otherwise the use case;
        ``actor``: whose doing it is.
        """
        session = None if of is None else self._sessions.of(of)
        if session is not None and session.number in self._failed:
            return False
        label = f"{session.label}: " if session is not None and session.label else ""
        text, case = f"{label}{expected}", self._result.use_case
        name, clause = id or check_name(text), clause or (f"CharIN {case}" if case else "")
        name = f"{case}/{name}" if case else name
        self._result.checks.append(Check(text, bool(ok), _seen(seen), id=name, clause=clause, actor=actor))
        return bool(ok)

    def of(self, actor: str) -> ActorExpectations:
        """What is expected of one actor of a use case."""
        return ActorExpectations(self, actor)

    def fact(self, name: str, text: str) -> None:
        """A line of the summary."""
        self._result.facts[name] = text

    def _looks(self, of: SessionOutcome, id: str, expected: str, ok: bool, seen: object) -> bool:
        """As :meth:`that`, for what is looked at in every session; later ones have it under their number."""
        session, (clause, actor) = self._sessions.of(of), LOOKED_AT[id]
        name = f"session-{session.number}.{id}" if session.label else id
        return self.that(expected, ok, seen, of=of, id=name, clause=clause, actor=actor)

    def _fact(self, of: SessionOutcome, name: str, text: str) -> None:
        label = self._sessions.of(of).label
        self._result.facts[f"{label}: {name}" if label else name] = text

    def _decides(self, of: SessionOutcome, id: str, expected: str, ok: bool, seen: object) -> bool:
        """As :meth:`_looks`; if it does not hold, nothing more is expected of the session."""
        held = self._looks(of, id, expected, ok, seen)
        if not held:
            self._failed.add(self._sessions.of(of).number)
        return held

    def session(self, outcome: SessionOutcome) -> None:
        """The session ended in order, as the vehicle saw it. If not, nothing more of it is expected."""
        seen = outcome.error or outcome.reason
        self._decides(outcome, "ends-in-order", "the session ends in order", outcome.ok, seen)

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
        ok = not outcome.ok and code in ended
        self._looks(outcome, "refused", f"the session is refused with {code}", ok, seen)

    def installed(self, vehicle: Vehicle, outcome: SessionOutcome, emaid: str) -> None:
        """The contract ``emaid`` arrived, is stored whole and is the default."""
        new, held = outcome.installed, vehicle.contracts.default
        got = new.emaid if new is not None else "no contract"
        if self._looks(outcome, "installed", f"contract {emaid} is installed", got == emaid, got):
            kept = held.emaid if held is not None else "none"
            if not self._sessions.of(outcome).vehicle_seen:
                self._fact(outcome, "contract in the vehicle", "it is somebody else's: it was not looked at")
            else:
                self._looks(outcome, "held", "the vehicle holds it with its key", kept == emaid, kept)
        if new is not None:
            until = f"{_day(new.not_before)} to {_day(new.not_after)}"
            self._fact(outcome, "contract installed", f"{new.emaid}, issued by {new.issuer}, valid {until}")

    def updated(self, vehicle: Vehicle, outcome: SessionOutcome, before: Contract) -> None:
        """The contract was replaced by one of the same EMAID that lasts longer and has another key."""
        new, held = outcome.installed, vehicle.contracts.default
        why = "; ".join(problem.sentence for problem in outcome.problems) or "none came"
        if not self._looks(
            outcome,
            "successor",
            f"a successor of {before.emaid} is installed",
            new is not None and new.by_update and new.emaid == before.emaid,
            new.emaid if new is not None else why,
        ):
            return
        assert new is not None
        self._looks(
            outcome,
            "replaced",
            "it replaced the old one, with another key and a later end",
            held is not None
            and held.not_after > before.not_after
            and held.credentials.key.public_key() != before.credentials.key.public_key(),
            _day(held.not_after) if held is not None else "no contract",
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
        self._looks(outcome, "energy", f"{kwh:g} kWh are charged", enough, shown_energy(energy))
        if energy:
            told = f"{shown_energy(energy)} ({outcome.energy_mode}, {loops} loop messages)"
            self._fact(outcome, "energy charged", told)
        if not self._sessions.of(outcome).csms_seen:
            self._fact(outcome, "transaction", "somebody else's CSMS has it: it was not looked at")
            return None
        transactions = self._transactions_of(outcome, before)
        one = len(transactions) == 1
        self._looks(outcome, "one-transaction", "the CSMS holds one transaction", one, len(transactions))
        if not transactions:
            return None
        transaction = transactions[-1]
        self._fact(outcome, "transaction", _told(transaction))
        known = f"events {', '.join(map(str, sorted(transaction.events)))}" + (
            "" if transaction.ended is not None else ", no end"
        )
        self._looks(outcome, "closed", "it is complete and closed", transaction.complete, known)
        payer = transaction.token or "nobody"
        self._looks(outcome, "payer", f"it is paid by {token}", payer == token, payer)
        self._looks(
            outcome,
            "meter",
            "its meter values agree with the vehicle",
            abs(transaction.energy_wh - energy) <= max(energy * TOLERANCE, 1.0),
            shown_energy(transaction.energy_wh),
        )
        return transaction

    def _transactions_of(self, *outcomes: SessionOutcome | None) -> list[Transaction]:
        """The transactions of these connections, as the CSMS kept them when the last vehicle was done."""
        ids = {id for outcome in outcomes if outcome is not None for id in self._sessions.of(outcome).transactions}
        return [transaction for transaction in self._transactions() if transaction.id in ids]

    def paid(self, outcome: SessionOutcome, emaid: str, *, kwh: float, before: SessionOutcome | None = None) -> None:
        """As :meth:`charged`, paid by contract, with every metering receipt signed and verified."""
        payment = outcome.payment or "not at all"
        self._looks(outcome, "by-contract", "the vehicle pays by contract", payment == "Contract", payment)
        self.charged(outcome, kwh=kwh, token=emaid, before=before)
        connections = [one for one in (outcome, before) if one is not None]
        signed = sum(one.receipts_signed for one in connections)
        verified = sum(self._verified(one) for one in connections)
        all_verified, counted = 0 < signed == verified, f"{verified} of {signed}"
        self._looks(outcome, "receipts", "metering receipts are signed and verified", all_verified, counted)
        if signed:
            share = "all" if verified == signed else str(verified)
            self._fact(outcome, "receipts", f"{signed} signed by the vehicle, {share} verified by the station")

    def _verified(self, outcome: SessionOutcome) -> int:
        """Metering receipts the station has verified, or that somebody else's station has answered with OK."""
        session = self._sessions.of(outcome)
        if session.station_seen:
            return session.receipts
        return sum(told == ("MeteringReceiptRes", "OK") for told in outcome.response_codes)

    def paused(self, outcome: SessionOutcome) -> None:
        """The session was paused on purpose. If not, nothing more of it is expected."""
        paused, seen = outcome.paused is not None, outcome.error or outcome.reason
        self._decides(outcome, "paused", "the session is paused", paused, seen)

    def resumed(self, first: SessionOutcome, second: SessionOutcome) -> None:
        """The second connection joined the session of the first. If not, nothing more of it is expected."""
        joined = ", ".join(f"{name} {code}" for name, code in second.response_codes[:2])
        if not self._decides(second, "joined", "the paused session is joined", second.resumed, joined):
            return
        same, shown = second.session_id == first.session_id, second.session_id.hex().upper()
        self._looks(second, "same-session", "under the same SessionID", same, shown)
        self._fact(second, "session", f"{shown}, paused and joined again")

    def renegotiated(self, outcome: SessionOutcome) -> None:
        """The charge parameters were negotiated once more."""
        often = outcome.renegotiations
        self._looks(outcome, "renegotiated", "the parameters are renegotiated", often >= 1, often)
        if outcome.renegotiations:
            self._fact(outcome, "renegotiations", str(outcome.renegotiations))


class ActorExpectations(Struct, frozen=True):
    """What a use case expects of ``actor``, one item of its evidence after the other."""

    expect: Expectations
    actor: str

    def shows(self, id: str, clause: str, expected: str, ok: bool, seen: object = "") -> bool:
        """As :meth:`Expectations.that`: the item ``id``, which ``clause`` demands."""
        return self.expect.that(expected, ok, seen, id=id, clause=clause, actor=self.actor)


def _seen(value: object) -> str:
    """What was seen, as people read it: one thing after the other."""
    match value:
        case Mapping():
            return ", ".join(f"{name} {_seen(one)}" for name, one in value.items()) or "nothing"
        case list():
            return ", ".join(map(_seen, value)) or "nothing"
        case tuple():
            return " ".join(map(_seen, value))
    return str(value)


def _told(transaction: Transaction) -> str:
    payer = f"{transaction.token_type} {transaction.token}" if transaction.token else "nobody authorised"
    energy = f"{shown_energy(transaction.energy_wh)}, {payer}"
    if transaction.ended is None:
        return f"{transaction.id} still open in the CSMS: {energy}"
    return f"{transaction.id} closed in the CSMS: {energy}, stopped: {transaction.stopped_reason}"


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
