"""Wrong management systems of ours, by what is wrong with them, and which cases have to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pncsim.simulator.conformance.csms.course import CourseStep, SetsOff

StepsOf = Mapping[str, tuple[CourseStep, ...]]
"""Case id -> the steps of its course."""
Hits = Callable[[CourseStep], bool]
"""Whether a step has to see what is wrong."""


def kills(taken: StepsOf, hits: Hits) -> tuple[str, ...]:
    """The cases with a step that sees it."""
    return tuple(id for id, steps in taken.items() if any(hits(one) for one in _each(steps)))


def _each(steps: Iterable[CourseStep]) -> Iterator[CourseStep]:
    for one in steps:
        yield one
        if isinstance(one, SetsOff):
            yield one.told
