"""Every variable a CSMS may write is read by somebody: writing it changes what the station does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from metering_proofs import METERING, by_the_clock, metered
from ocpp_lab import IDENTITY, Lab, books, running, virtual
from variable_lab import CARD, EMAID, PLAIN, Proof, Proofs, by_card, charge_point, plug_in, ready, write

from pncsim.secc import notices
from pncsim.secc.questions import AuthorizationAnswer, ContractAuthorization, ExternalAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.reading import not_after
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.pilot import DIGITAL
from pncsim.wire.trace import OcppFrame

proves = Proofs()


def last_csr(lab: Lab) -> x509.CertificateSigningRequest:
    frames = [e.frame for e in lab.events if isinstance(e, OcppFrame) and e.action == "SignCertificate"]
    sent = [json.loads(frame) for frame in frames]
    return x509.load_pem_x509_csr([frame[3]["csr"] for frame in sent if frame[0] == 2][-1].encode())


async def csr_after(component: str, name: str, value: str, *more: tuple[str, str, str]) -> x509.Name:
    """The subject the station asks for once the variable has ``value``."""
    lab = Lab()
    async with ready(lab, StationConfig(identity=IDENTITY, request_staples=False)) as station:
        for other in more:
            write(station, *other)
        write(station, component, name, value)
        assert await lab.csms.trigger(IDENTITY, "SignV2GCertificate") == "Accepted"
        await lab.clock.sleep(5)
        return last_csr(lab).subject


def field(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return str(name.get_attributes_for_oid(oid)[0].value)


# ISO 15118


@proves("ISO15118Ctrlr", "Enabled")
async def iso_15118_enabled() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        evse = point.evse()
        write(point.station, "ISO15118Ctrlr", "Enabled", "false")
        evse.pilot.connect()
        await lab.clock.sleep(1)
        assert evse.serving is None and evse.pilot.duty > 10, "current is offered as to any vehicle"
        evse.pilot.disconnect()
        write(point.station, "ISO15118Ctrlr", "Enabled", "true")
        evse.pilot.connect()
        await evse.pilot.matched()
        assert evse.serving is not None and evse.pilot.duty == DIGITAL


@proves("ISO15118Ctrlr", "PnCEnabled")
async def pnc_enabled() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        assert point.settings(1).contract
        write(point.station, "ISO15118Ctrlr", "PnCEnabled", "false")
        assert not point.settings(1).contract
        refused = await point.station.outlet().answer(ContractAuthorization(emaid=EMAID, chain=()))
        assert isinstance(refused, AuthorizationAnswer) and "PnCEnabled" in refused.text


@proves("ISO15118Ctrlr", "CentralContractValidationAllowed")
async def central_validation() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        assert not point.settings(1).central_validation
        write(point.station, "ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
        assert point.settings(1).central_validation


@proves("ISO15118Ctrlr", "ContractValidationOffline")
async def offline_validation() -> None:
    lab = Lab()
    station = lab.station()
    assert not station.offers_contract
    write(station, "ISO15118Ctrlr", "ContractValidationOffline", "true")
    assert station.offers_contract


@proves("ISO15118Ctrlr", "ContractCertificateInstallationEnabled")
async def contract_installation() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        assert point.settings(1).certificate_service
        write(point.station, "ISO15118Ctrlr", "ContractCertificateInstallationEnabled", "false")
        assert not point.settings(1).certificate_service


@proves("ISO15118Ctrlr", "V2GCertificateInstallationEnabled")
async def v2g_installation() -> None:
    lab = Lab()
    station = lab.station(config=StationConfig(identity=IDENTITY, request_staples=False))
    write(station, "ISO15118Ctrlr", "V2GCertificateInstallationEnabled", "false")
    async with running(station):
        await station.wait_ready()
        assert station.credentials is None and "SignCertificate" not in lab.frames()


@proves("ISO15118Ctrlr", "CertificateRenewalDays")
async def renewal() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = 86_400
    async with ready(lab, StationConfig(identity=IDENTITY, request_staples=False)) as station:
        first = station.credentials
        assert first is not None
        await lab.clock.sleep_until(not_after(first.leaf) - 25 * 86_400)
        second = station.credentials
        assert second is not None and second is not first, "a month before the end is usual"
        write(station, "ISO15118Ctrlr", "CertificateRenewalDays", "7")
        await lab.clock.sleep_until(not_after(second.leaf) - 8 * 86_400)
        assert station.credentials is second
        write(station, "ISO15118Ctrlr", "CertificateRenewalDays", "10")
        await lab.clock.sleep(1)
        assert station.credentials is not second, "what is due is done at once"


@proves("ISO15118Ctrlr", "RequestMeteringReceipt")
async def metering_receipts() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        assert point.settings(1).receipts.first > 0
        write(point.station, "ISO15118Ctrlr", "RequestMeteringReceipt", "false")
        assert point.settings(1).receipts.first == 0


@proves("ISO15118Ctrlr", "SeccId", "CountryName", "OrganizationName")
async def subject() -> None:
    assert field(await csr_after("ISO15118Ctrlr", "SeccId", "SECC77"), NameOID.COMMON_NAME) == "SECC77"
    assert field(await csr_after("ISO15118Ctrlr", "CountryName", "SE"), NameOID.COUNTRY_NAME) == "SE"
    assert field(await csr_after("ISO15118Ctrlr", "OrganizationName", "Nord"), NameOID.ORGANIZATION_NAME) == "Nord"


@proves("EVSE", "ISO15118EvseId")
async def evse_id() -> None:
    lab = Lab()
    async with charge_point(lab) as point:
        write(point.station, "EVSE", "ISO15118EvseId", "SE*NRD*E000042", evse=1)
        assert point.settings(1).evse_id == "SE*NRD*E000042"


# Security


@proves("SecurityCtrlr", "OrganizationName")
async def organization() -> None:
    empty = ("ISO15118Ctrlr", "OrganizationName", "")
    name = await csr_after("SecurityCtrlr", "OrganizationName", "Operator", empty)
    assert field(name, NameOID.ORGANIZATION_NAME) == "Operator"


@proves("SecurityCtrlr", "BasicAuthPassword")
async def password() -> None:
    lab = Lab()
    async with ready(lab) as station:
        assert await lab.csms.change_password(IDENTITY, "another-good-password") == "Accepted"
        await lab.clock.sleep(1)
        assert station.online and len(lab.links) == 2 and station.link.password == "another-good-password"


@proves("SecurityCtrlr", "CertSigningWaitMinimum", "CertSigningRepeatTimes")
async def signing() -> None:
    lab = Lab()
    lab.authority.silent = True
    station = lab.station(config=StationConfig(identity=IDENTITY, request_staples=False))
    write(station, "SecurityCtrlr", "CertSigningWaitMinimum", "7")
    write(station, "SecurityCtrlr", "CertSigningRepeatTimes", "1")
    async with running(station):
        await lab.clock.sleep(100)
        sent = [e.time for e in lab.events if isinstance(e, OcppFrame) and e.role == "CS" and '"csr"' in e.frame]
        assert [round(time - sent[0]) for time in sent] == [0, 7]


# Authorization


@proves("AuthCtrlr", "Enabled")
async def authorization_enabled() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "AuthCtrlr", "Enabled", "false")
        answer = await station.outlet().answer(ExternalAuthorization())
        assert isinstance(answer, AuthorizationAnswer) and answer.accepted
        assert "Authorize" not in lab.frames()


@proves("AuthCtrlr", "AuthorizeRemoteStart")
async def authorize_remote_start() -> None:
    for value, asked in (("true", 1), ("false", 0)):
        lab = Lab()
        async with ready(lab) as station:
            write(station, "AuthCtrlr", "AuthorizeRemoteStart", value)
            assert await lab.csms.request_start(IDENTITY, CARD) == "Accepted"
            plug_in(station, lab)
            answer = await station.outlet().answer(ExternalAuthorization())
            assert isinstance(answer, AuthorizationAnswer) and answer.token == CARD
            assert lab.frames().count("Authorize") == asked
            await station.settled()


@proves("AuthCtrlr", "LocalAuthorizeOffline", "OfflineTxForUnknownIdEnabled")
async def offline() -> None:
    station = Lab().station()
    assert (await by_card(station)).token_status == "Unknown"
    write(station, "AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
    assert (await by_card(station)).accepted
    write(station, "AuthCtrlr", "LocalAuthorizeOffline", "false")
    assert "LocalAuthorizeOffline" in (await by_card(station)).text


@proves("AuthCtrlr", "LocalPreAuthorize")
async def pre_authorize() -> None:
    lab = Lab()
    async with ready(lab) as station:
        await by_card(station)
        await by_card(station)
        assert lab.frames().count("Authorize") == 2
        write(station, "AuthCtrlr", "LocalPreAuthorize", "true")
        assert (await by_card(station)).accepted
        assert lab.frames().count("Authorize") == 2, "the cache is enough"


@proves("AuthCacheCtrlr", "Enabled", "LifeTime")
async def cache() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "AuthCacheCtrlr", "LifeTime", "100")
        await by_card(station)
    assert (await by_card(station)).accepted
    write(station, "AuthCacheCtrlr", "Enabled", "false")
    assert not (await by_card(station)).accepted
    write(station, "AuthCacheCtrlr", "Enabled", "true")
    await lab.clock.sleep(101)
    assert not (await by_card(station)).accepted


# Transactions


@proves("TxCtrlr", "StopTxOnInvalidId")
async def stop_on_invalid() -> None:
    for value, stopped in (("true", 1), ("false", 0)):
        lab = Lab()
        lab.operator.known[EMAID] = "Blocked"
        async with ready(lab) as station:
            write(station, "TxCtrlr", "StopTxOnInvalidId", value)
            plug_in(station, lab)
            station.outlet().note(notices.Authorized(time=lab.clock.now(), emaid=EMAID))
            await station.settled()
            assert len(lab.stopped) == stopped


@proves("TxCtrlr", "EVConnectionTimeOut")
async def connection_timeout() -> None:
    for value, taken in (("10", False), ("30", True)):
        lab = Lab()
        async with ready(lab) as station:
            write(station, "TxCtrlr", "EVConnectionTimeOut", value)
            assert await lab.csms.request_start(IDENTITY, CARD) == "Accepted"
            await lab.clock.sleep(20)
            plug_in(station, lab)
            asked = asyncio.ensure_future(station.outlet().answer(ExternalAuthorization()))
            await lab.clock.sleep(1)
            assert asked.done() is taken
            asked.cancel()
            [transaction] = books(lab.csms)
            assert transaction.events[0]["triggerReason"] == ("RemoteStart" if taken else "CablePluggedIn")


# The connection


@proves("OCPPCommCtrlr", "HeartbeatInterval")
async def heartbeats() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "OCPPCommCtrlr", "HeartbeatInterval", "20")
        await lab.clock.sleep(400)
        before = lab.frames().count("Heartbeat")
        await lab.clock.sleep(100)
        assert lab.frames().count("Heartbeat") - before == 5


@proves("OCPPCommCtrlr", "MessageAttempts", "MessageAttemptInterval")
async def attempts() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "OCPPCommCtrlr", "MessageAttempts", "2")
        write(station, "OCPPCommCtrlr", "MessageAttemptInterval", "4")
        tries: list[float] = []

        def refuse(payload: Any) -> Any:
            tries.append(lab.clock.now())
            raise CallError("InternalError", "not today")

        lab.csms.stations[IDENTITY].peer.handlers["TransactionEvent"] = refuse
        plug_in(station, lab)
        await station.settled()
        assert [round(time - tries[0]) for time in tries] == [0, 4]


@proves("OCPPCommCtrlr", "RetryBackOffWaitMinimum", "RetryBackOffRandomRange", "RetryBackOffRepeatTimes")
async def back_off() -> None:
    lab = Lab()
    times: list[float] = []

    async def refuse(identity: str, password: str | None) -> Any:
        times.append(lab.clock.now())
        raise PeerError("Nobody is there.")

    station = lab.station(connect=refuse)
    write(station, "OCPPCommCtrlr", "RetryBackOffWaitMinimum", "3")
    write(station, "OCPPCommCtrlr", "RetryBackOffRandomRange", "0")
    write(station, "OCPPCommCtrlr", "RetryBackOffRepeatTimes", "1")
    async with running(station):
        await lab.clock.sleep(20)
    assert [round(time - times[0]) for time in times] == [0, 3, 9, 15]


@proves("OCPPCommCtrlr", "WebSocketPingInterval")
async def pings() -> None:
    lab = Lab()
    async with ready(lab) as station:
        link = lab.links[-1]
        await lab.clock.sleep(1000)
        assert link.pings == 0, "0 is for none"
        for value, sent in (("50", 4), ("20", 10), ("0", 0)):
            before = link.pings
            write(station, "OCPPCommCtrlr", "WebSocketPingInterval", value)
            await lab.clock.sleep(201)
            assert link.pings - before == sent


def restarts(station: Station, lab: Lab, restarted: list[float]) -> None:
    """Have the EVSE end what goes on when it restarts, and keep the times."""

    def restart() -> None:
        restarted.append(lab.clock.now())
        station.outlet().note(notices.Unplugged(time=lab.clock.now()))

    station.outlet().restart = restart


@proves("OCPPCommCtrlr", "ResetRetries")
async def reset_retries() -> None:
    for value, asked in (("0", 1), ("3", 4)):
        lab = Lab()
        async with ready(lab) as station:
            restarted: list[float] = []
            restarts(station, lab, restarted)
            write(station, "OCPPCommCtrlr", "ResetRetries", value)
            plug_in(station, lab)
            start = lab.clock.now()
            assert (await lab.csms.call(IDENTITY, "Reset", {"type": "Immediate"}))["status"] == "Accepted"
            await lab.clock.sleep(1000)
            assert len(lab.stopped) == asked, "a vehicle that goes on is asked again"
            assert [round(time - start) for time in restarted] == [asked * 60], "and at last it is not asked"
            [transaction] = books(lab.csms)
            assert transaction.stopped_reason == "ImmediateReset" and lab.frames().count("BootNotification") == 2


@proves("OCPPCommCtrlr", "OfflineThreshold")
async def offline_threshold() -> None:
    for value, again in (("1", 2), ("3600", 1)):
        lab = Lab()
        async with ready(lab) as station:
            write(station, "OCPPCommCtrlr", "OfflineThreshold", value)
            await lab.cut()
            await lab.clock.sleep(60)
            assert station.online and lab.frames().count("StatusNotification") == again


@virtual
async def test_values_that_keep_to_the_clock_begin_anew_at_midnight() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "Interval", "50000")
        midnight = (lab.clock.now() // 86_400 + 1) * 86_400
        await lab.clock.sleep_until(midnight + 86_399)
        times = [time for time, _ in by_the_clock(lab, "MeterValues")]
        assert times[-2:] == [timestamp(midnight), timestamp(midnight + 50_000)]


ALL = {**proves, **METERING}


@pytest.mark.parametrize("proof", dict.fromkeys(ALL.values()), ids=lambda proof: proof.__name__)
def test_what_is_written_changes_what_the_station_does(proof: Proof) -> None:
    virtual(proof)()  # type: ignore[arg-type]


@virtual
async def test_the_clock_can_be_read_and_goes_on() -> None:
    lab = Lab()
    station = lab.station()
    shown = station.model.text("ClockCtrlr", "DateTime")
    assert shown == timestamp(lab.clock.now())
    await lab.clock.sleep(60)
    assert station.model.text("ClockCtrlr", "DateTime") == timestamp(lab.clock.now()) != shown


@virtual
async def test_a_csms_that_answers_no_ping_is_left_and_looked_for_again() -> None:
    lab = Lab()
    async with ready(lab) as station:
        link = lab.links[-1]

        async def silent() -> None:
            await asyncio.get_running_loop().create_future()

        link.ping = silent  # type: ignore[method-assign]
        write(station, "OCPPCommCtrlr", "WebSocketPingInterval", "40")
        await lab.clock.sleep(40 + PLAIN.call_timeout - 1)
        assert link.close_code is None
        await lab.clock.sleep(60)
        assert link.close_code == 1001 and link is not lab.links[-1] and station.online
        assert lab.links[-1].pings > 0


def test_every_writable_variable_has_such_a_proof() -> None:
    written = {(key.component, key.name) for key in a_station().model.writable()}
    assert written == set(ALL)


def a_station() -> Station:
    made: list[Station] = []

    @virtual
    async def make() -> None:
        made.append(Lab().station())

    make()
    return made[0]
