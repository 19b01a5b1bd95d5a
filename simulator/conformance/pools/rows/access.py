"""Who may do what: tokens, roles, and what belongs to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from pncsim.simulator.conformance.pools.declared import ADMINISTERED
from pncsim.simulator.conformance.pools.desk import TestDesk
from pncsim.simulator.conformance.pools.table import Requirements
from pncsim.simulator.conformance.unlike import Unlike, must

_RULES = Requirements("access")
CASES = _RULES.cases

PCID, EMAID = "PNCABSENT00000001", "DEPNC000000001X"
_ROOT = "/v1/root/rootCerts/00000000-0000-4000-8000-000000000000"
_EVERYBODY = frozenset({"OEM", "CPO", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI", "CPS", "ADMIN"})
_OPERATORS = frozenset({"MO_EXTERNAL_PKI", "MO_HUBJECT_PKI"})

RIGHTS: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("GET", "rcp", "/v1/root/rootCerts", _EVERYBODY),
    ("GET", "rcp", _ROOT, _EVERYBODY),
    ("PUT", "rcp", "/v1/root/rootCerts", frozenset({"ADMIN"})),
    ("DELETE", "rcp", _ROOT, frozenset({"ADMIN"})),
    ("PUT", "pcp", "/v1/oem/provCerts", frozenset({"OEM"})),
    ("GET", "pcp", f"/v1/oem/provCerts/{PCID}", _OPERATORS | {"OEM"}),
    ("GET", "pcp", f"/v1/oem/provCerts/lookupVehicle/{PCID}", _OPERATORS | {"OEM"}),
    ("DELETE", "pcp", f"/v1/oem/provCerts/{PCID}", frozenset({"OEM"})),
    ("GET", "cps", "/cps/signer", _EVERYBODY - {"ADMIN"}),
    ("PUT", "cps", "/v1/cps/contractData/signed", frozenset({"MO_EXTERNAL_PKI"})),
    ("PUT", "cps", "/v1/cps/generate/signedContractData", frozenset({"MO_HUBJECT_PKI"})),
    ("POST", "ccp", "/v1/ccp/signedContractData", frozenset({"CPO"})),
    ("PUT", "ccp", "/v1/ccp/signedContractData", _OPERATORS | {"CPS"}),
    ("DELETE", "ccp", f"/v1/ccp/signedContractData/{EMAID}", _OPERATORS),
    ("GET", "ccp", f"/v1/ccp/signedContractData/{PCID}", frozenset({"OEM"})),
    ("GET", "ccp", f"/v1/ccp/provideSignedContractData/{EMAID}/{PCID}", frozenset({"OEM"})),
    ("POST", "ccp", f"/v1/ccp/signedContractData/{PCID}/{EMAID}/default", frozenset({"OEM"})),
)
"""Method, service, path, and the roles that may call it (authentication of Open Plug&Charge)."""
_UNCLEAR = {("GET", "/cps/signer", "ADMIN")}
"""Cells of which the sources say two things."""


@_RULES.demands(
    "ACC-1",
    "Every operation but OCSP and revocation lists is refused with 401.",
    given="Services that answer.",
    does="Each operation is called without a token, with one that is none, and with one that somebody has changed.",
)
async def nothing_without_a_token(desk: TestDesk) -> None:
    good = await desk.who("ADMIN").token()
    head, _, _ = good.rpartition(".")
    for method, service, path, _ in RIGHTS:
        body: object = {} if method in ("PUT", "POST") else None
        (await desk.ask(None, method, service, path, body)).has(401)
        for token in ("none", f"{head}.{'A' * 342}"):
            (await desk.ask("ADMIN", method, service, path, body, token=token)).has(401)


@_RULES.demands(
    "ACC-2",
    "Whoever has another role is refused with 403, whoever has the right one is not.",
    given="A client of each role.",
    does="Each operation is called in each role, with nothing in its body.",
)
async def each_role_has_its_rights(desk: TestDesk) -> None:
    wrong = [one async for one in _cells(desk)]
    must(not wrong, " ".join(wrong))


async def _cells(desk: TestDesk) -> AsyncIterator[str]:
    for method, service, path, roles in RIGHTS:
        for role in sorted(_EVERYBODY):
            if (method, path, role) in _UNCLEAR:
                continue
            answer = await desk.ask(role, method, service, path, {} if method in ("PUT", "POST") else None)
            if role not in roles and answer.status != 403:
                yield f"{answer}, not with 403."
            elif role in roles and answer.status in (401, 403) and not _owned(path):
                yield f"{answer}, and has the right to it."


def _owned(path: str) -> bool:
    """Whether the path names something that may belong to somebody else."""
    return PCID in path or EMAID in path


@_RULES.demands(
    "ACC-3",
    "It is refused with 403; the same vehicle of an own manufacturer id is published.",
    given="A vehicle with the manufacturer id (WMI) of another manufacturer.",
    does="It is published, read and deleted by a manufacturer who does not own that id.",
    when=ADMINISTERED,
)
async def a_wmi_has_its_owner(desk: TestDesk) -> None:
    vehicle = await desk.vehicle()
    other = await desk.second("OEM", wmi=("ZZZ",))
    (await desk.publish(vehicle, other)).has(403)
    (await desk.publish(vehicle)).has(200)
    path = f"/v1/oem/provCerts/{vehicle.pcid}"
    (await desk.ask(other, "DELETE", "pcp", path)).has(403)


@_RULES.demands(
    "ACC-4",
    "It is refused with 403, whatever the operator's role.",
    given="A contract of one operator.",
    does="Another operator orders one under an EMAID of its provider id, and deletes the contract there is.",
    when=ADMINISTERED,
)
async def a_provider_id_has_its_owner(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    other = await desk.second("MO_HUBJECT_PKI", providers=("DEZZZ",))
    (await desk.order(vehicle, desk.emaid(), other)).has(403)
    (await desk.ask(other, "DELETE", "ccp", f"/v1/ccp/signedContractData/{emaid}")).has(403)
    must(await desk.waiting(vehicle), f"The contract {emaid} is gone after another operator's refused DELETE.")


@_RULES.demands(
    "ACC-5",
    "Each is refused with 403, and the vehicle stays as it is.",
    given="A vehicle that its manufacturer has published, with a contract.",
    does="Another manufacturer overwrites, reads, deletes and looks up the vehicle, and asks for its contracts.",
    when=ADMINISTERED,
)
async def manufacturers_see_nothing_of_each_other(desk: TestDesk) -> None:
    vehicle = await desk.published()
    emaid = await desk.contract(vehicle)
    other = await desk.second("OEM", wmi=("ZZZ",))
    (await desk.ask(other, "PUT", "pcp", "/v1/oem/provCerts", vehicle.published())).has(403)
    for method, service, path in _about(vehicle.pcid, emaid):
        (await desk.ask(other, method, service, path)).has(403)
    (await desk.ask("OEM", "GET", "pcp", f"/v1/oem/provCerts/{vehicle.pcid}")).has(200)


def _about(pcid: str, emaid: str) -> Iterator[tuple[str, str, str]]:
    yield "GET", "pcp", f"/v1/oem/provCerts/{pcid}"
    yield "GET", "pcp", f"/v1/oem/provCerts/lookupVehicle/{pcid}"
    yield "DELETE", "pcp", f"/v1/oem/provCerts/{pcid}"
    yield "GET", "ccp", f"/v1/ccp/signedContractData/{pcid}"
    yield "GET", "ccp", f"/v1/ccp/provideSignedContractData/{emaid}/{pcid}"
    yield "POST", "ccp", f"/v1/ccp/signedContractData/{pcid}/{emaid}/default"


@_RULES.demands(
    "ACC-6",
    "It is answered to each of them with what was published.",
    given="A vehicle that is published.",
    does="Every kind of operator reads it by its PCID.",
)
async def operators_read_each_vehicle(desk: TestDesk) -> None:
    vehicle = await desk.published()
    for role in sorted(_OPERATORS):
        answer = (await desk.ask(role, "GET", "pcp", f"/v1/oem/provCerts/{vehicle.pcid}")).has(200)
        held = answer.members.get("OEMMessage")
        same = isinstance(held, dict) and held.get("vehicleCertificate") == vehicle.published()["vehicleCertificate"]
        must(same, f"{answer}, and the answer does not hold the certificate that was published.")


@_RULES.demands(
    "ACC-8",
    "It is a JWT signed by RS256, good for 24 hours, that names role, services, WMIs and provider ids.",
    given="A client with its secret.",
    does="It fetches a token with grant_type client_credentials.",
)
async def tokens_say_what_their_holder_may(desk: TestDesk) -> None:
    import base64
    import json

    def part(text: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return found

    token = await desk.who("OEM").token()
    try:
        head, claims, _ = token.split(".")
        header, said = part(head), part(claims)
    except ValueError as error:
        raise Unlike(f"The token is no JWT: {error}.") from error
    must(header.get("alg") == "RS256" and header.get("kid"), f"The token's header says {header}.")
    lasts = said.get("exp", 0) - said.get("iat", 0)
    must(lasts == 86_400, f"The token is good for {lasts} s, not for 86400.")
    audience = said.get("aud")
    audience = audience[0] if isinstance(audience, list) else audience
    must(said.get(f"{audience}/role") == ["OEM"], f"It names the role {said.get(f'{audience}/role')}, not OEM.")
    wmi, _ = desk.owned()
    must(wmi in said.get(f"{audience}/pcid", ()), f"It does not name the WMI {wmi}, which its holder owns.")
    must("pcpservice" in str(said.get("scope", "")).split(), f"Its scope is {said.get('scope')!r}.")


_RULES.unseen(
    "It is a step of whoever runs the services, before there is a client that could be seen.",
    ACC_7="An operator's node exists only after its provider id was confirmed.",
)
_RULES.unseen(
    "It is about the connection between a manufacturer's back end and its vehicles, which no pool shows.",
    ACC_9="Back ends and vehicles know each other by mutual TLS or the like.",
)
