"""Records of several devices side by side: sums, who did not pass what, and the octets with what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pncsim.simulator.commands.main import main
from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.compared import compared, held_devices, reading
from pncsim.simulator.conformance.record import Head, RecordFile, Tried
from pncsim.simulator.conformance.said import Uttered
from pncsim.wire.errors import LocalError

SETUP, DISCOVERY = "TC_SECC_CMN_VTB_SessionSetup_002", "TC_SECC_CMN_VTB_ServiceDiscovery_001"
ASKED = Uttered(at=0.0, way="sent", name="ServiceDiscoveryReq", octets="809802000000000000000011b8")


def record(path: Path, *tried: Tried, suite: str = "secc") -> str:
    written = RecordFile(path, Head(suite=suite, target="eth0"))
    for one in tried:
        written.add(one)
    written.close()
    return str(path)


def test_devices_stand_side_by_side_and_what_did_not_pass_with_its_octets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = Tried(id=SETUP, verdict=CaseVerdict.FAIL, why="The station answered nothing.", said=(ASKED,))
    first = record(tmp_path / "a", failed, Tried(id=DISCOVERY, verdict=CaseVerdict.PASS))
    second = record(tmp_path / "b", Tried(id=SETUP, verdict=CaseVerdict.PASS))
    with pytest.raises(SystemExit) as left:
        main(["conformance", "table", f"box={first}", f"other={second}"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert "| box | 2 | 1 | 1 | 0 | 0 | 0 | 0 | 0 |" in told and "| other | 1 | 1 | 0 |" in told
    assert f"| `{SETUP}` | ServiceDiscoveryReq where SessionSetupReq is due | fail | pass |" in told
    assert f"**`{SETUP}`, box: fail.** ISO 15118-4, Annex E: ServiceDiscoveryRes with FAILED_SequenceError" in told
    assert "+0.000 s > ServiceDiscoveryReq 809802000000000000000011b8" in told
    assert '{"V2G_Message": {"Header": {"SessionID": "0000000000000000"}, "Body": {"ServiceDiscoveryReq": {}}}}' in told
    assert DISCOVERY not in told, "what passed everywhere is in the sums"


def test_records_of_one_device_and_suite_are_one_and_the_later_counts(tmp_path: Path) -> None:
    first = record(tmp_path / "a", Tried(id=SETUP, verdict=CaseVerdict.FAIL), Tried(id="x", verdict=CaseVerdict.PASS))
    second = record(tmp_path / "b", Tried(id=SETUP, verdict=CaseVerdict.PASS))
    other = record(tmp_path / "c", Tried(id="y", verdict=CaseVerdict.PASS), suite="evcc")
    one, two = held_devices([f"box={first}", f"box={second}", f"box={other}"])
    assert (one.name, one.suite, two.suite) == ("box", "secc", "evcc")
    assert {id: tried.verdict.value for id, tried in one.tried.items()} == {SETUP: "pass", "x": "pass"}


def test_what_leads_to_no_record_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="'box' names no device: NAME=RECORD is one"):
        held_devices(["box"])
    with pytest.raises(LocalError, match="cannot be read: no such file"):
        held_devices([f"box={tmp_path}/none"])
    strange = record(tmp_path / "a", suite="toasters")
    with pytest.raises(LocalError, match="There is no suite 'toasters'"):
        compared(held_devices([f"box={strange}"]))


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (Uttered(at=0, way="sent", name="SDP", octets="01fe9000000000021000"), "SDP request: NONE"),
        (
            Uttered(at=0, way="received", name="SDP", octets=f"01fe900100000014fe80{'00' * 13}01f7540000"),
            "SDP response: TLS at [fe80::1]:63316",
        ),
        (Uttered(at=0, way="received", name="SDP", octets="01fe9000000000020000"), "SDP request: TLS"),
        (
            Uttered(at=0, way="sent", name="SDP", octets=f"01fe900100000014fe80{'00' * 13}01f7540000"),
            "SDP response: TLS at [fe80::1]:63316",
        ),
        (
            Uttered(at=0, way="received", name="SupportedAppProtocolRes", octets="80400040"),
            '{"supportedAppProtocolRes": {"ResponseCode": "OK_SuccessfulNegotiation", "SchemaID": 1}}',
        ),
    ],
)
def test_octets_are_read(said: Uttered, means: str) -> None:
    assert reading(said) == means


def test_what_says_nothing_is_said_to_say_nothing() -> None:
    broken = reading(Uttered(at=0, way="sent", name="SDP", octets="01fe9000000000001000"))
    assert broken == "The header says 0 octets of payload, 2 came."
    assert "{" not in reading(Uttered(at=0, way="received", name="SessionSetupRes", octets="00"))
