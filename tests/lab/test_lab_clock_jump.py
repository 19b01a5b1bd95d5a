"""Hours pass in a jump on sockets: what the station and its CSMS are just saying must not look like silence."""

from __future__ import annotations

from functools import partial

import pytest
from lab_runs import run

from pncsim.backend.csms import context, csms
from pncsim.simulator.result import Verdict
from pncsim.wire.trace import OcppFrame


def test_a_jump_waits_for_open_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each jump makes a heartbeat due. The next one must not overtake its answer."""
    monkeypatch.setattr(csms, "CsmsConfig", partial(context.CsmsConfig, heartbeat=30))
    done = run("pause-resume", transport="loopback")
    beats = [e for e in done.events if isinstance(e, OcppFrame) and (e.role, e.action) == ("CS", "Heartbeat")]
    sent = sum(e.direction == "sent" for e in beats)
    assert sent > 1 and sent == sum(e.direction == "received" for e in beats)
    assert done.problems() == []
    assert done.result.verdict is Verdict.PASS, done.result.cause
