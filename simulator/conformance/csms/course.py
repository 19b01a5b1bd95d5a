"""What a station does in a case, step by step: data that is played at the desk, and told on the page of the suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from pncsim.simulator.conformance.csms.desk import StationDesk
from pncsim.simulator.conformance.pattern import FromCase, Such, described, filled, unlike
from pncsim.simulator.conformance.unlike import Unlike, must
from pncsim.tls_certs import reading
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.errors import CallError

CARDS: dict[str, tuple[str, ...]] = {
    "card": ("Accepted",),
    "unknown_card": ("Invalid", "Unknown"),
    "expired_card": ("Expired",),
    "restricted_card": ("Blocked", "NoCredit", "NotAllowedTypeEVSE", "NotAtThisLocation", "NotAtThisTime"),
    "group_card": ("Accepted",),
    "other_group_card": ("Accepted",),
    "master_card": ("Accepted",),
}
"""Cards, called as the options that name them are, and what a CSMS has to say about each."""

BY_ITSELF = 30.0
"""Seconds a CSMS has for what it does by itself: others may have to be asked."""

GROUPED = ("group_card", "other_group_card", "master_card")
"""Those that belong to a group, which the CSMS has to name."""


class EventSent(Struct, frozen=True, kw_only=True):
    """One TransactionEvent: ``type`` and trigger reason, and what it holds besides.

    ``card``: "" none, or one of CARDS. ``values``: the context of a reading, "" for none; ``signed``: with a signature.
    ``evse``: which one is named, 0 for none. ``offline``: it happened while the station was. ``started_by``: a request
    of the CSMS (remoteStartId). ``contract``: the EMAID of --contract pays, in place of a card.
    """

    type: str
    reason: str
    state: str = ""
    stopped: str = ""
    card: str = ""
    values: str = ""
    signed: bool = False
    evse: int = 1
    offline: bool = False
    remote: bool = False
    contract: bool = False


class Plugged(Struct, frozen=True):
    """A StatusNotification: the connector is in this state."""

    state: str
    evse: int = 1


class Swiped(Struct, frozen=True):
    """An Authorize of a card, about which the CSMS has to say what is so."""

    card: str = "card"


class Says(Struct, frozen=True):
    """A call of the station, whose answer has to be like ``answer``."""

    action: str
    payload: Any = field(default_factory=dict)
    answer: Any = field(default_factory=dict)


class Begun(Struct, frozen=True):
    """A call the CSMS's operator lets it send; ``answer`` is what the station says, or the code of a CALLERROR."""

    action: str
    payload: Any
    answer: Any = field(default_factory=dict)


class SetsOff(Struct, frozen=True):
    """After ``told`` the CSMS sends ``call`` by itself."""

    told: Says | EventSent
    call: Begun


class Rebooted(Struct, frozen=True):
    """The station goes, comes again, and boots for this reason; the CSMS has to accept it."""

    reason: str


class BootedAgain(Struct, frozen=True):
    """A BootNotification on the same connection, whose status has to be this one."""

    reason: str
    status: str = "Accepted"


class IntervalOver(Struct, frozen=True):
    """The time is over after which the CSMS wants the station to boot once more."""


class ShowsRenewed(Struct, frozen=True):
    """The station goes, and comes again with the certificate that CertificateSigned has brought it."""


class Quiet(Struct, frozen=True):
    """Since the last one that was due the CSMS has not made this call, and does not do so for ``seconds`` more."""

    action: str
    seconds: float


class Checked(Struct, frozen=True):
    """What has come is looked at: ``why`` says what is wrong with it, "" if nothing is."""

    words: str
    why: Callable[[StationCourse], str]


CourseStep = (
    EventSent
    | Plugged
    | Swiped
    | Says
    | Begun
    | SetsOff
    | Rebooted
    | BootedAgain
    | IntervalOver
    | ShowsRenewed
    | Quiet
    | Checked
)


class StationCourse:
    """The steps as they are taken. ``transaction``: the id of the last one; ``calls``: the last of each action."""

    def __init__(self, desk: StationDesk) -> None:
        self.desk = desk
        self.transaction, self.calls = "", dict[str, Any]()
        self.answered: Any = {}
        self._number, self._group = 0, ""
        self._due: Counter[str] = Counter()

    async def take(self, steps: Sequence[CourseStep]) -> None:
        """Take them, one after the other. Raises Unlike and PeerError."""
        for step in steps:
            match step:
                case EventSent():
                    await self._tell(step)
                case Plugged(state, evse):
                    await self.desk.call(
                        "StatusNotification",
                        {"timestamp": self.desk.time, "connectorStatus": state, "evseId": evse, "connectorId": 1},
                    )
                case Swiped(card):
                    token = {"idToken": getattr(self.desk.options, card), "type": "ISO14443"}
                    self._judge(card, await self.desk.call("Authorize", {"idToken": token}), "The card")
                case Says():
                    await self._say(step)
                case Begun():
                    await self._begun(step)
                case SetsOff(told, call):
                    await self._begun(call, told)
                case Checked(why=check):
                    why = check(self)
                    must(not why, why)
                case Rebooted(reason):
                    await self.desk.come_again(reason=reason)
                case BootedAgain(reason, status):
                    answer = await self.desk.register(reason=reason)
                    must(answer["status"] == status, f"BootNotification is answered {answer['status']}, not {status}.")
                case IntervalOver():
                    await self.desk.clock.sleep(self.desk.interval)
                case Quiet(action, seconds):
                    await self.desk.clock.sleep(seconds)
                    must(self.desk.heard[action] == self._due[action], f"{action} came, for which there is no cause.")
                case ShowsRenewed():
                    await self._show_renewed()

    async def _show_renewed(self) -> None:
        chain = reading.load_all(self.calls["CertificateSigned"]["certificateChain"], "The chain the CSMS sent")
        tls = self.desk.certified_by().context(self.desk.renewed(chain))
        await self.desk.go()
        try:
            await self.desk.connect(self.desk.identity, None, tls)
        except PeerError as error:
            if error.kind == "unreachable":
                raise
            why = f"The CSMS does not let the station in with the certificate it has brought: {error.sentence}"
            raise Unlike(why) from error

    async def _say(self, step: Says) -> None:
        self.answered = await self.desk.call(step.action, filled(step.payload, self))
        why = unlike(step.answer, self.answered, self)
        must(not why, f"{step.action} was answered, but {why}.")

    async def _begun(self, step: Begun, told: Says | EventSent | None = None) -> None:
        def answer(request: Any) -> Any:
            self.calls[step.action] = request
            if isinstance(step.answer, str):
                raise CallError(step.answer, "the tester cannot do that")
            return filled(step.answer, self)

        async def set_off() -> None:
            if told is None:
                await self.desk.let(step.action, filled(step.payload, self), described(step.payload, self))
            else:
                await self.take([told])

        due = self.desk.due(step.action, lambda request: unlike(step.payload, request, self), answer)
        await due.after(set_off, self.desk.clock, BY_ITSELF if told else self.desk.patience, by_itself=told is not None)
        self._due[step.action] = self.desk.heard[step.action]

    async def _tell(self, step: EventSent) -> None:
        if step.type == "Started":
            self.transaction, self._number = self.desk.new_id(), 0
        info: Any = {"transactionId": self.transaction}
        if step.state:
            info["chargingState"] = step.state
        if step.stopped:
            info["stoppedReason"] = step.stopped
        if step.remote:
            info["remoteStartId"] = self.calls["RequestStartTransaction"]["remoteStartId"]
        payload: Any = {
            "eventType": step.type,
            "timestamp": self.desk.time,
            "triggerReason": step.reason,
            "seqNo": self._number,
            "transactionInfo": info,
        }
        if step.evse:
            payload["evse"] = {"id": step.evse, "connectorId": 1}
        if step.offline:
            payload["offline"] = True
        if step.values:
            payload["meterValue"] = [self._reading(step)]
        if step.card:
            payload["idToken"] = {"idToken": getattr(self.desk.options, step.card), "type": "ISO14443"}
        if step.contract:
            payload["idToken"] = {"idToken": self.desk.emaid(), "type": "eMAID"}
        answer = await self.desk.call("TransactionEvent", payload)
        if step.card or step.contract:
            self._judge(step.card or "card", answer, f"The card in TransactionEvent {self._number}")
        self._number += 1

    def _judge(self, card: str, answer: Any, what: str) -> None:
        info, wanted = answer.get("idTokenInfo", {}), CARDS[card]
        said = info.get("status", "nothing")
        must(said in wanted, f"{what} is answered {said}, not {' or '.join(wanted)}.")
        if card in GROUPED:
            group = info.get("groupIdToken", {}).get("idToken", "")
            must(group, f"{what} belongs to a group, and its answer names none.")
            must(self._group in ("", group), f"{what} is answered with another group than the card before it.")
            self._group = group

    def _reading(self, step: EventSent) -> Any:
        sampled: Any = {"value": 1000.0 + 100 * self._number, "context": step.values}
        if step.signed:
            sampled["signedMeterValue"] = {
                "signedMeterData": "T0NNRnx7fQ==",
                "signingMethod": "ECDSA-secp256r1-SHA256",
                "encodingMethod": "OCMF",
                "publicKey": "",
            }
        return {"timestamp": self.desk.time, "sampledValue": [sampled]}


NOW = FromCase("now", lambda course: course.desk.time)
TRANSACTION = FromCase("the transaction", lambda course: course.transaction)


def asked(action: str, *path: str) -> FromCase:
    """What the CSMS has named in its last call of ``action``, at this place."""

    def of(course: StationCourse) -> Any:
        value = course.calls[action]
        for name in path:
            value = value[name]
        return value

    return FromCase(f"{path[-1]} of {action}", of)


class CoursePlay(Struct, frozen=True):
    """A case that boots, which has to be answered with ``registration``, and takes these steps."""

    steps: tuple[CourseStep, ...]
    registration: str = "Accepted"

    async def __call__(self, desk: StationDesk) -> None:
        """As :data:`simulator.conformance.octt.Playing`."""
        if any(isinstance(step, ShowsRenewed) for step in self.steps):
            desk.certified_by()
        await desk.boot(wanted=self.registration)
        await StationCourse(desk).take(self.steps)


def told(steps: Sequence[CourseStep]) -> str:
    """The steps for people."""
    return "; ".join(map(_words, steps))


def _words(step: CourseStep) -> str:
    match step:
        case EventSent():
            payer = "contract" if step.contract else step.card.replace("_", " ")
            return f"TransactionEvent {step.type} ({step.reason}{f', {payer}' if payer else ''})"
        case Plugged(state):
            return f"StatusNotification {state}"
        case Swiped(card):
            return f"Authorize of {card.replace('_', ' ')}"
        case Says(action, payload, answer):
            status = payload.get("status") if isinstance(payload, dict) else None
            wanted = answer.get("status")
            has = f" (has to be {wanted.words if isinstance(wanted, Such) else wanted})" if wanted else ""
            return f"{action}{f' {status}' if isinstance(status, str) else ''}{has}"
        case Begun(action, payload, answer):
            says = answer if isinstance(answer, str) else answer.get("status", "")
            return f"its operator lets it send {action} `{described(payload)}`{f' (answered {says})' if says else ''}"
        case SetsOff(set_off, call):
            return f"{_words(set_off)}, upon which it has to send {call.action} `{described(call.payload)}`"
        case Rebooted(reason):
            return f"the station comes anew (BootNotification {reason})"
        case Checked(words):
            return words
        case IntervalOver():
            return "the interval of its answer is over"
        case Quiet(action, seconds):
            return f"for {seconds:g} s it does not send {action} once more"
        case ShowsRenewed():
            return "the station comes anew with that certificate"
        case BootedAgain(reason):
            return f"BootNotification {reason}"
    raise AssertionError(step)
