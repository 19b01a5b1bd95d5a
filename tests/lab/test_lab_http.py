"""HTTP in the evidence of a run: heads and bodies, as Wireshark reads them, without what would let somebody in."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from bundles import bundle, rows, tshark

from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.source import Source
from pncsim.wire.trace import Event, HttpExchange, ServiceCall

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


@pytest.fixture(scope="module", params=["memory", "loopback"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A bundle, and every secret that was drawn for the run: tokens and passwords."""
    drawn: list[str] = []
    token = Source.token

    def noted(self: Source, *given: Any) -> str:
        drawn.append(token(self, *given))
        return drawn[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "token", noted)
        folder = bundle(tmp_path_factory.mktemp("http"), "rented-vehicle", request.param)
    return folder, drawn


def test_each_exchange_is_there_with_head_and_body(kept: tuple[Path, list[str]]) -> None:
    exchanges = rows(kept[0], "http")
    put = next(row for row in exchanges if row["url"] == "/v1/mo/contracts")
    assert put["request"]["head"].startswith("POST /v1/mo/contracts HTTP/1.1\r\n")
    assert json.loads(put["request"]["body"]).keys() == {"customer", "pcid"}
    assert put["response"]["head"].startswith("HTTP/1.1 201 Created\r\n")
    assert json.loads(put["response"]["body"])["customer"] == "rental-company"
    assert all(row["request"] and row["response"] for row in exchanges)


def test_nothing_that_lets_somebody_in_is_in_any_file(kept: tuple[Path, list[str]]) -> None:
    folder, drawn = kept
    assert len(drawn) > 5
    read = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "keys.log")
    basic = [base64.b64encode(f"rental-company:{one}".encode()).decode() for one in drawn]
    assert [one for one in (*drawn, *basic) if one.encode() in read] == []
    assert read.count(b"Bearer ***") > 5 and b"Basic ***" in read


@needs_tshark
def test_tshark_reads_the_same_heads_and_bodies(kept: tuple[Path, list[str]]) -> None:
    folder, _ = kept
    trace = folder / "trace.pcapng"
    shown = tshark(trace, "-Y", 'http.request.uri == "/v1/mo/contracts"', "-T", "fields", "-e", "http.file_data")
    bodies = [line for line in shown.splitlines() if line]
    wanted = [row["request"]["body"] for row in rows(folder, "http") if row["url"] == "/v1/mo/contracts"]
    read = [bytes.fromhex(re.sub("[^0-9a-f]", "", body)).decode() if body[:1] != "{" else body for body in bodies]
    assert [json.loads(body) for body in read] == [json.loads(body) for body in wanted] != []
    # EST's PKCS#7 is base64 (RFC 7030 4.1.3), which tshark 4.0 reads as if it were DER.
    wrong = "(_ws.malformed || tcp.analysis.lost_segment) && !(http.content_type contains pkcs7-mime)"
    assert tshark(trace, "-Y", wrong) == ""


def test_what_was_said_can_be_read_back_and_is_in_the_report(kept: tuple[Path, list[str]]) -> None:
    folder, _ = kept
    found = [event for event in Bundle(folder).told() if isinstance(event, HttpExchange)]
    heads = {event.request.partition(b"\r\n")[0].decode() for event in found}
    assert "POST /v1/mo/contracts HTTP/1.1" in heads
    report = (folder / "report.html").read_text()
    assert "HTTP/1.1 201 Created" in report and "rental-company" in report


def test_a_call_in_the_process_is_kept_as_it_was(kept: tuple[Path, list[str]]) -> None:
    events = rows(kept[0], "events")
    asked = [row for row in events if row["event"] == "ServiceCall" and row["operation"] == "OCSP"]
    assert asked and all(bytes.fromhex(row["asked"])[:1] == b"\x30" for row in asked)
    assert all(bytes.fromhex(row["answered"])[:1] == b"\x30" for row in asked)


def test_without_evidence_no_head_and_no_body_is_made() -> None:
    events = list[Event]()

    async def main() -> None:
        await Run(find_scenario("wrong-pcid"), {}, RunSettings(transport="memory"), readers=(events.append,)).done()

    run_on_loop("memory", main)
    http = [event for event in events if isinstance(event, HttpExchange)]
    calls = [event for event in events if isinstance(event, ServiceCall)]
    assert http and calls
    assert {(event.request, event.response) for event in http} == {(b"", b"")}
    assert {(event.asked, event.answered) for event in calls} == {(b"", b"")}
