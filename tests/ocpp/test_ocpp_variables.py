"""Every variable a CSMS may write is read by somebody: writing it changes what the station does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from ocpp_lab import IDENTITY, PASSWORD, Lab, books, running, virtual

from pncsim.secc import notices
from pncsim.secc.charge_point import ChargePoint
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.questions import AuthorizationAnswer, ContractAuthorization, ExternalAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.reading import not_after
from pncsim.wire.errors import PeerError
from pncsim.wire.network.memory import MemoryNetwork
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.pilot import DIGITAL
from pncsim.wire.trace import OcppFrame

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
CARD = "04A1B2C3"
EMAID = "DEPNCC00000001A"

Proof = Callable[[], Awaitable[None]]
PROOFS: dict[tuple[str, str], Proof] = {}


def proves(component: str, *names: str) -> Callable[[Proof], Proof]:
    """The test of one variable, or of several that only work together."""

    def keep(proof: Proof) -> Proof:
        PROOFS.update({(component, name): proof for name in names})
        return proof

    return keep


def write(station: Station, component: str, name: str, value: str, *, evse: int = 0) -> None:
    """Write it as SetVariables does."""
    where: dict[str, Any] = {"name": component, **({"evse": {"id": evse}} if evse else {})}
    instances = {"MessageAttempts": "TransactionEvent", "MessageAttemptInterval": "TransactionEvent"}
    variable = {"name": name, **({"instance": instances[name]} if name in instances else {})}
    item: Any = {"component": where, "variable": variable, "attributeValue": value}
    [result] = station.model.set_variables([item])
    assert result["attributeStatus"] == "Accepted", result


@asynccontextmanager
async def ready(lab: Lab, config: StationConfig = PLAIN) -> AsyncIterator[Station]:
    async with running(lab.station(config=config)) as station:
        await station.wait_ready()
        yield station


@asynccontextmanager
async def charge_point(lab: Lab) -> AsyncIterator[ChargePoint]:
    """A charge point with one EVSE on a link in memory."""
    pki = lab.pki
    point = ChargePoint(
        lab.clock,
        lab.trace,
        PLAIN,
        [EvsePlan(config=SeccConfig(), network=MemoryNetwork(lab.clock))],
        connect=lab.connector(),
        source=lab.source,
        password=PASSWORD,
        credentials=pki.credentials("secc_leaf"),
    )
    await point.open()
    try:
        yield point
    finally:
        await point.close()


async def by_card(station: Station) -> AuthorizationAnswer:
    """What a vehicle is told when its driver shows the card."""
    station.present(CARD)
    answer = await station.outlet().answer(ExternalAuthorization())
    assert isinstance(answer, AuthorizationAnswer)
    return answer


def plug_in(station: Station, lab: Lab, register: int | None = None) -> None:
    station.outlet().note(notices.PluggedIn(time=lab.clock.now(), register_wh=register))


def charging(station: Station, lab: Lab, samples: int = 0, every: float = 10.0) -> None:
    """A vehicle charges for ``samples`` times ``every`` seconds and stops."""
    start, outlet = lab.clock.now(), station.outlet()
    plug_in(station, lab, 1000)
    outlet.note(notices.SessionStarted(time=start, session_id=b"12345678", evccid="0A", resumed=False))
    outlet.note(notices.Authorized(time=start, emaid=EMAID))
    outlet.note(notices.ChargingStarted(time=start, register_wh=1000))
    for step in range(1, samples + 1):
        power: dict[str, Any] = {"watts": 7200.0, "volts": 230.0, "amperes": 16.0, "soc": 50}
        energy: dict[str, Any] = {"energy_wh": 20.0 * step, "register_wh": 1000 + 20 * step}
        outlet.note(notices.MeterSample(time=start + every * step, **power, **energy))
    end: dict[str, Any] = {"energy_wh": 20.0 * samples, "register_wh": 1000 + 20 * samples}
    outlet.note(notices.SessionEnded(time=start + every * samples, kind="ended", reason="done", **end))


async def measured(lab: Lab, station: Station, samples: int = 12) -> dict[str, list[Any]]:
    """The measurands of a charge by event type: for each event, those of each of its meter values."""
    charging(station, lab, samples)
    await station.settled()
    [transaction] = books(lab.csms)
    found: dict[str, list[Any]] = {"Started": [], "Updated": [], "Ended": []}
    for _, event in sorted(transaction.events.items()):
        if "meterValue" in event:
            values = [[v["measurand"] for v in m["sampledValue"]] for m in event["meterValue"]]
            found[event["eventType"]].append(values)
    return found


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


# Metering


@proves("SampledDataCtrlr", "Enabled")
async def sampled_data() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "Enabled", "false")
        assert await measured(lab, station) == {"Started": [], "Updated": [], "Ended": []}


@proves("SampledDataCtrlr", "TxUpdatedInterval", "TxUpdatedMeasurands")
async def updated() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxUpdatedInterval", "30")
        write(station, "SampledDataCtrlr", "TxUpdatedMeasurands", "SoC,Voltage")
        assert (await measured(lab, station))["Updated"] == [[["SoC", "Voltage"]]] * 4


@proves("SampledDataCtrlr", "TxStartedMeasurands")
async def started() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxStartedMeasurands", "Voltage,Energy.Active.Import.Register")
        assert (await measured(lab, station))["Started"] == [[["Voltage", "Energy.Active.Import.Register"]]]


@proves("SampledDataCtrlr", "TxEndedInterval", "TxEndedMeasurands")
async def ended() -> None:
    lab = Lab()
    async with ready(lab) as station:
        write(station, "SampledDataCtrlr", "TxEndedInterval", "40")
        write(station, "SampledDataCtrlr", "TxEndedMeasurands", "SoC")
        assert (await measured(lab, station))["Ended"] == [[["SoC"]] * 4], "after 40, 80, 120 s and at the end"


def by_the_clock(lab: Lab, action: str) -> list[Any]:
    """Meter values of the context Sample.Clock in the calls of the station: (seconds of the day, measurands)."""
    found = []
    for event in lab.events:
        if isinstance(event, OcppFrame) and event.role == "CS" and event.action == action:
            kind, _, *call = json.loads(event.frame)
            for value in call[1].get("meterValue", ()) if kind == 2 else ():
                taken = [one["measurand"] for one in value["sampledValue"] if one["context"] == "Sample.Clock"]
                if taken:
                    found.append((value["timestamp"], taken))
    return found


@asynccontextmanager
async def metered(lab: Lab) -> AsyncIterator[Station]:
    """A station whose meter can be read: 1000 Wh."""
    async with ready(lab) as station:
        station.outlet().reading = lambda: 1000
        yield station


@proves("AlignedDataCtrlr", "Interval", "Measurands")
async def aligned() -> None:
    lab = Lab()
    async with metered(lab) as station:
        await lab.clock.sleep(2000)
        assert by_the_clock(lab, "MeterValues") == [], "0 is for none"
        write(station, "AlignedDataCtrlr", "Interval", "900")
        write(station, "AlignedDataCtrlr", "Measurands", "Voltage,Energy.Active.Import.Register")
        await lab.clock.sleep(2 * 900)
        idle = by_the_clock(lab, "MeterValues")
        assert [names for _, names in idle] == [["Voltage", "Energy.Active.Import.Register"]] * 2
        assert all(time[14:] in ("00:00.000Z", "15:00.000Z", "30:00.000Z", "45:00.000Z") for time, _ in idle)
        plug_in(station, lab, 1000)
        await lab.clock.sleep(900)
        assert len(by_the_clock(lab, "MeterValues")) == 2, "within a transaction they are of it"
        assert len(by_the_clock(lab, "TransactionEvent")) == 1
        [transaction] = books(lab.csms)
        assert transaction.events[max(transaction.events)]["triggerReason"] == "MeterValueClock"
        write(station, "AlignedDataCtrlr", "Measurands", "")
        await lab.clock.sleep(1800)
        assert len(by_the_clock(lab, "TransactionEvent")) == 1, "of nothing nothing is told"


@proves("AlignedDataCtrlr", "SendDuringIdle")
async def aligned_while_idle() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "Interval", "60")
        write(station, "AlignedDataCtrlr", "SendDuringIdle", "true")
        await lab.clock.sleep(60)
        plug_in(station, lab, 1000)
        await lab.clock.sleep(600)
        assert (len(by_the_clock(lab, "MeterValues")), by_the_clock(lab, "TransactionEvent")) == (1, [])
        station.outlet().note(notices.Unplugged(time=lab.clock.now(), register_wh=1000))
        await lab.clock.sleep(60)
        assert len(by_the_clock(lab, "MeterValues")) == 2


@proves("AlignedDataCtrlr", "TxEndedInterval", "TxEndedMeasurands")
async def aligned_at_the_end() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "TxEndedInterval", "60")
        write(station, "AlignedDataCtrlr", "TxEndedMeasurands", "Current.Import")
        plug_in(station, lab, 1000)
        await lab.clock.sleep(180)
        assert by_the_clock(lab, "TransactionEvent") == [], "they wait for the end"
        station.outlet().note(notices.Unplugged(time=lab.clock.now(), register_wh=1000))
        await station.settled()
        assert [names for _, names in by_the_clock(lab, "TransactionEvent")] == [["Current.Import"]] * 3


@virtual
async def test_values_that_keep_to_the_clock_begin_anew_at_midnight() -> None:
    lab = Lab()
    async with metered(lab) as station:
        write(station, "AlignedDataCtrlr", "Interval", "50000")
        midnight = (lab.clock.now() // 86_400 + 1) * 86_400
        await lab.clock.sleep_until(midnight + 86_399)
        times = [time for time, _ in by_the_clock(lab, "MeterValues")]
        assert times[-2:] == [timestamp(midnight), timestamp(midnight + 50_000)]


@pytest.mark.parametrize("proof", dict.fromkeys(PROOFS.values()), ids=lambda proof: proof.__name__)
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
    assert written == set(PROOFS)


def a_station() -> Station:
    made: list[Station] = []

    @virtual
    async def make() -> None:
        made.append(Lab().station())

    make()
    return made[0]
