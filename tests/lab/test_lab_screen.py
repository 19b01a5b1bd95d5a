"""The screen of a tester: what each level of -v tells, times of day, colours, what TLS was offered."""

from __future__ import annotations

import io
import json
import re
import time

import pytest
from lab_runs import Run, run

from pncsim.simulator.evidence.fields import KEY_FIELDS, key_fields
from pncsim.simulator.evidence.story import StoryTeller, wants_colour
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.trace import Event, SdpDatagram, Secured, Story, V2gMessage
from pncsim.wire.v2g import appprotocol, iso2
from pncsim.wire.v2g.iso2 import datatypes
from pncsim.wire.v2g.sdp import SdpRequest, Security, encode_request


def told(events: list[Event], level: int, *, wall: bool = False, width: int | None = None) -> str:
    out = io.StringIO()
    teller = StoryTeller(events[0].time, level=level, out=out, width=width, wall=wall)
    for event in events:
        teller(event)
    return out.getvalue()


@pytest.fixture(scope="module")
def charged() -> Run:
    return run("pnc-dc", transport="loopback")


def test_every_message_is_told_with_its_key_fields(charged: Run) -> None:
    text = told(charged.events, 1)
    for line in (
        r">> SupportedAppProtocolReq \(\d+ bytes\): AppProtocol urn:iso:15118:2:2013:MsgDef 2\.0 as \d+",
        r">> SessionSetupReq \(\d+ bytes\): EVCCID 0215",
        r">> PaymentServiceSelectionReq \(\d+ bytes\): SelectedPaymentOption Contract; ServiceID 1",
        r">> PaymentDetailsReq \(\d+ bytes\): eMAID DEPNCC00000001A",
        r">> ChargeParameterDiscoveryReq .*RequestedEnergyTransferMode DC_\w+; .*EVMaximumCurrentLimit \d+ A",
        r">> PreChargeReq .*EVTargetVoltage \d+ V; EVTargetCurrent 2 A; EVRESSSOC \d+",
        r">> CurrentDemandRes .*EVSEPresentVoltage \d+ V; EVSEPresentCurrent \d+(\.\d)? A",
        r">> SessionStopReq \(\d+ bytes\): ChargingSession Terminate",
    ):
        assert re.search(line, text), line


def test_at_level_3_all_of_each_message_is_there_and_below_it_none(charged: Run) -> None:
    sent = next(
        event for event in charged.events if isinstance(event, V2gMessage) and event.name == "PaymentDetailsReq"
    )
    whole = told(charged.events, 3)
    assert f"EXI {sent.payload.hex()}" in whole
    [shown] = {line.strip() for line in whole.splitlines() if "ContractSignatureCertChain" in line}
    assert json.loads(shown)["V2G_Message"]["Body"]["PaymentDetailsReq"]["eMAID"] == "DEPNCC00000001A"
    assert sent.payload.hex() not in told(charged.events, 2)
    assert max(map(len, told(charged.events, 3, width=80).splitlines())) <= 80


def test_a_station_tells_of_sdp_at_every_level(charged: Run) -> None:
    assert re.search(r"SECC  SDP request for a station with TLS, from \S+:\d+\n", told(charged.events, 0))
    assert re.search(r"SECC  SDP answer: \S+:\d+ with TLS, to \S+:\d+\n", told(charged.events, 1))


def test_a_vehicle_that_goes_on_asking_is_told_once_unless_everything_is() -> None:
    request = encode_request(SdpRequest(Security.TLS))
    asked: list[Event] = [
        SdpDatagram(time=0.25 * n, role="SECC", direction="received", peer=("fe80::1", 1000 + n), data=request)
        for n in range(50)
    ]
    assert told(asked, 0).count("SDP request") == 1
    assert told(asked, 1).count("SDP request") == 50


def test_times_of_day_are_told_where_a_bench_asks_for_them() -> None:
    moment = 1_795_896_860.1234
    line = told([Story(time=moment, role="EV", text="Something happened.")], 0, wall=True)
    assert line == f"{time.strftime('%H:%M:%S', time.localtime(moment))}.123 EV    Something happened.\n"
    assert told([Story(time=moment, role="EV", text="It.")], 0) == "    0.000 s  EV    It.\n"


@pytest.mark.parametrize("fault", ["foreign-root", "no-staple", "bad-certificate:p384-key"])
def test_what_the_vehicle_offered_is_told_once_when_tls_fails(fault: str) -> None:
    done = run("pnc-ac", faults=[fault])
    refused = [event for event in done.events if isinstance(event, Secured) and not event.ok]
    assert len({event.hello for event in refused}) == 1 and refused[0].hello
    [line] = [line for line in told(done.events, 0).splitlines() if "ClientHello" in line]
    assert "TLS 1.2; cipher suites ECDHE-ECDSA-AES128-SHA256; curves P-256; signatures ECDSA+SHA256" in line
    assert "trusted_ca_keys" in line and "status_request" in line


def test_every_key_field_is_one_the_standard_has() -> None:
    declared = {
        name
        for module in (datatypes, iso2, appprotocol)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, ComplexType)
        for name in kind.__annotations__
    } | {"EVSEStatus", "AC_EVSEStatus", "DC_EVSEStatus", "X509SerialNumber"}
    for message, paths in KEY_FIELDS.items():
        kind = getattr(iso2, message, None) or getattr(appprotocol, message)
        for path in paths:
            first, *_ = path.split("/")
            assert set(first.split()) & set(kind.__annotations__), (message, path)
            assert all(set(step.split()) <= declared for step in path.split("/")), (message, path)


def test_long_lists_and_long_octets_are_cut_and_what_goes_without_saying_is_not_said() -> None:
    services = [iso2.SelectedServiceType(ServiceID=number) for number in range(1, 10)]
    selection = iso2.PaymentServiceSelectionReq(
        SelectedPaymentOption=iso2.PaymentOptionType.Contract,
        SelectedServiceList=iso2.SelectedServiceListType(SelectedService=services),
    )
    assert key_fields("PaymentServiceSelectionReq", selection).endswith("ServiceID 1, 2, 3, 4 and 5 more")
    assert key_fields("AuthorizationReq", iso2.AuthorizationReq(GenChallenge=bytes(99))) == "GenChallenge (99 octets)"
    plain = iso2.DC_EVStatusType(EVReady=True, EVErrorCode=iso2.DC_EVErrorCodeType.NO_ERROR, EVRESSSOC=40)
    assert key_fields("CableCheckReq", iso2.CableCheckReq(DC_EVStatus=plain)) == "EVRESSSOC 40"


class Screen(io.StringIO):
    """A terminal, or none."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (False, {"FORCE_COLOR": "0"}, False),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
    ],
    ids=str,
)
def test_colours_follow_the_terminal_and_what_the_environment_says(
    terminal: bool, environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = Screen(terminal)
    assert wants_colour(out) is coloured
    StoryTeller(0.0, out=out)(Story(time=0.0, role="EV", text="It."))
    assert ("\x1b[" in out.getvalue()) is coloured
