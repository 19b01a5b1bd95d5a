"""The pool of contracts that wait for their vehicles."""

from __future__ import annotations

import base64

from pncsim.backend.rest.bodies import base64_text
from pncsim.simulator.conformance.pools.brought import SESSION, TestVehicle
from pncsim.simulator.conformance.pools.declared import ADMINISTERED, MOVED, RECEIVED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import installed, message_in, naming
from pncsim.simulator.conformance.pools.table import CHARIN, Requirements
from pncsim.simulator.conformance.unlike import must
from pncsim.wire.v2g.registry import ISO2_NAMESPACE

_RULES = Requirements("contract pool")
CASES = _RULES.cases

_ALL = "/v1/ccp/signedContractData"
_MO, _V2G = "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI"


async def _signed(desk: TestDesk, ends: float = 30.0) -> tuple[TestVehicle, dict[str, str]]:
    """A vehicle, and the body that puts a signed contract for it into the pool, where it is not yet."""
    operator, vehicle = await desk.own_operator(), await desk.published()
    emaid = operator.emaid()
    contract = operator.contract(emaid, desk.clock.now(), ends=ends)
    data = operator.data(contract, vehicle)
    answer = (await desk.ask(_MO, "PUT", "cps", "/v1/cps/contractData/signed", data)).given()
    signed = str(answer.members["signedData"])
    body = {"xsdMsgDefNamespace": ISO2_NAMESPACE, "emaid": emaid, "pcid": vehicle.pcid, "signedContractDataXML": signed}
    return vehicle, body


@_RULES.demands(
    "CCP-PUB-1",
    "From both it is taken with 201, and waits.",
    given="A signed contract of a vehicle.",
    does="Who signs contract data puts it into the pool, and once more its operator.",
    when=RECEIVED,
)
async def signers_and_operators_bring_contracts(desk: TestDesk) -> None:
    vehicle, body = await _signed(desk)
    for role in ("CPS", _MO):
        (await desk.ask(role, "PUT", "ccp", _ALL, body)).has(201)
        waits = [one.get("emaid") for one in await desk.waiting(vehicle)]
        must(waits == [body["emaid"]], f"After {role} has put it into the pool there wait {waits}.")
    (await desk.ask(_MO, "DELETE", "ccp", f"{_ALL}/{body['emaid']}")).has(200)


@_RULES.demands(
    "CCP-PUB-2",
    "Each is refused with 400, and nothing waits.",
    given="A signed contract of a vehicle.",
    does="It is put into the pool with a changed signature, and with a changed part.",
    source=CHARIN,
    when=RECEIVED,
)
async def signatures_are_checked(desk: TestDesk) -> None:
    vehicle, body = await _signed(desk)
    xml = base64.b64decode(body["signedContractDataXML"]).decode()
    for name in ("SignatureValue", "DHpublickey"):
        start = xml.index(">", xml.index(f":{name}" if f":{name}" in xml else f"<{name}")) + 1
        changed = xml[:start] + ("A" if xml[start] != "A" else "B") + xml[start + 1 :]
        broken = body | {"signedContractDataXML": base64_text(changed.encode())}
        (await desk.ask("CPS", "PUT", "ccp", _ALL, broken)).has(400)
    must(not await desk.waiting(vehicle), "A contract with a broken signature waits for its vehicle.")


@_RULES.demands(
    "CCP-PUB-3",
    "It is refused with 400.",
    given="A signed contract whose certificate has expired meanwhile.",
    does="It is put into the pool.",
    when=(*RECEIVED, *MOVED),
)
async def expired_contracts_are_refused(desk: TestDesk) -> None:
    _, body = await _signed(desk, ends=1)
    await desk.advance(2)
    (await desk.ask("CPS", "PUT", "ccp", _ALL, body)).has(400)


@_RULES.demands(
    "CCP-PUB-4",
    "All of them wait.",
    given="A vehicle that is published.",
    does="Three contracts are made for it.",
)
async def a_vehicle_may_have_several(desk: TestDesk) -> None:
    vehicle = await desk.published()
    made = sorted([await desk.contract(vehicle) for _ in range(3)])
    waits = sorted(str(one.get("emaid")) for one in await desk.waiting(vehicle))
    must(waits == made, f"Of three contracts there wait {waits}.")


@_RULES.demands(
    "CCP-PUB-5",
    "oem.contract.created, updated and deleted come.",
    given="A manufacturer who hears of contracts.",
    does="One is made for its vehicle, made again, and deleted.",
    when=RECEIVED,
)
async def manufacturers_hear_of_contracts(desk: TestDesk) -> None:
    events = ("oem.contract.created", "oem.contract.updated", "oem.contract.deleted")
    heard = await desk.subscribed("OEM", *events)
    vehicle, emaid = await desk.published(), desk.emaid()
    for _ in range(2):
        (await desk.order(vehicle, emaid)).given()
    (await desk.ask(_V2G, "DELETE", "ccp", f"{_ALL}/{emaid}")).has(200)
    for event in events:
        await heard.until(naming(event, emaid), event)


@_RULES.demands(
    "CCP-ISO-1",
    "Each is refused with 403, and the contract waits as before.",
    given="A contract of one operator.",
    does="Another operator reads it and deletes it.",
)
async def operators_see_nothing_of_each_other(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    (await desk.ask(_MO, "GET", "ccp", f"/v1/ccp/lookupContract/{emaid}")).has(403)
    (await desk.ask(_MO, "DELETE", "ccp", f"{_ALL}/{emaid}")).has(403)
    must([one["emaid"] for one in await desk.waiting(vehicle)] == [emaid], "The contract is gone.")
    (await desk.ask(_V2G, "GET", "ccp", f"/v1/ccp/lookupContract/{emaid}")).has(200)


@_RULES.demands(
    "CCP-UPD-1",
    "One waits, the later one.",
    given="A contract that waits for a vehicle.",
    does="It is made again under its EMAID.",
)
async def the_same_emaid_overwrites(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    first = (await desk.waiting(vehicle))[0].get("contractCertificate")
    (await desk.order(vehicle, emaid)).has(201)
    waits = await desk.waiting(vehicle)
    must(
        len(waits) == 1 and waits[0].get("contractCertificate") != first, f"{len(waits)} contracts wait, or the first."
    )


@_RULES.demands(
    "CCP-DEL-1",
    "403 for another operator's, 400 for what is no EMAID, 404 for one nobody has, and 200 for its own.",
    given="A contract that waits for a vehicle.",
    does="EMAIDs are deleted: of another provider, no EMAID, of nobody's, and the contract's own.",
)
async def owners_delete(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    for text, status in ((desk.emaid("DEZZZ"), 403), (desk.emaid(), 404), (f"{emaid[:5]}-short", 400), (emaid, 200)):
        (await desk.ask(_V2G, "DELETE", "ccp", f"{_ALL}/{text}")).has(status)
    must(not await desk.waiting(vehicle), "The contract waits after it was deleted.")


@_RULES.demands(
    "CCP-DEL-2",
    "The certificate is revoked; with X-Skip-Revocation it stays good.",
    given="Two contracts of the services' own MO authority.",
    does="One is deleted as usual, the other with X-Skip-Revocation: true.",
)
async def deleting_revokes(desk: TestDesk) -> None:
    vehicle = await desk.published()
    for headers, status in (({}, "revoked"), ({"X-Skip-Revocation": "true"}, "good")):
        emaid = await desk.contract(vehicle)
        chain = await desk.contract_chain(vehicle, emaid)
        (await desk.ask(_V2G, "DELETE", "ccp", f"{_ALL}/{emaid}", **headers)).has(200)
        seen = await desk.status(chain)
        must(seen == status, f"Deleted {headers or 'as usual'}, the contract's certificate is {seen}, not {status}.")


@_RULES.demands(
    "CCP-DEF-1",
    "The first contract is the default, then the one that was made so; when it goes, none is.",
    given="A vehicle with two contracts.",
    does="The second is made the default, then deleted.",
)
async def one_contract_is_the_default(desk: TestDesk) -> None:
    vehicle = await desk.published()
    first, second = [await desk.contract(vehicle) for _ in range(2)]

    async def default() -> list[object]:
        return [one.get("emaid") for one in await desk.waiting(vehicle) if one.get("defaultContract")]

    must(await default() == [first], f"Of two contracts the default is {await default()}, not the first, {first}.")
    (await desk.ask("OEM", "POST", "ccp", f"{_ALL}/{vehicle.pcid}/{second}/default")).has(200)
    must(await default() == [second], f"The default is {await default()}, not {second}, which was made so.")
    (await desk.ask(_V2G, "DELETE", "ccp", f"{_ALL}/{second}")).has(200)
    must(not await default(), f"After the default was deleted {await default()} is.")


@_RULES.demands(
    "CCP-GET-1",
    "It gets its contract in a message it can use.",
    given="A vehicle with a contract.",
    does="It asks for it through a station.",
)
async def a_vehicle_gets_its_contract(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    answer = installed((await desk.install(vehicle)).has(200))
    must(
        answer.code == "OK" and answer.emaid == emaid, f"It is answered {answer.code} with {answer.emaid}, not {emaid}."
    )
    answer.verified()


@_RULES.demands(
    "CCP-GET-2",
    "FAILED_SignatureError for the one, FAILED_CertificateRevoked for the other; neither gets the contract.",
    given="A vehicle with a contract.",
    does="It asks with a signature by another key, and once its certificate was revoked.",
    source=CHARIN,
    when=ADMINISTERED,
)
async def requests_are_checked(desk: TestDesk) -> None:
    vehicle, other = await desk.published(), await desk.published()
    emaid = await desk.contract(vehicle)
    forged = await desk.install(vehicle, signer=other.credentials)
    await desk.revoke(vehicle.credentials.leaf)
    for answer, code in ((forged, "FAILED_SignatureError"), (await desk.install(vehicle), "FAILED_CertificateRevoked")):
        seen = installed(answer.has(200, 404))
        must(seen.code == code, f"It is answered {seen.code}, not {code}.")
        must(seen.emaid != emaid, f"With {seen.code} it is answered its contract.")


@_RULES.demands(
    "CCP-GET-3",
    "FAILED_NoCertificateAvailable.",
    given="A vehicle with a contract.",
    does="It asks with a root of nobody's in its list.",
)
async def only_below_its_roots(desk: TestDesk) -> None:
    vehicle = await desk.published()
    await desk.contract(vehicle)
    seen = installed((await desk.install(vehicle, [desk.strangers().root("v2g_root")])).has(200, 404))
    must(seen.code == "FAILED_NoCertificateAvailable", f"It is answered {seen.code}.")


@_RULES.demands(
    "CCP-GET-4",
    "It gets exactly one, the default.",
    given="A vehicle with three contracts, of which the second is the default.",
    does="It asks through a station.",
)
async def exactly_one_is_delivered(desk: TestDesk) -> None:
    vehicle = await desk.published()
    made = [await desk.contract(vehicle) for _ in range(3)]
    (await desk.ask("OEM", "POST", "ccp", f"{_ALL}/{vehicle.pcid}/{made[1]}/default")).has(200)
    answer = (await desk.install(vehicle)).has(200)
    items = answer.members["CCPResponse"]["emaidContent"]
    must(len(items) == 1, f"{answer} with {len(items)} contracts.")
    seen = installed(answer)
    must(seen.emaid == made[1], f"It gets {seen.emaid}, not its default {made[1]}.")


@_RULES.demands(
    "CCP-GET-5",
    "The message names that session.",
    given="A vehicle with a contract.",
    does="It asks in a session of its own; its manufacturer asks with another one, and with none.",
    source=CHARIN,
)
async def the_message_is_made_when_asked_for(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    seen = installed((await desk.install(vehicle)).has(200)).session
    must(seen == SESSION, f"The message names session {seen.hex().upper()}, not {SESSION.hex().upper()}.")
    for asked, session in (("A1B2C3D4E5F60718", bytes.fromhex("A1B2C3D4E5F60718")), ("", b"\0")):
        path = f"/v1/ccp/provideSignedContractData/{emaid}/{vehicle.pcid}?sessionID={asked}"
        answer = (await desk.ask("OEM", "GET", "ccp", path)).has(200)
        seen = message_in(base64.b64decode(str(answer.members.get("certificateInstallationRes")))).session
        must(seen == session, f"{answer}; the message names session {seen.hex()}, not {session.hex()}.")


@_RULES.demands(
    "CCP-GET-6",
    "mo.contract.delivered.to.oem comes.",
    given="A vehicle with a contract, whose operator hears of deliveries.",
    does="Its manufacturer fetches it.",
    when=RECEIVED,
)
async def operators_hear_of_delivery(desk: TestDesk) -> None:
    heard = await desk.subscribed(_V2G, "mo.contract.delivered.to.oem")
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    (await desk.ask("OEM", "GET", "ccp", f"/v1/ccp/provideSignedContractData/{emaid}/{vehicle.pcid}")).has(200)
    await heard.until(naming(emaid), "mo.contract.delivered.to.oem")


@_RULES.demands(
    "CCP-OEM-1",
    "It is handed out: validity is the manufacturer's to check on this way.",
    given="A vehicle with a contract that has just expired, before the daily job.",
    does="Its manufacturer fetches the contract.",
    when=MOVED,
)
async def manufacturers_check_themselves(desk: TestDesk) -> None:
    vehicle, emaid, minutes = await desk.published(), desk.emaid(), 1 / 1440
    (await desk.order(vehicle, emaid, days=2 * minutes)).given()
    await desk.advance(3 * minutes)
    path = f"/v1/ccp/provideSignedContractData/{emaid}/{vehicle.pcid}"
    answer = await desk.ask("OEM", "GET", "ccp", path)
    handed = message_in(base64.b64decode(str(answer.has(200).members["certificateInstallationRes"]))).emaid
    must(handed == emaid, f"It is the contract {handed}, not {emaid}.")


@_RULES.demands(
    "CCP-CLEAN-1",
    "It does not wait any more.",
    given="A contract that waits for its vehicle.",
    does="Its validity ends, and the daily job is run.",
    when=MOVED,
)
async def expired_contracts_are_removed(desk: TestDesk) -> None:
    vehicle, emaid = await desk.published(), desk.emaid()
    (await desk.order(vehicle, emaid, days=2)).given()
    await desk.advance(3)
    await desk.cleanse()
    must(not await desk.waiting(vehicle), f"{emaid} waits, and its certificate has expired.")


@_RULES.demands(
    "CCP-CLEAN-2",
    "It does not wait any more, at once.",
    given="A contract that waits for its vehicle.",
    does="Its certificate is revoked.",
    source=CHARIN,
    when=ADMINISTERED,
)
async def revoked_contracts_are_removed_at_once(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    await desk.revoke((await desk.contract_chain(vehicle, emaid))[0])
    must(not await desk.waiting(vehicle), f"{emaid} waits, and its certificate was revoked.")


@_RULES.demands(
    "ID-1",
    "It is one contract, without hyphens and in capitals.",
    given="A contract that waits for its vehicle.",
    does="It is looked up and deleted with hyphens and in small letters.",
)
async def emaids_have_one_form(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    typed = f"{emaid[:2]}-{emaid[2:5]}-{emaid[5:14]}-{emaid[14:]}".lower()
    answer = (await desk.ask(_V2G, "GET", "ccp", f"/v1/ccp/lookupContract/{typed}")).has(200)
    named = [one.get("emaid") for one in answer.members.get("XMLContracts", [])]
    must(named == [emaid], f"{answer} for {named}, not {emaid}.")
    (await desk.ask(_V2G, "DELETE", "ccp", f"{_ALL}/{typed}")).has(200)
    must(not await desk.waiting(vehicle), f"{emaid} waits after {typed} was deleted.")


@_RULES.demands(
    "ID-2",
    "Each is refused with 400.",
    given="A vehicle with a contract.",
    does="Vehicles are named by what is no PCID, at every pool and service.",
)
async def pcids_have_their_form(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    for text in (vehicle.pcid[:16], f"{vehicle.pcid[:-2]}--", f"{vehicle.pcid}0000"):
        for path in (f"/v1/oem/provCerts/{text}", f"/v1/oem/provCerts/lookupVehicle/{text}"):
            (await desk.ask("OEM", "GET", "pcp", path)).has(400)
        (await desk.ask("OEM", "GET", "ccp", f"/v1/ccp/provideSignedContractData/{emaid}/{text}")).has(400)
        body = desk.ordered(vehicle, desk.emaid()) | {"pcid": text}
        (await desk.ask(_V2G, "PUT", "cps", "/v1/cps/generate/signedContractData", body)).has(400)


@_RULES.demands(
    "POOL-1",
    "No pool hands out anything of them any more.",
    given="Two vehicles, each with a contract.",
    does="The contract certificate of one is revoked, and the provisioning certificate of the other.",
    source=CHARIN,
    when=ADMINISTERED,
)
async def what_is_revoked_disappears(desk: TestDesk) -> None:
    first, second = await desk.published(), await desk.published()
    emaid, _ = await desk.contract(first), await desk.contract(second)
    await desk.revoke((await desk.contract_chain(first, emaid))[0])
    await desk.revoke(second.credentials.leaf)
    for vehicle in (first, second):
        seen = installed((await desk.install(vehicle)).has(200, 404))
        must(seen.code != "OK", f"{vehicle.pcid} is answered OK after a revocation.")
    (await desk.ask("OEM", "GET", "ccp", f"/v1/ccp/lookupContract/{emaid}")).has(404)
    (await desk.ask(_MO, "GET", "pcp", f"/v1/oem/provCerts/{second.pcid}")).has(400, 404)
