"""The manufacturer's back office, which nobody published: what ours takes and answers."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BASE64,
    BOOLEAN,
    CERTIFICATE,
    COUNT,
    MOMENT,
    NOTHING,
    OAUTH_ERROR,
    TEXT,
    Described,
    Media,
    listed,
    record,
    text,
    words,
)

VEHICLE = record(
    "FleetVehicle",
    {"vin": TEXT},
    {
        "pcid": TEXT,
        "wantedPcid": text("what it is to be called, once it is renewed"),
        "previousPcid": TEXT,
        "owner": TEXT,
        "published": BOOLEAN,
        "provisioningCertificate": CERTIFICATE,
        "predecessors": listed(CERTIFICATE),
        "v2gRootAuthorityKeyIdentifiers": listed(TEXT),
        "contracts": listed(TEXT),
        "defaultContract": text("the EMAID of the contract it pays with"),
    },
)
ERRAND = record(
    "Errand",
    {"id": TEXT, "deed": TEXT, "state": TEXT},
    {"emaid": TEXT, "pcid": TEXT, "fingerprint": TEXT, "text": TEXT, "newKey": BOOLEAN},
)

CONSENT = record(
    "Consent",
    {
        "id": TEXT,
        "client": TEXT,
        "vin": TEXT,
        "state": words("granted", "refused", "withdrawn"),
        "decidedAt": MOMENT,
    },
)
_OWNER, _MINE = (401, 429), "For owners, with their name and password (RFC 7617)."
_PAGE = Media("text/html", {"type": "string"})
_FORM = "application/x-www-form-urlencoded"
_ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state")

OEM: Mapping[str, Described] = {
    "orderVehicle": Described(
        summary="Have a vehicle made",
        body=record("Order", {"pcid": TEXT}),
        answers={201: VEHICLE},
        errors=(409,),
    ),
    "getVehicle": Described(summary="What is known of a vehicle", answers={200: VEHICLE}, errors=(404,)),
    "withdrawVehicle": Described(
        summary="Take a vehicle off the road", answers={200: NOTHING}, errors=(404, 409, 502, 503)
    ),
    "equipVehicle": Described(
        summary="The vehicle's telematics certificate, on the line",
        body=Media("application/pkcs10", BASE64),
        answers={
            200: record(
                "Equipment",
                {
                    "telematicsCertificate": text("PEM"),
                    "manufacturerRoot": text("PEM"),
                    "telematics": text("the URL it calls"),
                },
            )
        },
        errors=(404, 409),
    ),
    "renewVehicle": Described(
        summary="Have a vehicle fetch a new provisioning certificate",
        body=record(
            "Renewal",
            {},
            {"pcid": text("another PCID"), "newKey": BOOLEAN, "revoke": words("now", "later")},
        ),
        optional=True,
        answers={201: ERRAND},
        errors=(404, 409, 502, 503),
    ),
    "revokePredecessors": Described(
        summary="Revoke the provisioning certificates a vehicle had before", answers={200: VEHICLE}, errors=(404, 502)
    ),
    "resetVehicle": Described(
        summary="Reset a vehicle: its contracts go, and nobody makes them anew",
        answers={200: VEHICLE},
        errors=(404, 409, 502, 503),
    ),
    "getErrands": Described(
        summary="What a vehicle is to do, and has done",
        answers={200: record("Errands", {"errands": listed(ERRAND)})},
        errors=(404,),
    ),
    "getTelematics": Described(
        summary="Where vehicles call", answers={200: record("Telematics", {"telematics": text("a URL; or empty")})}
    ),
    "addOwner": Described(
        summary="Give an owner a name and a password",
        body=record("NewOwner", {}, {"password": text("drawn where it is left out")}),
        optional=True,
        answers={201: record("Owner", {"owner": TEXT, "password": text("shown this once")})},
        errors=(409,),
    ),
    "giveVehicle": Described(
        summary="Say whose a vehicle is",
        body=record("Ownership", {"owner": TEXT}),
        answers={200: VEHICLE},
        errors=(404,),
    ),
    "takeVehicle": Described(summary="A vehicle is nobody's again", answers={200: VEHICLE}, errors=(404,)),
    # Owners: with name and password.
    "getMyVehicleCode": Described(
        summary="The PCID of an owner's vehicle as a QR code, to be shown to an operator",
        answers={200: Media("image/png", {"type": "string", "description": "the text in it is the PCID alone"})},
        errors=(*_OWNER, 404),
        more=_MINE,
    ),
    "getMyVehicles": Described(
        summary="An owner's vehicles",
        answers={
            200: record(
                "MyVehicles", {"vehicles": listed(record("", {"vin": TEXT, "pcid": TEXT, "published": BOOLEAN}))}
            )
        },
        errors=_OWNER,
        more=_MINE,
    ),
    "getMyContracts": Described(
        summary="Contracts that wait for an owner's word, and those it was given for",
        answers={200: record("MyContracts", {"contracts": listed(ERRAND)})},
        errors=_OWNER,
        more=_MINE,
    ),
    "decideOnContract": Described(
        summary="Let a contract be installed, or not", answers={200: ERRAND}, errors=(*_OWNER, 404, 409), more=_MINE
    ),
    "getMyConsents": Described(
        summary="Who was allowed to know a vehicle's PCID",
        answers={200: record("MyConsents", {"consents": listed(CONSENT)})},
        errors=_OWNER,
        more=_MINE,
    ),
    "withdrawConsent": Described(
        summary="Withdraw a consent at once", answers={200: CONSENT}, errors=(*_OWNER, 404), more=_MINE
    ),
    # OAuth 2.0: authorization code with PKCE.
    "getOAuthMetadata": Described(summary="What this authorization server does (RFC 8414)", answers={200: NOTHING}),
    "registerRedirectUris": Described(
        summary="Where an operator lets owners be sent back to",
        body=record("RedirectUris", {"redirectUris": listed(TEXT)}),
        answers={200: record("OAuthClient", {"clientId": TEXT, "redirectUris": listed(TEXT)})},
    ),
    "askForConsent": Described(
        summary="Ask an owner for consent (RFC 6749 section 4.1, RFC 7636)",
        query=dict.fromkeys((*_ASKED, "code_challenge", "code_challenge_method"), TEXT),
        answers={200: _PAGE, 303: None, 400: _PAGE},
    ),
    "decideOnConsent": Described(
        summary="What the owner decided on the page",
        body=Media(_FORM, record("", {}, dict.fromkeys((*_ASKED, "owner", "password", "decision", "vehicle"), TEXT))),
        answers={200: _PAGE, 303: None, 400: _PAGE, 403: _PAGE, 429: _PAGE},
    ),
    "exchangeCode": Described(
        summary="A token for a code (RFC 6749 section 4.1.3)",
        body=Media(_FORM, record("", dict.fromkeys(("grant_type", "code", "redirect_uri", "code_verifier"), TEXT))),
        answers={
            200: record("ConsentToken", {"access_token": TEXT, "token_type": TEXT, "expires_in": COUNT, "scope": TEXT}),
            400: OAUTH_ERROR,
            401: OAUTH_ERROR,
        },
    ),
    "revokeConsentToken": Described(
        summary="Give a token up (RFC 7009)",
        body=Media(_FORM, record("", {"token": TEXT})),
        answers={200: NOTHING, 400: OAUTH_ERROR, 401: OAUTH_ERROR},
    ),
    "getConsentedVehicle": Described(
        summary="The PCID an owner has consented to tell",
        answers={200: record("ConsentedVehicle", {"pcid": TEXT, "vin": TEXT}), 401: OAUTH_ERROR},
    ),
}
