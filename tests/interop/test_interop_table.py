"""The page about other stacks and the evidence that is kept say the same, and the evidence says what it claims."""

from __future__ import annotations

import re
from itertools import dropwhile

import ocpp_csms
import pytest
from table import DEVICES, KEPT, table, written

from pncsim.simulator.conformance.case import CaseVerdict
from pncsim.simulator.conformance.compared import reading
from pncsim.simulator.conformance.record import Tried, read_record
from pncsim.simulator.conformance.secc.step import CaseStep
from pncsim.simulator.conformance.suites import SUITES

HIDDEN = re.compile(r'\\"BasicAuthPassword\\"},\\"attribute(Value\\":\\"\*\*\*\\"|Status\\":)')
"""The password that a CSMS sets and what the station says to it, as a record has them: without the value."""
RECORDS = sorted(path.name for path in KEPT.iterdir())


def kept(name: str) -> list[Tried]:
    return list(read_record(KEPT / name)[1].values())


def test_the_page_has_the_table_that_the_kept_records_make() -> None:
    assert written() == table(), "run: python tests/interop/table.py"


def test_every_record_is_somebodys_and_in_the_table() -> None:
    assert set(RECORDS) <= set(DEVICES)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_holds_no_path_and_no_key(name: str) -> None:
    text = (KEPT / name).read_text()
    assert not re.search(r"/tmp|/home|/root|PRIVATE|assword", HIDDEN.sub("", text))
    assert ocpp_csms.PASSWORD not in text
    assert len(text) < 400_000
    ids = {case.id for case in SUITES[read_record(KEPT / name)[0].suite][1]().cases}
    assert {one.id for one in kept(name)} <= ids


@pytest.mark.parametrize("name", [one for one in RECORDS if one.startswith("iso15118")])
def test_our_codec_reads_what_the_other_stack_has_said_and_finds_its_message(name: str) -> None:
    read = 0
    for one in kept(name):
        for said in one.said:
            if said.way == "received" and said.name != "SDP" and said.octets:
                means, what = reading(said), said.name[0].lower() + said.name[1:]
                assert f'"{said.name}": {{' in means or f'"{what}": {{' in means, (one.id, said)
                read += 1
    assert read > 20


@pytest.mark.parametrize("name", [one for one in RECORDS if one.endswith("-secc.jsonl")])
def test_a_station_that_has_passed_has_said_what_the_case_expects(name: str) -> None:
    cases = {case.id: case.how for case in SUITES["secc"][1]().cases}
    judged = 0
    for one in kept(name):
        how = cases[one.id]
        if one.verdict is not CaseVerdict.PASS or not isinstance(how, CaseStep) or not how.answer or not how.codes:
            continue
        # What came at the same moment as the step was taken is what the tester had just read.
        since = dropwhile(lambda said: said.way == "received" or said.at < 0, one.said)
        answers = [said for said in since if said.way == "received" and said.name == how.answer]
        assert not answers or any(code in reading(answers[0]) for code in how.codes), one.line
        judged += bool(answers)
    assert judged > 50
