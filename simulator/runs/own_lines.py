"""What a scenario's own lines say: a plain ``assert`` that fails is a failed check, any other error is the scenario's.

Whose line raised is told by the traceback: the innermost frame that is either the scenario's (its file and those beside
it) or of the simulator. An assertion of the simulator that fails is a defect, and stays one.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from opcode import opmap
from types import CodeType, FrameType, FunctionType
from typing import Any

from pncsim.simulator.result import Check, check_name
from pncsim.wire.errors import LocalError

OWN, BUILT_IN = "pncsim.", "pncsim.scenarios."
"""Modules of the simulator, and those among them that are scenarios."""

HELD = "every assertion of the scenario holds"
GOES_ON = "the scenario goes on to its end"
_ASSERTS = opmap["LOAD_ASSERTION_ERROR"]


def judged(error: Exception, run: Callable[..., Any]) -> list[Check] | None:
    """The failed checks that ``error``, which broke off the scenario ``run``, stands for; None if it is no assertion.

    A group of errors (``asyncio.TaskGroup``) is judged if it consists of assertions alone.
    """
    found = []
    for one in _leaves(error):
        place = _place(one, run) if isinstance(one, AssertionError) else None
        if place is None:
            return None
        text = f"{_assertion(*place)} ({_named(*place)})"
        found.append(Check(text, False, str(one), id=check_name(text)))
    return found


def blamed(error: Exception, run: Callable[..., Any]) -> LocalError | None:
    """The sentence for an error in the scenario ``run`` itself; None if it was raised by the simulator."""
    first = next(_leaves(error))
    unawaited = first.obj if isinstance(first, AttributeError) and inspect.iscoroutine(first.obj) else None
    place = _place(first, run, whoever=unawaited is not None)
    if place is None or os.environ.get("PNC_DEBUG"):
        return None
    what = f"{type(first).__name__}: {first}".rstrip(".: ")
    if unawaited is not None:
        what = f"write `await` before the call of {unawaited.__qualname__}"
        unawaited.close()  # Python would say so once more, whenever it throws the call away
    return LocalError(
        f"The scenario broke off in {_named(*place)}: {what}.", advice="Set PNC_DEBUG=1 for the traceback."
    )


def unawaited(run: Callable[..., Any], lab: object) -> LocalError | None:
    """The sentence for a call in the scenario's file that has no effect, for its ``await`` was forgotten; None: none.

    Python itself would only warn of it, and what should have happened would be missed by nobody.
    """
    file = getattr(getattr(run, "__code__", None), "co_filename", "")
    for node in ast.walk(_parsed(file, run.__globals__)):
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            continue
        called = _meant(node.value.func, {**run.__globals__, "lab": lab})
        if inspect.iscoroutinefunction(called):
            where = f"{os.path.basename(file)}, line {node.lineno}"
            return LocalError(f"{where} does nothing: write `await` before the call of {called.__qualname__}.")
    return None


def _meant(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """What a name, or an attribute of what has one, stands for; None where that is not known from outside."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if not isinstance(node, ast.Attribute):
        return None
    try:
        return getattr(_meant(node.value, names), node.attr, None)
    except LocalError:  # there is none in this lab
        return None


def asserts(run: Callable[..., Any]) -> bool:
    """Whether the scenario, or a function beside it, has an ``assert``."""
    beside = (one for one in getattr(run, "__globals__", {}).values() if isinstance(one, FunctionType))
    code = (
        one.__code__ for one in (run, *beside) if isinstance(one, FunctionType) and one.__module__ == run.__module__
    )
    return any(_has_assert(one) for one in code)


def _has_assert(code: CodeType) -> bool:
    inside = (one for one in code.co_consts if isinstance(one, CodeType))
    return _ASSERTS in code.co_code[::2] or any(map(_has_assert, inside))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    elif isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        yield error.__cause__  # a coroutine cannot end by it: Python says so around it
    else:
        yield error


def _place(error: BaseException, run: Callable[..., Any], *, whoever: bool = False) -> tuple[FrameType, int] | None:
    """The scenario's line that raised ``error``, or called what did; None where it was the simulator.

    ``whoever``: it does not matter whether the simulator was in between.
    """
    file = getattr(getattr(run, "__code__", None), "co_filename", "")
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(OWN) and not module.startswith(BUILT_IN):
            if whoever:
                continue
            return None
        where = frame.f_code.co_filename
        if where == file or os.path.dirname(where) == os.path.dirname(file):
            return frame, line
    return None


def _named(frame: FrameType, line: int) -> str:
    return f"{os.path.basename(frame.f_code.co_filename)}, line {line}"


def _assertion(frame: FrameType, line: int) -> str:
    """The assertion as it is written, on one line; the line itself where it is no ``assert`` but calls what has one."""
    tree = _parsed(frame.f_code.co_filename, frame.f_globals)
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    around = [node for node in found if node.lineno <= line <= (node.end_lineno or node.lineno)]
    written = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    return f"assert {ast.unparse(around[-1].test)}" if around else written or "assert"


def _parsed(file: str, names: dict[str, Any]) -> ast.Module:
    """The file as Python reads it; nothing where it has been changed meanwhile, and is no Python any more."""
    linecache.checkcache(file)
    try:
        return ast.parse("".join(linecache.getlines(file, names)))
    except SyntaxError:
        return ast.Module([], [])
