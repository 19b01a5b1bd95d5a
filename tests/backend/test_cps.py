"""The provisioning service: what it checks before it signs, whose root it signs below, and its XML form."""

from __future__ import annotations

import time

import pytest
from backend_world import DAY, NOW, PCID, World, leaf_of, unrelated
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.bundle import ContractData
from pncsim.backend.cps import CpsSigner, ProvisioningService, xml_form
from pncsim.backend.rcp import RootKind
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.credentials import Credentials
from pncsim.wire.gate import LENIENT, STRICT, Tolerance
from pncsim.wire.trace import ServiceCall, Tolerated
from pncsim.wire.v2g import signature
from pncsim.wire.v2g.key_transport import WrappedKey, wrap
from pncsim.wire.values import replace

EMAID = "DEPNCC12345678"


def contract_data(world: World, contract: Credentials | None = None, emaid: str = EMAID) -> ContractData:
    contract = contract or leaf_of(world, "contract_leaf", EMAID)
    receiver = world.vehicle.key.public_key()
    return ContractData(emaid=emaid, chain=contract.chain_der, wrapped=wrap(contract.key, receiver))


async def refusal(world: World, data: ContractData, **options: object) -> Refused:
    with pytest.raises(Refused) as caught:
        await world.eco.signing.sign(data, **options)  # type: ignore[arg-type]
    assert await world.eco.pool.contracts(PCID) == []
    return caught.value


@pytest.mark.rule("CPS-12")
async def test_four_elements_are_signed_and_the_signers_chain_is_not(world: World) -> None:
    bundle = await world.eco.signing.sign(contract_data(world))
    assert [reference.URI for reference in bundle.signature.SignedInfo.Reference] == ["#id1", "#id2", "#id3", "#id4"]
    signer = world.pki.credentials("cps_leaf")
    key = signer.leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert signature.verify(bundle.signature, bundle.parts, key) == "xmldsig"
    assert bundle.provisioning_certificates == signer.chain_der
    assert bundle.provisioning_chain.Id is None
    assert reading.der(world.pki.certificate("v2g_root")) not in bundle.provisioning_certificates


async def test_without_a_vehicle_nothing_is_stored(world: World) -> None:
    await world.published()
    await world.eco.signing.sign(contract_data(world))
    assert await world.eco.pool.contracts(PCID) == []
    await world.eco.signing.sign(contract_data(world), pcid=PCID)
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [EMAID]


async def test_an_unknown_vehicle_is_refused_in_the_published_words(world: World) -> None:
    error = await refusal(world, contract_data(world), pcid=PCID)
    assert error.message == "The OEM provisioning certificate with the given PCID is not available."
    assert (await refusal(world, contract_data(world), pcid="?")).message.startswith("pcid : must match")


async def test_the_emaid_must_be_the_certificates_name(world: World) -> None:
    await world.published()
    assert (await refusal(world, contract_data(world, emaid="DEPNCC87654321"), pcid=PCID)).clause == "CPS-5"
    assert (await refusal(world, contract_data(world, emaid="DEPNCC87654321"))).clause == "CPS-5"
    assert (await refusal(world, contract_data(world, emaid="nonsense"), pcid=PCID)).message.startswith("emaid")


@pytest.mark.rule("CPS-6")
async def test_the_emaid_may_belong_to_one_vehicle_only(world: World) -> None:
    await world.published()
    await world.eco.oem.publish(await world.eco.oem.build("PNCSIMVEHICLE00002"))
    await world.eco.signing.sign(contract_data(world), pcid="PNCSIMVEHICLE00002")
    error = await refusal(world, contract_data(world), pcid=PCID)
    assert (error.clause, error.message) == ("CPS-6", "Invalid Tupple - EMAID is already used by other PCID.")
    stored = [e.ok for e in world.events if isinstance(e, ServiceCall) and e.operation == "store contract"]
    assert stored == [True]  # the service itself said no: the pool was not even asked to store


@pytest.mark.rule("CPS-5", "ID-1")
async def test_an_emaid_is_signed_in_the_spelling_that_fits_the_message(world: World) -> None:
    """The eMAID of a CertificateInstallationRes has at most 15 characters (ISO 15118-2, eMAIDType)."""
    bundle = await world.eco.signing.sign(contract_data(world, emaid="de-pnc-c12345678"))
    assert bundle.emaid.value == EMAID


@pytest.mark.rule("CPS-10")
async def test_a_provisioning_pool_that_cannot_say_is_not_taken_for_one_that_says_no(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(pcid: str) -> None:
        raise Refused("The responder does not answer.", clause="PCP-PUB-4", http_status=502)

    monkeypatch.setattr(world.eco.vehicles, "get", away)
    error = await refusal(world, contract_data(world), pcid=PCID)
    assert (error.http_status, error.message) == (502, "")


@pytest.mark.parametrize(
    ("wrapped", "field"),
    [
        (WrappedKey(bytes(64), b"\x04" + bytes(64)), "contractSignatureEncryptedPrivateKey"),
        (WrappedKey(bytes(48), bytes(33)), "dHpublickey"),
    ],
    ids=["padded key", "compressed point"],
)
async def test_the_wrapped_key_has_one_form(world: World, wrapped: WrappedKey, field: str) -> None:
    error = await refusal(world, replace(contract_data(world), wrapped=wrapped))
    assert error.clause == "CPS-8"
    assert field in error.sentence


@pytest.mark.rule("CPS-7")
async def test_the_contract_chain_must_hold(world: World) -> None:
    data = contract_data(world)
    assert (await refusal(world, replace(data, chain=data.chain[:1]))).clause == "CPS-7"
    assert (await refusal(world, contract_data(world, unrelated("contract_leaf", emaid=EMAID)))).clause == "CPS-7"
    await world.eco.ca.revoke("mo_sub1")
    assert (await refusal(world, data)).clause == "CPS-7"


async def test_an_ended_contract_is_refused_in_the_published_words(world: World) -> None:
    short = leaf_of(world, "contract_leaf", EMAID, not_after=NOW + DAY)
    world.clock.jump(2 * DAY)
    error = await refusal(world, contract_data(world, short))
    assert error.message == "The given contractEnds date is in the past."


@pytest.mark.rule("CPS-9")
async def test_a_contract_that_outlives_the_vehicle_is_remarked_upon_or_refused(world: World) -> None:
    short = leaf_of(world, "oem_leaf", PCID, not_after=NOW + DAY)
    await world.eco.oem.publish(short)
    await world.eco.signing.sign(contract_data(world), pcid=PCID)
    assert [e.clause for e in world.events if isinstance(e, Tolerated)] == ["CPS-9"]
    strict = signing_with(world, world.eco.signing.signers, refuses=STRICT)
    with pytest.raises(Refused) as caught:
        await strict.sign(contract_data(world), pcid=PCID)
    assert caught.value.clause == "CPS-9"


def signing_with(
    world: World, signers: tuple[CpsSigner, ...], *, refuses: frozenset[Tolerance] = LENIENT
) -> ProvisioningService:
    voice = world.voice("CPS")
    voice.refuses = refuses
    return ProvisioningService(
        world.clock,
        voice,
        signers=signers,
        verifier=world.eco.verifier,
        vehicles=world.eco.vehicles,
        pool=world.eco.pool,
    )


@pytest.mark.rule("CPS-2", "CPS-3")
async def test_the_signer_is_below_the_wanted_root_or_one_the_vehicle_holds(world: World) -> None:
    second = create_pki(NOW, organization="Second")
    world.eco.responder.also_for(second)
    await world.eco.roots.add(reading.der(second.certificate("v2g_root")), RootKind.V2G)
    signers = (
        world.eco.signing.signers[0],
        CpsSigner(second.credentials("cps_leaf"), second.certificate("v2g_root")),
    )
    service = signing_with(world, signers)

    async def signer(**options: object) -> bytes:
        return (await service.sign(contract_data(world), **options)).provisioning_certificates[0]  # type: ignore[arg-type]

    first_leaf, second_leaf = (one.credentials.chain_der[0] for one in signers)
    assert await signer() == first_leaf
    assert await signer(roots=[signers[1].fingerprint]) == second_leaf
    assert await signer(roots=[signers[1].fingerprint.upper(), signers[0].fingerprint]) == first_leaf
    await world.eco.oem.publish(world.vehicle, v2g_roots=[second.certificate("v2g_root")])
    assert await signer(pcid=PCID) == second_leaf
    with pytest.raises(Refused) as caught:
        await service.sign(contract_data(world), roots=["00" * 32])
    assert caught.value.clause == "CPS-3"


@pytest.mark.rule("CPS-14")
async def test_no_signer_is_used_below_a_root_that_lost_its_trust(world: World) -> None:
    (v2g,) = await world.eco.roots.roots(RootKind.V2G)
    await world.eco.roots.remove(v2g.id)
    assert (await refusal(world, contract_data(world))).clause == "CPS-3"


async def test_the_xml_form_has_no_session_and_reads_back_the_same(world: World) -> None:
    bundle = await world.eco.signing.sign(contract_data(world))
    text = xml_form.to_xml(bundle)
    assert "SessionID" not in text
    assert "CertificateInstallationRes" in text
    assert xml_form.from_xml(text) == bundle


@pytest.mark.parametrize(
    "text",
    ["", "no xml", "<a/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "x" * 100_000],
    ids=["nothing", "text", "another document", "document type", "flood"],
)
async def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        xml_form.from_xml(text)
    assert caught.value.http_status == 400


def test_a_text_is_read_in_time_that_grows_with_its_length_whatever_it_says() -> None:
    began = time.process_time()
    for begin in ("<SessionID ", "<Header ", "<a:SessionID ", "<Header a='", "<SessionID>"):
        with pytest.raises(Refused):
            xml_form.from_xml((begin * xml_form.MAX_XML)[: xml_form.MAX_XML])
    assert time.process_time() - began < 2.0


async def test_a_session_id_that_is_there_is_read_over(world: World) -> None:
    bundle = await world.eco.signing.sign(contract_data(world))
    text = xml_form.to_xml(bundle)
    begin = text.index(">", text.index(":Header")) + 1
    there = '<x:SessionID xmlns:x="urn:iso:15118:2:2013:MsgHeader">0102030405060708</x:SessionID>'
    assert xml_form.from_xml(text[:begin] + there + text[begin:]) == bundle


async def test_what_is_signed_is_the_path_that_was_verified_whatever_order_it_came_in(world: World) -> None:
    data = contract_data(world)
    leaf, sub2, sub1 = data.chain
    bundle = await world.eco.signing.sign(replace(data, chain=(leaf, sub1, sub2)))
    assert bundle.contract_certificates == (leaf, sub2, sub1)
