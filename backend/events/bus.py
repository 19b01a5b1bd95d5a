"""The one way services hear of each other's changes.

The rules: a fact is told after its change is kept and before the operation that made it returns; the facts of an
operation in order, each to its listeners in the order they subscribed. What a listener does in turn is told before the
next listener hears. A listener that fails undoes and hides nothing: it is reported as a problem, and the others are
told. Facts of different operations may overtake each other: a fact says what happened, the store says what is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

from pncsim.backend.events.facts import Fact
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.voice import Voice

F = TypeVar("F", bound=Fact)
Listener = Callable[[F], Awaitable[None]]


class Bus:
    """Carries facts to listeners; ``voice`` reports the listeners that fail."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._listeners: list[tuple[type[Fact], Listener[Any]]] = []
        self._telling: set[asyncio.Task[None]] = set()

    def listen(self, kind: type[F], listener: Listener[F]) -> None:
        """Have ``listener`` told every fact of ``kind`` (and of kinds derived from it) from now on."""
        self._listeners.append((kind, listener))

    def forget(self, who: object) -> None:
        """Tell ``who``, some of whose methods listen, nothing more."""
        self._listeners = [entry for entry in self._listeners if getattr(entry[1], "__self__", None) is not who]

    async def tell(self, facts: Iterable[Fact]) -> None:
        """Tell ``facts``; nothing is raised. Who made the change may be cancelled meanwhile, all the same all are told.

        A cancelled caller does not wait for it; :meth:`settled` does.
        """
        heard = [fact for fact in facts if any(isinstance(fact, kind) for kind, _ in self._listeners)]
        if heard:
            task = asyncio.create_task(self._tell(heard))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)
            await asyncio.shield(task)

    async def settled(self) -> None:
        """Wait until everything that happened so far is told."""
        while self._telling:
            await asyncio.wait(self._telling)

    async def _tell(self, facts: list[Fact]) -> None:
        for fact in facts:
            for kind, listener in tuple(self._listeners):
                if isinstance(fact, kind):
                    await self._one(fact, listener)

    async def _one(self, fact: Fact, listener: Listener[Any]) -> None:
        try:
            await listener(fact)
        except PncError as error:
            self._voice.problem(error)
        except Exception as error:
            text = f"{type(error).__name__} in a listener to {type(fact).__name__}: {error}"
            self._voice.problem(LocalError(text, kind="defect"))
