"""What signs contract data, and what makes contracts for operators without an authority of their own."""

from __future__ import annotations

import base64

from pncsim.simulator.conformance.pools.brought import OwnOperator, TestVehicle
from pncsim.simulator.conformance.pools.declared import RECEIVED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.seen import installed
from pncsim.simulator.conformance.pools.table import CHARIN, Requirements
from pncsim.simulator.conformance.unlike import must
from pncsim.tls_certs import reading
from pncsim.wire.credentials import Credentials

_RULES = Requirements("contract service")
CASES = _RULES.cases

_SIGN = "/v1/cps/contractData/signed"
_MO = "MO_EXTERNAL_PKI"


async def _brought(desk: TestDesk) -> tuple[OwnOperator, TestVehicle, str, Credentials]:
    """An operator with its authority, a published vehicle, and a contract made for it."""
    operator, vehicle = await desk.own_operator(), await desk.published()
    emaid = operator.emaid()
    return operator, vehicle, emaid, operator.contract(emaid, desk.clock.now())


@_RULES.demands(
    "CPS-1",
    "Each of them leads to a V2G root of the pool.",
    given="Those who sign contract data.",
    does="An operator asks who they are.",
)
async def signers_lead_to_v2g_roots(desk: TestDesk) -> None:
    answer = (await desk.ask(_MO, "GET", "cps", "/cps/signer")).has(200)
    signers = answer.members.get("cpsCertificates", [])
    must(signers, f"{answer}, and nobody is named.")
    known = {reading.fingerprint(reading.der(root)): root for root in await desk.roots()}
    for one in signers:
        root = known.get(str(one.get("cpsV2GRootCertificateFingerprint", "")))
        must(root, f"The root of {one.get('cpsDistinguishedName')} is no V2G root of the pool.")
        names = ("cpsCertificate", "cpsSubCa2Certificate", "cpsSubCa1Certificate")
        chain = [reading.load(base64.b64decode(one[name])) for name in names if one.get(name)]
        for lower, upper in zip(chain, [*chain[1:], root], strict=True):
            must(upper is not None and reading.issued_by(lower, upper), f"{lower.subject} was not issued by the next.")


@_RULES.demands(
    "CPS-3",
    "The answer names the root that was asked for; one that nobody signs under is refused with 400.",
    given="Contract data of a vehicle.",
    does="They are signed below the root of a signer, and below a root of nobody's.",
    when=RECEIVED,
)
async def the_wanted_root_wins(desk: TestDesk) -> None:
    operator, vehicle, _, contract = await _brought(desk)
    signers = (await desk.ask(_MO, "GET", "cps", "/cps/signer")).given().members["cpsCertificates"]
    wanted = signers[-1]["cpsV2GRootCertificateFingerprint"]
    body = operator.data(contract, vehicle, cpsV2GRootCertificateFingerprint=wanted)
    answer = (await desk.ask(_MO, "PUT", "cps", _SIGN, body)).has(201)
    named = answer.members.get("cpsV2GRootCertificateFingerprint")
    must(named == wanted, f"{answer}; signed was below {named}, not below {wanted}.")
    body = operator.data(contract, vehicle, cpsV2GRootCertificateFingerprint="00" * 32)
    (await desk.ask(_MO, "PUT", "cps", _SIGN, body)).has(400)


@_RULES.demands(
    "CPS-4",
    "Without a PCID they are returned and wait nowhere, with it they wait for the vehicle.",
    given="Contract data of a vehicle.",
    does="They are signed without a PCID, then with it.",
    when=RECEIVED,
)
async def with_a_pcid_it_is_stored(desk: TestDesk) -> None:
    operator, vehicle, emaid, contract = await _brought(desk)
    answer = (await desk.ask(_MO, "PUT", "cps", _SIGN, operator.data(contract, vehicle))).has(201)
    must(answer.members.get("signedData"), f"{answer} without signedData.")
    must(not await desk.waiting(vehicle), "What was signed without a PCID waits for the vehicle.")
    (await desk.ask(_MO, "PUT", "cps", _SIGN, operator.data(contract, vehicle, pcid=vehicle.pcid))).has(201)
    waits = [one.get("emaid") for one in await desk.waiting(vehicle)]
    must(waits == [emaid], f"What was signed with a PCID does not wait for the vehicle: {waits} does.")


@_RULES.demands(
    "CPS-5",
    "The EMAID in the answer is the certificate's name; a PCID that nobody has is refused.",
    given="Contract data of a vehicle.",
    does="They are signed for the vehicle, and for one that is published nowhere.",
    when=RECEIVED,
)
async def names_are_those_of_certificates(desk: TestDesk) -> None:
    operator, vehicle, emaid, contract = await _brought(desk)
    answer = await desk.ask(_MO, "PUT", "cps", _SIGN, operator.data(contract, vehicle))
    must(answer.has(201).members.get("emaid") == emaid, f"{answer} for {answer.members.get('emaid')}, not {emaid}.")
    body = operator.data(contract, vehicle, pcid=desk.pcid("PNC"))
    (await desk.ask(_MO, "PUT", "cps", _SIGN, body)).has(400, 404)


@_RULES.demands(
    "CPS-6",
    "It is refused with 400.",
    given="A vehicle with a contract, and another vehicle.",
    does="A contract with the EMAID of the first is ordered for the other one.",
)
async def an_emaid_is_of_one_vehicle(desk: TestDesk) -> None:
    first, other = await desk.published(), await desk.published()
    emaid = await desk.contract(first)
    (await desk.order(other, emaid)).has(400)
    must(not await desk.waiting(other), "The contract of another vehicle waits for this one.")


@_RULES.demands(
    "CPS-7",
    "The chain is refused with 400 while its root is not in the pool, and taken with it.",
    given="Contract data under an authority of an operator's own.",
    does="They are handed over before and after the MO root was added.",
    when=RECEIVED,
)
async def the_contracts_chain_is_verified(desk: TestDesk) -> None:
    pki, vehicle = await desk.certified(), await desk.published()
    operator = OwnOperator(pki, desk.owned()[1])
    contract = operator.contract(operator.emaid(), desk.clock.now())
    body = operator.data(contract, vehicle)
    (await desk.ask(_MO, "PUT", "cps", _SIGN, body)).has(400)
    (await desk.put_root(pki.root("mo_sub2"), "MO")).given()
    (await desk.ask(_MO, "PUT", "cps", _SIGN, body)).has(201)


@_RULES.demands(
    "CPS-8",
    "Each is refused with 400.",
    given="Contract data of a vehicle.",
    does="They are handed over without one of their members, and with members that are no base64.",
    when=RECEIVED,
)
async def contract_data_are_whole(desk: TestDesk) -> None:
    operator, vehicle, _, contract = await _brought(desk)
    whole = operator.data(contract, vehicle)
    needed = ("contractCertificate", "contractSubCa1Certificate", "contractSignatureEncryptedPrivateKey", "dHpublickey")
    for name in needed:
        for changed in ({}, {name: "no base64!"}):
            data = {other: one for other, one in whole["contractData"].items() if other != name} | changed
            (await desk.ask(_MO, "PUT", "cps", _SIGN, whole | {"contractData": data})).has(400)


@_RULES.demands(
    "CPS-9",
    "The contract certificate ends with the provisioning certificate at the latest.",
    given="A vehicle that is published, its certificate good for ten days.",
    does="A contract is ordered for thirty days.",
    source=CHARIN,
    when=RECEIVED,
)
async def no_contract_outlives_its_vehicle(desk: TestDesk) -> None:
    pki, emaid = await desk.certified(), desk.emaid()
    (await desk.put_root(pki.root("oem_leaf"), "OEM")).given()
    vehicle = desk.vehicle_below(pki, ends=10)
    (await desk.publish(vehicle)).given()
    (await desk.order(vehicle, emaid, days=30)).has(201)
    chain = await desk.contract_chain(vehicle, emaid)
    until, ends = (reading.not_after(one) for one in (vehicle.credentials.leaf, chain[0]))
    must(ends <= until, f"The contract certificate ends {(ends - until) / 86_400:.0f} days after the vehicle's.")


@_RULES.demands(
    "CPS-10",
    "Each is refused with 400.",
    given="A vehicle that is published, and one that is not.",
    does="A contract is ordered whose end has passed, and one for the vehicle that is not there.",
)
async def what_cannot_be_is_not_ordered(desk: TestDesk) -> None:
    (await desk.order(await desk.published(), desk.emaid(), begins=-10, days=-1)).has(400)
    (await desk.order(await desk.vehicle(), desk.emaid())).has(400)


@_RULES.demands(
    "CPS-11",
    "A contract waits, with a certificate of that name; ordered again, with another certificate.",
    given="A vehicle that is published.",
    does="A contract is ordered by an operator without an authority of its own, twice.",
)
async def contracts_are_made_and_replaced(desk: TestDesk) -> None:
    vehicle, emaid = await desk.published(), desk.emaid()
    chains = []
    for _ in range(2):
        (await desk.order(vehicle, emaid)).has(201)
        must(
            [one["emaid"] for one in await desk.waiting(vehicle)] == [emaid], "Another contract waits than was ordered."
        )
        chains.append(await desk.contract_chain(vehicle, emaid))
        name = reading.common_name(chains[-1][0])
        must(name == emaid, f"The contract certificate is for {name}, not for {emaid}.")
    must(chains[0][0] != chains[1][0], "Ordered again, the contract has the certificate it had.")


@_RULES.demands(
    "CPS-12",
    "Its signature verifies, by the first certificate of the signer's chain, over exactly the four parts.",
    given="A contract that waits for a vehicle.",
    does="The vehicle asks for it through a station.",
    source="ISO 15118-2, 8.3.2",
)
async def four_parts_are_signed(desk: TestDesk) -> None:
    vehicle = await desk.published()
    await desk.contract(vehicle)
    parts = installed((await desk.install(vehicle)).has(200)).verified()
    must(parts == 4, f"The signature has {parts} references, not 4.")


_RULES.unseen(
    "Which roots a vehicle holds, and what is likeliest, is the services' own knowledge; CPS-3 sees what was chosen.",
    CPS_2="The signer is below a V2G root of the vehicle's.",
)
_RULES.unseen(
    "Logs and stores are not to be seen from outside; no answer of any case here holds a private key.",
    CPS_13="Private keys appear nowhere in clear.",
)
_RULES.unseen(
    "RCP-9 and CPS-1 see it from both sides; a V2G root whose removal would end all delivery is not taken away here.",
    CPS_14="Nothing is delivered below a compromised root.",
)
