"""The contract pool's store: only trustworthy bundles come in; defaults, deletion and cleansing follow the rules."""

from __future__ import annotations

import pytest
from backend_world import DAY, NOW, PCID, World, leaf_of, unrelated
from cryptography import x509
from vehicle_requests import install, tampered

from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.cps import CpsSigner, ProvisioningService
from pncsim.backend.events.facts import ContractDeleted
from pncsim.backend.refusal import Refused
from pncsim.backend.root_ids import attributes, match, name_attributes
from pncsim.backend.store import MemoryStore
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

EMAID = "DEPNCC12345678"


async def bundle_of(world: World, emaid: str = EMAID, *, days: float = 300) -> SignedContractData:
    """A signed bundle that is not in the pool."""
    contract = leaf_of(world, "contract_leaf", emaid, not_after=NOW + days * DAY)
    wrapped = wrap(contract.key, world.vehicle.key.public_key())
    return await world.eco.signing.sign(ContractData(emaid=emaid, chain=contract.chain_der, wrapped=wrapped))


async def refusal(world: World, bundle: SignedContractData, pcid: str = PCID) -> Refused:
    with pytest.raises(Refused) as caught:
        await world.eco.pool.add(pcid, bundle)
    assert await world.eco.pool.contracts(PCID) == []
    return caught.value


@pytest.mark.rule("CCP-PUB-1", "CCP-PUB-4")
async def test_a_bundle_is_stored_and_found_by_emaid_and_vehicle(world: World) -> None:
    await world.published()
    await world.eco.pool.add(PCID.lower(), await bundle_of(world))
    entry = await world.eco.pool.lookup("de-pnc-c12345678")
    assert (entry.emaid, entry.pcid, entry.default) == (EMAID, PCID, True)
    assert entry.root == world.eco.signing.signers[0].fingerprint
    assert await world.eco.pool.contracts(PCID) == [entry]


@pytest.mark.rule("CCP-PUB-2")
@pytest.mark.parametrize("part", ["key", "point", "id", "chain", "signature"])
async def test_a_bundle_altered_after_signing_is_refused(world: World, part: str) -> None:
    await world.published()
    error = await refusal(world, tampered(await bundle_of(world), part))
    assert (error.clause, error.http_status) == ("CCP-PUB-2", 400)


@pytest.mark.rule("CCP-PUB-2")
async def test_only_provisioning_services_below_a_known_root_are_trusted(world: World) -> None:
    await world.published()
    bundle = await bundle_of(world)
    stranger = unrelated("cps_leaf")
    forged = _signed_by(CpsSigner(stranger, world.pki.certificate("v2g_root")), bundle)
    assert (await refusal(world, forged)).clause == "CCP-PUB-2"
    # A contract certificate cannot pose as a provisioning service either.
    posing = leaf_of(world, "contract_leaf", EMAID)
    assert (await refusal(world, _signed_by(CpsSigner(posing, world.pki.certificate("v2g_root")), bundle))).clause == (
        "CCP-PUB-2"
    )


def _signed_by(signer: CpsSigner, bundle: SignedContractData) -> SignedContractData:
    from pncsim.wire.v2g import signature

    return replace(
        bundle,
        provisioning_chain=chain_element(signer.credentials.chain_der),
        signature=signature.sign(bundle.parts, signer.credentials.signer),
    )


@pytest.mark.rule("CCP-PUB-2")
async def test_revoked_signers_and_contracts_are_refused(world: World) -> None:
    await world.published()
    bundle = await bundle_of(world)
    await world.eco.ca.revoke_certificate(x509.load_der_x509_certificate(bundle.contract_certificates[0]))
    assert (await refusal(world, bundle)).clause == "CCP-PUB-2"
    other = await bundle_of(world, "DEPNCC87654321")
    await world.eco.ca.revoke("cps_leaf")
    assert (await refusal(world, other)).clause == "CCP-PUB-2"


@pytest.mark.rule("CCP-PUB-3")
async def test_ended_contracts_are_refused_in_the_published_words(world: World) -> None:
    await world.published()
    bundle = await bundle_of(world, days=1)
    world.clock.jump(2 * DAY)
    error = await refusal(world, bundle)
    assert error.message == "The validUntil date of contract certificate is in the past."


async def test_unknown_vehicles_and_foreign_emaids_are_refused(world: World) -> None:
    bundle = await bundle_of(world)
    assert (await refusal(world, bundle)).http_status == 404
    await world.published()
    await world.eco.oem.publish(await world.eco.oem.build("PNCSIMVEHICLE00002"))
    await world.eco.pool.add("PNCSIMVEHICLE00002", bundle)
    assert (await refusal(world, bundle)).clause == "CPS-6"


@pytest.mark.rule("CPS-5")
async def test_the_emaid_must_be_the_certificates(world: World) -> None:
    await world.published()
    bundle = await bundle_of(world)
    renamed = replace(bundle, emaid=iso2.EMAIDType(Id="id4", value="DEPNCC87654321"))
    assert (await refusal(world, renamed)).clause == "CPS-5"


@pytest.mark.rule("CCP-UPD-1")
async def test_the_same_emaid_overwrites_and_stays_the_default(world: World) -> None:
    await world.published()
    first, second = await bundle_of(world), await bundle_of(world)
    await world.eco.pool.add(PCID, first)
    await world.eco.pool.add(PCID, second)
    (entry,) = await world.eco.pool.contracts(PCID)
    assert entry.default
    assert entry.certificate == x509.load_der_x509_certificate(second.contract_certificates[0])


async def two_contracts(world: World) -> tuple[str, str]:
    await world.published()
    emaids = ("DEPNCC00000011", "DEPNCC00000022")
    for emaid in emaids:
        await world.eco.pool.add(PCID, await bundle_of(world, emaid))
    return emaids


async def defaults(world: World) -> list[str]:
    return [entry.emaid for entry in await world.eco.pool.contracts(PCID) if entry.default]


@pytest.mark.rule("CCP-DEF-1", "CCP-PUB-4")
async def test_the_first_contract_is_the_default_until_another_is_made_so(world: World) -> None:
    first, second = await two_contracts(world)
    assert await defaults(world) == [first]
    await world.eco.pool.set_default(PCID, second)
    assert await defaults(world) == [second]
    with pytest.raises(Refused) as caught:
        await world.eco.pool.set_default("PNCSIMVEHICLE00002", second)
    assert caught.value.http_status == 404


@pytest.mark.rule("CCP-DEF-1")
async def test_deleting_the_default_promotes_none(world: World) -> None:
    first, second = await two_contracts(world)
    await world.eco.pool.delete(first)
    assert await defaults(world) == []
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == [second]
    _, answer = await install(world)
    assert answer.emaid == second


@pytest.mark.rule("CCP-DEL-2")
async def test_deleting_revokes_our_own_certificate_unless_told_not_to(world: World) -> None:
    first, second = await two_contracts(world)
    entries = {entry.emaid: entry for entry in await world.eco.pool.contracts(PCID)}
    await world.eco.pool.delete(first)
    await world.eco.pool.delete(second, skip_revocation=True)
    issuer = world.pki.certificate("mo_sub2")
    states = [(await world.eco.ocsp.of(entries[emaid].certificate, issuer)).status for emaid in (first, second)]
    assert states == ["revoked", "good"]
    with pytest.raises(Refused) as caught:
        await world.eco.pool.delete(first)
    assert (caught.value.http_status, caught.value.message) == (404, "The contract for the given EMAID not found.")
    with pytest.raises(Refused) as caught:
        await world.eco.pool.delete("nonsense")
    assert caught.value.http_status == 400


class BrokenRevocation:
    """An authority that cannot revoke."""

    async def revoke_certificate(self, certificate: x509.Certificate, reason: Reason) -> bool:
        raise Refused("The authority does not answer.", clause="PKI", http_status=503)


@pytest.mark.rule("CCP-DEL-2")
async def test_a_contract_whose_revocation_fails_stays(world: World) -> None:
    await world.published()
    pool = ContractPool(
        world.clock,
        world.voice("CCP"),
        MemoryStore(),
        verifier=world.eco.verifier,
        vehicles=world.eco.vehicles,
        revocation=BrokenRevocation(),
    )
    await pool.add(PCID, await bundle_of(world))
    with pytest.raises(Refused) as caught:
        await pool.delete(EMAID)
    assert (caught.value.clause, caught.value.http_status) == ("CCP-DEL-2", 500)
    assert (await pool.lookup(EMAID)).emaid == EMAID


@pytest.mark.rule("PCP-DEL-1", "PCP-DEL-2")
async def test_a_vehicle_that_goes_takes_its_contracts_along_revoked(world: World) -> None:
    contract = await world.subscribed()
    await world.eco.oem.withdraw(PCID)
    assert await world.eco.pool.contracts(PCID) == []
    assert (await world.eco.ocsp.of(contract.certificate, world.pki.certificate("mo_sub2"))).status == "revoked"


@pytest.mark.rule("PCP-UPD-3")
async def test_a_vehicle_with_a_new_key_loses_its_bundles_but_not_its_certificates(world: World) -> None:
    contract = await world.subscribed()
    await world.eco.oem.publish(leaf_of(world, "oem_leaf", PCID))
    assert await world.eco.pool.contracts(PCID) == []
    assert (await world.eco.ocsp.of(contract.certificate, world.pki.certificate("mo_sub2"))).status == "good"


@pytest.mark.rule("CCP-CLEAN-1", "POOL-1")
async def test_cleansing_removes_expired_and_revoked_contracts_only(world: World) -> None:
    await world.published()
    for emaid, days in (("DEPNCC00000011", 10), ("DEPNCC00000022", 300), ("DEPNCC00000033", 300)):
        await world.eco.pool.add(PCID, await bundle_of(world, emaid, days=days))
    assert await world.eco.pool.cleanse() == []
    world.clock.jump(11 * DAY)
    revoked = (await world.eco.pool.lookup("DEPNCC00000022")).certificate
    # By an authority that tells nobody: of one that does the pool hears at once.
    world.pki.issuer_authority(revoked).revoke(revoked, world.clock.now(), "unspecified")
    assert await world.eco.pool.cleanse() == ["DEPNCC00000011", "DEPNCC00000022"]
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == ["DEPNCC00000033"]


@pytest.mark.rule("CCP-CLEAN-2", "POOL-1")
async def test_a_revoked_contract_is_gone_when_its_revocation_is_told(world: World) -> None:
    await world.published()
    deleted: list[tuple[str, str]] = []

    async def hear(fact: ContractDeleted) -> None:
        deleted.append((fact.emaid, fact.why))

    world.eco.bus.listen(ContractDeleted, hear)
    for emaid in ("DEPNCC00000011", "DEPNCC00000022"):
        await world.eco.pool.add(PCID, await bundle_of(world, emaid))
    await world.eco.ca.revoke_certificate((await world.eco.pool.lookup("DEPNCC00000022")).certificate)
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == ["DEPNCC00000011"]
    assert deleted == [("DEPNCC00000022", "revoked")]


@pytest.mark.rule("CCP-CLEAN-2")
async def test_a_renewed_contract_outlives_the_revocation_of_the_certificate_before(world: World) -> None:
    await world.published()
    await world.eco.pool.add(PCID, await bundle_of(world, "DEPNCC00000011"))
    before = (await world.eco.pool.lookup("DEPNCC00000011")).certificate
    await world.eco.pool.add(PCID, await bundle_of(world, "DEPNCC00000011"))
    await world.eco.ca.revoke_certificate(before)
    assert [entry.emaid for entry in await world.eco.pool.contracts(PCID)] == ["DEPNCC00000011"]


@pytest.mark.rule("CCP-CLEAN-2")
async def test_everything_below_a_revoked_authority_is_gone_at_once(world: World) -> None:
    await world.published()
    for emaid in ("DEPNCC00000011", "DEPNCC00000022"):
        await world.eco.pool.add(PCID, await bundle_of(world, emaid))
    await world.eco.ca.revoke("mo_sub2")
    assert await world.eco.pool.contracts(PCID) == []


@pytest.mark.rule("CCP-DEL-2")
async def test_what_is_withdrawn_is_told_as_withdrawn_although_it_is_revoked_first(world: World) -> None:
    await world.published()
    deleted: list[str] = []

    async def hear(fact: ContractDeleted) -> None:
        deleted.append(fact.why)

    world.eco.bus.listen(ContractDeleted, hear)
    await world.eco.pool.add(PCID, await bundle_of(world, "DEPNCC00000011"))
    await world.eco.pool.delete("DEPNCC00000011")
    await world.eco.pool.add(PCID, await bundle_of(world, "DEPNCC00000022"))
    await world.eco.vehicles.delete(PCID)
    assert deleted == ["withdrawn", "vehicle deleted"]


@pytest.mark.rule("CCP-OEM-1")
async def test_the_manufacturer_gets_the_bundle_with_its_own_session_or_none(world: World) -> None:
    contract = await world.subscribed()
    for session in (b"\x00", bytes.fromhex("0A0B")):
        answer = await world.eco.pool.provide_to_oem(contract.emaid, PCID, session)
        assert answer.exi is not None
        decoded = codec("iso2").decode(answer.exi)
        assert decoded.Header.SessionID == session
        assert decoded.Body.BodyElement.ResponseCode == "OK"
    with pytest.raises(Refused, match="at most 8"):
        await world.eco.pool.provide_to_oem(contract.emaid, PCID, bytes(9))
    with pytest.raises(Refused) as caught:
        await world.eco.pool.provide_to_oem(contract.emaid, "PNCSIMVEHICLE00002")
    assert caught.value.http_status == 404


@pytest.mark.parametrize(
    "text",
    [
        "CN=pncsim V2G root,O=pncsim,C=DE,DC=V2G",
        "DC=V2G,C=DE,O=pncsim,CN=pncsim V2G root",
        "dc = v2g , c = de , o = pncsim , cn = PNCSIM  V2G root",
        "/CN=pncsim V2G root/O=pncsim/C=DE/DC=V2G",
        '0.9.2342.19200300.100.1.25=V2G, 2.5.4.6=DE, OID.2.5.4.10="pncsim", commonName=pncsim V2G r\\6fot',
    ],
    ids=["leaf first", "root first", "blanks and case", "slashes", "numbers and escapes"],
)
async def test_names_are_compared_whatever_their_spelling(world: World, text: str) -> None:
    root = world.pki.certificate("v2g_root")
    assert attributes(text) == name_attributes(root.subject)
    assert match([ds.X509IssuerSerialType(X509IssuerName=text, X509SerialNumber=root.serial_number)], root) == "exact"
    assert match([ds.X509IssuerSerialType(X509IssuerName=text, X509SerialNumber=1)], root) == "name"
    assert match([ds.X509IssuerSerialType(X509IssuerName=text + ",OU=x", X509SerialNumber=1)], root) is None


async def test_what_is_no_name_counts_by_its_serial_number_and_a_foreign_name_does_not(world: World) -> None:
    root = world.pki.certificate("v2g_root")
    for text, found in (
        (f"<Name({root.subject.rfc4514_string()})>", "serial"),
        ("the root", "serial"),
        ("CN=somebody else,O=elsewhere", None),
    ):
        named = ds.X509IssuerSerialType(X509IssuerName=text, X509SerialNumber=root.serial_number)
        assert match([named], root) == found
        assert match([ds.X509IssuerSerialType(X509IssuerName=text, X509SerialNumber=1)], root) is None


def test_commas_inside_values_do_not_split_them() -> None:
    assert attributes("CN=A\\, B,O=C") == {("CN", "a, b"), ("O", "c")}


async def test_a_service_without_signers_signs_nothing(world: World) -> None:
    service = ProvisioningService(
        world.clock,
        world.voice("CCP"),
        signers=[],
        verifier=world.eco.verifier,
        vehicles=world.eco.vehicles,
        pool=world.eco.pool,
    )
    assert service.signers == ()
