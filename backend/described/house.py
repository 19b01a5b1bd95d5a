"""What is of no pool: tokens, administration, and what every port has about itself."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BASE64,
    BOOLEAN,
    CERTIFICATE,
    COUNT,
    MOMENT,
    NOTHING,
    NUMBER,
    OAUTH_ERROR,
    TEXT,
    Described,
    Media,
    Schema,
    listed,
    record,
    text,
    words,
)

ROLE = words("OEM", "CPO", "MO_EXTERNAL_PKI", "MO_HUBJECT_PKI", "CPS", "ADMIN")

TOKEN: Mapping[str, Described] = {
    "oauthToken": Described(
        summary="A token for client credentials (RFC 6749 section 4.4)",
        body=record(
            "TokenRequest",
            {"grant_type": words("client_credentials"), "client_id": TEXT, "client_secret": TEXT},
            {
                "audience": text("the base URL, which is meant where none is named"),
                "scope": text("some services"),
            },
        ),
        answers={
            200: record(
                "Token",
                {"access_token": TEXT, "scope": TEXT, "expires_in": COUNT, "token_type": words("Bearer")},
            ),
            400: OAUTH_ERROR,
            401: OAUTH_ERROR,
        },
        more="The same may come as application/x-www-form-urlencoded.",
    ),
    "userinfo": Described(
        summary="What the token lets its holder do now (OpenID Connect Core section 5.3)",
        answers={
            200: record(
                "Holder",
                {
                    "sub": text("the client"),
                    "role": listed(ROLE),
                    "pcid": listed(text("a manufacturer code")),
                    "emaid": listed(text("a country and provider id")),
                    "scope": TEXT,
                },
            )
        },
    ),
}

_CLIENT = {
    "id": TEXT,
    "name": TEXT,
    "role": ROLE,
    "wmi": listed(TEXT),
    "providers": listed(TEXT),
    "enabled": BOOLEAN,
    "confirmation": TEXT,
    "createdAt": NUMBER,
}
CLIENT = record("Client", _CLIENT)
WITH_SECRET = record("ClientWithSecret", {**_CLIENT, "secret": text("shown this once")})
_PEER: Mapping[str, Schema] = {
    "name": TEXT,
    "ccp": text("URL its published paths are appended to"),
    "token": text("URL of its token endpoint"),
    "client_id": TEXT,
}
PEER = record("PoolPeer", _PEER)
SIGNER = record(
    "FurtherSigner",
    {"id": TEXT, "certificateRequest": BASE64, "chain": listed(CERTIFICATE)},
    {"cpsV2GRootCertificateFingerprint": text("of the V2G root it signs below, once it is certified")},
)
CLOCK = record("Clock", {"time": text(format="date-time"), "seconds": NUMBER})

_OR_NONE = {"type": ["string", "null"]}
_LISTS: Mapping[str, Mapping[str, Schema]] = {
    "vehicles": {"pcid": TEXT, "certValidTo": MOMENT, "fingerprint": TEXT},
    "contracts": {
        "emaid": TEXT,
        "pcid": TEXT,
        "defaultContract": BOOLEAN,
        "certValidTo": MOMENT,
        "cpsV2GRootCertificateFingerprint": TEXT,
    },
    "certificates": {
        "serial": TEXT,
        "commonName": TEXT,
        "issuer": TEXT,
        "certValidTo": MOMENT,
        "revokedAt": _OR_NONE,
        "reason": TEXT,
    },
    "deliveries": {
        "eventId": TEXT,
        "eventType": TEXT,
        "endpoint": TEXT,
        "created": MOMENT,
        "state": TEXT,
        "attempts": COUNT,
        "text": TEXT,
    },
}

ADMIN: Mapping[str, Described] = {
    "getClients": Described(summary="All clients", answers={200: record("Clients", {"clients": listed(CLIENT)})}),
    "addClient": Described(
        summary="Take a participant in",
        body=record(
            "NewClient",
            {"id": TEXT, "role": ROLE},
            {"name": TEXT, "wmi": listed(TEXT), "providers": listed(TEXT), "confirmation": TEXT},
        ),
        answers={201: WITH_SECRET},
        errors=(409,),
        more="An operator is let in once the word of the authority that gave its provider id is there.",
    ),
    "getClient": Described(summary="One client", answers={200: CLIENT}, errors=(404,)),
    "removeClient": Described(summary="Let a participant go", answers={200: NOTHING}, errors=(404, 409)),
    "disableClient": Described(summary="Shut a client out at once", answers={200: CLIENT}, errors=(404, 409)),
    "enableClient": Described(summary="Let a client in again", answers={200: CLIENT}, errors=(404, 409)),
    "confirmClient": Described(
        summary="Keep who confirmed an operator's provider ids",
        body=record("Confirmation", {"confirmation": TEXT}),
        answers={200: CLIENT},
        errors=(404, 409),
    ),
    "rotateClient": Described(
        summary="Give a client a new secret; the old one is worth nothing", answers={200: WITH_SECRET}, errors=(404,)
    ),
    "certifyClient": Described(
        summary="A certificate by which a client may be known instead of a token",
        body=Media("application/pkcs10", {"type": "string", "description": "PKCS#10 as base64 or PEM"}),
        answers={201: record("ClientCertificate", {"certificate": CERTIFICATE, "root": CERTIFICATE, "validTo": TEXT})},
        errors=(404, 409, 503),
    ),
    "forgetClientCertificates": Described(
        summary="Take back all certificates of a client",
        answers={200: record("ForgottenCertificates", {"forgotten": COUNT})},
        errors=(404, 409),
    ),
    "revokeCertificate": Described(
        summary="Revoke a certificate that was issued here",
        body=record("Revocation", {"certificate": CERTIFICATE}, {"reason": text("RFC 5280 section 5.3.1")}),
        answers={200: record("Revoked", {"serial": TEXT, "reason": TEXT})},
        errors=(404,),
    ),
    "getPki": Described(
        summary="The authorities' certificates, for other parts of the same operator",
        answers={
            200: record(
                "Pki",
                {
                    "certificates": {"type": "object", "additionalProperties": listed(CERTIFICATE)},
                    "algorithms": listed(text("that certificates may have")),
                },
            )
        },
    ),
    "issueCertificate": Described(
        summary="Certify a key that another part of the same operator holds",
        body=record(
            "PartRequest",
            {
                "role": words("contract_leaf", "cps_leaf", "oem_leaf"),
                "commonName": TEXT,
                "publicKey": text("SubjectPublicKeyInfo (DER) as base64, on P-256"),
            },
            {"notBefore": NUMBER, "notAfter": NUMBER, "issuer": text("the issuing Sub-CA, if not the usual one")},
        ),
        answers={201: record("Chain", {"chain": listed(CERTIFICATE)})},
        errors=(404,),
    ),
    "getPeers": Described(
        summary="The contract pools of other operators that are asked for what is not here",
        answers={200: record("PoolPeers", {"peers": listed(PEER)})},
        more="Those that the services were started with are not among them.",
    ),
    "addPeer": Described(
        summary="Ask one more contract pool",
        body=record("PoolPeerWanted", {**_PEER, "client_secret": TEXT}),
        answers={201: PEER},
        errors=(409,),
    ),
    "removePeer": Described(summary="Ask it no more", answers={200: NOTHING}, errors=(404,)),
    "getHolder": Described(
        summary="Which of them had a vehicle's contract last",
        answers={200: record("ContractHolder", {"holder": text("its name; empty where none is known to")})},
    ),
    "getSigners": Described(
        summary="The signers of the provisioning service below V2G roots of others",
        answers={200: record("FurtherSigners", {"signers": listed(SIGNER)})},
    ),
    "addSigner": Described(
        summary="Make a key that somebody with a V2G root of their own is to certify",
        answers={201: SIGNER},
        errors=(409,),
        more="The key stays in the services. The answer holds the certificate request (PKCS#10) for it.",
    ),
    "certifySigner": Described(
        summary="Sign with that key below a V2G root of the pool from now on; again, to renew its certificate",
        body=record("FurtherSignerChain", {"chain": listed(CERTIFICATE)}),
        answers={200: SIGNER},
        errors=(404, 502),
    ),
    "removeSigner": Described(
        summary="Sign with that key no more, and forget it", answers={200: NOTHING}, errors=(404,)
    ),
    "cleanse": Described(
        summary="Remove what is expired or revoked now, and not at night",
        answers={
            200: record("Cleansed", {"roots": COUNT, "vehicles": COUNT, "contracts": COUNT}),
        },
    ),
    "doDuties": Described(
        summary="Do now what is done once a day: renew what signs, look after contracts",
        answers={200: record("Done", {"duties": listed(text("what was done"))})},
        errors=(502, 504),
    ),
    "backup": Described(
        summary="Everything that is kept, page by page",
        query={"after": text("the `next` of the page before")},
        answers={
            200: record(
                "Backup",
                {
                    "schema": COUNT,
                    "values": listed(record("", {"kind": TEXT, "value": BASE64})),
                    "next": text("empty on the last page"),
                },
            )
        },
        more="As confidential as the database.",
    ),
    "restore": Described(
        summary="Put a page of a backup back",
        body=record("Restored", {"schema": COUNT, "values": listed(record("", {"kind": TEXT, "value": BASE64}))}),
        answers={200: record("", {"values": COUNT})},
    ),
    "endRestore": Described(summary="Let the services begin anew with what was put back", answers={200: NOTHING}),
    **{
        f"list{name.capitalize()}": Described(
            summary=f"The {name} there are, page by page",
            query={"after": text("the `next` of the page before")},
            answers={
                200: record(
                    f"Listed{name.capitalize()}",
                    {name: listed(record("", members)), "next": text("empty on the last page")},
                )
            },
        )
        for name, members in _LISTS.items()
    },
    "getClock": Described(summary="The services' time", answers={200: CLOCK}),
    "advanceClock": Described(
        summary="Move the services' time forward, where tests may",
        body=record("Advance", {"seconds": NUMBER}),
        answers={200: CLOCK},
    ),
    "renewRoot": Described(
        summary="Let the V2G root be followed by another one, where tests may",
        body=record("SuccessorWanted", {}, {"newKey": {**BOOLEAN, "description": "a key of its own, as if unsaid"}}),
        optional=True,
        answers={201: record("Successor", {"certificate": CERTIFICATE})},
        errors=(404,),
        more="It is in the root pool once it is published there. It is forgotten when the services begin anew.",
    ),
    "reset": Described(
        summary="Begin anew, where tests may",
        body=record("Reset", {}, {"time": {**BOOLEAN, "description": "whether time begins anew, too"}}),
        optional=True,
        answers={200: NOTHING},
    ),
}

ABOUT: Mapping[str, Described] = {
    "health": Described(
        summary="Whether the services can do their work",
        answers={200: record("Health", {"status": words("ok")})},
        errors=(503,),
    ),
    "metrics": Described(summary="Figures for Prometheus", answers={200: Media("text/plain", {"type": "string"})}),
    "openapi": Described(
        summary="The OpenAPI document of one service, or of all",
        answers={200: {"type": "object"}},
        errors=(404,),
    ),
    "services": Described(
        summary="Where each service is, by the name a ready file gives it",
        answers={200: record("Services", {"services": {"type": "object", "additionalProperties": {"type": "string"}}})},
    ),
    "page": Described(summary="A page to read", answers={200: Media("text/html", {"type": "string"})}, errors=(404,)),
}
