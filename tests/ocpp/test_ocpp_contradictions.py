"""What is asked or answered in OCPP and cannot be meant so: refused with a reason, or told, on either side."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from ocpp_lab import IDENTITY, Authority, Lab, books, running, virtual

from pncsim.backend.answers import PoolAnswer, SigningUse
from pncsim.backend.csms import handlers
from pncsim.backend.csms.handlers import EXI_BASE64_OF_OLD_SCHEMAS
from pncsim.secc.questions import AuthorizationAnswer, ContractAuthorization
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.identity import request
from pncsim.simulator.lab.region import open_back_end
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import KeySigner
from pncsim.wire.errors import LocalError
from pncsim.wire.ocpp import v201, versions
from pncsim.wire.ocpp.versions import V201
from pncsim.wire.ocpp.when import timestamp
from pncsim.wire.source import Seeded
from pncsim.wire.trace import Problem, Tolerated, Trace, Warned
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)
EMAID = "DEPNCC00000001A"
NAMESPACE = "urn:iso:15118:2:2013:MsgDef"


# A token that says there is nothing to authorise


@virtual
async def test_a_transaction_without_authorisation_is_answered_with_its_token_accepted() -> None:
    """C02.FR.02."""
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await station.call(
            "TransactionEvent",
            {
                "eventType": "Started",
                "timestamp": timestamp(lab.clock.now()),
                "triggerReason": "CablePluggedIn",
                "seqNo": 0,
                "transactionInfo": {"transactionId": "t1", "chargingState": "EVConnected"},
                "evse": {"id": 1, "connectorId": 1},
                "idToken": {"idToken": "", "type": "NoAuthorization"},
            },
        )
        assert answer == {"idTokenInfo": {"status": "Accepted"}}
        assert [kept.token_status for kept in books(lab.csms)] == ["Accepted"]
        nothing = {"idToken": "", "type": "NoAuthorization"}
        assert await station.call("Authorize", {"idToken": nothing}) == {"idTokenInfo": {"status": "Accepted"}}


# Certificates asked for


class Signs(Authority):
    """Remembers for which uses it was asked."""

    uses: list[SigningUse]

    async def sign_csr(self, csr: str, use: SigningUse) -> str:
        self.uses.append(use)
        return await super().sign_csr(csr, use)


@virtual
async def test_a_certificate_asked_for_without_a_type_is_signed_for_both_uses_and_taken_for_vehicles() -> None:
    lab = Lab()
    signs = Signs(lab.pki, lab.clock)
    signs.uses = []
    lab.services.authority = signs
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        made = request("DEPNCE100001", "pncsim", "DE", Seeded(1))
        station._context.upkeep._request = made
        assert (await station.call("SignCertificate", {"csr": made.pem}))["status"] == "Accepted"
        await lab.until(lambda: station.credentials is not None)
        assert signs.uses == ["Combined"]
        [frame] = [e for e in lab.events if getattr(e, "action", "") == "CertificateSigned" and e.role == "CS"][:1]
        assert "certificateType" not in frame.frame  # type: ignore[attr-defined]


@pytest.mark.parametrize("csr", ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "ü"])
@virtual
async def test_a_certificate_request_that_is_none_is_rejected_at_once(csr: str) -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        answer = await station.call("SignCertificate", {"csr": csr})
        assert answer["status"] == "Rejected"
        assert answer["statusInfo"]["reasonCode"] == "InvalidCSR" and answer["statusInfo"]["additionalInfo"]


@virtual
async def test_a_certificate_request_that_another_key_has_signed_is_rejected_at_once() -> None:
    lab = Lab()
    der = bytearray(base64.b64decode("".join(request("CS", "O", "DE", Seeded(1)).pem.splitlines()[1:-1])))
    der[-1] ^= 1
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{base64.b64encode(der).decode()}\n-----END CERTIFICATE REQUEST-----\n"
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        assert (await station.call("SignCertificate", {"csr": pem}))["status"] == "Rejected"


@virtual
async def test_names_no_certificate_can_have_are_a_problem_and_the_station_goes_on() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        assert await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "CountryName", "Ü1") == "Accepted"
        assert await lab.csms.trigger(IDENTITY, "SignV2GCertificate") == "Accepted"
        await lab.until(lambda: any(e.kind == "configuration" for e in lab.events if isinstance(e, Problem)))
        assert await lab.csms.get_variables(IDENTITY, ("ISO15118Ctrlr", "CountryName"))
        assert station.credentials is not None


# Places that are not there


TRIGGERS = (
    "BootNotification",
    "Heartbeat",
    "StatusNotification",
    "TransactionEvent",
    "SignV2GCertificate",
)


@pytest.mark.parametrize("message", TRIGGERS)
@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"id": 7}, "UnknownEvse"),
        ({"id": -1}, "UnknownEvse"),
        ({"id": 1, "connectorId": 9}, "UnknownConnectorId"),
        ({"id": 0, "connectorId": 1}, "UnknownConnectorId"),
    ],
)
@virtual
async def test_a_trigger_for_an_evse_that_is_not_there_is_rejected(message: Any, place: Any, reason: str) -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        sent = lab.frames()
        answer = await lab.csms.ask(IDENTITY, v201.TriggerMessage({"requestedMessage": message, "evse": place}))
        assert answer["status"] == "Rejected" and answer["statusInfo"]["reasonCode"] == reason
        await lab.csms.get_variables(IDENTITY, ("EVSE", "Power"))
        assert [
            action for action in lab.frames()[len(sent) :] if action not in ("TriggerMessage", "GetVariables")
        ] == []


# What a CSMS says of a certificate


def contract(lab: Lab, *, validated: bool) -> ContractAuthorization:
    chain = lab.pki.credentials("contract_leaf").chain
    anchor = lab.pki.certificate("mo_root") if validated else None
    made = ContractAuthorization(emaid=EMAID, chain=chain, validated=validated)
    return replace(made, anchor=anchor) if validated else made


def silent(monkeypatch: pytest.MonkeyPatch, status: str = "Accepted") -> None:
    """CSMSs say nothing of certificates."""

    async def authorize(link: Any, request: Any) -> dict[str, Any]:
        return {"idTokenInfo": {"status": status}}

    monkeypatch.setitem(handlers.ANSWERS, "Authorize", authorize)


async def authorised(lab: Lab, *, validated: bool) -> AuthorizationAnswer:
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        await lab.csms.set_variable(IDENTITY, "ISO15118Ctrlr", "CentralContractValidationAllowed", "true")
        [outlet] = station.outlets
        return await outlet.authorizer.contract(contract(lab, validated=validated))


@virtual
async def test_an_answer_that_says_nothing_of_a_chain_only_the_csms_could_verify_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent(monkeypatch)
    answer = await authorised(Lab(), validated=False)
    assert not answer.accepted and answer.certificate_status == "NoCertificateAvailable" and answer.text


@virtual
async def test_an_answer_that_says_nothing_of_a_chain_the_station_has_verified_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent(monkeypatch)
    lab = Lab()
    assert (await authorised(lab, validated=True)).accepted
    assert [event.clause for event in lab.events if isinstance(event, Tolerated)] == ["C07.FR.13"]


@virtual
async def test_a_refusal_needs_no_certificate_status(monkeypatch: pytest.MonkeyPatch) -> None:
    silent(monkeypatch, "Blocked")
    lab = Lab()
    assert not (await authorised(lab, validated=True)).accepted
    assert [event for event in lab.events if isinstance(event, Tolerated)] == []


# What a vehicle's request is and what it is said to be


def exi(body: iso2.BodyElement) -> str:
    header = iso2.MessageHeaderType(SessionID=bytes(8))
    message = codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))
    return base64.b64encode(message).decode()


ROOTS = iso2.ListOfRootCertificateIDsType(
    RootCertificateID=[ds.X509IssuerSerialType(X509IssuerName="CN=root", X509SerialNumber=1)]
)
INSTALLATION = iso2.CertificateInstallationReq(Id="id1", OEMProvisioningCert=bytes(100), ListOfRootCertificateIDs=ROOTS)
UPDATE = iso2.CertificateUpdateReq(
    Id="id1",
    ContractSignatureCertChain=iso2.CertificateChainType(Certificate=bytes(100)),
    eMAID=EMAID,
    ListOfRootCertificateIDs=ROOTS,
)


@pytest.mark.parametrize(("action", "body"), [("Update", INSTALLATION), ("Install", UPDATE)])
@virtual
async def test_an_action_that_contradicts_the_message_inside_is_refused_before_the_pool_is_asked(
    action: str, body: iso2.BodyElement
) -> None:
    lab = Lab()
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        asked = {"iso15118SchemaVersion": NAMESPACE, "action": action, "exiRequest": exi(body)}
        answer = await station.call("Get15118EVCertificate", asked)
        assert answer["status"] == "Failed" and answer["statusInfo"]["reasonCode"] == "InvalidValue"
        assert lab.pool.asked == []
        right = await station.call(
            "Get15118EVCertificate", {**asked, "action": {"Update": "Install", "Install": "Update"}[action]}
        )
        assert right["status"] == "Accepted" and len(lab.pool.asked) == 1


@pytest.mark.parametrize(("octets", "told"), [(EXI_BASE64_OF_OLD_SCHEMAS // 4 * 3, 0), (4300, 1)])
@virtual
async def test_a_response_that_schemas_in_use_will_refuse_is_told(octets: int, told: int) -> None:
    lab = Lab()
    lab.pool.answer = PoolAnswer(bytes(octets), "Accepted", "one contract")
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        asked = {"iso15118SchemaVersion": NAMESPACE, "action": "Install", "exiRequest": exi(INSTALLATION)}
        assert (await station.call("Get15118EVCertificate", asked))["status"] == "Accepted"
        assert len([event for event in lab.events if isinstance(event, Warned)]) == told


async def test_a_contract_of_ours_fits_into_every_schema_in_use() -> None:
    """Two chains with two Sub-CAs each, and OCSP addresses in all of them."""
    back = await open_back_end("memory", Clock(), Trace())
    vehicle = back.pki.credentials("oem_leaf")
    pcid = await back.ecosystem.oem.publish(vehicle, v2g_roots=back.pki.anchors("v2g_root"))
    await back.ecosystem.mo.subscribe("the driver", pcid)
    root = back.pki.root("v2g_root")
    listed = ds.X509IssuerSerialType(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number)
    body = replace(
        INSTALLATION,
        OEMProvisioningCert=vehicle.chain_der[0],
        ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(RootCertificateID=[listed]),
    )
    signed = signature.sign([("CertificateInstallationReq", body)], KeySigner(vehicle.key))
    header = iso2.MessageHeaderType(SessionID=bytes(8), Signature=signed)
    asked = codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))
    answer = await back.ecosystem.pool.provide(asked)
    assert answer.response_code == "OK" and answer.exi is not None
    assert len(base64.b64encode(answer.exi)) < EXI_BASE64_OF_OLD_SCHEMAS
    await back.close()


# Schemas


def test_a_schema_that_is_not_the_one_the_house_was_built_by_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(V201, digests=lambda: {**versions._v201_digests(), "HeartbeatRequest.json": "0" * 64})
    with pytest.raises(LocalError, match=r"another HeartbeatRequest\.json"):
        other.schema("Heartbeat", "Request")
    assert other.schema("Heartbeat", "Response") == V201.schema("Heartbeat", "Response")
    files = {f"{action}{side}.json" for action in V201.actions for side in ("Request", "Response")}
    assert versions._v201_digests().keys() == files


def test_the_key_of_a_request_that_was_never_made_is_not_drawn() -> None:
    source = Seeded(3)
    with pytest.raises(LocalError):
        request("CS", "O", "Germany", source)
    key = request("CS", "O", "DE", source).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers() == Seeded(3).key().private_numbers()
