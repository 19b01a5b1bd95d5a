"""The matrix of rights, cell by cell: each published operation with a client of each role, allowed and refused.

An allowed cell is a request that succeeds; where the right is for own ids only, the same request about somebody else's
is refused. The table below is the published one; the routes' own roles are held against it.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from inspect import isawaitable

import pytest
import pytest_asyncio
from backend_world import PCID, SCHEMA, World, leaf_of
from face_world import CLIENTS, Faces, b64, open_faces
from msgspec import Struct
from test_ccp_http import body_of, request_of, signed
from test_cps_http import asked, asked_before, current
from test_est_http import LEAVES, requested
from test_pcp_http import published

from pncsim.backend.cps import xml_form
from pncsim.backend.rcp import RootKind
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import add_authorities, create_pki
from pncsim.tls_certs.profiles import CONTRACT_SERVICE_PROFILES

ALL = frozenset({"admin", "oem", "mo", "mo-v2g", "cpo", "cps"})
"""One client of each role (CLIENTS of face_world)."""
OEM, CPO, CPS, ADMIN = frozenset({"oem"}), frozenset({"cpo"}), frozenset({"cps"}), frozenset({"admin"})
OWN_PKI, V2G_PKI = frozenset({"mo"}), frozenset({"mo-v2g"})
MO = OWN_PKI | V2G_PKI
NOBODY: frozenset[str] = frozenset()

OTHERS_PCID = "WMISIMVEHICLE00001"
CONTRACTS = {"DEPNCC12345678": PCID, "DEV2GC12345678": PCID, "DEPNCC87654321": OTHERS_PCID}
"""What is in the contract pool: an operator's with own PKI, one's without, and one for another maker's vehicle."""


class Ids(Struct, frozen=True):
    """The ids a request is about."""

    pcid: str
    emaid: str
    root: str


class Row(Struct, frozen=True, kw_only=True):
    """A published operation: who may call it, ``own``: those of them who may for their own ids only.

    To those in ``hidden`` somebody else's is as if it were not there (404): whose it is only a look can tell.
    ``body`` makes what is sent, at once or in its time; ``status`` is the answer to who may.
    """

    operation: str
    method: str
    path: str
    allowed: frozenset[str]
    own: frozenset[str] = NOBODY
    hidden: frozenset[str] = NOBODY
    body: Callable[[World, Ids], object] = lambda world, ids: None
    status: int = 200


def new_root(world: World, ids: Ids) -> object:
    made = create_pki(world.clock.now()).root("v2g_root")
    return {"caCertificate": b64(reading.der(made)), "rootType": "V2G"}


def vehicle(world: World, ids: Ids) -> object:
    return published(leaf_of(world, "oem_leaf", ids.pcid))


def contract_data(world: World, ids: Ids) -> object:
    return asked(current(world, leaf_of(world, "contract_leaf", ids.emaid)))


def contract_data_before(world: World, ids: Ids) -> object:
    return asked_before(current(world, leaf_of(world, "contract_leaf", ids.emaid)), emaid=ids.emaid, pcid=ids.pcid)


async def bundle(world: World, ids: Ids) -> object:
    """A contract of these ids, signed for installation."""
    made = xml_form.to_xml(await signed(world, ids.emaid))
    return {
        "xsdMsgDefNamespace": SCHEMA,
        "emaid": ids.emaid,
        "pcid": ids.pcid,
        "signedContractDataXML": b64(made.encode()),
    }


def terms(world: World, ids: Ids) -> object:
    """A contract to be made."""
    begins, ends = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    return {
        "contractBegins": begins,
        "contractEnds": ends,
        "emaid": ids.emaid,
        "pcid": ids.pcid,
        "xsdMsgDefNamespace": SCHEMA,
    }


def endpoint(world: World, ids: Ids) -> object:
    return {"url": "https://receiver.example/events", "enabledEvents": ["root.cert.added"]}


def installation(world: World, ids: Ids) -> object:
    return body_of(request_of(world))


def csr(ca: str) -> Callable[[World, Ids], object]:
    """A request for a certificate of this authority."""

    def request(world: World, ids: Ids) -> object:
        name = {"oem": ids.pcid, "veh": ids.pcid, "mo": ids.emaid}.get(ca, "DEPNCE100002")
        return base64.b64encode(requested(name))

    return request


ROOTS, ONE_ROOT = "/v1/root/rootCerts", "/v1/root/rootCerts/{root}"
PROV, ONE_PROV = "/v1/oem/provCerts", "/v1/oem/provCerts/{pcid}"
LOOKUP_VEHICLE, LOOKUP = "/v1/oem/provCerts/lookupVehicle/{pcid}", "/v1/ccp/lookupContract/{emaid}"
DATA = "/v1/ccp/signedContractData"
PROVIDE, DEFAULT = "/v1/ccp/provideSignedContractData/{emaid}/{pcid}", DATA + "/{pcid}/{emaid}/default"
SIGN, CREATE, FORWARD = (f"/v1/cps/{end}" for end in (
    "contractData/signed", "signedContractData", "forward/signedContractData"))  # fmt: skip
HOOKS = "/v1/webhook/endpoints"
GENERATE = "/v1/cps/generate/signedContractData"
EST = {"cpo": CPO, "oem": OEM, "mo": V2G_PKI, "cps": CPS | V2G_PKI, "veh": OEM}
"""Who may use which authority."""
OWN_NAMES = {"oem": OEM, "mo": V2G_PKI}
"""The authorities whose certificates bear an id of somebody's."""

ROWS = (
    Row(operation="getAllRootCerts", method="GET", path=ROOTS, allowed=ALL),
    Row(operation="getRootCert", method="GET", path=ONE_ROOT, allowed=ALL),
    Row(operation="getCertificateTrustList", method="GET", path="/v1/root/ctl", allowed=ALL),
    Row(operation="saveRootCa", method="PUT", path=ROOTS, allowed=ADMIN, body=new_root),
    Row(operation="deleteRootCa", method="DELETE", path=ONE_ROOT, allowed=ADMIN),
    Row(operation="addOEMProvCert", method="PUT", path=PROV, allowed=OEM, own=OEM, body=vehicle),
    Row(operation="getOEMProvCert", method="GET", path=ONE_PROV, allowed=OEM | MO, own=OEM),
    Row(operation="lookupVehicle", method="GET", path=LOOKUP_VEHICLE, allowed=OEM | MO, own=OEM),
    Row(operation="deleteOEMProvCert", method="DELETE", path=ONE_PROV, allowed=OEM, own=OEM),
    Row(operation="get-cps-signer", method="GET", path="/cps/signer", allowed=ALL - ADMIN),
    Row(operation="put-v1-cps-signContractData", method="PUT", path=SIGN, allowed=OWN_PKI, own=OWN_PKI,
        body=contract_data, status=201),
    Row(operation="createSignedContractData", method="PUT", path=CREATE, allowed=OWN_PKI, own=OWN_PKI,
        body=contract_data_before),
    Row(operation="createAndForwardSignedContractData", method="PUT", path=FORWARD, allowed=OWN_PKI, own=OWN_PKI,
        body=contract_data_before, status=201),
    Row(operation="generateSignedContractData", method="PUT", path=GENERATE, allowed=V2G_PKI, own=V2G_PKI,
        body=terms, status=201),
    Row(operation="getSignedContractData", method="POST", path=DATA, allowed=CPO, body=installation),
    Row(operation="addSignedContractData", method="PUT", path=DATA, allowed=CPS | MO, own=MO, body=bundle, status=201),
    Row(operation="lookupContract", method="GET", path=LOOKUP, allowed=OEM | CPO | MO, own=OEM | MO,
        hidden=OEM),
    Row(operation="provideSignedContractData", method="GET", path=PROVIDE, allowed=OEM, own=OEM),
    Row(operation="getContracts", method="GET", path=DATA + "/{pcid}", allowed=OEM, own=OEM),
    Row(operation="setDefaultContract", method="POST", path=DEFAULT, allowed=OEM, own=OEM),
    Row(operation="deleteSignedContractData", method="DELETE", path=DATA + "/{emaid}", allowed=MO, own=MO),
    Row(operation="create-webhook-endpoint", method="POST", path=HOOKS, allowed=ALL, body=endpoint, status=201),
    Row(operation="get-webhook-endpoints", method="GET", path=HOOKS, allowed=ALL),
    *(
        Row(operation="cacerts", method="GET", path=f"/{ca}/cacerts/ISO15118-2/secp256r1/", allowed=allowed,
            status=200 if ca in LEAVES else 400)
        for ca, allowed in EST.items()
    ),
    *(
        Row(operation=operation, method="POST", path=f"/.well-known/est/{ca}/{operation}/ISO15118-2", allowed=allowed,
            own=OWN_NAMES.get(ca, NOBODY), body=csr(ca), status=200 if ca in LEAVES else 400)
        for operation in ("simpleenroll", "simplereenroll")
        for ca, allowed in EST.items()
    ),
)  # fmt: skip


def ids_for(who: str, root: str, *, own: bool) -> Ids:
    """The ids of a request by ``who``, its own ones or others'; who owns none asks about the first there are."""
    if who == "mo-v2g":
        return Ids(PCID, "DEV2GC12345678" if own else "DEPNCC12345678", root)
    if who == "mo":
        return Ids(PCID, "DEPNCC12345678" if own else "DEV2GC12345678", root)
    return Ids(PCID, "DEPNCC12345678", root) if own else Ids(OTHERS_PCID, "DEPNCC87654321", root)


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    """Two makers' vehicles, three contracts, and a root nothing depends on."""
    add_authorities(world.pki, CONTRACT_SERVICE_PROFILES, world.clock.now())
    await world.published()
    await world.eco.vehicles.publish(leaf_of(world, "oem_leaf", OTHERS_PCID).chain_der)
    await world.eco.roots.add(reading.der(create_pki(world.clock.now()).root("mo_root")), RootKind.MO)
    for emaid, pcid in CONTRACTS.items():
        await world.eco.pool.add(pcid, await signed(world, emaid))
    async with open_faces(world) as faces:
        yield faces


async def status_of(faces: Faces, who: str | None, row: Row, world: World, ids: Ids) -> tuple[int, str]:
    """What is answered, and which rule decided where it is an error."""
    path = row.path.format(pcid=ids.pcid, emaid=ids.emaid, root=ids.root)
    body = row.body(world, ids)
    answer = await faces.call(who, row.method, path, await body if isawaitable(body) else body)
    return answer.status, answer.body.get("errorCode", "") if isinstance(answer.body, dict) else ""


@pytest.mark.rule("ACC-1", "ACC-2", "ACC-3", "ACC-4", "ACC-5", "ACC-6", "RCP-2", "PKI-1", "PKI-4", "CCP-ISO-1")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.operation} {row.path}")
async def test_each_role_may_what_the_published_matrix_says_and_nothing_else(
    world: World, faces: Faces, row: Row
) -> None:
    *_, last = await world.eco.roots.roots()
    assert (await status_of(faces, None, row, world, ids_for("cpo", last.id, own=True)))[0] == 401
    for who in sorted(ALL - row.allowed):
        for own in (True, False):
            assert await status_of(faces, who, row, world, ids_for(who, last.id, own=own)) == (403, "ACC-2"), who
    for who in sorted(row.own):
        status, rule = await status_of(faces, who, row, world, ids_for(who, last.id, own=False))
        assert (status, rule != "ACC-2") == (404 if who in row.hidden else 403, True), who
    for who in sorted(row.allowed):
        status, rule = await status_of(faces, who, row, world, ids_for(who, last.id, own=True))
        assert status == row.status, (who, rule)


@pytest.mark.rule("ACC-2")
def test_the_clients_of_the_matrix_are_of_every_role_once() -> None:
    roles = [CLIENTS[who][0] for who in ALL]
    assert len(roles) == len(set(roles)) == 6


@pytest.mark.rule("ACC-1", "PKI-5")
async def test_ocsp_and_revocation_lists_are_for_everybody(faces: Faces) -> None:
    for who in (None, *ALL):
        headers = {} if who is None else {"Authorization": f"Bearer {faces.tokens[who]}"}
        for method, path in (("POST", "/ocsp"), ("GET", "/ocsp/bm9uZQ=="), ("GET", "/crl/cpo_sub2.crl")):
            async with faces.session.request(method, faces.url + path, headers=headers) as answer:
                assert answer.status == 200, (who, path)
