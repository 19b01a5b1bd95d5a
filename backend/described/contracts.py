"""The contract pool's and the provisioning service's operations."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BOOLEAN,
    CERTIFICATE,
    COUNT,
    EMAID,
    FINGERPRINT,
    MOMENT,
    NAME,
    NAMESPACE,
    NOTHING,
    PCID,
    TEXT,
    UUID,
    WANTED_ROOT,
    Described,
    Schema,
    listed,
    record,
    text,
)

EXI = text("base64 of an EXI V2G message, without V2GTP header", pattern="^[A-Za-z0-9+/]+={0,2}$")
XML = text("base64 of the XML text of the signed contract data", pattern="^[A-Za-z0-9+/]+={0,2}$")
ROOT = {"cpsV2GRootCertificateFingerprint": FINGERPRINT}
FOR_SCHEMA: Mapping[str, Schema] = {"xsdMsgDefNamespace": NAMESPACE}
FOR_ROOT: Mapping[str, Schema] = {**FOR_SCHEMA, "cpsV2GRootCertificateFingerprint": WANTED_ROOT}


def _delivery(title: str, **message: Schema) -> Schema:
    """The answer to a vehicle's request: one message."""
    item = record("", {"messageDef": record("", {"certificateInstallationRes": EXI}, message)})
    content = {"emaidContent": listed(item, minItems=1, maxItems=1)}
    return record(title, {"CCPResponse": record("", content)})


CONTRACTS = record(
    "XMLContracts",
    {
        "XMLContracts": listed(
            record(
                "Contract",
                {
                    "pcid": PCID,
                    "emaid": EMAID,
                    "xsdMsgDefNamespace": NAMESPACE,
                    "contractCertificate": CERTIFICATE,
                    "defaultContract": BOOLEAN,
                    "certValidFrom": MOMENT,
                    "certValidTo": MOMENT,
                },
                {**ROOT, "priority": {**COUNT, "description": "1 for the default, else 0"}},
            )
        )
    },
)
NOT_THERE = {
    "anyOf": [
        _delivery("NegativeDelivery"),
        {"$ref": "#/components/schemas/Error"},
    ],
    "description": "the EXI of a negative response; the common error body where alwaysReturnEXI is false",
}

CCP: Mapping[str, Described] = {
    "getSignedContractData": Described(
        summary="Answer a vehicle's CertificateInstallationReq or CertificateUpdateReq",
        body=record(
            "InstallationRequest",
            {"certificateInstallationReq": EXI, "xsdMsgDefNamespace": TEXT},
            {"metadata": TEXT},
        ),
        headers={
            "alwaysReturnEXI": {**BOOLEAN, "default": True},
            "broadcast": {**BOOLEAN, "description": "true: ask no other ecosystem"},
        },
        answers={200: _delivery("Delivery", emaid=EMAID, **ROOT), 404: NOT_THERE},
        errors=(502, 503),
        more="The response is made now, with the request's SessionID.",
    ),
    "addSignedContractData": Described(
        summary="Store signed contract data for a vehicle",
        body=record(
            "SignedContractData",
            {"xsdMsgDefNamespace": NAMESPACE, "emaid": EMAID, "pcid": PCID, "signedContractDataXML": XML},
            {"metadata": TEXT, "cpsV2GRootCertificateFingerprint": TEXT},
        ),
        answers={201: NOTHING},
        errors=(404, 429, 502),
        more="The same EMAID for the same vehicle again replaces what was there.",
    ),
    "deleteSignedContractData": Described(
        summary="Delete a contract; one whose certificate was issued here is revoked first",
        headers={"X-Skip-Revocation": {**BOOLEAN, "default": False}},
        answers={200: NOTHING},
        errors=(404, 429, 502, 503),
    ),
    "getContracts": Described(
        summary="A vehicle's contracts", query=FOR_SCHEMA, answers={200: CONTRACTS}, errors=(404, 429)
    ),
    "setDefaultContract": Described(
        summary="Make this contract the one a station is given",
        answers={200: NOTHING},
        errors=(404, 429, 502, 503),
    ),
    "lookupContract": Described(
        summary="A contract by its EMAID", query=FOR_ROOT, answers={200: CONTRACTS}, errors=(404, 429, 502, 503)
    ),
    "provideSignedContractData": Described(
        summary="The response with a contract, for delivery by the manufacturer",
        query={
            **FOR_ROOT,
            "sessionID": text("up to 8 octets in hex", pattern="^([0-9a-fA-F]{2}){0,8}$"),
        },
        answers={
            200: record(
                "ProvidedContract",
                {"certificateInstallationRes": EXI, "xsdMsgDefNamespace": NAMESPACE},
                {**ROOT, "emaid": EMAID},
            )
        },
        errors=(404, 429, 502, 503),
        more="Validity and status are not checked: that is the manufacturer's to do.",
    ),
}

_WRAPPED = {
    "contractSignatureEncryptedPrivateKey": text("base64 of IV and encrypted scalar, 48 octets"),
    "dHpublickey": text("base64 of an uncompressed point, 65 octets"),
}
NEW_DATA = record(
    "ContractData",
    {"contractCertificate": CERTIFICATE, "contractSubCa1Certificate": CERTIFICATE, **_WRAPPED},
    {"contractSubCa2Certificate": CERTIFICATE},
)
OLD_DATA = record(
    "ContractDataWithList",
    {
        "contractSignatureCertChain": record(
            "",
            {
                "contractSignatureCertChainCertificate": CERTIFICATE,
                "contractSignatureCertChainSubCertificates": {
                    **listed(CERTIFICATE, minItems=1, maxItems=2),
                    "description": "Sub-CA 2, then Sub-CA 1",
                },
            },
        ),
        **_WRAPPED,
        "emaid": EMAID,
    },
)
DATA = {"anyOf": [NEW_DATA, OLD_DATA]}
SIGNED = record(
    "SignedContractDataResponse",
    {
        "emaid": EMAID,
        "xsdMsgDefNamespace": NAMESPACE,
        "signedData": XML,
        "cpsV2GRootCertificateFingerprint": FINGERPRINT,
        "cpsRootDistinguishedName": NAME,
    },
    {"pcid": {"anyOf": [PCID, {"type": "null"}]}},
)
_NAMED = record(
    "ContractDataToSign",
    {"contractData": DATA, "pcid": PCID, "emaid": EMAID, "xsdMsgDefNamespace": NAMESPACE},
    {"metaData": TEXT, "cpsV2GRootCertificateFingerprint": WANTED_ROOT},
)
SIGNERS = Described(
    summary="Who signs here, below which root",
    answers={
        200: record(
            "Signers",
            {
                "cpsCertificates": listed(
                    record(
                        "Signer",
                        {
                            "cpsDistinguishedName": NAME,
                            "cpsCertificate": CERTIFICATE,
                            "validFrom": MOMENT,
                            "validTo": MOMENT,
                            "organizationName": TEXT,
                            "cpsV2GRootCertificateFingerprint": FINGERPRINT,
                            "cpsRootDistinguishedName": NAME,
                            "cpsSubCa1Certificate": CERTIFICATE,
                            "xsdMsgDefNamespace": NAMESPACE,
                        },
                        {
                            "cpsSubCa2Certificate": CERTIFICATE,
                            "cpsCa1Certificate": CERTIFICATE,
                            "cpsCa2Certificate": CERTIFICATE,
                            "cpsRootCertificateId": UUID,
                        },
                    )
                )
            },
        )
    },
    errors=(404,),
)

CPS: Mapping[str, Described] = {
    "put-v1-cps-signContractData": Described(
        summary="Sign contract data; with a PCID they are stored in the contract pool as well",
        body=record(
            "ContractDataToSignOrStore",
            {"contractData": DATA, "xsdMsgDefNamespace": NAMESPACE},
            {"pcid": PCID, "metaData": TEXT, "cpsV2GRootCertificateFingerprint": WANTED_ROOT},
        ),
        answers={201: SIGNED},
        errors=(404, 429, 502, 503),
    ),
    "createSignedContractData": Described(
        summary="Sign contract data and return them (deprecated)",
        body=_NAMED,
        answers={200: SIGNED},
        errors=(429, 502, 503),
    ),
    "createAndForwardSignedContractData": Described(
        summary="Sign contract data and store them in the contract pool (deprecated)",
        body=_NAMED,
        answers={201: NOTHING},
        errors=(429, 502, 503),
    ),
    "generateSignedContractData": Described(
        summary="Make a contract: key, certificate, signature, and store it in the contract pool",
        body=record(
            "ContractToMake",
            {
                "contractBegins": MOMENT,
                "contractEnds": MOMENT,
                "emaid": EMAID,
                "pcid": PCID,
                "xsdMsgDefNamespace": NAMESPACE,
            },
            {"subscriptionUrl": TEXT, "metaData": TEXT, "cpsV2GRootCertificateFingerprint": WANTED_ROOT},
        ),
        answers={201: None},
        errors=(429, 502, 503),
        more="The same may come as application/xml or multipart/form-data.",
    ),
    "get-cps-signer": SIGNERS,
}
