"""The suite for stations against `pnc secc` as a process of its own, on sockets, where time is real."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance.record import read_record
from pncsim.simulator.conformance.secc.suite import SECC
from pncsim.tls_certs.pki import create_pki, write_pki

PICS = Path(__file__).parents[2] / "docs" / "examples" / "conformance" / "pnc-secc.toml"
PNC = (sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()")
CHOSEN = (
    "V2GTPSDP_001 or CMN_VTB_SessionSetup_002 or CMN_VTB_ServiceDiscovery_003 or CertificateInstallation_001"
    " or PaymentDetails_007 or Authorization_010 or AC_VTB_MeteringReceipt_006 or CableCheck_008"
)


def free_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
        free.bind(("::1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def station(tmp_path: Path) -> Iterator[str]:
    """A station that serves until it is told to go; the port of its SDP."""
    write_pki(create_pki(time.time()), tmp_path / "pki")
    port = str(free_port())
    words = ("secc", "--sdp-port", port, "--pki", str(tmp_path / "pki"), "--after-failed", "close", "--forever")
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        (*PNC, *words, "--no-evidence"), stdout=subprocess.PIPE, text=True, env=environment
    ) as served:
        assert served.stdout is not None
        try:
            assert any("Waiting for a vehicle" in line for line in served.stdout)
            yield port
        finally:
            served.send_signal(signal.SIGTERM)
            served.communicate(timeout=20)


def test_a_station_of_its_own_process_passes_a_part_of_the_suite(
    station: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, pki = tmp_path / "record.jsonl", str(tmp_path / "pki")
    where = ("--target", f"loopback:{station}", "--pki", pki, "--pics", str(PICS), "--record", str(record))
    with pytest.raises(SystemExit) as left:
        main(["conformance", "secc", *where, "--select", CHOSEN])
    _, tried = read_record(record, SECC.name)
    assert left.value.code == 0, capsys.readouterr().out
    verdicts = {id.removeprefix("TC_SECC_"): one.verdict.value for id, one in tried.items()}
    assert verdicts.pop("DC_VTB_CableCheck_008") == "not applicable", "no pilot leads to it"
    assert len(verdicts) == 7 and set(verdicts.values()) == {"pass"}


def test_where_no_station_answers_nothing_more_is_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write = ("--record", str(tmp_path / "record.jsonl"), "--target", f"loopback:{free_port()}")
    with pytest.raises(SystemExit) as left:
        main(["conformance", "secc", *write, "--select", "V2GTPSDP_002 or V2GTPSDP_003"])
    assert left.value.code == 3
    said = capsys.readouterr().out
    assert (
        "ERROR TC_SECC_CMN_VTB_V2GTPSDP_002: No station answers by SDP. One that listens anew for each plug-in" in said
        and "1 not run" in said
    )
