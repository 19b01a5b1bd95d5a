"""The verdict on a lone vehicle: what was asked, what came of it, why, and how patient it had to be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alone_lab import QUICK, charge

from pncsim.ev.outcome import SessionOutcome
from pncsim.simulator import result
from pncsim.simulator.alone.options import StationOptions
from pncsim.simulator.alone.vehicle_verdict import vehicle_verdict
from pncsim.simulator.commands import main
from pncsim.simulator.commands.options import EPILOG
from pncsim.simulator.result import EXIT_CODES, Verdict
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.values import replace

ROOT = Path(__file__).parents[2]
PLAIN = replace(QUICK, tls=False)


def outcome(wh: float, **more: object) -> SessionOutcome:
    return SessionOutcome(ok="error" not in more, energy_wh=wh, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "cause", "kwh", "verdict", "line"),
    [
        (outcome(3200), "the station asked to stop", 5.0, Verdict.SHORT,
         "asked 5 kWh, delivered 3.2 kWh, because the station asked to stop"),
        (outcome(5000), "the energy wished for has been delivered", 5.0, Verdict.PASS,
         "the energy wished for has been delivered; 5.000 kWh taken"),
        (outcome(4999.6), "the energy wished for has been delivered", 5.0, Verdict.PASS,
         "the energy wished for has been delivered; 5.000 kWh taken"),
        (outcome(12), "the driver stops after 10 loops", None, Verdict.PASS,
         "the driver stops after 10 loops; 0.012 kWh taken"),
        (outcome(250, error=PeerError("x")), "The station reports EVSE_Malfunction in PreChargeRes", 1.5, Verdict.FAIL,
         "asked 1.5 kWh, delivered 0.25 kWh, because the station reports EVSE_Malfunction in PreChargeRes"),
        (outcome(0, error=PeerError("x")), "SessionSetupRes belongs to session 01", 1.5, Verdict.FAIL,
         "asked 1.5 kWh, delivered 0 kWh, because SessionSetupRes belongs to session 01"),
        (outcome(0, error=LocalError("x")), "There is no network interface 'x'", 1.0, Verdict.ERROR,
         "asked 1 kWh, delivered 0 kWh, because there is no network interface 'x'"),
    ],
    ids=["short", "asked for", "to the watt-hour", "nothing certain asked", "failed", "failed at once", "ours"],
)  # fmt: skip
def test_the_line_says_what_was_asked_and_what_came_of_it(
    seen: SessionOutcome, cause: str, kwh: float | None, verdict: Verdict, line: str
) -> None:
    assert vehicle_verdict(seen, cause, kwh=kwh, patience=1.0) == (verdict, line)


def test_the_line_of_a_patient_vehicle_names_what_came_later_than_the_standard_allows() -> None:
    prompt, slow = outcome(10), outcome(10, overdue={"CurrentDemandRes": (0.4137, 0.25), "cable check": (61.2, 40.0)})
    assert "patience" not in vehicle_verdict(prompt, "done", kwh=None, patience=1)[1]
    assert vehicle_verdict(prompt, "done", kwh=None, patience=4)[1].endswith("; with patience 4, which nothing needed")
    assert vehicle_verdict(slow, "done", kwh=None, patience=4)[1].endswith(
        "; with patience 4: CurrentDemandRes took 0.414 s (the standard's limit is 0.25 s), "
        "cable check took 61.2 s (the standard's limit is 40 s)"
    )


async def test_a_run_that_brings_less_than_asked_has_an_exit_code_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The battery takes 24 of the 30 kWh."""
    wish = replace(PLAIN, kwh=30.0, interval=40.0, patience=3.0)
    station, vehicle, _ = await charge(StationOptions(tls=False), wish, leaps=True)
    assert (station, vehicle) == (0, 4)
    said = capsys.readouterr().out
    assert "SHORT ev: asked 30 kWh, delivered 24 kWh, because the battery is at 80 %; with patience 3, which" in said


async def test_how_much_is_asked_for_wins_over_the_number_of_loops(capsys: pytest.CaptureFixture[str]) -> None:
    wish = replace(PLAIN, kwh=1.0, loops=2, interval=30.0)
    _, vehicle, _ = await charge(StationOptions(tls=False), wish, leaps=True)
    assert vehicle == 0
    assert "PASS ev: the energy wished for has been delivered; 1.000 kWh taken" in capsys.readouterr().out


def test_every_exit_code_is_documented_where_a_user_looks() -> None:
    codes = {value for name, value in vars(result).items() if name.startswith("EXIT_") and isinstance(value, int)}
    codes |= set(EXIT_CODES.values())
    assert EXIT_CODES[Verdict.SHORT] == 4
    readme = (ROOT / "README.md").read_text()
    told = readme[readme.index("Exit codes:") :].partition("\n\n")[0]
    for place in (main.__doc__ or "", EPILOG, told):
        assert codes <= {int(number) for number in re.findall(r"\b\d+\b", place)}
