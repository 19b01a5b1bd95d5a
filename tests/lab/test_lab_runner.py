"""What the loop of a run does with a failure nobody waits for: a sentence, once, unless somebody debugs."""

from __future__ import annotations

import asyncio
import logging

import pytest

from pncsim.simulator.runs.loop import run_on_loop


def fail(sentence: str) -> None:
    raise OSError(24, sentence)


async def failing(*sentences: str) -> str:
    """Each sentence fails in a callback of its own, which nobody awaits; the run goes on."""
    for sentence in sentences:
        asyncio.get_running_loop().call_soon(fail, sentence)
    await asyncio.sleep(0)
    return "went on"


@pytest.mark.parametrize("transport", ["memory", "loopback"])
def test_a_failure_nobody_waits_for_is_one_sentence(
    transport: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PNC_DEBUG", raising=False)
    assert run_on_loop(transport, lambda: failing("Too many open files", "Too many open files", "No room")) == "went on"
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert first.startswith("pnc: Exception in callback fail(")
    assert first.endswith("OSError: [Errno 24] Too many open files. Set PNC_DEBUG=1 for the traceback.")
    assert "No room" in second
    assert said.out == "" and caplog.records == []


def test_who_debugs_sees_where_each_one_came_from(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PNC_DEBUG", "1")
    with caplog.at_level(logging.ERROR, "asyncio"):
        run_on_loop("memory", lambda: failing("Too many open files", "Too many open files"))
    assert caplog.text.count("Traceback") == caplog.text.count("in fail") == 2
    assert "Set PNC_DEBUG" not in capsys.readouterr().err
