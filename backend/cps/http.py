"""The provisioning service over HTTP: the paths and bodies of the Open Plug&Charge Protocol 1.0 (``/v1/cps``).

Three operations sign, two of them deprecated: one only returns the bundle, one only stores it, and the current one does
what the PCID says. Either published shape of the contract data is read by all three.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cryptography.x509.oid import NameOID

from pncsim.backend import certificates
from pncsim.backend.bundle import NAMESPACE, ContractData, SignedContractData
from pncsim.backend.ccp.requests import read_emaid, read_pcid
from pncsim.backend.cps import xml_form
from pncsim.backend.cps.service import CpsSigner, ProvisioningService, UnknownVehicle
from pncsim.backend.pcp import vehicle_key
from pncsim.backend.rcp import RootKind, RootPool
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import ROLES, Grant, Role, not_owned
from pncsim.backend.rest.bodies import (
    base64_text,
    binary_member,
    check_namespace,
    distinguished_name,
    json_object,
    json_response,
    text_member,
)
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.wire.identifiers import same_emaid
from pncsim.wire.v2g.key_transport import WrappedKey

if TYPE_CHECKING:
    from aiohttp import web

_OPERATOR: frozenset[Role] = frozenset({"MO_EXTERNAL_PKI"})
_READERS: frozenset[Role] = ROLES - {"ADMIN"}
_NOT_BASE64 = '{} : must match "^(?:[A-Za-z0-9+/]{{4}})*(?:[A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?$"'
_FINGERPRINT = re.compile(r"[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2}){31}", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)
_CHAIN = "contractSignatureCertChain"
_SUB_CAS = "contractSignatureCertChainSubCertificates"


def routes(signing: ProvisioningService, roots: RootPool, guesses: Guesses) -> tuple[Route, ...]:
    """The service's operations: operators with a PKI of their own have their contracts signed."""
    face = _Face(signing, roots, guesses)
    deprecated = "signedContractData"
    return (
        Route("PUT", "/v1/cps/contractData/signed", "put-v1-cps-signContractData", _OPERATOR, face.sign),
        Route("PUT", f"/v1/cps/{deprecated}", "createSignedContractData", _OPERATOR, face.create),
        Route("PUT", f"/v1/cps/forward/{deprecated}", "createAndForwardSignedContractData", _OPERATOR, face.forward),
        # Published without the version all other paths begin with.
        Route("GET", "/cps/signer", "get-cps-signer", _READERS, face.signers),
        Route("GET", "/v1/cps/signer", "get-cps-signer", _READERS, face.signers),
    )


class _Face:
    """One method for each operation: read, call the service, write."""

    def __init__(self, signing: ProvisioningService, roots: RootPool, guesses: Guesses) -> None:
        self._signing = signing
        self._roots = roots
        self._guesses = guesses

    async def sign(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        data = _contract_data(body)
        pcid = None if body.get("pcid") is None else read_pcid_of(body)
        bundle, signer = await self._signed(body, data, grant, pcid)
        return json_response(_signed_body(bundle, signer, pcid), 201)

    async def create(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        data, pcid = _named_contract_data(body), read_pcid_of(body)
        with bad_request():
            bundle, signer = await self._signed(body, data, grant, pcid, store=False)
        return json_response(_signed_body(bundle, signer, pcid))

    async def forward(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        data, pcid = _named_contract_data(body), read_pcid_of(body)
        with bad_request():
            await self._signed(body, data, grant, pcid)
        return json_response({}, 201)

    async def signers(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Those below a root of the pool: without one nothing is signed (CPS-14)."""
        known = {root.fingerprint: root.id for root in await self._roots.roots(RootKind.V2G)}
        signers = await self._signing.all_signers()
        found = [_signer(one, known[one.fingerprint]) for one in signers if one.fingerprint in known]
        return json_response({"cpsCertificates": found})

    async def _signed(
        self, body: Mapping[str, Any], data: ContractData, grant: Grant, pcid: str | None, *, store: bool = True
    ) -> tuple[SignedContractData, CpsSigner]:
        """What the three operations share once contract data and PCID are read: the form of the rest, whose EMAID it
        is, then the service's checks.
        """
        text_member(body, "xsdMsgDefNamespace")
        check_namespace(body)
        wanted = wanted_root(body)
        if not grant.owns_contract(data.emaid):
            raise not_owned(data.emaid)
        roots = await fingerprints(wanted, self._roots)
        with self._guesses.attempt(grant.holder, vehicle_key(pcid or "")):
            return await self._signing.sign_below(data, pcid=pcid, roots=roots, store=store)


@contextmanager
def bad_request() -> Iterator[None]:
    """Around an operation that publishes 400 where others say 404 of a vehicle that is not there."""
    try:
        yield
    except UnknownVehicle as error:
        error.http_status = 400
        raise


def read_pcid_of(body: Mapping[str, Any]) -> str:
    """The member ``pcid``, which has to be there."""
    value = body.get("pcid")
    return read_pcid(value if isinstance(value, str) and value else text_member(body, "pcid"))


async def fingerprints(wanted: str | None, pool: RootPool) -> tuple[str, ...]:
    """The fingerprint named, or that of the root whose id is named: the published pattern is a UUID's."""
    if wanted is None:
        return ()
    if not _UUID.fullmatch(wanted):
        return (wanted,)
    for root in await pool.roots(RootKind.V2G):
        if root.id == wanted.lower():
            return (root.fingerprint,)
    raise Refused(f"There is no V2G root {wanted} in the root pool.", clause="CPS-3")


def _named_contract_data(body: Mapping[str, Any]) -> ContractData:
    """The contract data of a deprecated operation, which names the EMAID beside them."""
    emaid, data = read_emaid(text_member(body, "emaid")), _contract_data(body)
    if not same_emaid(emaid, data.emaid):
        raise Refused(f"The request is for {emaid}, its contract data are for {data.emaid}.", clause="CPS-5")
    return data


def _contract_data(body: Mapping[str, Any]) -> ContractData:
    """The member ``contractData`` in either shape. Only the older one names an EMAID, which else is the leaf's CN."""
    given = body.get("contractData")
    if not isinstance(given, dict):
        raise Refused(
            "The member 'contractData' is missing or no object.",
            clause="OPCP error body",
            message="contractData : must not be null",
        )
    chain = _listed_chain(given) if given.get(_CHAIN) is not None else _single_chain(given)
    wrapped = WrappedKey(
        _octets(given, "contractData", "contractSignatureEncryptedPrivateKey"),
        _octets(given, "contractData", "dHpublickey"),
    )
    if given.get(_CHAIN) is not None:
        named = text_member(_under("contractData", given), "contractData.emaid")
    else:
        named = reading.common_name(certificates.load(chain[0], "contractCertificate"))
    return ContractData(emaid=read_emaid(named), chain=chain, wrapped=wrapped)


def _single_chain(given: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The current shape: a member for each certificate."""
    names = ["contractCertificate", "contractSubCa2Certificate", "contractSubCa1Certificate"]
    if given.get("contractSubCa2Certificate") is None:
        names.remove("contractSubCa2Certificate")
    return tuple(_certificate(given, "contractData", name) for name in names)


def _listed_chain(given: Mapping[str, Any]) -> tuple[bytes, ...]:
    """The older shape: leaf, and a list of Sub-CA 2 and Sub-CA 1."""
    chain = given[_CHAIN]
    if not isinstance(chain, dict):
        raise Refused(
            f"The member '{_CHAIN}' is no object.",
            clause="OPCP error body",
            message=f"contractData.{_CHAIN} : must not be null",
        )
    leaf = _certificate(chain, f"contractData.{_CHAIN}", f"{_CHAIN}Certificate")
    listed, field = chain.get(_SUB_CAS), f"{_SUB_CAS} list"
    if not isinstance(listed, list) or len(listed) not in (1, 2) or not all(isinstance(one, str) for one in listed):
        raise Refused(
            f"The member '{_SUB_CAS}' is not a list of one or two certificates.",
            clause="CPS-7",
            message=f"Invalid certificate format on {field}",
        )
    sub_cas = [binary_member({field: one or "-"}, field, f"Invalid certificate format on {field}") for one in listed]
    certificates.load_chain(sub_cas, field)
    return (leaf, *sub_cas)


def _certificate(given: Mapping[str, Any], above: str, name: str) -> bytes:
    der = _octets(given, above, name)
    certificates.load(der, name)
    return der


def _octets(given: Mapping[str, Any], above: str, name: str) -> bytes:
    """A base64 member; the published texts name it with all that is above it."""
    path = f"{above}.{name}"
    return binary_member(_under(above, given), path, _NOT_BASE64.format(path))


def _under(above: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{above}.{name}": value for name, value in given.items()}


def wanted_root(body: Mapping[str, Any]) -> str | None:
    """The V2G root a request names, by fingerprint or id, if it names one."""
    name = "cpsV2GRootCertificateFingerprint"
    value = body.get(name)
    if value is None or (isinstance(value, str) and (_FINGERPRINT.fullmatch(value) or _UUID.fullmatch(value))):
        return value
    raise Refused(
        f"The {name} {str(value)[:80]!r} is no SHA-256 in hex (64 digits) and no rootCertificateId.", clause="CPS-3"
    )


def _signed_body(bundle: SignedContractData, signer: CpsSigner, pcid: str | None) -> dict[str, Any]:
    """A SignedContractDataResponse, which the deprecated response is a part of."""
    return {
        "pcid": pcid,
        "emaid": bundle.emaid.value,
        "xsdMsgDefNamespace": NAMESPACE,
        "signedData": base64_text(xml_form.to_xml(bundle).encode()),
        "cpsV2GRootCertificateFingerprint": signer.fingerprint,
        "cpsRootDistinguishedName": distinguished_name(signer.root.subject),
    }


def _signer(signer: CpsSigner, root_id: str) -> dict[str, Any]:
    """A cpsSigner-data, by the names of the schema and, where they differ, of its published example too."""
    leaf, (_, *sub_cas) = signer.credentials.leaf, signer.credentials.chain_der
    sub1, sub2 = base64_text(sub_cas[-1]), base64_text(sub_cas[0]) if len(sub_cas) > 1 else None
    body = {
        "cpsDistinguishedName": distinguished_name(leaf.subject),
        "cpsCertificate": base64_text(reading.der(leaf)),
        "validFrom": f"{leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "validTo": f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "organizationName": next(iter(reading.values_of(leaf.subject, NameOID.ORGANIZATION_NAME)), ""),
        "cpsV2GRootCertificateFingerprint": signer.fingerprint,
        "cpsRootCertificateId": root_id,
        "cpsRootDistinguishedName": distinguished_name(signer.root.subject),
        "cpsSubCa1Certificate": sub1,
        "cpsCa1Certificate": sub1,
        "cpsSubCa2Certificate": sub2,
        "cpsCa2Certificate": sub2,
        "xsdMsgDefNamespace": NAMESPACE,
    }
    return {name: value for name, value in body.items() if value is not None}
