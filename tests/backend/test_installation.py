"""From the driver's subscription to the key in the vehicle: every service with its real neighbours."""

from __future__ import annotations

import pytest
from backend_world import DAY, NOW, PCID, SCHEMA, World, leaf_of, open_world, unrelated, with_leaf
from cryptography.hazmat.primitives.asymmetric import ec
from vehicle_requests import SESSION, install, installation_request, message, received

from pncsim.backend.ccp.delivery import BundlePolicy
from pncsim.backend.pki.fetch import Fetch
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_octets
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.clock import Clock
from pncsim.wire.gate import refuse
from pncsim.wire.identifiers import check_emaid, judge_check_character
from pncsim.wire.trace import Judged, ServiceCall
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec


@pytest.mark.rule("CCP-GET-1", "CCP-GET-5")
async def test_a_driver_subscribes_and_the_vehicle_gets_its_contract(world: World) -> None:
    contract = await world.subscribed()
    response, answer = await install(world)
    assert response.code == "OK"
    assert answer.emaid == contract.emaid == check_emaid(contract.emaid)
    judge_check_character(contract.emaid, refuse)
    kept = response.contract(world.vehicle.key)
    assert kept.leaf == contract.certificate
    assert reading.common_name(kept.leaf) == contract.emaid
    assert kept.leaf.public_key() == kept.key.public_key()
    validate_chain(kept.chain, world.pki.anchors("mo_root"), Use.CONTRACT, NOW)
    signers = chain_octets(response.body.SAProvisioningCertificateChain)
    validate_chain(signers, world.pki.anchors("v2g_root"), Use.CPS, NOW)
    assert (await world.eco.mo.authorize(contract.emaid)).status == "Accepted"


@pytest.mark.rule("CPS-13")
async def test_every_step_is_told_and_nothing_secret_is(world: World) -> None:
    await world.subscribed()
    await install(world)
    calls = [(e.service, e.operation) for e in world.events if isinstance(e, ServiceCall) and e.service != "PKI"]
    assert calls == [
        ("RCP", "add root"),
        ("RCP", "add root"),
        ("RCP", "add root"),
        ("PCP", "publish provisioning certificate"),
        ("OEM", "publish vehicle"),
        ("PCP", "get provisioning certificate"),
        ("PCP", "get provisioning certificate"),
        ("CCP", "store contract"),
        ("CPS", "sign contract data"),
        ("MO", "subscribe"),
        ("CCP", "provide contract"),
    ]
    assert all(e.ok for e in world.events if isinstance(e, ServiceCall | Judged))
    scalar = world.vehicle.key.private_numbers().private_value
    assert f"{scalar:x}" not in repr(world.events)
    assert str(scalar) not in repr(world.events)


async def code_of(world: World, exi: bytes) -> str:
    """The ResponseCode of a negative answer, whose mandatory elements are all there."""
    response = received(await world.eco.pool.provide(exi, SCHEMA))
    body = response.body
    assert response.message.Header.Signature is None
    assert body.ContractSignatureCertChain.Id == "id1"
    assert body.ContractSignatureEncryptedPrivateKey.Id == "id2"
    assert body.DHpublickey.Id == "id3"
    assert (body.eMAID.Id, len(body.eMAID.value)) == ("id4", 14)
    return response.code


@pytest.mark.rule("CCP-GET-2")
async def test_without_contract_none_is_available(world: World) -> None:
    await world.published()
    request = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_NoCertificateAvailable"


@pytest.mark.rule("CCP-GET-1")
async def test_an_unknown_vehicle_gets_none(world: World) -> None:
    await world.subscribed()
    other = leaf_of(world, "oem_leaf", "PNCSIMVEHICLE00002")
    request = installation_request(other, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_NoCertificateAvailable"


@pytest.mark.rule("CCP-GET-2", "EV-7b")
async def test_a_request_signed_with_another_key_fails(world: World) -> None:
    await world.subscribed()
    wrong = ec.generate_private_key(ec.SECP256R1())
    roots = world.pki.anchors("v2g_root")
    assert await code_of(world, installation_request(world.vehicle, roots, key=wrong)) == "FAILED_SignatureError"
    assert await code_of(world, installation_request(world.vehicle, roots, signed=False)) == "FAILED_SignatureError"


@pytest.mark.rule("CCP-GET-2", "EV-7b")
async def test_a_request_altered_after_signing_fails(world: World) -> None:
    await world.subscribed()
    decoded = codec("iso2").decode(installation_request(world.vehicle, world.pki.anchors("v2g_root")))
    decoded.Body.BodyElement.ListOfRootCertificateIDs.RootCertificateID[0].X509SerialNumber += 1
    assert await code_of(world, codec("iso2").encode(decoded)) == "FAILED_SignatureError"


async def test_somebody_elses_certificate_with_the_vehicles_pcid_fails(world: World) -> None:
    await world.subscribed()
    impostor = unrelated("oem_leaf", pcid=PCID)
    assert await code_of(world, installation_request(impostor, world.pki.anchors("v2g_root"))) == "FAILED"


async def test_a_genuine_certificate_with_another_key_than_published_gets_none(world: World) -> None:
    await world.subscribed()
    twin = leaf_of(world, "oem_leaf", PCID)
    request = installation_request(twin, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_NoCertificateAvailable"


@pytest.mark.rule("CCP-GET-2")
async def test_an_expired_provisioning_certificate_is_named_so_even_when_cleansed(world: World) -> None:
    short = leaf_of(world, "oem_leaf", PCID, not_after=NOW + 10 * DAY)
    await world.eco.oem.publish(short)
    await world.eco.mo.subscribe("Ada", PCID)
    world.clock.jump(11 * DAY)
    request = installation_request(short, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_CertificateExpired"
    assert await world.eco.vehicles.cleanse() == [PCID]
    assert await code_of(world, request) == "FAILED_CertificateExpired"


@pytest.mark.rule("CCP-GET-2")
@pytest.mark.parametrize("role", ["oem_leaf", "oem_sub1"])
async def test_a_revoked_provisioning_certificate_is_named_so(world: World, role: str) -> None:
    await world.subscribed()
    await world.eco.ca.revoke(role)
    request = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_CertificateRevoked"


@pytest.mark.rule("CCP-GET-1", "CPS-14")
@pytest.mark.parametrize("role", ["mo_sub2", "cps_leaf", "cps_sub1"])
async def test_a_bundle_below_something_revoked_is_not_handed_out(world: World, role: str) -> None:
    await world.subscribed()
    await world.eco.ca.revoke(role)
    request = installation_request(world.vehicle, world.pki.anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_NoCertificateAvailable"


@pytest.mark.rule("CCP-GET-3")
async def test_roots_the_vehicle_does_not_hold_get_none(world: World) -> None:
    await world.subscribed()
    request = installation_request(world.vehicle, create_pki(NOW, organization="Elsewhere").anchors("v2g_root"))
    assert await code_of(world, request) == "FAILED_NoCertificateAvailable"


@pytest.mark.rule("CCP-GET-3")
async def test_a_bundle_below_a_root_the_vehicle_does_not_list_gets_none(world: World) -> None:
    await world.subscribed()
    second = create_pki(NOW, organization="Second").certificate("v2g_root")
    await world.eco.roots.add(reading.der(second), RootKind.V2G)
    assert await code_of(world, installation_request(world.vehicle, [second])) == "FAILED_NoCertificateAvailable"
    both = [second, world.pki.certificate("v2g_root")]
    assert received(await world.eco.pool.provide(installation_request(world.vehicle, both))).code == "OK"


async def test_a_certificate_that_is_none_fails(world: World) -> None:
    broken = iso2.CertificateInstallationReq(
        Id="id1",
        OEMProvisioningCert=b"\x00",
        ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(
            RootCertificateID=[ds.X509IssuerSerialType(X509IssuerName="CN=x", X509SerialNumber=1)]
        ),
    )
    assert await code_of(world, message(broken, "CertificateInstallationReq", world.vehicle.key)) == "FAILED"


async def test_a_dead_responder_leaves_nothing_available_and_says_why() -> None:
    alive = True

    def failing(clock: Clock) -> Fetch:
        async def fetch(url: str, request: bytes) -> bytes:
            if alive:
                return await world.eco.responder.answer(request)
            raise Refused("The OCSP responder is gone.", clause="RFC 6960", http_status=502)

        return fetch

    world = await open_world(fetch=failing)
    await world.subscribed()
    alive = False
    world.clock.jump(2 * 3600)  # what was remembered no longer counts
    answer = await world.eco.pool.provide(installation_request(world.vehicle, world.pki.anchors("v2g_root")))
    assert received(answer).code == "FAILED"
    assert "The OCSP responder is gone." in answer.text


async def test_a_slow_responder_is_cut_off_before_the_vehicle_gives_up() -> None:
    jumps: list[float] = []
    slow = False

    def stalling(clock: Clock) -> Fetch:
        async def fetch(url: str, request: bytes) -> bytes:
            if slow:
                clock.jump(jumps.pop() if jumps else 0)
                await clock.sleep(3_600)
            return await world.eco.responder.answer(request)

        return fetch

    world = await open_world(fetch=stalling)
    await world.subscribed()
    slow, jumps = True, [3.6]
    world.clock.jump(2 * 3600)
    before = world.clock.now()
    answer = await world.eco.pool.provide(installation_request(world.vehicle, world.pki.anchors("v2g_root")))
    assert received(answer).code == "FAILED"
    assert world.clock.now() - before < 5


@pytest.mark.parametrize(
    "exi",
    [b"", b"\x80", b"garbage of some length that is no EXI at all", bytes(4000)],
    ids=["none", "header", "text", "zeros"],
)
async def test_what_cannot_be_read_is_refused_in_the_published_words(world: World, exi: bytes) -> None:
    with pytest.raises(Refused) as caught:
        await world.eco.pool.provide(exi, SCHEMA)
    assert (caught.value.http_status, caught.value.message) == (400, "EXI format is invalid!")


async def test_other_messages_and_schemas_are_refused(world: World) -> None:
    other = message(iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Terminate), "SessionStopReq", None)
    with pytest.raises(Refused, match="SessionStopReq"):
        await world.eco.pool.provide(other, SCHEMA)
    with pytest.raises(Refused, match=r"15118:-20.* not served"):
        await world.eco.pool.provide(other, "urn:iso:std:iso:15118:-20:CommonMessages")


async def test_the_serial_number_of_a_root_may_differ_but_is_remarked_upon(world: World) -> None:
    await world.subscribed()
    (root,) = world.pki.anchors("v2g_root")
    body = iso2.CertificateInstallationReq(
        Id="id1",
        OEMProvisioningCert=world.vehicle.chain_der[0],
        ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(
            RootCertificateID=[
                ds.X509IssuerSerialType(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=12345)
            ]
        ),
    )
    answer = await world.eco.pool.provide(message(body, "CertificateInstallationReq", world.vehicle.key))
    assert answer.response_code == "OK"
    assert any("another serial number" in getattr(event, "what", "") for event in world.events)


@pytest.mark.rule("CCP-GET-4")
@pytest.mark.parametrize(
    ("policy", "expected"), [("default-first", "first"), ("default-only", "first"), ("most-recent", "second")]
)
async def test_which_of_two_contracts_the_vehicle_gets(world: World, policy: BundlePolicy, expected: str) -> None:
    first = await world.subscribed()
    world.clock.jump(DAY)
    second = await world.eco.mo.subscribe("Ada", PCID)
    world.eco.pool.prefer(policy)
    _, answer = await install(world)
    assert answer.emaid == {"first": first, "second": second}[expected].emaid


@pytest.mark.rule("CCP-GET-4")
async def test_an_unusable_default_gives_way_unless_only_the_default_counts(world: World) -> None:
    first = await world.subscribed()
    second = await world.eco.mo.subscribe("Ada", PCID)
    await world.eco.ca.revoke_certificate(first.certificate)
    _, answer = await install(world)
    assert answer.emaid == second.emaid
    world.eco.pool.prefer("default-only")
    response, _ = await install(world)
    assert response.code == "FAILED_NoCertificateAvailable"


async def test_a_renewed_certificate_with_the_same_key_still_gets_the_contract(world: World) -> None:
    contract = await world.subscribed()
    profile_end = reading.not_after(world.vehicle.leaf)
    chain = await world.eco.ca.issue_provisioning(PCID, world.vehicle.key.public_key(), profile_end)
    renewed = with_leaf(world.vehicle, chain[0])
    await world.eco.oem.publish(renewed)
    response, answer = await install(world, renewed)
    assert answer.emaid == contract.emaid
    assert response.contract(renewed.key).leaf == contract.certificate
    assert response.message.Header.SessionID == SESSION
