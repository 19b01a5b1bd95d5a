from charging_app import energy, roots

from pncsim.wire.trace import OcppFrame


def test_energy_is_read_from_what_a_station_says(pnc_station, pnc_ev):
    station = pnc_station(payment="eim")
    vehicle = pnc_ev(at=station, payment="eim", kwh=0.003)
    assert vehicle.result().verdict == "pass"
    assert station.result().verdict == "pass"
    frames = [event.frame for event in station.events if isinstance(event, OcppFrame) and event.role == "CS"]
    assert energy(frames) > 0


def test_energy_is_read_from_a_whole_lab(pnc_lab):
    run = pnc_lab("pnc-ac", kwh=2.0)
    assert run.passed, run.result.line
    frames = [event.frame for event in run.events if isinstance(event, OcppFrame) and event.role == "CS"]
    assert round(energy(frames)) in range(1990, 2011)


def test_a_disturbed_session_takes_nothing(pnc_lab):
    run = pnc_lab("pnc-ac", faults=("contract-revoked",))
    assert not run.passed
    assert energy(event.frame for event in run.events if isinstance(event, OcppFrame)) == 0


def test_roots_are_fetched_from_a_pool(pnc_ecosystem):
    assert roots(pnc_ecosystem.services["rcp"], pnc_ecosystem.token("demo-cpo"))
