"""Profiles of cars against sessions that were recorded of them: what a profile says is what the car said."""

from __future__ import annotations

import pytest
from script import HANDSHAKE, VehicleScript, scripts

from pncsim.simulator.cars.profile import profiles
from pncsim.simulator.cars.traits import TRAITS, CarRequest, Requests, declared, seen
from pncsim.simulator.scenario import Energy
from pncsim.wire.exi import views
from pncsim.wire.v2g.registry import codec

SCRIPTS = scripts()
HELD = [(name, recording) for name, car in profiles() for recording in car.recordings]
TIMED = {trait.name for trait in TRAITS if trait.timed}
CUT = {
    # the recording ends in the loop, or before it
    "vw-id3-dc": {"ChargingProfile with the stop", "WeldingDetectionReq", "EVReady while welding is looked for", "end"},
    "vw-id3-ac": {"pause in the loop"},
    "vw-id3-ac-2": {"end", "pause in the loop"},
}
"""What a recording cannot show."""


def requests(script: VehicleScript) -> Requests:
    """What the car of the recording said."""
    said = []
    for step, values in script.requests():
        if step.name == HANDSHAKE:
            one = CarRequest(step.pause, views.from_json(codec("app"), {HANDSHAKE: values}), b"")
        else:
            shown = {"Header": {"SessionID": script.first_session}, "Body": {step.name: values}}
            message = views.from_json(codec("iso2"), {"V2G_Message": shown})
            one = CarRequest(step.pause, message.Body.BodyElement, message.Header.SessionID)
        said += [one] * step.times
    return Requests(said, script.asks_tls)


@pytest.mark.parametrize(("name", "recording"), HELD)
def test_a_profile_says_what_the_car_said(name: str, recording: str) -> None:
    current: Energy = "dc" if "dc" in recording.split("-") else "ac"
    car = dict(profiles())[name]
    claimed, told = declared(car, current), seen(requests(SCRIPTS[recording]))
    hidden = CUT.get(recording, set())
    exact = [trait for trait in claimed if trait not in TIMED and trait not in hidden]
    assert len(exact) >= 8
    assert {trait: told.get(trait) for trait in exact} == {trait: claimed[trait] for trait in exact}
    for trait in TIMED - hidden:
        ours, theirs = (float(one.removesuffix(" ms")) for one in (claimed[trait], told[trait]))
        assert abs(ours - theirs) <= 25, (trait, claimed[trait], told[trait])


def test_every_recording_is_held_against_the_profile_of_its_car() -> None:
    assert {recording for _, recording in HELD} == set(SCRIPTS)
