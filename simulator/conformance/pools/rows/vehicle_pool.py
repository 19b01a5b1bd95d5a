"""The pool of provisioning certificates."""

from __future__ import annotations

from pncsim.simulator.conformance.pools.brought import TestVehicle
from pncsim.simulator.conformance.pools.declared import ADMINISTERED, RECEIVED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import naming
from pncsim.simulator.conformance.pools.table import CHARIN, Requirements
from pncsim.simulator.conformance.unlike import must

_RULES = Requirements("vehicles")
CASES = _RULES.cases

_ALL, _LOOKUP = "/v1/oem/provCerts", "/v1/oem/provCerts/lookupVehicle"


async def _absent(desk: TestDesk, vehicle: TestVehicle) -> None:
    (await desk.ask("OEM", "GET", "pcp", f"{_LOOKUP}/{vehicle.pcid}")).has(404)


@_RULES.demands(
    "PCP-PUB-1",
    "It is refused with 403, and not there.",
    given="A vehicle with the manufacturer id (WMI) of nobody here.",
    does="It is published by a manufacturer.",
)
async def the_wmi_is_the_callers(desk: TestDesk) -> None:
    vehicle = desk.vehicle_below(desk.strangers(), wmi="ZZZ")
    (await desk.publish(vehicle)).has(403)


@_RULES.demands(
    "PCP-PUB-2",
    "Each is refused with 400, and not there.",
    given="Vehicles whose certificates are not valid now, below a root of the pool.",
    does="One whose own certificate has expired is published, and one whose begins to be valid in ten days.",
)
async def each_certificate_is_valid(desk: TestDesk) -> None:
    pki = await desk.certified()
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    for vehicle in (desk.vehicle_below(pki, begins=-9, ends=-1), desk.vehicle_below(pki, begins=10)):
        (await desk.publish(vehicle)).has(400)
        await _absent(desk, vehicle)


@_RULES.demands(
    "PCP-PUB-3",
    "The responder is asked, the answer is 502, and the vehicle is not there.",
    given="A vehicle below a root of the pool, whose responder does not work.",
    does="It is published.",
    when=RECEIVED,
)
async def the_status_of_each_is_known(desk: TestDesk) -> None:
    responder = await desk.listen(500)
    pki = desk.strangers(ocsp_url=f"{responder.url}/ocsp")
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    vehicle = desk.vehicle_below(pki)
    (await desk.publish(vehicle)).has(502)
    must(responder.heard, "It was refused without the responder having been asked.")
    await _absent(desk, vehicle)


@_RULES.demands(
    "PCP-PUB-4",
    "It is refused with 400, and not there; with its root it is published.",
    given="A vehicle whose root is not in the pool, and of whose certificates its responder says good.",
    does="It is published, and once more with the root in the pool.",
    when=RECEIVED,
)
async def the_chain_leads_to_a_root_of_the_pool(desk: TestDesk) -> None:
    pki = await desk.certified()
    vehicle = desk.vehicle_below(pki)
    (await desk.publish(vehicle)).has(400)
    await _absent(desk, vehicle)
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    (await desk.publish(vehicle)).has(200)


@_RULES.demands(
    "PCP-PUB-5",
    "The first two are refused without the responder having been asked anything.",
    given="A responder that counts who asks it.",
    does="A vehicle of somebody else's WMI is published, one that has expired, and one with neither flaw.",
    when=RECEIVED,
)
async def the_first_flaw_decides(desk: TestDesk) -> None:
    responder = await desk.listen(500)
    pki = desk.strangers(ocsp_url=f"{responder.url}/ocsp", made=30)
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    (await desk.publish(desk.vehicle_below(pki, wmi="ZZZ"))).has(403)
    (await desk.publish(desk.vehicle_below(pki, begins=-9, ends=-1))).has(400)
    must(not responder.heard, f"For what is refused anyway the responder was asked {len(responder.heard)} times.")
    await desk.publish(desk.vehicle_below(pki))
    must(responder.heard, "The responder was never asked, so that nothing is known of the first two.")


@_RULES.demands(
    "PCP-PUB-6",
    "It is known by the name in its certificate; what is no PCID is refused with 400.",
    given="A vehicle with a new certificate.",
    does="It is published and read by its PCID; then by names that are none; octets that are no certificate are sent.",
)
async def a_vehicle_is_known_by_its_name(desk: TestDesk) -> None:
    vehicle = await desk.published()
    answer = (await desk.ask("OEM", "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    held = answer.members.get("OEMMessage", {})
    must(held.get("vehicleCertificate") == vehicle.published()["vehicleCertificate"], f"{answer} with another vehicle.")
    for text in (vehicle.pcid[:16], f"{vehicle.pcid}00", f"{vehicle.pcid[:-1]}-"):
        (await desk.ask("OEM", "GET", "pcp", f"{_ALL}/{text}")).has(400)
    for broken in ({"vehicleCertificate": "bm9uZQ=="}, {"subCA1Certificate": "bm9uZQ=="}):
        (await desk.ask("OEM", "PUT", "pcp", _ALL, vehicle.published() | broken)).has(400)


@_RULES.demands(
    "PCP-PUB-7",
    "No event comes to the operator, and there is no list in which the vehicle stands.",
    given="An operator who hears of all events there are for him.",
    does="A vehicle is published, then deleted after a contract, of which he hears.",
    when=RECEIVED,
)
async def publishing_tells_operators_nothing(desk: TestDesk) -> None:
    heard = await desk.subscribed("MO_HUBJECT_PKI", "mo.prov.cert.deleted", "mo.prov.cert.updated")
    vehicle = await desk.published()
    await desk.contract(vehicle)
    (await desk.ask("OEM", "DELETE", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    first = await heard.until(naming(vehicle.pcid), f"an event about {vehicle.pcid}")
    must(b"mo.prov.cert.deleted" in first.body, f"The first event about it is {first.body.decode()[:200]!r}.")


@_RULES.demands(
    "PCP-PUB-8",
    "It is answered to the operator as it was published.",
    given="A vehicle with two V2G roots, published with its namespace and its former PCID.",
    does="An operator reads it.",
)
async def what_is_published_is_kept(desk: TestDesk) -> None:
    former = await desk.published()
    roots = ["AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", "01:02:03:04:05:06:07:08"]
    vehicle = await desk.published(v2gRootAuthorityKeyIdentifiers=roots, previousPcid=former.pcid)
    answer = (await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    held = answer.members.get("OEMMessage", {})
    for name, value in vehicle.published().items():
        must(held.get(name) == value, f"{answer}, and {name} is {str(held.get(name))[:40]!r}.")
    listed = {str(one).upper() for one in held.get("v2gRootAuthorityKeyIdentifiers", ())}
    must(listed == set(roots), f"{answer} with the V2G roots {sorted(listed)}, not those that were published.")


@_RULES.demands(
    "PCP-PUB-9",
    "The vehicle is there as it was.",
    given="A vehicle that is published.",
    does="It is published once more with a certificate that has expired, which is refused.",
)
async def what_is_refused_changes_nothing(desk: TestDesk) -> None:
    vehicle = await desk.published()
    pki = desk.strangers(made=30)
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    body = desk.vehicle_below(pki, pcid=vehicle.pcid, begins=-9, ends=-1).published()
    (await desk.ask("OEM", "PUT", "pcp", _ALL, body)).has(400)
    answer = (await desk.ask("OEM", "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    held = answer.members.get("OEMMessage", {})
    must(
        held.get("vehicleCertificate") == vehicle.published()["vehicleCertificate"], f"{answer} with what was refused."
    )


@_RULES.demands(
    "PCP-ENUM-1",
    "There is no such operation (404 or 405), and nothing in an answer tells of a vehicle.",
    given="A vehicle that is published.",
    does="Lists of vehicles are asked for, by every role that may read one.",
)
async def nobody_lists_vehicles(desk: TestDesk) -> None:
    vehicle = await desk.published()
    for role in ("OEM", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI"):
        for path in (_ALL, f"{_ALL}/", _LOOKUP, f"{_LOOKUP}/", f"{_ALL}?pcid=*"):
            answer = (await desk.ask(role, "GET", "pcp", path)).has(400, 404, 405)
            must(vehicle.pcid.encode() not in answer.reply.body, f"{answer} and names {vehicle.pcid}.")


async def _read(desk: TestDesk, vehicle: TestVehicle) -> object:
    answer = (await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    return answer.members.get("OEMMessage", {}).get("vehicleCertificate")


@_RULES.demands(
    "PCP-UPD-1",
    "The new certificate is the one that is read.",
    given="A vehicle that is published.",
    does="It is published again with another certificate of the same name.",
)
async def publishing_again_overwrites(desk: TestDesk) -> None:
    vehicle = await desk.published()
    again = await desk.vehicle(pcid=vehicle.pcid)
    (await desk.publish(again)).has(200)
    must(await _read(desk, vehicle) == again.published()["vehicleCertificate"], "The old certificate is still read.")


@_RULES.demands(
    "PCP-UPD-2",
    "With the same key no event comes, with another one mo.prov.cert.updated.",
    given="A vehicle with a contract, whose operator hears of changed vehicles.",
    does="It is published again as it is, then with another key.",
    when=RECEIVED,
)
async def operators_hear_of_another_key(desk: TestDesk) -> None:
    heard = await desk.subscribed("MO_HUBJECT_PKI", "mo.prov.cert.updated")
    vehicle, other = await desk.published(), await desk.published()
    for one in (vehicle, other):
        await desk.contract(one)
    (await desk.publish(vehicle)).has(200)
    (await desk.publish(await desk.vehicle(pcid=other.pcid))).has(200)
    await heard.until(naming(other.pcid), f"mo.prov.cert.updated about {other.pcid}")
    wrong = [call for call in heard.heard if vehicle.pcid.encode() in call.body]
    must(not wrong, f"An event came about {vehicle.pcid}, whose key has not changed.")


@_RULES.demands(
    "PCP-UPD-3",
    "With the same key the contract stays, with another one it is gone.",
    given="A vehicle with a contract.",
    does="It is published again as it is, then with another key.",
)
async def another_key_ends_contracts(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    (await desk.publish(vehicle)).has(200)
    must([one["emaid"] for one in await desk.waiting(vehicle)] == [emaid], f"{emaid} is gone, and the key is the same.")
    (await desk.publish(await desk.vehicle(pcid=vehicle.pcid))).has(200)
    must(not await desk.waiting(vehicle), f"{emaid} waits for a vehicle that cannot open it any more.")


@_RULES.demands(
    "PCP-UPD-4",
    "Only the new certificate is to be had.",
    given="A vehicle that is published.",
    does="Its certificate is renewed under the same name.",
    source=CHARIN,
)
async def the_old_certificate_is_gone(desk: TestDesk) -> None:
    vehicle = await desk.published()
    again = await desk.vehicle(pcid=vehicle.pcid)
    (await desk.publish(again)).has(200)
    for role in ("OEM", "MO_HUBJECT_PKI"):
        body = (await desk.ask(role, "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200).reply.body
        old = vehicle.published()["vehicleCertificate"].encode()
        must(old not in body, f"{role} still gets the certificate that was renewed.")


@_RULES.demands(
    "PCP-UPD-5",
    "The entry names the former PCID; one that is none is refused with 400.",
    given="A vehicle that is published.",
    does="It gets a certificate under a new PCID, published with the former one.",
    source=CHARIN,
)
async def a_new_pcid_names_the_old_one(desk: TestDesk) -> None:
    former = await desk.published()
    vehicle = await desk.published(previousPcid=former.pcid)
    answer = (await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    named = answer.members.get("OEMMessage", {}).get("previousPcid")
    must(named == former.pcid, f"{answer}, and the former PCID there is {named}, not {former.pcid}.")
    (await desk.publish(await desk.vehicle(), previousPcid="no PCID")).has(400)


@_RULES.demands(
    "PCP-DEL-1",
    "The vehicle is gone, and its contracts with it; once more it is 404.",
    given="A vehicle with two contracts.",
    does="Its manufacturer deletes it, twice.",
)
async def a_vehicle_goes_with_its_contracts(desk: TestDesk) -> None:
    vehicle = await desk.published()
    for _ in range(2):
        await desk.contract(vehicle)
    path = f"{_ALL}/{vehicle.pcid}"
    (await desk.ask("OEM", "DELETE", "pcp", path)).has(200)
    await _absent(desk, vehicle)
    must(not await desk.waiting(vehicle), "Contracts wait for a vehicle that was deleted.")
    (await desk.ask("OEM", "DELETE", "pcp", path)).has(404)


@_RULES.demands(
    "PCP-DEL-2",
    "OCSP says of the contract certificate that it is revoked.",
    given="A vehicle with a contract of the services' own MO authority.",
    does="Its manufacturer deletes it.",
)
async def its_contract_certificates_are_revoked(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    chain = await desk.contract_chain(vehicle, emaid)
    before = await desk.status(chain)
    must(before == "good", f"Of the new contract certificate OCSP says {before}.")
    (await desk.ask("OEM", "DELETE", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    after = await desk.status(chain)
    must(after == "revoked", f"Of the certificate of the contract that went with its vehicle OCSP says {after}.")


@_RULES.demands(
    "PCP-DEL-3",
    "mo.prov.cert.deleted comes to its operator, oem.contract.deleted to the manufacturer.",
    given="A vehicle with a contract, and both parties hear of events.",
    does="Its manufacturer deletes it.",
    when=RECEIVED,
)
async def both_hear_of_it(desk: TestDesk) -> None:
    operator = await desk.subscribed("MO_HUBJECT_PKI", "mo.prov.cert.deleted")
    manufacturer = await desk.subscribed("OEM", "oem.contract.deleted")
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    (await desk.ask("OEM", "DELETE", "pcp", f"{_ALL}/{vehicle.pcid}")).has(200)
    await operator.until(naming(vehicle.pcid), "mo.prov.cert.deleted")
    await manufacturer.until(naming(emaid), "oem.contract.deleted")


@_RULES.demands(
    "PCP-GET-1",
    "It is refused with 400 from then on.",
    given="A vehicle that is published.",
    does="An operator reads it before and after its certificate was revoked.",
    when=ADMINISTERED,
)
async def a_revoked_vehicle_is_not_handed_out(desk: TestDesk) -> None:
    vehicle = await desk.published()
    path = f"{_ALL}/{vehicle.pcid}"
    (await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", path)).has(200)
    await desk.revoke(vehicle.credentials.leaf)
    answer = await desk.ask("MO_EXTERNAL_PKI", "GET", "pcp", path)
    answer.has(400, 404)
    must(vehicle.published()["vehicleCertificate"].encode() not in answer.reply.body, f"{answer} with the certificate.")


@_RULES.demands(
    "PCP-GET-2",
    "200 with nothing in it for the one, 404 for the other.",
    given="A vehicle that is published, and one that is not.",
    does="Operators and manufacturer ask whether they are there.",
)
async def a_look_says_whether_it_is_there(desk: TestDesk) -> None:
    vehicle, absent = await desk.published(), await desk.vehicle()
    for role in ("OEM", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI"):
        answer = (await desk.ask(role, "GET", "pcp", f"{_LOOKUP}/{vehicle.pcid}")).has(200)
        must(answer.reply.body in (b"", b"{}"), f"{answer}, and says {answer.reply.body[:60]!r}.")
        (await desk.ask(role, "GET", "pcp", f"{_LOOKUP}/{absent.pcid}")).has(404)


@_RULES.demands(
    "PCP-CLEAN-1",
    "The vehicle is gone, and its contract with it.",
    given="A vehicle with a contract.",
    does="Its certificate is revoked, and the daily job is run.",
    when=ADMINISTERED,
)
async def revoked_vehicles_are_removed(desk: TestDesk) -> None:
    vehicle = await desk.published()
    await desk.contract(vehicle)
    await desk.revoke(vehicle.credentials.leaf)
    await desk.cleanse()
    await _absent(desk, vehicle)
    must(not await desk.waiting(vehicle), "A contract waits for a vehicle that was removed.")
