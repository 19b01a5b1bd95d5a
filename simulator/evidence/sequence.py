"""The conversation as a Mermaid sequence diagram: who said what to whom, loops counted, cut around what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct

from pncsim.simulator.evidence.wire_told import Once
from pncsim.wire.trace import ROLES, Event, OcppFrame, Problem, ServiceCall, V2gMessage

ARROWS = 60
"""So many can be read; of more, the first and those around the first problem are kept."""
BEGIN, AFTER = 10, 5
KEPT = 20_000
"""Steps that are remembered of a run that never ends."""

_UNREMARKABLE = frozenset({"OK", "OK_SuccessfulNegotiation"})


_BLANK = {ord(";"): " ", ord("#"): " "}
"""What has a meaning of its own in a line of Mermaid."""


_OTHER = {"EV": "?SECC", "SECC": "?EV"}
"""Who is at the other end, until it is known which of them."""


class Step(Struct, frozen=True):
    """An arrow from ``source`` to ``target``, or where there is no target a note. ``answer``: a dashed one."""

    source: str
    target: str
    text: str
    answer: bool = False
    session: str = ""


class SequenceChart:
    """A reader that makes the diagram. ``units``: vehicles and EVSEs go by their names, not by what they are.

    ``once`` is shared with whoever else tells messages once.
    """

    def __init__(self, *, units: bool, once: Once) -> None:
        self._units = units
        self._once = once
        self._steps: list[Step] = []
        self._dropped = 0
        self._problem: int | None = None
        self._of_session: dict[tuple[str, str], str] = {}
        self._known: dict[str, set[str]] = {"EV": set(), "SECC": set()}

    def tell(self, event: Event) -> None:
        """Take down what ``event`` adds, if anything."""
        match event:
            case V2gMessage():
                self._message(event)
            case OcppFrame() if self._once.tell(event):
                station, csms = (event.unit, "CSMS") if event.role != "CSMS" else (event.peer, "CSMS")
                up = (event.direction == "sent") == (event.role != "CSMS")
                ours, theirs = (station, csms) if up else (csms, station)
                self._add(Step(ours, theirs, event.action or "a frame", not event.frame.startswith("[2")))
            case ServiceCall(service=service, role=role, operation=operation, ok=ok, unit=unit) if service != role:
                # What a service says of itself is its own business: the arrow is with who asked it.
                self._add(Step(unit, service, operation if ok else f"{operation}: refused"))
            case Problem(kind=kind, unit=unit, role=role):
                if self._problem is None:
                    self._problem = len(self._steps)
                self._add(Step(unit if self._units else role, "", f"problem: {kind}"))

    def _message(self, event: V2gMessage) -> None:
        if not self._once.tell(event):
            # Who was told of at the other end says something as well, and is known from that.
            return
        role, unit, session = event.role, event.unit, event.session
        here, there = unit, _OTHER.get(role, "")
        self._known.setdefault(role, set()).add(unit)
        if session:
            self._of_session[session, role] = unit
        body = getattr(getattr(event.value, "Body", None), "BodyElement", event.value)
        code = getattr(body, "ResponseCode", None)
        text = event.name if code is None or code in _UNREMARKABLE else f"{event.name} {code}"
        answer = event.name.endswith("Res")
        if event.direction == "sent":
            self._add(Step(here, there, text, answer, session))
        else:
            self._add(Step(there, here, text, answer, session))

    def _add(self, step: Step) -> None:
        if len(self._steps) < KEPT:
            self._steps.append(step)
        else:
            self._dropped += 1

    def text(self) -> str:
        """The diagram."""
        steps = self._resolved()
        lines = _counted(steps)
        arrows = len(lines)
        if arrows > ARROWS:
            lines = _folded(steps)[:ARROWS] if self._problem is None else self._cut(steps)
        names = dict.fromkeys(name for step, _ in lines for name in (step.source, step.target) if name)
        order = {role: n for n, role in enumerate(ROLES)}
        shown = ["sequenceDiagram"]
        shown += [f"    participant {_id(n)} as {n}" for n in sorted(names, key=lambda n: order.get(n, _rank(n)))]
        shown += [_line(step, times) for step, times in lines]
        if len(lines) < arrows or self._dropped:
            how = "what is said again is counted" if self._problem is None else "the first, and where it went wrong"
            shown.insert(1, f"    %% {len(lines)} of {arrows + self._dropped} steps: {how}")
        return "\n".join(shown) + "\n"

    def _cut(self, steps: list[Step]) -> list[tuple[Step, int]]:
        until = len(steps) if self._problem is None else self._problem + 1 + AFTER
        first = _counted(steps[: BEGIN * 4])[:BEGIN]
        around = _counted(steps[:until])[BEGIN:][-(ARROWS - BEGIN) :]
        return first + around

    def _resolved(self) -> list[Step]:
        """The steps with both ends named; before a session has its number, they are those of the one that follows."""
        if not self._units:
            roles = {unit: role for role, units in self._known.items() for unit in (*units, f"?{role}")}
            name = roles.get
            return [Step(name(s.source, s.source), name(s.target, s.target), s.text, s.answer) for s in self._steps]
        partner: dict[str, str] = {}
        found = []
        for step in reversed(self._steps):
            ends = [step.source, step.target]
            for here, there in ((0, 1), (1, 0)):
                if ends[there].startswith("?"):
                    role = ends[there][1:]
                    known = self._of_session.get((step.session, role)) or partner.get(ends[here])
                    ends[there] = partner[ends[here]] = known or role
            found.append(Step(ends[0], ends[1], step.text, step.answer))
        return found[::-1]


def _counted(steps: Iterable[Step]) -> list[tuple[Step, int]]:
    """Steps and how often each comes: a question and its answer, said again and again, are one pair."""
    found: list[tuple[Step, int]] = []
    for step in steps:
        asked, answered = found[-2:] if len(found) > 1 else ((None, 0), (None, 0))
        if step == asked[0] and asked[1] == answered[1] and answered[0] is not None and answered[0].answer:
            found[-2] = step, asked[1] + 1
        elif step == answered[0] and answered[1] + 1 == asked[1]:
            found[-1] = step, answered[1] + 1
        else:
            found.append((step, 1))
    return found


def _folded(steps: Iterable[Step]) -> list[tuple[Step, int]]:
    """Each step where it first comes, with how often it does."""
    return list(Counter(steps).items())


def _rank(name: str) -> float:
    """Vehicles first, then what belongs to the station, then everybody else."""
    return -1 if name.startswith("EV") else 1.5 if "/" in name else 2.5


@lru_cache(maxsize=256)
def _id(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def _line(step: Step, times: int) -> str:
    text = step.text.translate(_BLANK) if step.text.isprintable() else ascii(step.text).translate(_BLANK)
    text += f" x {times}" if times > 1 else ""
    if not step.target:
        return f"    Note over {_id(step.source)}: {text}"
    return f"    {_id(step.source)}{'-->>' if step.answer else '->>'}{_id(step.target)}: {text}"
