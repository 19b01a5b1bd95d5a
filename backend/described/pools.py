"""The root pool's and the provisioning pool's operations."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BASE64,
    BOOLEAN,
    CERTIFICATE,
    CURVE,
    FINGERPRINT,
    KEY_ID,
    MOMENT,
    NAME,
    NAMESPACE,
    NOTHING,
    NUMBER,
    PCID,
    SERIAL,
    TEXT,
    UUID,
    Described,
    listed,
    record,
    text,
    words,
)

ROOT_TYPE = words("V2G", "MO", "OEM", "PE")
ROOT = record(
    "RootCert",
    {"rootType": ROOT_TYPE, "caCertificate": CERTIFICATE},
    {
        "rootCertificateId": UUID,
        "distinguishedName": NAME,
        "commonName": TEXT,
        "organizationName": TEXT,
        "rootAuthorityKeyIdentifier": BASE64,
        "rootAuthorityKeyIdentifierHex": KEY_ID,
        "rootIssuerSerialNumber": SERIAL,
        "validFrom": MOMENT,
        "validTo": MOMENT,
        "fingerprint": FINGERPRINT,
        "fingerprintSha1": text("SHA-1 of the DER in hex", pattern="^[0-9a-f]{40}$"),
        "xsdMsgDefNamespace": NAMESPACE,
        "signatureAlgorithm": CURVE,
    },
)
ACTIVITY = record(
    "RootActivity",
    {
        "id": TEXT,
        "time": {**NUMBER, "description": "seconds since the epoch"},
        "action": TEXT,
        "by": text("a client's id; empty for what the services did by themselves"),
        "fingerprint": TEXT,
        "text": TEXT,
    },
)
ONE_ROOT = record("RootResponse", {"RootResponse": ROOT})

RCP: Mapping[str, Described] = {
    "getAllRootCerts": Described(
        summary="The roots, all or those of one type",
        query={"rootType": text("in upper or lower case", pattern="^(?i:v2g|mo|oem|pe)$", examples=["v2g"])},
        answers={
            200: record(
                "RootCerts",
                {"RootCertificateCollection": record("", {"rootCertificates": listed(ROOT)})},
            )
        },
        errors=(502, 503),
    ),
    "getRootCert": Described(summary="One root", answers={200: ONE_ROOT}, errors=(404, 502, 503)),
    "saveRootCa": Described(
        summary="Add a root",
        body=record(
            "NewRoot",
            {"caCertificate": CERTIFICATE, "rootType": ROOT_TYPE},
            {"expectedFingerprint": text("SHA-256 confirmed over another channel, in hex")},
        ),
        query={"expectedFingerprint": text("the same, where the body cannot hold it")},
        answers={200: ONE_ROOT},
        more="The certificate is checked: a self-signed authority of the ISO 15118 profile that is valid now. "
        "The same certificate again is the same root.",
    ),
    "deleteRootCa": Described(
        summary="Remove a root",
        query={"cascade": words("none", "purge", what="purge: and everything below it")},
        answers={200: NOTHING},
        errors=(404,),
    ),
    "getCertificateTrustList": Described(
        summary="All roots as a signed list",
        answers={
            200: record(
                "TrustList",
                {
                    "signerCertificate": CERTIFICATE,
                    "timeStamp": MOMENT,
                    "CTL": record(
                        "",
                        {"contentType": TEXT, "thisUpdate": MOMENT, "nextUpdate": MOMENT, "signedData": BASE64},
                    ),
                },
            )
        },
        errors=(404, 503),
        more="signedData is CMS SignedData with the list as JSON inside, below a root of the pool operator's own.",
    ),
    "replaceTrustListSigner": Described(
        summary="The signer of the lists is compromised: sign with another key, below another root",
        answers={200: record("NewSigner", {"rootCertificate": CERTIFICATE, "fingerprint": FINGERPRINT})},
        more="Who reads lists has to be given the new root by another way.",
    ),
    "getRootActivities": Described(
        summary="The log of everything done to the roots, page by page",
        query={"after": text("the `next` of the page before")},
        answers={200: record("Activities", {"activities": listed(ACTIVITY), "next": text("empty on the last page")})},
    ),
}

_VEHICLE = {"vehicleCertificate": CERTIFICATE, "subCA1Certificate": CERTIFICATE}
VEHICLE = record(
    "ProvisioningCertificateData",
    {
        **_VEHICLE,
        "xsdMsgDefNamespace": NAMESPACE,
        "rootIssuerDistinguishedName": NAME,
        "rootIssuerSerialNumber": SERIAL,
        "fingerprint": FINGERPRINT,
    },
    {
        "subCA2Certificate": CERTIFICATE,
        "v2gRootAuthorityKeyIdentifiers": listed(KEY_ID, minItems=1, uniqueItems=True),
        "rootAuthorityKeyIdentifier": KEY_ID,
        "previousPcid": PCID,
    },
)
BROADCAST = {"broadcast": {**BOOLEAN, "description": "true: ask no other ecosystem"}}

PCP: Mapping[str, Described] = {
    "addOEMProvCert": Described(
        summary="Publish a vehicle, or replace what is published of it",
        body=record(
            "ProvisioningCertificate",
            _VEHICLE,
            {
                "subCA2Certificate": CERTIFICATE,
                "xsdMsgDefNamespace": NAMESPACE,
                "v2gRootAuthorityKeyIdentifiers": listed(
                    text("hex, with colons or without", pattern="^[0-9a-fA-F]{2}(:?[0-9a-fA-F]{2})*$"),
                    minItems=1,
                    uniqueItems=True,
                ),
                "previousPcid": PCID,
            },
        ),
        answers={200: VEHICLE},
        errors=(502, 503),
        more="The PCID is the certificate's common name. Checked in this order, and the first that fails decides: the "
        "caller's WMI, validity, status by OCSP or CRL, chain to a root of the pool.",
    ),
    "getOEMProvCert": Described(
        summary="What is published of a vehicle, verified once more",
        headers=BROADCAST,
        answers={200: record("OEMMessage", {"OEMMessage": VEHICLE})},
        errors=(404, 429, 502, 503),
    ),
    "lookupVehicle": Described(
        summary="Whether a vehicle is published", answers={200: None}, errors=(404, 429, 502, 503)
    ),
    "deleteOEMProvCert": Described(
        summary="Withdraw a vehicle, and with it its contracts",
        query={"reason": words("factoryReset", what="nobody makes its contracts anew")},
        answers={200: NOTHING},
        errors=(404,),
    ),
}
