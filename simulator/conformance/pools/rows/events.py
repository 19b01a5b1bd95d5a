"""Events that are sent to whoever has asked for them, and what nobody can see of the parties around the pools."""

from __future__ import annotations

import hashlib
import hmac
import json

from pncsim.simulator.conformance.pools.declared import ADMINISTERED, MOVED, RECEIVED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import naming
from pncsim.simulator.conformance.pools.table import Requirements
from pncsim.simulator.conformance.unlike import must

_RULES = Requirements("events")
CASES = _RULES.cases

HOUR = 1 / 24


@_RULES.demands(
    "RCP-7",
    "root.cert.added comes to each of them, and an event of its removal.",
    given="Participants of each role who hear of roots.",
    does="A root is added and removed.",
    when=(*RECEIVED, *ADMINISTERED),
)
async def everybody_hears_of_roots(desk: TestDesk) -> None:
    heard = [await desk.subscribed(role, "root.cert.added", "root.cert.revoked") for role in ("OEM", "CPO", "CPS")]
    root = desk.strangers().root("v2g_root")
    (await desk.put_root(root, "V2G")).has(200)
    await desk.drop_root(root)
    for one in heard:
        for event in ("root.cert.added", "root.cert.revoked"):
            await one.until(naming(event), event)


@_RULES.demands(
    "EVT-1",
    "It is about that vehicle, and nothing else has come.",
    given="Two manufacturers who hear of contracts.",
    does="A contract is made for the vehicle of one of them.",
    when=(*RECEIVED, *ADMINISTERED),
)
async def events_come_to_whom_they_concern(desk: TestDesk) -> None:
    other = await desk.second("OEM", wmi=("ZZZ",))
    mine = await desk.subscribed("OEM", "oem.contract.created")
    theirs = await desk.subscribed(other, "oem.contract.created")
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    await mine.until(naming(emaid), "oem.contract.created")
    must(not theirs.heard, "An event about somebody else's vehicle came.")


@_RULES.demands(
    "EVT-2",
    "payload-signature is the HMAC-SHA256 of the body by the endpoint's secret.",
    given="A manufacturer who hears of contracts.",
    does="A contract is made for its vehicle.",
    when=RECEIVED,
)
async def events_are_signed(desk: TestDesk) -> None:
    heard = await desk.subscribed("OEM", "oem.contract.created")
    emaid = await desk.contract(await desk.published())
    call = await heard.until(naming(emaid), "oem.contract.created")
    right = hmac.new(heard.secret[0].encode(), call.body, hashlib.sha256).hexdigest()
    headers = {name.lower(): value for name, value in call.headers.items()}
    must(headers.get("payload-signature") == right, f"payload-signature is {headers.get('payload-signature')}.")


@_RULES.demands(
    "EVT-3",
    "It comes four times, an hour apart, and then no more.",
    given="A manufacturer whose endpoint answers 503.",
    does="A contract is made for its vehicle, and hours pass.",
    when=(*RECEIVED, *MOVED),
)
async def a_server_that_fails_is_tried_again(desk: TestDesk) -> None:
    heard = await desk.subscribed("OEM", "oem.contract.created", answers=503)
    await desk.contract(await desk.published())
    for attempt in range(1, 5):
        await heard.number(attempt)
        log = await desk.settled("OEM", heard)
        must(len(heard.heard) == attempt, f"{len(heard.heard)} attempts came within {attempt - 1} hours.")
        again = [one for one in log if one.get("nextAttempt")]
        must(bool(again) == (attempt < 4), f"After attempt {attempt} another is {'' if again else 'not '}to come.")
        await desk.advance(1.05 * HOUR)


@_RULES.demands(
    "EVT-5",
    "The events have id, type, time and what they are about.",
    given="A manufacturer and an operator who hear of what concerns them.",
    does="A contract is made for a vehicle, which is deleted.",
    when=RECEIVED,
)
async def events_say_what_they_are_about(desk: TestDesk) -> None:
    contract = await desk.subscribed("OEM", "oem.contract.created")
    deleted = await desk.subscribed("MO_HUBJECT_PKI", "mo.prov.cert.deleted")
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    (await desk.ask("OEM", "DELETE", "pcp", f"/v1/oem/provCerts/{vehicle.pcid}")).given()
    for heard, event in ((contract, "oem.contract.created"), (deleted, "mo.prov.cert.deleted")):
        call = await heard.until(naming(vehicle.pcid), event)
        said = json.loads(call.body)
        must(said.get("eventType") == event, f"The event is {said.get('eventType')}, not {event}.")
        must(emaid in json.dumps(said), f"{event} names no {emaid}.")


_RULES.unseen(
    "The answer of a manufacturer's back end to one delivery decides it; our own is held against it by its own tests.",
    EVT_4="400 and 409 end delivery, with mo.contract.rejected.by.oem.",
)
_RULES.unseen(
    "It is a duty of a party around the pools, of which these show nothing.",
    CSO_1="The contract's chain is validated at station or CSMS.",
    CSO_2="The EMAID is authorised by its operator.",
    CSO_3="A card that is seen before payment is selected wins.",
    CSO_4="Staples come through the CSMS, and are renewed.",
    EV_1="A vehicle stores up to five V2G roots.",
    EV_2="It verifies the station's chain and staples.",
    EV_3="It verifies and decrypts what is installed.",
    EV_4="It sends its chain and signs the challenge.",
    EV_5="It pays by contract if that is switched on.",
    EV_6="It asks for installation in that mode only.",
    EV_7="It has one default contract.",
    EV_7b="It signs its request for a contract.",
    EVSE_1="A station sends its chain without the root, with staples.",
    MO_1="An operator verifies a vehicle before it makes a contract.",
    MO_2="It asks for vehicles its customers name.",
    MO_3="It makes no contract after a factory reset.",
    MO_4="It renews with the customer's consent.",
    MO_5="It revokes and deletes what it terminates.",
    OEM_1="A manufacturer tells its customers their PCIDs.",
    OEM_2="It has the owner's consent before installation.",
    OEM_3="Each vehicle has a certificate of its own.",
    OEM_4="It removes revoked contracts from vehicles.",
    PE_1="In a private environment the root comes with the chain for pairing only.",
    PE_2="There is no OCSP, and the contract is not validated.",
)
_RULES.unseen(
    "Pools of several operators are needed for it; the scenario contract-in-another-pool shows it for ours.",
    POOL_2="Pools of several operators find each other's contracts by a directory.",
)
