"""Contracts and tokens through both ends: the answer tables, dead and slow services, offline rules."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from ocpp_lab import IDENTITY, Chains, Lab, Operator, books, running, shared_pki, virtual

from pncsim.backend.answers import CertificateStatus, ChainStatus, PoolAnswer
from pncsim.secc import notices
from pncsim.secc.questions import (
    AuthorizationAnswer,
    ContractAuthorization,
    ContractCertificateAnswer,
    ContractCertificateRequest,
    ExternalAuthorization,
)
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.trace import Judged, OcppFrame
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

EMAID = "DEPNCC00000001A"
PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)


def contract(validated: bool = True, emaid: str = EMAID) -> ContractAuthorization:
    chain = shared_pki().credentials("contract_leaf").chain
    return ContractAuthorization(emaid=emaid, chain=chain, validated=validated)


async def ask(station: Station, question: object) -> AuthorizationAnswer:
    answer = await station.outlet().answer(question)
    assert isinstance(answer, AuthorizationAnswer)
    return answer


async def fetch(station: Station, exi: bytes = b"\x80request") -> ContractCertificateAnswer:
    answer = await station.outlet().answer(ContractCertificateRequest(action="Install", schema=ISO2_NAMESPACE, exi=exi))
    assert isinstance(answer, ContractCertificateAnswer)
    return answer


@pytest.mark.rule("CSO-1", "CSO-2")
@virtual
async def test_a_good_contract_is_accepted_by_hash_data_alone() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await ask(station, contract(emaid="de-pnc-C00000001-A"))
        assert answer == AuthorizationAnswer(
            accepted=True, certificate_status="Accepted", token_status="Accepted", text="", token=EMAID
        )
        # Leaf and both Sub-CAs were asked for, by the hashes OCSP itself uses; no certificate went over the wire.
        assert len(lab.ocsp.asked) == 3
        chain = shared_pki().credentials("contract_leaf").chain
        assert [int(h.serial_number, 16) for h in lab.ocsp.asked] == [c.serial_number for c in chain]
        assert lab.operator.asked == [EMAID]
        frame = next(e.frame for e in lab.events if isinstance(e, OcppFrame) and e.action == "Authorize")
        assert "BEGIN CERTIFICATE" not in frame and '"responderURL"' in frame
        verdicts = [e for e in lab.events if isinstance(e, Judged)]
        assert [(v.ok, v.clause) for v in verdicts] == [(True, "C07.FR.13")]


@pytest.mark.rule("CSO-2")
@pytest.mark.parametrize(
    ("token", "certificate", "token_status"),
    [
        ("Blocked", "ContractCancelled", "Blocked"),
        ("Expired", "ContractCancelled", "Expired"),
        ("Invalid", "ContractCancelled", "Invalid"),
        ("Unknown", "ContractCancelled", "Unknown"),
        ("NoCredit", "Accepted", "NoCredit"),
        ("NotAtThisLocation", "Accepted", "NotAtThisLocation"),
        ("NotAtThisTime", "Accepted", "NotAtThisTime"),
        ("ConcurrentTx", "Accepted", "ConcurrentTx"),
        ("NotAllowedTypeEVSE", "Accepted", "NotAllowedTypeEVSE"),
    ],
)
def test_a_refused_emaid_behind_a_good_chain(token: str, certificate: str, token_status: str) -> None:
    @virtual
    async def run() -> None:
        lab = Lab()
        lab.operator.known[EMAID] = token
        async with running(lab.station(config=PLAIN)) as station:
            await station.wait_ready()
            answer = await ask(station, contract())
            assert not answer.accepted
            assert (answer.certificate_status, answer.token_status) == (certificate, token_status)
            assert answer.text == f"{EMAID} is {token}"

    run()


@pytest.mark.rule("CSO-1")
@virtual
async def test_a_revoked_certificate_anywhere_in_the_chain() -> None:
    for place in range(3):
        lab = Lab()
        serial = shared_pki().credentials("contract_leaf").chain[place].serial_number
        lab.ocsp.says[f"{serial:x}"] = "revoked"
        async with running(lab.station(config=PLAIN)) as station:
            await station.wait_ready()
            answer = await ask(station, contract())
            assert (answer.certificate_status, answer.token_status) == ("CertificateRevoked", "Invalid")
            assert "is revoked" in answer.text
            assert lab.operator.asked == []


@pytest.mark.parametrize("trouble", ["dead", "slow", "unknown"])
def test_ocsp_that_cannot_say_good_fails_closed(trouble: str) -> None:
    @virtual
    async def run() -> None:
        lab = Lab()
        lab.ocsp.dead = trouble == "dead"
        lab.ocsp.slow = 60.0 if trouble == "slow" else 0.0
        if trouble == "unknown":
            lab.ocsp.says = {f"{c.serial_number:x}": "unknown" for c in shared_pki().credentials("contract_leaf").chain}
        async with running(lab.station(config=PLAIN)) as station:
            await station.wait_ready()
            before = lab.clock.now()
            answer = await ask(station, contract())
            assert (answer.certificate_status, answer.token_status) == ("CertChainError", "Invalid")
            told = {"dead": "connection refused", "slow": "within 2 s", "unknown": "does not know certificate"}
            assert told[trouble] in answer.text
            assert lab.clock.now() - before < 4.5

    run()


@virtual
async def test_unknown_root_needs_central_validation() -> None:
    lab = Lab()
    chains = Chains(ChainStatus("Accepted"))
    lab.services.chains = chains
    async with running(lab.station(config=PLAIN, roots=())) as station:
        await station.wait_ready()
        refused = await ask(station, contract())
        assert refused.certificate_status == "CertChainError" and "no root this station knows" in refused.text
        assert "Authorize" not in lab.frames()
        await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
        assert (await ask(station, contract())).accepted
        assert chains.judged[0].count("BEGIN CERTIFICATE") == 3


@pytest.mark.rule("CSO-1")
@virtual
async def test_central_validation_verdicts() -> None:
    verdicts: dict[CertificateStatus, str] = {"CertificateExpired": "Expired", "CertChainError": "Invalid"}
    for verdict, token in verdicts.items():
        lab = Lab()
        lab.services.chains = Chains(ChainStatus(verdict, "because"))
        async with running(lab.station(config=PLAIN)) as station:
            await station.wait_ready()
            await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
            answer = await ask(station, contract(validated=False))
            assert (answer.certificate_status, answer.token_status, answer.text) == (verdict, token, "because")


@virtual
async def test_a_contract_without_ocsp_address_is_refused_unless_centrally_validated() -> None:
    lab = Lab()
    bare = create_pki(lab.clock.now())
    roots = [("MORootCertificate", bare.certificate("mo_root"))]
    question = ContractAuthorization(emaid=EMAID, chain=bare.credentials("contract_leaf").chain)
    async with running(lab.station(config=PLAIN, roots=roots)) as station:
        await station.wait_ready()
        answer = await ask(station, question)
        assert answer.certificate_status == "CertChainError" and "no OCSP address" in answer.text


@virtual
async def test_no_certificate_at_all_is_no_contract() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await ask(station, ContractAuthorization(emaid=EMAID, chain=()))
        assert not answer.accepted


@pytest.mark.rule("CSO-2")
@virtual
async def test_offline_rules() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert (await ask(station, contract())).accepted
        await lab.cut()
        await lab.clock.sleep(0.1)
        answer = await ask(station, contract())
        assert not answer.accepted and "ContractValidationOffline" in answer.text
        assert not station.offers_contract and not station.offers_installation
        station.model.put("ISO15118Ctrlr", "ContractValidationOffline", "true")
        assert station.offers_contract
        assert (await ask(station, contract())).accepted, "the cache knows the contract"
        assert not (await ask(station, contract(validated=False))).accepted
        unknown = await ask(station, contract(emaid="DEPNCC00000002B"))
        assert not unknown.accepted and unknown.token_status == "Unknown"
        station.model.put("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")
        assert (await ask(station, contract(emaid="DEPNCC00000002B"))).accepted


@virtual
async def test_the_line_breaks_while_asking() -> None:
    lab = Lab()
    lab.ocsp.slow = 1.5
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        asking = asyncio.create_task(ask(station, contract()))
        await lab.clock.sleep(1)
        await lab.cut()
        answer = await asking
        assert not answer.accepted and "closed the connection before it answered Authorize" in answer.text


# External identification


@virtual
async def test_a_card_known_and_unknown() -> None:
    for card, status in (("04A1B2C3", "Accepted"), ("FFFFFFFF", "Unknown")):
        lab = Lab()
        config = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False, card=card)
        lab.services.tokens = Operator({"04A1B2C3": "Accepted"})
        async with running(lab.station(config=config)) as station:
            await station.wait_ready()
            answer = await ask(station, ExternalAuthorization())
            assert (answer.accepted, answer.token_status, answer.token) == (status == "Accepted", status, card)
            assert answer.certificate_status == ""


@virtual
async def test_the_station_waits_for_a_card() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        waiting = asyncio.create_task(ask(station, ExternalAuthorization()))
        await lab.clock.sleep(20)
        assert not waiting.done()
        station.present("04A1B2C3")
        assert (await waiting).accepted


@virtual
async def test_a_remote_start_identifies_the_driver() -> None:
    lab = Lab()
    lab.services.tokens = Operator({"APP-17": "Accepted"})
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        station.outlet().note(notices.PluggedIn(time=lab.clock.now()))
        waiting = asyncio.create_task(ask(station, ExternalAuthorization()))
        await lab.clock.sleep(1)
        assert await lab.csms.request_start(IDENTITY, "APP-17", evse_id=7) == "Rejected"
        assert await lab.csms.request_start(IDENTITY, "APP-17") == "Accepted"
        answer = await waiting
        assert answer.accepted and answer.token == "APP-17"
        assert lab.frames().count("Authorize") == 1
        station.outlet().note(notices.Authorized(time=lab.clock.now(), token=answer.token))
        assert await station.settled(5)
        (transaction,) = books(lab.csms)
        event = transaction.events[1]
        assert (event["triggerReason"], event["transactionInfo"]["remoteStartId"]) == ("RemoteStart", 2)
        assert (transaction.token, transaction.token_type) == ("APP-17", "Central")


# Contract certificates


@pytest.mark.rule("CCP-GET-1")
@virtual
async def test_exi_goes_through_unchanged_both_ways() -> None:
    lab = Lab()
    request, response = bytes(range(256)) * 8, bytes(reversed(range(256))) * 20
    lab.pool.answer = PoolAnswer(response, "Accepted", "installed")
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await fetch(station, request)
        assert answer.exi == response
        assert lab.pool.asked == [(request, ISO2_NAMESPACE)]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda lab: setattr(lab.pool, "dead", True), "cannot be reached"),
        (lambda lab: setattr(lab.pool, "delay", 60.0), "The contract pool did not answer within 3.5 s"),
        (lambda lab: setattr(lab.pool, "answer", PoolAnswer(None, "Failed", "no contract")), "no contract"),
        (lambda lab: setattr(lab.pool, "answer", PoolAnswer(None, "Accepted", "")), "nothing for this vehicle"),
        (lambda lab: setattr(lab.pool, "answer", PoolAnswer(b"x" * 6000, "Accepted", "")), "6000 octets"),
        (lambda lab: setattr(lab.services, "pool", None), "knows no contract pool"),
    ],
)
def test_a_pool_that_does_not_deliver(prepare: Any, said: str) -> None:
    @virtual
    async def run() -> None:
        lab = Lab()
        prepare(lab)
        async with running(lab.station(config=PLAIN)) as station:
            await station.wait_ready()
            before = lab.clock.now()
            answer = await fetch(station)
            assert answer.exi is None and said in answer.text
            assert lab.clock.now() - before < 4.5
            # The connection has survived it.
            assert await lab.csms.trigger(IDENTITY, "Heartbeat") == "Accepted"

    run()


@virtual
async def test_a_failing_response_of_the_pool_still_reaches_the_vehicle() -> None:
    lab = Lab()
    lab.pool.answer = PoolAnswer(b"\x80FAILED", "Failed", "the signature is wrong")
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await fetch(station)
        assert answer.exi == b"\x80FAILED" and "the signature is wrong" in answer.text


@virtual
async def test_a_csms_that_hangs_is_given_up_before_the_vehicle_does() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()

        async def hang(payload: Any) -> Any:
            await lab.clock.sleep(1e6)

        lab.csms.stations[IDENTITY].peer.handlers["Get15118EVCertificate"] = hang
        before = lab.clock.now()
        answer = await fetch(station)
        assert answer.exi is None and "did not answer Get15118EVCertificate within 4 s" in answer.text
        assert lab.clock.now() - before < 4.5


@virtual
async def test_a_request_too_long_for_ocpp_and_one_while_offline() -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        assert "offline" in (await fetch(station)).text
        await station.wait_ready()
        assert "too long for OCPP" in (await fetch(station, b"x" * 4300)).text
        await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "ContractCertificateInstallationEnabled", "false")
        assert "does not install" in (await fetch(station)).text
        assert lab.pool.asked == []


def test_the_pem_of_a_long_chain_is_not_sent() -> None:
    # Three V2G certificates fit into 5500 characters; a longer chain must be refused, not cut.
    from pncsim.secc.station.authorization import contract_payload
    from pncsim.secc.station.trust import TrustStore

    pki = shared_pki()
    leaf = pki.certificate("contract_leaf")
    question = ContractAuthorization(emaid=EMAID, chain=(leaf,) * 8, validated=False)
    answer = contract_payload(question, TrustStore(), central=True)
    assert isinstance(answer, AuthorizationAnswer) and "too long to send" in answer.text
