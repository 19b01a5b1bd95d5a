"""A message taken apart: octets, XML, JSON, signature and moment agree, and the screen shows all of them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from accepted_screens import Accepted
from screens import SIZES, dashboard
from seen_runs import PlayedBack, events_of, recorded, reports_of

from pncsim.simulator.dashboard.anatomy import anatomy_of
from pncsim.simulator.dashboard.form import read_value, records
from pncsim.simulator.dashboard.hexes import HexLine, octets_of
from pncsim.simulator.dashboard.moment import moment_of
from pncsim.simulator.dashboard.screens.message import MessageScreen
from pncsim.simulator.dashboard.signatures import signature_of
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.part_tree import PartGrid
from pncsim.simulator.dashboard.widgets.text_pane import TextPane
from pncsim.simulator.evidence.wire_told import readable
from pncsim.wire.trace import OcppFrame, V2gMessage
from pncsim.wire.values import replace


def stored(scenario: str, *faults: str) -> EventStore:
    store = EventStore()
    store.take(records(events_of(scenario, *faults)[0]))
    return store


def messages(store: EventStore) -> list[tuple[int, V2gMessage]]:
    found = [(place, store.event(place)) for place in range(len(store))]
    return [(place, event) for place, event in found if isinstance(event, V2gMessage) and event.direction == "sent"]


def named(store: EventStore, name: str) -> int:
    return next(place for place, event in messages(store) if event.name == name)


@pytest.mark.parametrize("scenario", ["install-contract", "pnc-dc", "pause-resume"])
def test_every_message_says_the_same_in_json_as_the_evidence_does(scenario: str) -> None:
    for _, event in messages(stored(scenario)):
        anatomy = anatomy_of(event)
        assert anatomy is not None
        told = json.loads("{" + "\n".join(line.text for line in anatomy.json) + "}")
        assert told == readable(read_value(event))


@pytest.mark.parametrize("scenario", ["install-contract", "pnc-dc"])
def test_the_xml_is_well_formed_and_has_the_elements_of_the_tree_in_their_order(scenario: str) -> None:
    for _, event in messages(stored(scenario)):
        anatomy = anatomy_of(event)
        assert anatomy is not None
        root = ElementTree.fromstring("\n".join(line.text for line in anatomy.xml))
        elements = [part for part in anatomy.parts if not part.name.startswith("@")]
        assert [one.tag for one in root.iter()] == [part.name for part in elements]
        for element, part in zip(root.iter(), elements, strict=True):
            if not len(element):
                assert (element.text or "") == part.text


def test_a_part_lies_within_the_one_that_contains_it_and_behind_the_one_before() -> None:
    for _, event in messages(stored("install-contract")):
        anatomy = anatomy_of(event)
        assert anatomy is not None
        for part in anatomy.parts:
            assert 0 <= part.begins < part.ends <= 8 * len(event.payload)
            before = part.begins
            for below in part.parts:
                assert before <= below.begins < below.ends <= part.ends, (event.name, part.name, below.name)
                before = below.ends


def test_octets_of_a_binary_value_are_found_where_its_element_is_marked() -> None:
    """Judged without our decoder: the digits of the value are in those bits, wherever an octet begins."""
    store = stored("pnc-ac")
    event = store.event(named(store, "PaymentDetailsRes"))
    anatomy = anatomy_of(event)
    assert anatomy is not None and isinstance(event, V2gMessage)
    [part] = [part for part in anatomy.parts if part.name == "GenChallenge"]
    bits = "".join(f"{octet:08b}" for octet in event.payload)
    wanted = "".join(f"{octet:08b}" for octet in part.said)
    assert wanted in bits[part.begins : part.ends] and bits.count(wanted) == 1
    marked = octets_of(part.begins, part.ends)
    assert anatomy.part_at(marked[len(marked) // 2]) == part.number
    assert len(octets_of(0, 0)) == 0 and list(octets_of(7, 9)) == [0, 1]


def test_lines_of_octets() -> None:
    line = HexLine(8, b"89\x00\xff")
    assert (line.hexadecimal, line.characters) == ("38 39 00 FF", "89..")


def test_octets_that_say_nothing_have_no_anatomy() -> None:
    store = stored("pnc-ac", "garbled-vehicle")
    unread = [event for _, event in messages(store) if event.value is None]
    assert unread and anatomy_of(unread[0]) is None
    _, event = messages(store)[0]
    assert anatomy_of(replace(event, payload=event.payload[:2])) is None


def test_an_ocpp_frame_is_taken_apart_as_well() -> None:
    store = stored("pnc-ac")
    frames = [e for e in (store.event(place) for place in range(len(store))) if isinstance(e, OcppFrame)]
    for frame in frames:
        anatomy = anatomy_of(frame)
        assert anatomy is not None
        [(_, told)] = json.loads("{" + "\n".join(line.text for line in anatomy.json) + "}").items()
        assert list(told.values()) == json.loads(frame.frame)
    assert anatomy_of(replace(frames[0], frame="no JSON")) is None


# Signatures


@pytest.mark.parametrize(
    ("scenario", "name", "elements", "where"),
    [
        ("install-contract", "CertificateInstallationReq", 1, "in this message"),
        ("install-contract", "CertificateInstallationRes", 4, "in this message"),
        ("pnc-ac", "AuthorizationReq", 1, "in PaymentDetailsReq"),
        ("pnc-ac", "MeteringReceiptReq", 1, "in PaymentDetailsReq"),
        ("update-contract", "CertificateUpdateReq", 1, "in this message"),
        ("update-contract", "CertificateUpdateRes", 4, "in this message"),
    ],
)
def test_a_signature_is_seen_to_verify(scenario: str, name: str, elements: int, where: str) -> None:
    store = stored(scenario)
    place = named(store, name)
    anatomy = anatomy_of(store.event(place))
    assert anatomy is not None
    view = signature_of(store, place, anatomy)
    assert view is not None
    assert (view.verdict, view.grammar, view.algorithm, view.from_where) == ("", "xmldsig", "ecdsa-sha256", where)
    assert len(view.references) == elements and all(reference.ok for reference in view.references)
    assert all(anatomy.parts[reference.part].name == reference.element for reference in view.references)
    assert len(view.signers) >= 1


def test_what_was_altered_after_signing_is_the_reference_that_differs() -> None:
    store = stored("install-contract", "tampered-bundle")
    place = named(store, "CertificateInstallationRes")
    anatomy = anatomy_of(store.event(place))
    assert anatomy is not None
    view = signature_of(store, place, anatomy)
    assert view is not None and view.verdict
    assert [one.element for one in view.references if not one.ok] == ["ContractSignatureEncryptedPrivateKey"]


def test_a_signature_with_a_wrong_bit_has_right_digests_and_does_not_verify() -> None:
    store = stored("pnc-ac", "wrong-signature")
    place = named(store, "AuthorizationReq")
    anatomy = anatomy_of(store.event(place))
    assert anatomy is not None
    view = signature_of(store, place, anatomy)
    assert view is not None and view.verdict and all(one.ok for one in view.references)
    unsigned = named(store, "SessionSetupReq")
    plain = anatomy_of(store.event(unsigned))
    assert plain is not None and signature_of(store, unsigned, plain) is None


# The moment


def test_a_request_is_held_against_the_state_it_met_and_the_times_before_it() -> None:
    store = stored("pnc-ac")
    moment = moment_of(store, named(store, "PaymentDetailsReq"))
    assert moment.state == "contract selected"
    assert [one.name for one in moment.allowed if not one.liberty] == [
        "PaymentDetailsReq",
        "CertificateInstallationReq",
        "CertificateUpdateReq",
    ]
    assert [(one.who, one.limit, one.source) for one in moment.spent] == [
        ("EV", 40.0, "V2G2-485"),
        ("SECC", 60.0, "V2G2-443"),
    ]


def test_an_answer_is_held_against_both_limits_and_what_is_said_of_it_stands_below() -> None:
    store = stored("install-contract", "tampered-bundle")
    moment = moment_of(store, named(store, "CertificateInstallationRes"))
    assert [(one.who, one.limit, one.late) for one in moment.spent] == [("SECC", 4.5, False), ("EV", 5.0, False)]
    said = [(type(event).__name__, event.unit) for event in moment.about]
    assert ("Judged", "EV-1") in said and ("Problem", "EV-1") in said


def test_a_pool_that_is_slow_is_seen_in_the_answers_time() -> None:
    store = stored("install-contract", "slow-pool")
    spent = moment_of(store, named(store, "CertificateInstallationRes")).spent
    assert [round(one.seconds, 1) for one in spent] == [3.5, 3.5]


# The screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("form", ["xml", "hex", "signature"])
async def test_the_message_screen_looks_as_it_was_accepted(
    form: str, size: tuple[int, int], accepted: Accepted
) -> None:
    async with dashboard(PlayedBack(*recorded("refused")), size) as seen:
        await seen.press("home", "n", "up", "enter", *["down"] * 6)
        await seen.press({"xml": "x", "hex": "h", "signature": "s"}[form])
        accepted(f"message-{form}-{size[0]}x{size[1]}", seen.text)


async def test_the_failing_check_is_found_by_keys_alone() -> None:
    """From the table to the problem, from there to the message before it, its signature and who complained."""
    async with dashboard(PlayedBack(*reports_of("install-contract", "tampered-bundle")), (160, 50)) as seen:
        await seen.press("home", "n", "enter")
        assert "Problem" in seen.text and "V2G2-771" in seen.text
        while "CertificateInstallationRes · sent" not in seen.text:
            await seen.press("left_square_bracket")
        assert "x #id2  ContractSignatureEncryptedPrivateKey" in seen.text
        assert "x EV-1: signature of CertificateInstallationRes" in seen.text
        await seen.press("escape")
        assert seen.app.current_mode == "live"


async def test_what_is_selected_in_the_tree_is_marked_in_xml_json_and_octets() -> None:
    async with dashboard(PlayedBack(*reports_of("pnc-ac")), (160, 50)) as seen:
        place = named(seen.app.scene.store, "SessionSetupRes")
        seen.app.pick(place)
        seen.app.action_go("message")
        await seen.tick()
        screen = seen.app.screen
        assert isinstance(screen, MessageScreen)
        grid = screen.query_one(PartGrid)
        at = next(number for number, part in enumerate(grid.parts) if part.name == "EVSEID")
        await seen.press(*["down"] * at)
        marked = {form: screen.query_one(f"#{form}", TextPane).marked_text for form in ("xml", "json")}
        assert marked == {
            "xml": "        <EVSEID>DE*PNC*E100001</EVSEID>".strip(),
            "json": '"EVSEID": "DE*PNC*E100001",',
        }


async def test_before_the_first_message_the_screen_says_what_to_do() -> None:
    async with dashboard(PlayedBack(), (80, 24)) as seen:
        await seen.press("2")
        assert "No message yet: F5 runs the scenario" in seen.text
        await seen.press("right_square_bracket")
        assert seen.last == "There is none."


async def test_brackets_go_through_every_message_of_a_loop() -> None:
    async with dashboard(PlayedBack(*reports_of("pnc-ac"))) as seen:
        await seen.press("2", *["left_square_bracket"] * 15)
        names = set()
        for _ in range(8):
            await seen.press("right_square_bracket")
            names.add(seen.text.splitlines()[1].split(" · ")[0])
        assert len(names) == 8, "each is another event"
