"""Either side against the PyPI package iso15118 (Josev) over a real link: two namespaces joined by a veth pair.

Skipped unless PNC_JOSEV_PYTHON names a Python that has the package (which needs Java) and namespaces may be made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import held
import pytest
from josev_layout import write_layout
from link import NoNamespaces, link
from table import KEPT

from pncsim.simulator.conformance.record import read_record
from pncsim.tls_certs.pki import create_pki, write_pki

ROOT = Path(__file__).parents[2]
JOSEV = os.environ.get("PNC_JOSEV_PYTHON", "")
SECONDS = 90.0

pytestmark = pytest.mark.skipif(not JOSEV, reason="PNC_JOSEV_PYTHON does not name a Python with the package iso15118")


@dataclass(slots=True)
class Bench:
    """Two namespaces with one interface each, our PKI folder and the same in Josev's layout."""

    vehicle: str
    station: str
    folder: Path
    layout: Path
    work: Path

    @contextmanager
    def pnc(self, namespace: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """One of our sides; its output goes to a file called ``ours``."""
        program = (
            sys.executable,
            "-c",
            "from pncsim.simulator.commands.main import main; main()",
            *arguments,
            "--pki",
            str(self.folder),
        )
        with self._started("ours", namespace, program, {**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            yield process

    @contextmanager
    def played(self, namespace: str, interface: str) -> Iterator[subprocess.Popen[str]]:
        """A station of ours in the dashboard, played by hand; its output goes to a file called ``ours``."""
        program = (sys.executable, str(Path(__file__).with_name("played_by_hand.py")), interface, str(self.work))
        with self._started("ours", namespace, program, {**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            yield process

    @contextmanager
    def josev(
        self, namespace: str, interface: str, side: str, config: dict[str, object] | None = None
    ) -> Iterator[None]:
        """Josev's own command line for ``side``; its log goes to a file called ``josev``."""
        program: tuple[str, ...] = (JOSEV, "-m", f"iso15118.{side}.main")
        if config is not None:
            (self.work / "evcc.json").write_text(json.dumps(config))
            program = (*program, str(self.work / "evcc.json"))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work),
            "NETWORK_INTERFACE": interface,
            "PKI_PATH": f"{self.layout}/",
            "PROTOCOLS": "ISO_15118_2",
        }
        with self._started("josev", namespace, program, environment):
            yield

    @contextmanager
    def _started(
        self, name: str, namespace: str, program: tuple[str, ...], environment: dict[str, str]
    ) -> Iterator[subprocess.Popen[str]]:
        with (self.work / name).open("w") as out:
            process = subprocess.Popen(
                ("ip", "netns", "exec", namespace, *program),
                cwd=self.work, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            try:
                yield process
            finally:
                process.terminate()
                process.wait(10)

    def said(self, name: str) -> str:
        return (self.work / name).read_text()

    def until(self, name: str, text: str) -> None:
        """Wait until ``text`` stands in the output called ``name``."""
        end = time.monotonic() + SECONDS
        while text not in self.said(name):
            assert time.monotonic() < end, self.said(name)[-2000:]
            time.sleep(0.1)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder, layout = tmp_path / "pki", tmp_path / "josev-pki"
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), folder)
    write_layout(folder, layout)
    try:
        with link() as both:
            yield Bench(both.vehicle, both.station, folder, layout, tmp_path)
    except NoNamespaces as why:
        pytest.skip(str(why))


@pytest.mark.parametrize(
    ("tls", "arguments"), [(False, ("--eim", "--no-tls")), (True, ("--pnc",))], ids=["EIM plain", "PnC"]
)
def test_their_vehicle_at_our_station(bench: Bench, tls: bool, arguments: tuple[str, ...]) -> None:
    wishes = {
        "supportedProtocols": ["ISO_15118_2"],
        "energyTransferMode": "AC_three_phase_core",
        "useTls": tls,
        "enforceTls": tls,
        "chargeLoopCycle": 5,
    }
    station = ("secc", "--interface", "se0", "--ac", "--wait", f"{SECONDS:g}", *arguments)
    with bench.pnc(bench.station, *station) as ours:
        bench.until("ours", "Waiting for a vehicle")
        with bench.josev(bench.vehicle, "ev0", "evcc", wishes):
            assert ours.wait(SECONDS) == 0, bench.said("ours") + bench.said("josev")[-2000:]
    assert "PASS secc: The vehicle has ended the session" in bench.said("ours")


@pytest.mark.parametrize("arguments", [("--eim", "--no-tls"), ("--pnc",)], ids=["EIM plain", "PnC"])
def test_our_vehicle_at_their_station(bench: Bench, arguments: tuple[str, ...]) -> None:
    vehicle = ("ev", "--interface", "ev0", "--ac", "--loops", "5", "--interval", "0.1", *arguments)
    with bench.josev(bench.station, "se0", "secc"):
        # Its Java codec is slow at first and its station serves one vehicle after the other: a cold run may time out.
        for _ in range(3):
            with bench.pnc(bench.vehicle, *vehicle) as ours:
                code = ours.wait(SECONDS)
            if code == 0:
                break
            time.sleep(6)
    assert code == 0, bench.said("ours") + bench.said("josev")[-2000:]
    assert "PASS ev: the driver stops after 5 loops" in bench.said("ours")
    assert ("did not staple" in bench.said("ours")) is ("--pnc" in arguments)


@pytest.mark.parametrize(
    ("suite", "chosen"),
    [
        ("secc", "CMN_VTB_SessionSetup_001 or CMN_VTB_ServiceDiscovery_003 or V2GTPSDP_002"),
        ("evcc", "TC_EVCC_CMN_VTB_ServiceDiscovery_001 or TC_EVCC_AC_VTB_ChargingStatus_001"),
    ],
)
def test_their_devices_come_to_what_is_kept_of_them(tmp_path: Path, suite: str, chosen: str) -> None:
    try:
        assert held.main(suite, str(tmp_path), "--select", chosen) == 0
    except NoNamespaces as why:
        pytest.skip(str(why))
    _, kept = read_record(KEPT / f"iso15118-{suite}.jsonl", suite)
    _, tried = read_record(tmp_path / f"{suite}.jsonl", suite)
    assert tried and {id: one.verdict for id, one in tried.items()} == {id: kept[id].verdict for id in tried}


def test_their_vehicle_is_let_in_by_hand(bench: Bench) -> None:
    wishes = {
        "supportedProtocols": ["ISO_15118_2"],
        "energyTransferMode": "AC_three_phase_core",
        "useTls": False,
        "enforceTls": False,
        "chargeLoopCycle": 5,
    }
    with bench.played(bench.station, "se0") as ours:
        bench.until("ours", "Plug in, please.")
        with bench.josev(bench.vehicle, "ev0", "evcc", wishes):
            assert ours.wait(SECONDS) == 0, bench.said("ours") + bench.said("josev")[-2000:]
