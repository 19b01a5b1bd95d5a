"""An ecosystem of many: V2G roots, operators, manufacturers and provisioning services side by side, made on demand."""

from __future__ import annotations

import pytest
from backend_world import NOW, PCID, SCHEMA
from vehicle_requests import installation_request, received

from pncsim.backend.ecosystem import Ecosystem, open_ecosystem
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, ServiceCall, Trace


async def two() -> tuple[Ecosystem, list[Event], Pki]:
    """An ecosystem of the first PKI and a second, "north", with its own V2G root, operator and manufacturer."""
    events: list[Event] = []
    ecosystem = await open_ecosystem(create_pki(NOW, pcid=PCID), Clock(NOW), Trace([events.append]))
    north = create_pki(NOW, pcid="NORVEHICLE0000001", emaid="NOABCC00000001", organization="North")
    await ecosystem.add_pki(north, "north")
    return ecosystem, events, north


async def test_a_pki_alone_makes_no_pool_and_no_party() -> None:
    ecosystem = await open_ecosystem(create_pki(NOW), Clock(NOW), Trace())
    await ecosystem.ca.revoke("oem_leaf")
    made = {"vehicles", "pool", "signing", "mo", "oem", "chains"} & vars(ecosystem).keys()
    assert made == set()
    assert isinstance(ecosystem.ocsp, OcspClient)


@pytest.mark.rule("CCP-PUB-4", "CCP-ISO-1")
async def test_two_operators_sell_to_one_vehicle_and_each_knows_its_own_contracts_only() -> None:
    ecosystem, events, _ = await two()
    second = ecosystem.add_operator("NOABC", pki="north")
    await ecosystem.oem.publish(ecosystem.pki.credentials("oem_leaf"), v2g_roots=ecosystem.pki.anchors("v2g_root"))
    one, other = await ecosystem.mo.subscribe("Ada", PCID), await second.subscribe("Ada", PCID)
    assert (one.emaid[:5], other.emaid[:5]) == ("DEPNC", "NOABC")
    assert reading.common_name(other.certificate) == other.emaid
    assert other.certificate.issuer == ecosystem.pkis["north"].certificate("mo_sub2").subject
    assert [(await ecosystem.operators.authorize(emaid)).status for emaid in (one.emaid, other.emaid)] == [
        "Accepted"
    ] * 2
    assert (await second.authorize(one.emaid)).status == "Unknown"
    assert (await ecosystem.operators.authorize("FRXYZC00000001")).status == "Unknown"
    assert {event.unit for event in events if isinstance(event, ServiceCall) and event.role == "MO"} == {
        "MO DEPNC",
        "MO NOABC",
    }


@pytest.mark.rule("CPS-2", "CCP-GET-3")
async def test_a_vehicle_of_another_v2g_root_gets_a_bundle_signed_below_its_own() -> None:
    ecosystem, _, north = await two()
    maker = ecosystem.add_manufacturer("NOR", pki="north")
    vehicle = await maker.build("NORVEHICLE0000002")
    await maker.publish(vehicle, v2g_roots=north.anchors("v2g_root"))
    operator = ecosystem.add_operator("NOABC", pki="north")
    await operator.subscribe("Ole", "NORVEHICLE0000002")
    answer = await ecosystem.pool.provide(installation_request(vehicle, north.anchors("v2g_root")), SCHEMA)
    assert received(answer).code == "OK"
    assert answer.root == reading.fingerprint(reading.der(north.certificate("v2g_root")))
    stranger = await ecosystem.pool.provide(installation_request(vehicle, ecosystem.pki.anchors("v2g_root")), SCHEMA)
    assert stranger.response_code == "FAILED_NoCertificateAvailable"


async def test_a_provisioning_service_of_its_own_signs_below_the_roots_it_was_given() -> None:
    ecosystem, events, north = await two()
    service = ecosystem.add_provisioning("north", "north")
    assert [signer.root for signer in service.signers] == [north.certificate("v2g_root")]
    operator = ecosystem.add_operator("NOABC", pki="north", provisioning="north")
    await ecosystem.oem.publish(ecosystem.pki.credentials("oem_leaf"))
    contract = await operator.subscribe("Ada", PCID)
    entry = await ecosystem.pool.lookup(contract.emaid)
    assert entry.root == reading.fingerprint(reading.der(north.certificate("v2g_root")))
    assert {event.unit for event in events if isinstance(event, ServiceCall) and event.role == "CPS"} == {"CPS north"}


async def test_the_common_provisioning_service_signs_below_roots_that_came_after_it() -> None:
    ecosystem = await open_ecosystem(create_pki(NOW), Clock(NOW), Trace())
    assert len(ecosystem.signing.signers) == 1
    north = create_pki(NOW, organization="North")
    await ecosystem.add_pki(north, "north")
    assert [signer.root for signer in ecosystem.signing.signers][1:] == [north.certificate("v2g_root")]


@pytest.mark.rule("CCP-DEL-2")
async def test_deleting_a_contract_revokes_it_at_the_authority_that_issued_it() -> None:
    ecosystem, _, _ = await two()
    operator = ecosystem.add_operator("NOABC", pki="north")
    await ecosystem.oem.publish(ecosystem.pki.credentials("oem_leaf"))
    contract = await operator.subscribe("Ada", PCID)
    await ecosystem.pool.delete(contract.emaid)
    issuer = ecosystem.pkis["north"].certificate("mo_sub2")
    assert (await ecosystem.ocsp.of(contract.certificate, issuer)).status == "revoked"


async def test_the_first_pki_may_have_a_name_and_is_meant_where_none_is_said() -> None:
    ecosystem = Ecosystem(Clock(NOW), Trace())
    with pytest.raises(LocalError, match="no PKI yet"):
        ecosystem.add_operator("DEABC")
    south, north = create_pki(NOW), create_pki(NOW, organization="North")
    await ecosystem.add_pki(south, "south")
    await ecosystem.add_pki(north, "north")
    await ecosystem.oem.publish(south.credentials("oem_leaf"))
    contract = await ecosystem.mo.subscribe("Ada", reading.common_name(south.certificate("oem_leaf")))
    assert contract.certificate.issuer == south.certificate("mo_sub2").subject


async def test_names_are_given_once_and_unknown_ones_are_a_sentence() -> None:
    ecosystem, _, north = await two()
    ecosystem.add_manufacturer("NOR", pki="north")
    ecosystem.add_operator("NOABC", pki="north")
    ecosystem.add_provisioning("north", "north")
    with pytest.raises(LocalError, match="PKI north"):
        await ecosystem.add_pki(north, "north")
    with pytest.raises(LocalError, match="manufacturer NOR already"):
        ecosystem.add_manufacturer("NOR")
    with pytest.raises(LocalError, match="operator NOABC already"):
        ecosystem.add_operator("NO-ABC")
    with pytest.raises(LocalError, match="service north already"):
        ecosystem.add_provisioning("north")
    with pytest.raises(LocalError, match="no PKI 'south'"):
        ecosystem.add_operator("SEABC", pki="south")
    with pytest.raises(LocalError, match="no provisioning service 'south'"):
        ecosystem.add_operator("SEABC", provisioning="south")
    with pytest.raises(LocalError, match="no PKI 'south'"):
        ecosystem.add_provisioning("south", "south")
    with pytest.raises(LocalError, match="no PKI yet"):
        _ = Ecosystem(Clock(NOW), Trace()).pki
    assert ecosystem.operators.find("no-abc") is not None
