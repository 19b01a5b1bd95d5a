"""Both ends in memory, in virtual time: registration, certificates, losing and finding each other."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from ocpp_lab import IDENTITY, NOW, PASSWORD, Hand, Lab, running, shared_pki, virtual

from pncsim.backend.csms.link import VariableName
from pncsim.secc.station.config import StationConfig
from pncsim.tls_certs.hash_data import hash_data
from pncsim.wire.errors import PeerClosed, PeerError, PeerSilent, PncError
from pncsim.wire.ocpp.channel import memory_channels
from pncsim.wire.ocpp.errors import CallError
from pncsim.wire.ocpp.frames import Frame

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)


@pytest.mark.rule("CSO-4", "EVSE-1")
@virtual
async def test_boot_certificate_and_staple() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        assert lab.frames()[:4] == ["BootNotification", "StatusNotification", "SignCertificate", "CertificateSigned"]
        assert station.credentials is not None
        assert station.credentials.key.public_key() == station.credentials.leaf.public_key()
        assert len(station.credentials.chain) == 3
        assert station.staples[1:] == (None, None)
        answer = list(ocsp.load_der_ocsp_response(station.staples[0] or b"").responses)
        assert {single.serial_number for single in answer} == {station.credentials.leaf.serial_number}
        assert {single.certificate_status for single in answer} == {ocsp.OCSPCertStatus.GOOD}
        assert lab.csms.stations[IDENTITY].connectors == {(1, 1): "Available"}
        assert lab.problems() == []


@pytest.mark.rule("CSO-4")
@virtual
async def test_sub_ca_staples_on_request() -> None:
    lab = Lab()
    async with running(lab.station(config=StationConfig(identity=IDENTITY, staple_sub_cas=True))) as station:
        await station.wait_ready()
        assert [staple is not None for staple in station.staples] == [True, True, True]
        assert lab.frames().count("GetCertificateStatus") == 3


@pytest.mark.rule("CSO-4", "PKI-11")
@virtual
async def test_staples_are_refreshed_and_certificates_renewed_in_time() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = 86_400
    async with running(lab.station()) as station:
        await station.wait_ready()
        first = station.credentials
        assert first is not None
        await lab.clock.sleep(8 * 86_400)
        assert lab.frames().count("GetCertificateStatus") > 1
        assert station.staples[0] is not None and station.credentials is first
        await lab.clock.sleep_until(first.leaf.not_valid_after_utc.timestamp() - 20 * 86_400)
        assert station.credentials is not first
        assert station.staples[0] is not None
        assert lab.problems() == []


@virtual
async def test_pending_then_accepted_and_no_call_before() -> None:
    lab = Lab()
    lab.csms.config.boot_status = lambda identity: "Pending"
    async with running(lab.station(config=PLAIN)) as station:
        await lab.clock.sleep(5)
        assert station.state == "Pending" and not station.online
        with pytest.raises(PeerClosed, match="configure first"):
            await station.call("Heartbeat", {})
        # B02: the CSMS may configure, but not start transactions.
        assert await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "SeccId", "DEPNCE2") == "Accepted"
        assert await lab.csms.request_start(IDENTITY, "04A1B2C3") == "Rejected"
        lab.csms.config.boot_status = lambda identity: "Accepted"
        assert await lab.csms.trigger(IDENTITY, "BootNotification") == "Accepted"
        await station.wait_ready(5)
        assert lab.frames().count("BootNotification") == 2
        assert await lab.csms.trigger(IDENTITY, "BootNotification") == "Rejected"


@virtual
async def test_rejected_station_stays_silent_for_the_interval() -> None:
    lab = Lab()
    lab.csms.config.boot_status = lambda identity: "Rejected"
    async with running(lab.station(config=PLAIN)) as station:
        with pytest.raises(PeerError, match="rejected the station CS001"):
            await station.wait_ready()
        with pytest.raises(CallError, match="SecurityError"):
            await lab.csms.trigger(IDENTITY, "Heartbeat")
        await lab.clock.sleep(65)
        assert lab.frames() == ["BootNotification", "TriggerMessage", "BootNotification", "BootNotification"]


@virtual
async def test_csms_refuses_calls_before_boot() -> None:
    lab = Lab()
    hand = Hand(await lab.csms.connector()(IDENTITY, None))
    hand.send('[2,"a","Heartbeat",{}]')
    assert (await hand.receive() or "").startswith('[4,"a","SecurityError"')
    await hand.close()


@virtual
async def test_unknown_station_is_not_served() -> None:
    lab = Lab()
    async with running(lab.station(config=StationConfig(identity="CS999"))) as station:
        with pytest.raises(PeerError, match="does not know the station CS999"):
            await station.wait_ready()


@virtual
async def test_heartbeats_keep_the_interval_of_the_csms() -> None:
    lab = Lab()
    lab.csms.config.heartbeat = 100
    async with running(lab.station(config=PLAIN)):
        await lab.clock.sleep(1001)
        assert lab.frames().count("Heartbeat") == 10


@virtual
async def test_after_a_cut_it_comes_back_without_booting() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        await lab.clock.sleep(1)
        await lab.cut()
        await lab.clock.sleep(1)
        assert station.state == "Away"
        await lab.clock.sleep(20)
        assert station.online
        assert lab.frames().count("BootNotification") == 1
        assert lab.frames().count("StatusNotification") == 1
        assert any("closed the connection to CS001 (1006 cut)" in text for text in lab.problems())


@virtual
async def test_back_off_doubles_up_to_its_limit() -> None:
    lab = Lab()
    attempts: list[float] = []

    async def refuse(identity: str, password: str | None) -> Any:
        attempts.append(lab.clock.now())
        raise PeerError("The CSMS cannot be reached (connection refused).")

    async with running(lab.station(refuse, PLAIN)) as station:
        with pytest.raises(PeerError, match="cannot be reached"):
            await station.wait_ready()
        await lab.clock.sleep(1000)
    waits = [b - a for a, b in itertools.pairwise(attempts)]
    assert 5 <= waits[0] <= 8
    for earlier, later in itertools.pairwise(waits[:5]):
        assert 2 * earlier - 1e-6 <= later <= 2 * earlier + 3 + 1e-6
    assert waits[5] == pytest.approx(waits[4])


@virtual
async def test_a_csms_that_never_answers_is_left_after_silent_heartbeats() -> None:
    lab = Lab()
    far: list[Any] = []

    async def to_nobody(identity: str, password: str | None) -> Any:
        near, other = memory_channels()
        far.append(other)
        return near

    async with running(lab.station(to_nobody, PLAIN)) as station:
        with pytest.raises(PeerSilent, match="did not answer BootNotification within 30 s"):
            await station.wait_ready(60)
        assert station.state == "Waiting"
        with pytest.raises(PeerSilent):
            await station.wait_ready(60, patient=True)
        assert len(far) == 1


@virtual
async def test_a_csms_that_goes_away_for_good() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        await lab.csms.close()
        await station.wait_offline()
        assert station.state == "Away" and not station.offers_installation
        await lab.clock.sleep(60)
        assert station.state == "Away"
        assert any("cannot be reached (it is closed)" in text for text in lab.problems())


@virtual
async def test_garbage_from_the_csms_does_no_harm() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        link = lab.csms.stations[IDENTITY]
        for text in ("garbage", '[3,"?",{}]', "[4]", '{"a":1}', '[2,"z","Nonsense",{}]'):
            link.peer.channel.post(Frame(text))
        await lab.clock.sleep(1)
        assert await lab.csms.trigger(IDENTITY, "Heartbeat") == "Accepted"
        assert station.online


@virtual
async def test_newest_connection_wins() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        older = lab.csms.stations[IDENTITY]
        newer = Hand(await lab.csms.connector()(IDENTITY, None))
        await lab.clock.sleep(0.1)
        assert older.peer.closed and lab.csms.stations[IDENTITY] is not older
        assert lab.links[0].close_code == 1008
        newer.send('[2,"a","Heartbeat",{}]')
        assert '"currentTime"' in (await newer.receive() or "")
        await newer.close()


# Certificates


@virtual
async def test_refused_csr_is_said_and_not_repeated() -> None:
    lab = Lab()
    lab.services.authority = None
    async with running(lab.station()) as station:
        with pytest.raises(PeerError, match="refused to have a V2G certificate signed"):
            await station.wait_ready()
        await lab.clock.sleep(3600)
        assert lab.frames().count("SignCertificate") == 1
        assert station.credentials is None


@virtual
async def test_a_certificate_that_does_not_come_is_asked_for_with_doubled_waits() -> None:
    lab = Lab()
    lab.authority.refuse = True
    async with running(lab.station()) as station:
        with pytest.raises(PeerSilent, match="did not send the V2G certificate within 30 s"):
            await station.wait_ready(60)
        await lab.clock.sleep(3600)
        assert lab.frames().count("SignCertificate") == 4
        # A02.FR.19: only the CSMS can set it off again.
        lab.authority.refuse = False
        assert await lab.csms.trigger(IDENTITY, "SignV2GCertificate") == "Accepted"
        await lab.clock.sleep(1)
        assert station.credentials is not None


def foreign_chain(chain: str) -> str:
    """A chain for another key."""
    leaf = shared_pki().certificate("secc_leaf").public_bytes(Encoding.PEM).decode()
    return leaf + chain[chain.index("-----END CERTIFICATE-----\n") + 26 :]


@pytest.mark.parametrize(
    ("mangle", "said"),
    [
        (lambda chain: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        (lambda chain: "nothing", "cannot be read"),
        (foreign_chain, "not for the key"),
        (lambda chain: chain[: chain.index("-----END CERTIFICATE-----\n") + 26], "SECC"),
    ],
)
def test_a_bad_chain_is_rejected_and_the_old_state_kept(mangle: Any, said: str) -> None:
    @virtual
    async def run() -> None:
        lab = Lab()
        lab.authority.mangle = mangle
        async with running(lab.station()) as station:
            with pytest.raises(PncError) as caught:
                await station.wait_ready()
            assert said in str(caught.value)
            await lab.clock.sleep(3600)
            kinds = [event["type"] for event in lab.csms.stations[IDENTITY].security_events]
            await lab.cut()
            await lab.clock.sleep(3600)
            # A02.FR.20: no back-off after an invalid chain, nor a new request because of a new connection.
            assert lab.frames().count("SignCertificate") == 1
            assert station.credentials is None
            assert kinds == ["InvalidChargingStationCertificate"]

    run()


@virtual
async def test_a_dead_ocsp_responder_leaves_no_staple_and_is_asked_again() -> None:
    lab = Lab()
    lab.ocsp.dead = True
    async with running(lab.station()) as station:
        with pytest.raises(PeerError, match="could not get the OCSP answer for the SECC certificate"):
            await station.wait_ready()
        assert station.staples == (None, None, None)
        lab.ocsp.dead = False
        await station.wait_ready(120, patient=True)
        assert station.staples[0] is not None


@virtual
async def test_roots_can_be_installed_listed_and_deleted() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        root = lab.pki.certificate("oem_root")
        pem = root.public_bytes(Encoding.PEM).decode()
        assert await lab.csms.install_certificate(IDENTITY, "ManufacturerRootCertificate", pem) == "Accepted"
        assert await lab.csms.install_certificate(IDENTITY, "ManufacturerRootCertificate", "junk") == "Rejected"
        leaf = lab.pki.certificate("secc_leaf").public_bytes(Encoding.PEM).decode()
        assert await lab.csms.install_certificate(IDENTITY, "V2GRootCertificate", leaf) == "Rejected"
        listed = await lab.csms.call(IDENTITY, "GetInstalledCertificateIds", {})
        kinds = [entry["certificateType"] for entry in listed["certificateHashDataChain"]]
        assert sorted(kinds) == [
            "MORootCertificate",
            "ManufacturerRootCertificate",
            "V2GCertificateChain",
            "V2GRootCertificate",
        ]
        own = next(e for e in listed["certificateHashDataChain"] if e["certificateType"] == "V2GCertificateChain")
        assert len(own["childCertificateHashData"]) == 2

        async def delete(data: Any) -> str:
            answer = await lab.csms.call(IDENTITY, "DeleteCertificate", {"certificateHashData": data})
            return str(answer["status"])

        assert await delete(hash_data(root, root, "SHA512").certificate_payload()) == "Accepted"
        assert await delete(hash_data(root, root).certificate_payload()) == "NotFound"
        assert await delete(own["certificateHashData"]) == "Failed"
        only = await lab.csms.call(
            IDENTITY, "GetInstalledCertificateIds", {"certificateType": ["ManufacturerRootCertificate"]}
        )
        assert only == {"status": "NotFound"}


# Device model and remote control


@virtual
async def test_variables_are_read_written_and_refused() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert await lab.csms.get_variables(
            IDENTITY, ("ISO15118Ctrlr", "SeccId"), ("securityctrlr", "IDENTITY"), ("SecurityCtrlr", "BasicAuthPassword")
        ) == {
            ("ISO15118Ctrlr", "SeccId"): "DEPNCE100001",
            ("securityctrlr", "IDENTITY"): IDENTITY,
            ("SecurityCtrlr", "BasicAuthPassword"): None,
        }
        rows = [
            ("ISO15118Ctrlr", "PnCEnabled", "false", "Accepted"),
            ("ISO15118Ctrlr", "PnCEnabled", "no", "Rejected"),
            ("SecurityCtrlr", "SecurityProfile", "1", "Rejected"),
            ("SampledDataCtrlr", "TxUpdatedInterval", "-1", "Rejected"),
            ("SampledDataCtrlr", "TxUpdatedMeasurands", "Voltage,Magic", "Rejected"),
            ("SecurityCtrlr", "Nothing", "1", "UnknownVariable"),
            ("CoffeeCtrlr", "Strength", "1", "UnknownComponent"),
        ]
        for component, variable, value, status in rows:
            assert await lab.csms.set_variable(IDENTITY, component, variable, value) == status, (component, variable)
        assert not station.offers_contract


@virtual
async def test_base_report_arrives_in_parts() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert await lab.csms.base_report(IDENTITY, "SummaryInventory") == "NotSupported"
        assert await lab.csms.base_report(IDENTITY) == "Accepted"
        await lab.clock.sleep(1)
        known = lab.csms.stations[IDENTITY].variables
        assert len(known) > 40 and lab.frames().count("NotifyReport") >= 3
        assert known[VariableName("SecurityCtrlr", "BasicAuthPassword")] == ""


@virtual
async def test_a_new_password_makes_the_station_come_back() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert await lab.csms.change_password(IDENTITY, "short") == "Rejected"
        assert await lab.csms.admit(IDENTITY, IDENTITY, PASSWORD) == "welcome"
        assert await lab.csms.change_password(IDENTITY, "another-long-password") == "Accepted"
        await lab.clock.sleep(1)
        assert station.online and len(lab.links) == 2
        assert await lab.csms.admit(IDENTITY, IDENTITY, PASSWORD) == "unauthorized"
        assert await lab.csms.admit(IDENTITY, IDENTITY, "another-long-password") == "welcome"
        assert await lab.csms.admit(IDENTITY, "CS002", "another-long-password") == "unauthorized"
        assert await lab.csms.admit(IDENTITY, None, None) == "unauthorized"


@virtual
async def test_reset_boots_again() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert await lab.csms.call(IDENTITY, "Reset", {"type": "OnIdle"}) == {"status": "Accepted"}
        await lab.clock.sleep(1)
        assert station.online and lab.frames().count("BootNotification") == 2


@virtual
async def test_unsupported_and_unknown_actions() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        with pytest.raises(CallError, match="NotSupported"):
            await lab.csms.call(
                IDENTITY, "PublishFirmware", {"location": "https://x/", "checksum": "0" * 32, "requestId": 1}
            )
        assert await lab.csms.trigger(IDENTITY, "FirmwareStatusNotification") == "NotImplemented"
        many = [{"component": {"name": "A"}, "variable": {"name": "B"}}] * 51
        with pytest.raises(CallError, match="OccurrenceConstraintViolation"):
            await lab.csms.call(IDENTITY, "GetVariables", {"getVariableData": many})


@virtual
async def test_calling_a_station_that_is_not_there() -> None:
    lab = Lab()
    with pytest.raises(PeerClosed, match="CS001 is not connected"):
        await lab.csms.trigger(IDENTITY, "Heartbeat")


@virtual
async def test_everything_ends_without_leftovers() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
    await lab.csms.close()
    await asyncio.sleep(0)
    assert lab.csms.stations == {}
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others
    assert lab.clock.now() - NOW < 5
    assert isinstance(station.credentials and station.credentials.leaf, x509.Certificate)
