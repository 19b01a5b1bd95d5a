"""What a station keeps where no loss of power reaches, and what it does with it afterwards."""

from __future__ import annotations

from itertools import islice

import pytest
from ocpp_lab import IDENTITY, PASSWORD, Lab, books, running, virtual
from test_ocpp_transactions import EMAID, PLAIN, session

from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.state import read_state
from pncsim.wire.errors import LocalError


@virtual
async def test_the_transaction_that_was_open_ends_with_the_meter_as_it_is() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        for notice in islice(session(lab.clock.now(), minutes=5), 20):
            station.outlet().note(notice)
        await station.settled()
        kept = station.state_kept
    (before,) = books(lab.csms)
    assert before.ended is None

    async with running(lab.station(config=PLAIN, state=kept)) as again:
        again.stands_again(1, 100_999)
        await again.wait_ready()
        await again.settled()
    (transaction,) = books(lab.csms)
    assert transaction.complete and transaction.stopped_reason == "Reboot"
    last = transaction.events[transaction.last]
    assert (last["triggerReason"], last["offline"]) == ("AbnormalCondition", True)
    assert last["idToken"]["idToken"] == EMAID
    assert transaction.energy_wh == pytest.approx(999)


@virtual
async def test_events_nobody_has_confirmed_are_told_in_order_and_once() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        steps = session(lab.clock.now(), minutes=3)
        for notice in islice(steps, 6):
            station.outlet().note(notice)
        await station.settled()
        await lab.cut()
        for notice in steps:
            station.outlet().note(notice)
        kept = station.state_kept
    async with running(lab.station(config=PLAIN, state=kept)) as again:
        again.stands_again(1, 100_999)
        await again.wait_ready()
        await again.settled()
    (transaction,) = books(lab.csms)
    assert transaction.complete and transaction.stopped_reason == "StoppedByEV"


@virtual
async def test_certificate_roots_variables_and_password_are_there_again() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        assert await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "PnCEnabled", "false") == "Accepted"
        assert await lab.csms.change_password(IDENTITY, "another-horse-battery") == "Accepted"
        station.trust.restore(station.trust.all[:1])
        kept, held = station.state_kept, station.credentials
    signed = lab.frames().count("SignCertificate")
    async with running(lab.station(state=kept)) as again:
        await again.wait_ready()
        assert held is not None and again.credentials is not None
        assert again.credentials.chain == held.chain
        assert again.credentials.key.private_numbers() == held.key.private_numbers()
        assert not again.model.flag("ISO15118Ctrlr", "PnCEnabled")
        assert [use for use, _ in again.trust.all] == ["V2GRootCertificate"]
        assert again.link.password == "another-horse-battery"
    assert lab.frames().count("SignCertificate") == signed


@virtual
async def test_what_a_token_is_known_for_is_known_offline_afterwards() -> None:
    lab = Lab()
    station = lab.station(config=StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False))
    info, now = {"status": "Accepted"}, lab.clock.now()
    token = {"idToken": "04A1B2C3", "type": "ISO14443"}
    station._context.cache.remember(token, info, now, 60.0)  # type: ignore[arg-type]
    again = lab.station(config=PLAIN, state=station.state_kept)
    assert again._context.cache.status("04a1b2c3", "ISO14443", now) == "Accepted"


@virtual
async def test_secrets_are_not_shown() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        shown = repr(read_state(station.state_kept))
    assert PASSWORD not in shown and "own=" not in shown


@pytest.mark.parametrize("octets", [b"", b"{}", b"\xff\x00", b'{"variables": 7}'])
def test_what_is_no_state_is_refused_with_a_sentence(octets: bytes) -> None:
    with pytest.raises(LocalError, match="no state of a station"):
        read_state(octets)
