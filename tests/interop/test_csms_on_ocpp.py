"""The suite for CSMSs against one that is made of the PyPI package ``ocpp``, over real WebSockets."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import ocpp_csms
import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.record import read_record

PICS = Path(__file__).parents[2] / "docs" / "examples" / "conformance" / "ocpp-csms.toml"
SOME = 32
"""Cases that are run here, of those that it has passed in the kept run."""
KEPT = Path(__file__).with_name("kept") / "ocpp-csms.jsonl"


def test_a_csms_made_of_the_package_comes_to_what_is_kept_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, kept = read_record(KEPT, "csms")
    password, record = tmp_path / "password", tmp_path / "record.jsonl"
    password.write_text(ocpp_csms.PASSWORD)
    passed = [one.id for one in kept.values() if one.verdict is CaseVerdict.PASS]
    ran = passed[:: len(passed) // SOME]
    let = shlex.join((sys.executable, str(Path(__file__).with_name("ocpp_let.py"))))
    with ocpp_csms.served() as port, pytest.raises(SystemExit) as left:
        where = ("--target", f"ws://127.0.0.1:{port}/ocpp/{ocpp_csms.IDENTITY}", "--password", str(password))
        more = ("--pics", str(PICS), "--record", str(record), "--csms-command", f"{let} {port}")
        main(["conformance", "csms", *where, *more, "--select", " or ".join(ran)])
    assert left.value.code == 0, capsys.readouterr().out
    _, tried = read_record(record, "csms")
    assert {id: one.verdict for id, one in tried.items()} == {id: kept[id].verdict for id in ran}
    for id in ran:
        assert [one.name for one in tried[id].said[:2]] == [one.name for one in kept[id].said]
