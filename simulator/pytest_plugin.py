"""What pytest knows where pncsim is installed: fixtures with our actors, scenarios and conformance cases as tests.

Scenarios of a file that is named to pytest (``pytest ./my_scenario.py``) run in memory, each in each of its variants.
Files that pytest takes for tests by their name (``test_….py``) are left to it; of the others only those are looked at
that are named on the command line and speak of pncsim. Cases are those a ``….conformance.toml`` selects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pncsim.simulator.every.cases import RunCase
    from pncsim.simulator.testing import LabRun, RunningEcosystem, RunningStation, RunningVehicle

CASES = ".conformance.toml"
"""How a file is called that says which cases are tests."""


# Fixtures


@pytest.fixture(scope="session")
def pnc_pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PKI folder as ``pnc certs create`` makes it; ``pnc_station`` and ``pnc_ev`` have it unless told otherwise."""
    import time

    from pncsim.tls_certs.pki import create_pki, write_pki

    folder = tmp_path_factory.mktemp("pnc-pki")
    write_pki(create_pki(time.time()), folder)
    return folder


@pytest.fixture
def pnc_station(pnc_pki: Path) -> Iterator[Callable[..., RunningStation]]:
    """Opens a charging station of ours: ``pnc_station(csms="ws://…", identity="CS001")``.

    Options are those of ``pnc secc`` with underscores; ``interface``, ``sdp_port`` where it is, otherwise loopback at a
    port nobody has. What a test has opened is closed after it.
    """
    from pncsim.simulator.alone.options import StationOptions
    from pncsim.simulator.plan import OtherSide
    from pncsim.simulator.testing import RunningStation, free_link

    opened: list[RunningStation] = []

    def station(*, interface: str | None = None, sdp_port: int | None = None, **options: Any) -> RunningStation:
        link = free_link() if sdp_port is None else OtherSide(sdp_port=sdp_port)
        link = link if interface is None else OtherSide(interface=interface)
        chosen: dict[str, Any] = {"pki": pnc_pki, "revocation": "prefer", **options}
        opened.append(RunningStation(link, StationOptions(**chosen)))
        return opened[-1]

    yield station
    for one in opened:
        one.stop()


@pytest.fixture
def pnc_ev(pnc_pki: Path) -> Iterator[Callable[..., RunningVehicle]]:
    """Sends a vehicle of ours to charge: ``pnc_ev(at=station, payment="pnc").result()``.

    ``at``: a station of ``pnc_station``; somebody else's is at ``interface`` or ``sdp_port``. Options are those of
    ``pnc ev`` with underscores; unless told otherwise it stops after three loop messages.
    """
    from pncsim.simulator.alone.options import VehicleOptions
    from pncsim.simulator.plan import OtherSide
    from pncsim.simulator.testing import RunningVehicle

    sent: list[RunningVehicle] = []

    def vehicle(
        *,
        at: RunningStation | None = None,
        interface: str | None = None,
        sdp_port: int | None = None,
        **options: Any,
    ) -> RunningVehicle:
        where = {"interface": interface} if sdp_port is None else {"sdp_port": sdp_port}
        link = at.link if at is not None else OtherSide(**where)
        chosen: dict[str, Any] = {"pki": pnc_pki, "loops": 3, "interval": 0.1, **options}
        sent.append(RunningVehicle(link, VehicleOptions(**chosen)))
        return sent[-1]

    yield vehicle
    for one in sent:
        one.stop()


@pytest.fixture
def pnc_lab() -> Callable[..., LabRun]:
    """Runs a scenario, or ``async def play(lab)`` of your own, with all actors: ``pnc_lab("pnc-ac", kwh=2).passed``.

    What else it can be told: :func:`pncsim.simulator.testing.run_lab`.
    """
    from pncsim.simulator.testing import run_lab

    return run_lab


@pytest.fixture(scope="session")
def pnc_ecosystem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEcosystem]:
    """Pools, PKI, operators and tokens over HTTP (``pnc serve ecosystem``), the same for all tests."""
    from pncsim.simulator.testing import RunningEcosystem

    running = RunningEcosystem(tmp_path_factory.mktemp("pnc-ecosystem"))
    yield running
    running.stop()


# Items


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A file of cases; or one of scenarios, beside what pytest itself finds in it."""
    if file_path.name.endswith(CASES):
        from pncsim.simulator.pytest_cases import CasesFile

        return CasesFile.from_parent(parent, path=file_path)
    if file_path.suffix != ".py" or not parent.session.isinitpath(file_path):
        return None
    if any(file_path.match(pattern) for pattern in parent.config.getini("python_files")):
        return None
    if "pncsim" not in file_path.read_text(encoding="utf-8", errors="replace"):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


class ScenarioFile(pytest.File):
    """What a file declares, loaded as ``pnc run`` loads it: its assertions are left as they are written."""

    def collect(self) -> Iterator[pytest.Item]:
        """Each scenario as it is, and with each other word one can choose for it."""
        from pncsim.simulator.every.cases import RunCase, variants
        from pncsim.simulator.runs.discovery import scenarios_in
        from pncsim.wire.errors import LocalError

        try:
            declared = scenarios_in(self.path)
        except LocalError as error:
            raise self.CollectError(str(error)) from None
        for one in declared:
            for options in variants(one):
                case = RunCase(one, options)
                yield ScenarioItem.from_parent(self, name=case.name, case=case)


class ScenarioItem(pytest.Item):
    """One run of a scenario."""

    def __init__(self, *, case: RunCase, **told: Any) -> None:
        super().__init__(**told)
        self._case = case

    def runtest(self) -> None:
        """Run it; raises ScenarioFailed unless everything expected was observed."""
        from pncsim.simulator.every.workers import ran
        from pncsim.simulator.result import Verdict
        from pncsim.simulator.settings import RunSettings

        told = ran(self._case, RunSettings(transport="memory")).manifest
        if told.verdict is not Verdict.PASS:
            failed = [f"{check.expected}: {check.seen or 'no'}" for check in told.checks if not check.ok]
            raise ScenarioFailed("\n".join(failed or [told.cause]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What did not hold, a line for each; a traceback for what is a defect."""
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is declared."""
        return self.path, self._case.scenario.run.__code__.co_firstlineno - 1, self.name


class ScenarioFailed(Exception):
    """A run was not as expected."""
