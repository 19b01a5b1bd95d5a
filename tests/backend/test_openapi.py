"""The OpenAPI documents: of every route, well formed, and at one with what Open Plug&Charge 1.0 publishes.

``PUBLISHED`` holds the facts of the published files: operations, members, statuses. Where those contradict each other
or cannot be meant, it holds what API clients go by.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest_asyncio
import schemathesis
from backend_world import World
from face_world import Faces, open_faces
from msgspec import Struct

from pncsim.backend.described.tables import DESCRIBED, TITLES
from pncsim.backend.described.words import Described, record, text
from pncsim.backend.faces import FACES
from pncsim.backend.rest.openapi import document
from pncsim.backend.rest.openapi_page import POLICY, STYLE, page
from pncsim.backend.rest.routes import Route
from pncsim.wire.web import web


class Published(Struct, frozen=True, kw_only=True):
    """An operation as published: members of request and answer, needed ones and others, and its statuses."""

    method: str
    path: str
    statuses: str
    needs: str = ""
    may: str = ""
    query: str = ""
    headers: str = ""
    answers: str = ""


ALWAYS = "400 401 403 500 502 503"
CONTRACT = "pcid emaid xsdMsgDefNamespace contractCertificate defaultContract certValidFrom certValidTo"
ROOT = "rootType caCertificate"
SIGNED = "emaid xsdMsgDefNamespace signedData cpsV2GRootCertificateFingerprint cpsRootDistinguishedName"
SIGNER = (
    "cpsDistinguishedName cpsCertificate validFrom validTo organizationName cpsV2GRootCertificateFingerprint "
    "cpsRootDistinguishedName cpsSubCa1Certificate xsdMsgDefNamespace"
)
VEHICLE = "subCA1Certificate vehicleCertificate rootIssuerDistinguishedName rootIssuerSerialNumber"
PROV, DATA = "/v1/oem/provCerts", "/v1/ccp/signedContractData"
HOOKS, HOOK_ERRORS = "/v1/webhook/endpoints", "400 401 403 404 500"
ENDPOINT = (
    "id created enabledEvents url apiVersion? description? metadata? status? secret? providerIds? wmis? "
    "userRole? userName?"
)
FOR_ROOT = "xsdMsgDefNamespace cpsV2GRootCertificateFingerprint"

PUBLISHED = (
    Published(method="POST", path="/oauth/token", statuses="200 400 401", needs="client_id client_secret grant_type",
              may="audience", answers="access_token scope expires_in token_type"),
    Published(method="GET", path="/v1/root/rootCerts", statuses=f"200 {ALWAYS}", query="rootType", answers=ROOT),
    Published(method="GET", path="/v1/root/rootCerts/{rootCertificateId}", statuses=f"200 404 {ALWAYS}", answers=ROOT),
    Published(method="PUT", path="/v1/root/rootCerts", statuses="200", needs=ROOT),
    Published(method="DELETE", path="/v1/root/rootCerts/{rootCertificateId}", statuses="200 400 401 403 404 500"),
    Published(method="GET", path="/v1/root/ctl", statuses="200 404 500", answers="signerCertificate timeStamp CTL"),
    Published(method="PUT", path=PROV, statuses=f"200 {ALWAYS}", needs="subCA1Certificate vehicleCertificate",
              may="subCA2Certificate xsdMsgDefNamespace v2gRootAuthorityKeyIdentifiers previousPcid", answers=VEHICLE),
    Published(method="GET", path=PROV + "/{pcid}", statuses=f"200 404 {ALWAYS}", headers="broadcast", answers=VEHICLE),
    Published(method="DELETE", path=PROV + "/{pcid}", statuses="200 400 401 403 404"),
    Published(method="GET", path=PROV + "/lookupVehicle/{pcid}", statuses=f"200 404 {ALWAYS}"),
    Published(method="PUT", path="/v1/cps/contractData/signed", statuses="201 400 401 403 404 500",
              needs="contractData xsdMsgDefNamespace", may="pcid cpsV2GRootCertificateFingerprint",
              answers=SIGNED + " pcid?"),
    Published(method="PUT", path="/v1/cps/signedContractData", statuses=f"200 {ALWAYS}",
              needs="xsdMsgDefNamespace contractData pcid emaid", may="metaData cpsV2GRootCertificateFingerprint",
              answers="emaid signedData xsdMsgDefNamespace"),
    Published(method="PUT", path="/v1/cps/forward/signedContractData", statuses=f"201 {ALWAYS}",
              needs="xsdMsgDefNamespace contractData pcid emaid", may="metaData cpsV2GRootCertificateFingerprint"),
    Published(method="PUT", path="/v1/cps/generate/signedContractData", statuses=f"201 {ALWAYS}",
              needs="contractBegins contractEnds emaid pcid xsdMsgDefNamespace",
              may="subscriptionUrl metaData cpsV2GRootCertificateFingerprint"),
    Published(method="GET", path="/cps/signer", statuses="200 401 403 404 500",
              answers=SIGNER + " cpsSubCa2Certificate?"),
    Published(method="POST", path=DATA, statuses=f"200 404 {ALWAYS}",
              needs="certificateInstallationReq xsdMsgDefNamespace", may="metadata",
              headers="alwaysReturnEXI broadcast", answers="certificateInstallationRes emaid?"),
    Published(method="PUT", path=DATA, statuses="201 400 401 403 404 500",
              needs="xsdMsgDefNamespace emaid pcid signedContractDataXML",
              may="metadata cpsV2GRootCertificateFingerprint"),
    Published(method="DELETE", path=DATA + "/{emaid}", statuses=f"200 404 {ALWAYS}", headers="X-Skip-Revocation"),
    Published(method="GET", path=DATA + "/{pcid}", statuses="200", query="xsdMsgDefNamespace", answers=CONTRACT),
    Published(method="POST", path=DATA + "/{pcid}/{emaid}/default", statuses=f"200 {ALWAYS}"),
    Published(method="GET", path="/v1/ccp/lookupContract/{emaid}", statuses=f"200 404 {ALWAYS}", query=FOR_ROOT,
              answers=CONTRACT + " cpsV2GRootCertificateFingerprint?"),
    Published(method="GET", path="/v1/ccp/provideSignedContractData/{emaid}/{pcid}", statuses=f"200 404 {ALWAYS}",
              query="sessionID " + FOR_ROOT,
              answers="certificateInstallationRes xsdMsgDefNamespace cpsV2GRootCertificateFingerprint?"),
    Published(method="POST", path=HOOKS, statuses=f"201 {HOOK_ERRORS}", needs="enabledEvents url",
              may="apiVersion description metadata status", answers=ENDPOINT),
    Published(method="GET", path=HOOKS, statuses=f"200 {HOOK_ERRORS}", answers=ENDPOINT),
    Published(method="GET", path=HOOKS + "/{id}", statuses=f"200 {HOOK_ERRORS}", answers=ENDPOINT),
    Published(method="PUT", path=HOOKS + "/{id}", statuses=f"200 {HOOK_ERRORS}", needs="url",
              may="apiVersion description enabledEvents metadata status", answers=ENDPOINT),
    Published(method="DELETE", path=HOOKS + "/{id}", statuses=f"200 {HOOK_ERRORS}"),
    *(Published(method="POST", path=f"/.well-known/est/{ca}/simpleenroll/ISO15118-2",
                statuses="200 400 401 403 500 503")
      for ca in ("cpo", "mo", "oem", "cps", "veh")),
    *(Published(method="GET", path=f"/{ca}/cacerts/ISO15118-2/secp256r1/", statuses="200 401 403 500 503")
      for ca in ("cpo", "mo", "oem", "cps", "veh")),
)  # fmt: skip


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


async def documented(faces: Faces, name: str = "") -> dict[str, Any]:
    answer = await faces.call(None, "GET", f"/openapi/{name}.json" if name else "/openapi.json")
    assert answer.status == 200
    found: dict[str, Any] = answer.body
    return found


def resolved(schema: Any, parts: dict[str, Any]) -> Any:
    return parts[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def members(schema: Any, parts: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The members anywhere in a schema: all of them, and those that are needed where they stand."""
    schema = resolved(schema, parts)
    there, needed = set(schema.get("properties", ())), set(schema.get("required", ()))
    items = (schema["items"],) if "items" in schema else ()
    for one in (*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *items):
        more, more_needed = members(one, parts)
        there, needed = there | more, needed | more_needed
    return there, needed


async def test_every_operation_of_the_published_files_is_documented_with_its_members_and_statuses(faces: Faces) -> None:
    made = await documented(faces)
    parts = made["components"]["schemas"]
    router = web.UrlDispatcher()
    for path, item in made["paths"].items():
        for method in item:
            router.add_route(method, path, _nobody)
    for one in PUBLISHED:
        operation = made["paths"].get(one.path, {}).get(one.method.lower()) or est(made, one)
        where = f"{one.method} {one.path}"
        assert operation, where
        assert set(one.statuses.split()) <= set(operation["responses"]), where
        parameters = {(p["in"], p["name"]) for p in operation.get("parameters", ())}
        assert {("query", name) for name in one.query.split()} <= parameters, where
        assert {("header", name) for name in one.headers.split()} <= parameters, where
        assert {("path", name) for name in re.findall(r"{(\w+)}", one.path)} <= parameters, where
        if one.needs:
            body = resolved(operation["requestBody"]["content"]["application/json"]["schema"], parts)
            assert set(body["required"]) == set(one.needs.split()), where
            assert set(body["properties"]) >= {*one.needs.split(), *one.may.split()}, where
        if one.answers:
            (success,) = (status for status in operation["responses"] if status < "300")
            schema = operation["responses"][success]["content"]["application/json"]["schema"]
            there, needed = members(schema, parts)
            assert {name.rstrip("?") for name in one.answers.split()} <= there, where
            assert {name for name in one.answers.split() if not name.endswith("?")} <= needed, where


def est(made: dict[str, Any], one: Published) -> dict[str, Any] | None:
    """Enrolment's paths end in parts that may be left out, and the document leaves them out."""
    bare = re.sub(r"/ISO15118-2(/secp256r1/)?$", "", one.path)
    found: dict[str, Any] | None = made["paths"].get(bare, {}).get(one.method.lower())
    return found


async def _nobody(request: web.Request) -> web.StreamResponse:
    raise AssertionError("nobody asks")


async def test_each_service_has_its_document_and_its_page_and_a_foreign_judge_finds_them_well_formed(
    faces: Faces,
) -> None:
    whole = await documented(faces)
    seen: set[tuple[str, str]] = set()
    for name in FACES:
        made = await documented(faces, name)
        schemathesis.openapi.from_dict(made).validate()
        assert made["info"]["title"] == TITLES[name]
        for path, item in made["paths"].items():
            for method, operation in item.items():
                assert operation["tags"] == [name]
                assert whole["paths"][path][method]["summary"] == operation["summary"]
                seen.add((path, method))
        async with faces.session.get(f"{faces.url}/docs/{name}") as answer:
            assert answer.status == 200
            shown = await answer.text()
        assert all(path in shown for path in made["paths"])
    assert seen == {(path, method) for path, item in whole["paths"].items() for method in item}
    schemathesis.openapi.from_dict(whole).validate()


async def test_every_route_is_described_and_nothing_else_is(faces: Faces) -> None:
    routes = {(route.service, route.operation) for route in faces.routes}
    described = {(service, operation) for service, table in DESCRIBED.items() for operation in table}
    assert routes - described == set()
    assert described - routes == set()


async def test_roles_and_scopes_in_the_document_are_those_of_the_routes(faces: Faces) -> None:
    made = await documented(faces, "pcp")
    publish, read = made["paths"][PROV]["put"], made["paths"][PROV + "/{pcid}"]["get"]
    assert publish["x-roles"] == ["OEM"]
    assert read["x-roles"] == ["MO_EXTERNAL_PKI", "MO_HUBJECT_PKI", "OEM"]
    assert publish["security"] == [{"client": ["pcpservice"]}]
    flows = made["components"]["securitySchemes"]["client"]["flows"]
    assert flows == {
        "clientCredentials": {
            "tokenUrl": f"{faces.url}/oauth/token",
            "scopes": {"pcpservice": "lets into this service"},
        }
    }
    assert "security" not in (await documented(faces, "ocsp"))["paths"]["/ocsp"]["post"]


async def test_a_service_that_is_not_there_has_neither_document_nor_page(faces: Faces) -> None:
    for path in ("/openapi/nothing.json", "/docs/nothing"):
        answer = await faces.call(None, "GET", path)
        assert answer.status == 404
        assert "nothing" in answer.messages[0]


# The page

OUTSIDE = re.compile(r"(?:src|href|action|url\()\s*=?\s*[\"'(]?\s*(?:https?:)?//", re.IGNORECASE)


async def test_the_page_needs_nothing_from_anywhere_and_lets_nothing_in(faces: Faces) -> None:
    async with faces.session.get(f"{faces.url}/docs") as answer:
        shown, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert policy == POLICY
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert not OUTSIDE.search(shown)
    assert "<script" not in shown and "<link" not in shown and "<img" not in shown
    assert shown.count("<style>") == 1 and STYLE in shown
    links = set(re.findall(r'href="([^"]*)"', shown))
    assert links == {"/docs", *(f"/docs/{name}" for name in FACES)}


def test_what_a_description_says_cannot_become_part_of_the_page() -> None:
    evil = "<script>alert(1)</script>"
    says = Described(
        summary=evil,
        more=evil,
        answers={200: record("Part", {evil: text(evil)})},
        query={evil: text(evil, enum=[evil])},
    )

    async def nobody(request: web.Request, grant: Any) -> web.StreamResponse:
        raise AssertionError("nobody asks")

    route = Route("GET", "/a", "a", None, nobody, service="s")
    shown = page(document(evil, [route], {"s": {"a": says}}, "http://pools.example"), [(evil, evil)])
    assert evil not in shown and "&lt;script&gt;" in shown


async def test_many_may_read_the_documents_at_once(faces: Faces) -> None:
    made = await asyncio.gather(*(documented(faces, "ccp") for _ in range(8)))
    assert all(one == made[0] for one in made)


def test_the_table_of_what_is_published_names_no_operation_twice() -> None:
    keys: Sequence[tuple[str, str]] = [(one.method, one.path) for one in PUBLISHED]
    assert len(keys) == len(set(keys)) == 37
