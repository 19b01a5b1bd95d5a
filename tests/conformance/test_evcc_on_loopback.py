"""The suite for vehicles against `pnc ev`, started for each case by a command, on sockets, where time is real."""

from __future__ import annotations

import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from signals import hear_ctrl_c

from pncsim.ev.config import AC_MODES, DC_MODES, VehicleConfig
from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance.evcc.options import VehicleUnderTest
from pncsim.simulator.conformance.evcc.started import started, wanted
from pncsim.simulator.conformance.evcc.suite import EVCC
from pncsim.simulator.conformance.record import read_record
from pncsim.simulator.conformance.suite import Bench
from pncsim.tls_certs.pki import create_pki, write_pki
from pncsim.wire.v2g.registry import codec

PICS = Path(__file__).parents[2] / "docs" / "examples" / "conformance" / "pnc-ev.toml"
PNC = shlex.join((sys.executable, "-c", "from pncsim.simulator.commands.main import main; main()"))


def free_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as free:
        free.bind(("::1", 0))
        return int(free.getsockname()[1])


def runs(pid: str) -> bool:
    """Whether the process is more than an entry that nobody has collected yet."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def test_a_vehicle_is_started_for_each_case_as_it_wants_it_and_ended_with_all_it_has_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), tmp_path / "pki")
    port, record, script = free_port(), tmp_path / "record.jsonl", tmp_path / "vehicle.sh"
    drive = f"{PNC} ev --sdp-port {port} --pki {tmp_path}/pki --interval 0.1 --no-evidence --no-attach"
    # What a bench does: something stays behind that nobody would end.
    script.write_text(
        f'echo "$@" >> {tmp_path}/words\nsleep 1000 & echo $! >> {tmp_path}/left\n'
        f'if [ "$2" = contract ]; then how=--pnc; else how=--eim; fi; exec {drive} --$1 $how\n'
    )
    words = ("--target", f"loopback:{port}", "--pki", str(tmp_path / "pki"), "--record", str(record), "--wait", "20")
    chosen = "TC_EVCC_CMN_VTB_ServiceDiscovery_001 or TC_EVCC_DC_VTB_CurrentDemand_002"
    with pytest.raises(SystemExit) as left:
        main(["conformance", "evcc", *words, "--pics", str(PICS), "--ev-command", f"sh {script}", "--select", chosen])
    assert left.value.code == 0, capsys.readouterr().out
    assert (tmp_path / "words").read_text().splitlines() == ["ac contract", "dc contract"]
    assert not any(runs(pid) for pid in (tmp_path / "left").read_text().split())
    _, tried = read_record(record, EVCC.name)
    said = tried["TC_EVCC_CMN_VTB_ServiceDiscovery_001"].said
    assert [one.name for one in said[:3]] == ["SupportedAppProtocolRes", "SessionSetupReq", "SessionSetupRes"]
    assert type(codec("iso2").decode(bytes.fromhex(said[1].octets)).Body.BodyElement).__name__ == "SessionSetupReq"


def test_who_breaks_off_lets_a_vehicle_that_charges_stop_in_order(tmp_path: Path) -> None:
    write_pki(create_pki(time.time(), ocsp_url="http://ocsp.pncsim.test/ocsp"), tmp_path / "pki")
    port, log, script = free_port(), tmp_path / "vehicle.log", tmp_path / "vehicle.sh"
    drive = f"{PNC} ev --sdp-port {port} --pki {tmp_path}/pki --interval 0.5 --no-evidence --no-attach --ac --pnc"
    script.write_text(f"exec {drive} > {log} 2>&1\n")
    words = ("--target", f"loopback:{port}", "--pki", str(tmp_path / "pki"), "--record", str(tmp_path / "record.jsonl"))
    command = f"{PNC} conformance evcc {shlex.join(words)} --ev-command 'sh {script}' --select ChargingStatus_001"
    os.mkfifo(log)
    said, heard = os.open(log, os.O_RDWR | os.O_NONBLOCK), b""
    try:
        with subprocess.Popen(shlex.split(command), stdout=subprocess.DEVNULL, preexec_fn=hear_ctrl_c) as suite:
            while b"Charging begins" not in heard:
                assert select.select([said], [], [], 30.0)[0], heard.decode()
                heard += os.read(said, 65_536)
            suite.send_signal(signal.SIGINT)
            assert suite.wait(20) == 130
        heard += os.read(said, 65_536)
    finally:
        os.close(said)
    assert b"Charging stops: the station asked to stop." in heard


def test_a_command_that_cannot_be_run_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--target", f"loopback:{free_port()}", "--record", str(tmp_path / "record.jsonl"))
    with pytest.raises(SystemExit) as left:
        main(["conformance", "evcc", *words, "--ev-command", "/nowhere/ev", "--select", "CMN_VTB_SessionSetup_001"])
    assert left.value.code == 3
    assert "The command that starts the vehicle cannot be run: no such file or directory." in capsys.readouterr().out


def test_a_command_that_has_failed_is_told_where_no_vehicle_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "vehicle.sh"
    script.write_text("echo connecting >&2; echo 'bench: Permission denied (publickey).' >&2; exit 255\n")
    words = ("--target", f"loopback:{free_port()}", "--record", str(tmp_path / "record.jsonl"), "--wait", "1")
    with pytest.raises(SystemExit) as left:
        main(["conformance", "evcc", *words, "--ev-command", f"sh {script}", "--select", "CMN_VTB_SessionSetup_001"])
    assert left.value.code == 3
    why = "The command that starts the vehicle has failed with 255: bench: Permission denied (publickey)."
    assert why in capsys.readouterr().out


def test_the_command_is_told_how_the_case_wants_to_charge() -> None:
    assert [*wanted(VehicleConfig(energy_modes=AC_MODES, payment="external", install="never"))] == ["ac", "external"]
    installs = VehicleConfig(energy_modes=DC_MODES, payment="contract", install="always")
    assert [*wanted(installs)] == ["dc", "contract", "install"]
    updates = VehicleConfig(energy_modes=AC_MODES, payment="contract", install="never", update="always")
    assert [*wanted(updates)] == ["ac", "contract", "update"]


async def test_without_a_command_a_person_is_told_which_vehicle_has_to_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    installs = VehicleConfig(energy_modes=DC_MODES, payment="contract", install="always")
    for asks in (True, False):
        async with started(Bench(target="eth0", options=VehicleUnderTest(), asks=asks), installs):
            pass
    told = "a vehicle has to come that charges with direct current and pays by contract that it asks for at the station"
    assert capsys.readouterr().err == f"\nNow {told}.\n"
