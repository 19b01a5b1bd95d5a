"""The store behind the views: every event again, loops as one row, filters, memory that does not grow with the run."""

from __future__ import annotations

import gc
import itertools
import os
import stat
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest
from seen_runs import PlayedBack, events_of

from pncsim.simulator.dashboard.form import KINDS, NUMBER, Level, event_of, records
from pncsim.simulator.dashboard.reports import EventsTold
from pncsim.simulator.dashboard.scene import AT_ONCE, Scene
from pncsim.simulator.dashboard.selection import Filter, Selection
from pncsim.simulator.dashboard.spill import WRITTEN_AT, Spill
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.walk import Walk
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, OcppFrame, Power, SdpDatagram, StateEntered, V2gMessage
from pncsim.wire.values import replace


def stored(scenario: str, *faults: str, times: int = 1) -> EventStore:
    store = EventStore()
    told = records(events_of(scenario, *faults)[0])
    for _ in range(times):
        store.take(told)
    return store


def rows(store: EventStore) -> list[tuple[str, int]]:
    """Name and count of the V2G rows."""
    found = []
    for number in range(len(store.rows)):
        row = store.rows[number]
        event = store.event(row.first)
        if isinstance(event, V2gMessage):
            found.append((event.name, row.count))
    return found


# Events


def test_any_event_is_there_again_whether_it_is_in_memory_or_in_the_file() -> None:
    events, _, _ = events_of("pnc-ac")
    store = stored("pnc-ac", times=20)
    assert store.handle is not None, "20 sessions do not fit into what waits for being written"
    for place in range(0, len(store), 97):
        assert store.event(place).seq == events[place % len(events)].seq
    assert store.event(len(store) - 1).seq == events[-1].seq
    store.close()


def test_columns_say_of_each_event_who_when_and_what_kind() -> None:
    events, _, _ = events_of("two-at-once")
    store = stored("two-at-once")
    for place, event in enumerate(events):
        assert KINDS[store.kinds[place]] is type(event)
        assert store.role_names[store.roles[place]] == event.role
        assert store.unit_names[store.units[place]] == event.unit
        assert store.session_names[store.sessions[place]] == event.session
        assert store.times[place] == event.time


def test_the_file_is_its_owners_alone_and_has_no_name(tmp_path: Path) -> None:
    spill = Spill(str(tmp_path))
    pieces = [bytes([number % 251]) * 4096 for number in range(2 * WRITTEN_AT // 4096)]
    begins = [spill.add(piece) for piece in pieces]
    assert spill.handle is not None
    kept = os.fstat(spill.handle)
    assert stat.S_IMODE(kept.st_mode) == 0o600 and kept.st_nlink == 0
    assert list(tmp_path.iterdir()) == [], "a process that is killed leaves nothing behind"
    assert [spill.piece(begin, begin + 4096) for begin in begins] == pieces
    handle = spill.handle
    spill.close()
    with pytest.raises(OSError):
        os.fstat(handle)


def test_a_full_disk_costs_older_events_and_says_so(tmp_path: Path) -> None:
    store = EventStore(str(tmp_path / "gone"))
    told = records(events_of("pnc-ac")[0])
    for _ in range(12):
        store.take(told)
    assert "Older events could not be kept: No such file or directory." in store.trouble
    with pytest.raises(LocalError, match="not kept any more"):
        store.event(0)
    assert store.event(len(store) - 1).seq == len(told)


def test_events_that_came_too_fast_are_counted() -> None:
    store = EventStore()
    store.take([], dropped=12)
    assert store.trouble == "12 events are missing: they had gone before they could be taken."


def test_an_event_of_a_long_run_is_there_within_a_tenth_of_a_second_and_costs_little_memory() -> None:
    told = records(events_of("pnc-ac")[0])
    store, rounds = EventStore(), 200
    store.take(told)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(rounds):
            store.take(told)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    grown = (after - before) / (rounds * len(told))
    assert grown < 100, f"{grown:.0f} octets for each event; a million may take 100 MB"
    began = time.perf_counter()
    for place in range(0, len(store), len(store) // 100):
        store.event(place)
    assert time.perf_counter() - began < 100 * 0.1
    store.close()


def test_a_report_of_many_events_is_taken_in_pieces_so_that_whoever_types_is_heard_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a clock that goes on by one whenever it is looked at."""
    clock = itertools.count()
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(clock)))
    events, began, ended = events_of("pnc-ac")
    told = tuple(records(events))
    many = 20
    scene = Scene(PlayedBack(began, EventsTold(told * many, dropped=3, now=events[-1].time), ended))
    sizes = [0]
    while scene.waiting:
        scene.take(5.0)
        sizes.append(len(scene.store))
        assert scene.result is None or sizes[-1] == many * len(told), "the end comes after all that was before it"
    assert sizes[-1] == many * len(told) and scene.result is not None and scene.store.dropped == 3
    assert max(after - before for before, after in pairwise(sizes)) <= 6 * AT_ONCE < sizes[-1] / 3
    assert [scene.store.event(place).seq for place in range(0, sizes[-1], 97)] == [
        events[place % len(told)].seq for place in range(0, sizes[-1], 97)
    ]
    scene.close()


# Rows


def test_a_message_is_one_row_for_both_ends() -> None:
    events, _, _ = events_of("pnc-ac")
    sent = [e for e in events if isinstance(e, V2gMessage) and e.direction == "sent"]
    store = stored("pnc-ac")
    assert sum(count for _, count in rows(store)) == len(sent)
    pairs = [row for number in range(len(store.rows)) if (row := store.rows[number]).twin >= 0]
    for row in pairs:
        here, there = store.event(row.last), store.event(row.twin)
        assert here.role != there.role and row.last < row.twin
        assert isinstance(here, SdpDatagram) or getattr(here, "payload", 0) == getattr(there, "payload", 1)


def test_a_loop_is_one_row_with_a_count_and_nothing_else_is() -> None:
    counts = dict[str, list[int]]()
    for name, count in rows(stored("pnc-ac")):
        counts.setdefault(name, []).append(count)
    assert len(counts["ChargingStatusReq"]) == len(counts["ChargingStatusRes"]) == 1
    assert counts["ChargingStatusReq"][0] > 5 and counts["MeteringReceiptReq"][0] > 1
    assert counts["PowerDeliveryReq"] == [1, 1], "what starts and what stops are two rows"
    assert counts["SessionSetupReq"] == [1]


def test_a_loop_that_is_left_and_entered_again_is_two_rows() -> None:
    names = [name for name, _ in rows(stored("renegotiate")) if name in ("ChargingStatusReq", "CurrentDemandReq")]
    assert len(names) == 2


def test_the_conversations_of_two_vehicles_do_not_disturb_each_others_loops() -> None:
    store = stored("two-at-once")
    loops = [(name, count) for name, count in rows(store) if name in ("ChargingStatusReq", "CurrentDemandReq")]
    assert len(loops) == 2 and all(count > 2 for _, count in loops)


def test_a_transaction_event_says_which_and_only_updates_are_a_loop() -> None:
    store = stored("pnc-ac")
    found = []
    for number in range(len(store.rows)):
        row = store.rows[number]
        event = store.event(row.first)
        if isinstance(event, OcppFrame) and event.action == "TransactionEvent" and event.frame.startswith("[2"):
            found.append(row.count)
    assert found[0] == found[-1] == 1 and max(found) > 2


def test_a_late_answer_is_measured_against_the_limit_of_that_end() -> None:
    """The station's performance time is the nearer limit; the request that never comes has none."""
    events, _, _ = events_of("pnc-ac")
    late = [
        replace(event, time=event.time + 1.7)
        if isinstance(event, V2gMessage) and event.name == "SessionSetupRes"
        else event
        for event in events
    ]
    store = EventStore()
    store.take(records(late))
    found = {}
    for number in range(len(store.rows)):
        row = store.rows[number]
        event = store.event(row.first)
        if isinstance(event, V2gMessage):
            found[event.name] = row
    assert found["SessionSetupRes"].late and found["SessionSetupRes"].limit == 1.5
    assert found["SessionSetupRes"].took == pytest.approx(1.7, abs=0.01)
    assert not found["PaymentDetailsRes"].late and found["PaymentDetailsRes"].limit == 4.5
    assert found["SessionSetupReq"].limit == 0.0


# Actors


def test_actors_stand_in_the_order_of_the_chain_with_their_last_state() -> None:
    events, _, _ = events_of("pnc-ac", "contract-revoked")
    store = stored("pnc-ac", "contract-revoked")
    roles = [actor.role for actor in store.actors]
    assert roles == sorted(roles, key=["EV", "SECC", "CS", "CSMS", "RCP", "MO", "PKI", "LAB"].index)
    [secc] = store.actors.of("SECC")
    assert secc.state == [e.state for e in events if isinstance(e, StateEntered) and e.role == "SECC"][-1]
    assert secc.problems > 0 and secc.mark == "x" and secc.tls == "TLSv1.2"


def test_a_curve_of_power_keeps_its_ends_however_long_it_gets() -> None:
    events, _, _ = events_of("pnc-ac")
    sample = next(event for event in events if isinstance(event, Power))
    store = EventStore()
    for start in range(0, 30_000, 1000):
        told = (replace(sample, time=float(at), unit=f"EV-{at % 2}") for at in range(start, start + 1000))
        store.take(records(told))
    assert sum(map(len, store.power.values())) <= 20_000
    ends = {unit: (samples[0].time, samples[-1].time) for unit, samples in store.power.items()}
    assert ends == {"EV-0": (0.0, 29_998.0), "EV-1": (1.0, 29_999.0)}
    assert {len(samples) > 5_000 for samples in store.power.values()} == {True}, "of two that take turns, both"


# Selections


def places(store: EventStore, wanted: Filter) -> list[int]:
    selection = Selection(store, "events", wanted)
    selection.look()
    return [selection[at] for at in range(len(selection))]


def test_a_filter_by_actor_level_session_and_words_finds_exactly_those() -> None:
    store = stored("two-at-once")
    events: list[Event] = [store.event(place) for place in range(len(store))]
    assert places(store, Filter()) == list(range(len(store)))
    assert places(store, Filter(units=frozenset({"EV-2"}))) == [n for n, e in enumerate(events) if e.unit == "EV-2"]
    both = Filter(roles=frozenset({"SECC"}), units=frozenset({"EV-1"}))
    assert places(store, both) == [n for n, e in enumerate(events) if e.role == "SECC" or e.unit == "EV-1"]
    session = next(actor.session for actor in store.actors.of("EV"))
    assert places(store, Filter(sessions=frozenset({session}))) == [
        n for n, e in enumerate(events) if e.session == session
    ]
    worse = places(store, Filter(level=Level.STORY))
    assert worse and all(store.levels[place] >= Level.STORY for place in worse)
    named = places(store, Filter(text="paymentdetailsreq ev-1"))
    assert named and {getattr(events[place], "name", "") for place in named} == {"PaymentDetailsReq"}
    assert {events[place].unit for place in named} == {"EV-1"}
    assert places(store, Filter(units=frozenset({"nobody"}))) == []


def test_a_filter_sees_actors_that_speak_for_the_first_time_later() -> None:
    store = EventStore()
    selection = Selection(store, "events", Filter(units=frozenset({"CSMS"})))
    told = records(events_of("pnc-ac")[0])
    found = []
    for at in range(0, len(told), 50):
        store.take(told[at : at + 50])
        selection.look()
        found.append(len(selection))
    assert found[0] >= 0 and found[-1] == sum(event_of(one).unit == "CSMS" for one in told)


def test_paused_nothing_new_is_shown_and_how_much_has_come_is_known() -> None:
    store = EventStore()
    told = records(events_of("pnc-ac")[0])
    store.take(told[:100])
    selection = Selection(store, "events")
    selection.look()
    selection.pause()
    store.take(told[100:])
    assert selection.look() and len(selection) == 100 and selection.unseen == len(told) - 100
    selection.resume()
    assert len(selection) == len(told) and not selection.paused


def test_a_long_look_is_broken_off_and_goes_on_where_it_was() -> None:
    store = stored("pnc-ac", times=30)
    selection, looks = Selection(store, "events", Filter(text="state")), 0
    while selection.behind:
        selection.look(seconds=0.0)
        looks += 1
    assert looks > 3
    assert [selection[at] for at in range(len(selection))] == places(store, Filter(text="state"))


def test_rows_are_filtered_by_the_event_they_began_with() -> None:
    store = stored("pnc-ac")
    selection = Selection(store, "rows", Filter(roles=frozenset({"EV"})))
    selection.look()
    first = store.rows.first_events
    assert 0 < len(selection) < len(store.rows)
    assert {store.event(first[selection[at]]).role for at in range(len(selection))} == {"EV"}
    kinds = {store.kinds[first[selection[at]]] for at in range(len(selection))}
    assert NUMBER[V2gMessage] in kinds


def test_what_a_store_has_is_gone_through_once_in_steps_that_end_when_a_screen_can_wait_no_longer() -> None:
    have, seen = 25, list[tuple[int, int]]()
    walk = Walk(lambda: have, lambda begins, ends: seen.append((begins, ends)), 10)
    walk.on(time.perf_counter() - 1)
    assert (seen, walk.behind) == ([(0, 10)], 15), "some of it is seen however little time there is"
    walk.on()
    walk.on()
    assert (seen[1:], walk.behind) == ([(10, 20), (20, 25)], 0)
    have = 26
    walk.on()
    assert seen[-1] == (25, 26)
    walk.begin_anew()
    assert walk.behind == 26
