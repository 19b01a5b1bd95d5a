"""The states of a schema-informed EXI grammar (W3C EXI 8.5), non-strict, as the careful coder walks them.

A state of a content model is a stack of (particle, how often it occurred), innermost first. Its productions are the
elements that may come next in schema order, then one SE(*) if a wildcard may, then EE; mixed content adds CH.
"""

from __future__ import annotations

from msgspec import Struct

from pncsim.wire.exi.schema import AttributeUse, Element, Group, Model, Particle, Value, Wild

Stack = tuple[tuple[Particle, int], ...]

WILDCARD, END, CHARACTERS = "SE(*)", "EE", "CH"
_ATTRIBUTES = ("xsi:type", "xsi:nil")


class Production(Struct, frozen=True):
    """One event a state allows: an attribute, an element, or one of WILDCARD, END, CHARACTERS."""

    event: AttributeUse | Element | Value | str
    next: GrammarState | None = None

    def __str__(self) -> str:
        if isinstance(self.event, AttributeUse):
            return f"attribute {self.event.qname[0]}"
        if isinstance(self.event, Element):
            return self.event.qname[0]
        return {WILDCARD: "any element", END: "the end", CHARACTERS: "text"}.get(str(self.event), "the value")


class GrammarState:
    """A grammar state. ``second`` lists the undeclared events behind the escape code (W3C EXI 8.5.4.4.1)."""

    __slots__ = ("productions", "second")

    def __init__(self, productions: tuple[Production, ...], *, start: bool, first: bool) -> None:
        self.productions = productions
        ends = any(p.event == END for p in productions)
        self.second = (
            (() if ends else (END,))
            + (_ATTRIBUTES if first else ())
            + (("AT(*)", "untyped attribute") if start else ())
            + (WILDCARD, CHARACTERS)
        )

    def index(self, event: object) -> int:
        """The code of an event, -1 if this state does not allow it."""
        return next((i for i, p in enumerate(self.productions) if p.event is event or p.event == event), -1)

    def named(self, name: str) -> Element | None:
        """The element of this local name that may come next."""
        return next(
            (p.event for p in self.productions if isinstance(p.event, Element) and p.event.qname[0] == name), None
        )

    def __str__(self) -> str:
        return " or ".join(map(str, self.productions))


class Grammars:
    """The states of one schema set, made as they are reached and kept."""

    def __init__(self) -> None:
        self._states: dict[tuple[object, ...], GrammarState] = {}

    def start(self, model: Model, passed: int = 0, first: bool = True) -> GrammarState:
        """The state of an element of this type after ``passed`` of its attributes."""
        key = (model.cls, passed, first)
        if key not in self._states:
            productions: list[Production] = []
            for i, use in enumerate(model.attributes[passed:], passed + 1):
                productions.append(Production(use, self.start(model, i, first=False)))
                if use.required:
                    break
            else:
                if model.text is not None:
                    productions.append(Production(model.text, TEXT_END))
                else:
                    productions += self._content(model, ((model.content, 0),))
            self._states[key] = GrammarState(tuple(productions), start=True, first=first)
        return self._states[key]

    def state(self, model: Model, stack: Stack) -> GrammarState:
        """The state inside a content model."""
        key = (model.cls, *((id(p), n) for p, n in stack))
        if key not in self._states:
            self._states[key] = GrammarState(tuple(self._content(model, stack)), start=False, first=False)
        return self._states[key]

    def _content(self, model: Model, stack: Stack) -> list[Production]:
        found: dict[Element | str, Stack] = {}
        end = True
        for i, (particle, count) in enumerate(stack):
            if particle.high is None or count < particle.high:
                _enter(particle, count, stack[i + 1 :], found)
            if not _nullable(particle, count):
                end = False
                break
        wild = found.pop(WILDCARD, None)
        made = [Production(event, _Later(self, model, rest)) for event, rest in found.items()]
        if wild is not None:
            made.append(Production(WILDCARD))
        if end:
            made.append(Production(END))
        if model.mixed:
            made.append(Production(CHARACTERS))
        return made


class _Later(GrammarState):
    """A state that is worked out when it is entered: a list of 1024 entries has as many states."""

    __slots__ = ("_made", "_of")

    def __init__(self, grammars: Grammars, model: Model, stack: Stack) -> None:
        self._of = (grammars, model, stack)
        self._made: GrammarState | None = None

    def enter(self) -> GrammarState:
        if self._made is None:
            grammars, model, stack = self._of
            self._made = grammars.state(model, stack)
        return self._made


def enter(state: GrammarState | None) -> GrammarState:
    """The state a production leads to."""
    assert state is not None
    return state.enter() if isinstance(state, _Later) else state


def _enter(particle: Particle, count: int, rest: Stack, found: dict[Element | str, Stack]) -> None:
    # An unbounded particle keeps counting only up to its minimum, so that it has finitely many states.
    counted = count + 1 if particle.high is not None else min(count + 1, particle.low)
    again = ((particle, counted), *rest)
    if isinstance(particle, Element):
        if not any(isinstance(e, Element) and e.qname == particle.qname for e in found):
            found[particle] = again
    elif isinstance(particle, Wild):
        found.setdefault(WILDCARD, again)
    elif particle.choice:
        for part in particle.parts:
            _enter(part, 0, again, found)
    else:
        for i, part in enumerate(particle.parts):
            _enter(part, 0, (*((p, 0) for p in particle.parts[i + 1 :]), *again), found)
            if not _nullable(part, 0):
                break


def _nullable(particle: Particle, count: int) -> bool:
    if count >= particle.low:
        return True
    if not isinstance(particle, Group):
        return False
    inner = [_nullable(p, 0) for p in particle.parts]
    return any(inner) if particle.choice else all(inner)


TEXT_END = GrammarState((Production(END),), start=False, first=False)
"""After the text of an element: nothing but its end."""


def simple_start(value: Value) -> GrammarState:
    """The first state of an element of simple type."""
    return GrammarState((Production(value, TEXT_END),), start=True, first=True)
