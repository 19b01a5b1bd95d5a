"""An operator's back end: its contracts with customers, and who may charge."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BOOLEAN,
    CERTIFICATE,
    EMAID,
    MOMENT,
    PCID,
    TEXT,
    Described,
    Schema,
    listed,
    record,
    text,
    words,
)

_NULL: Schema = {"type": "null"}
CUSTOMER = text("what the operator calls a customer: 1 to 64 printable characters, no slash")
PROVIDER = text("country and provider id; needed by who has several", examples=["DEPNC"])
NEXT: Schema = {"anyOf": [TEXT, _NULL], "description": "what `after` is for the following page; null after the last"}
AFTER = {"after": text("the `next` of the page before")}
CONTRACT = record(
    "CustomerContract",
    {
        "emaid": EMAID,
        "customer": CUSTOMER,
        "pcid": {"anyOf": [PCID, _NULL]},
        "state": words("active", "blocked", "cancelled"),
        "vehicle": words("there", "new key", "gone", "reset", what="what became of the vehicle since"),
        "contractCertificate": CERTIFICATE,
        "certValidFrom": MOMENT,
        "certValidTo": MOMENT,
        "contractEnds": {"anyOf": [MOMENT, _NULL], "description": "the end that was agreed on"},
        "automaticRenewal": BOOLEAN,
        "issuedBy": words("operator", "service"),
    },
)
CONTRACTS = record("CustomerContracts", {"contracts": listed(CONTRACT)})
_VEHICLE = (404, 429, 502, 503)

MO: Mapping[str, Described] = {
    "concludeContract": Described(
        summary="Conclude a contract for a customer's vehicle, and have it wait in the contract pool",
        body=record(
            "ContractToConclude",
            {"customer": CUSTOMER, "pcid": PCID},
            {
                "emaid": EMAID,
                "contractEnds": MOMENT,
                "certificateEnds": MOMENT,
                "automaticRenewal": BOOLEAN,
                "provider": PROVIDER,
            },
        ),
        answers={201: CONTRACT},
        errors=_VEHICLE,
        more="The certificate is issued by the operator's own PKI, or for one without by the contract service. "
        "`contractEnds` is the end of the contract; `certificateEnds` that of its first certificate alone, which may "
        "be renewed.",
    ),
    "getContractsOfOperator": Described(
        summary="The operator's contracts, or one customer's",
        query={"customer": CUSTOMER, "provider": PROVIDER, **AFTER},
        answers={200: record("CustomerContractsPage", {"contracts": listed(CONTRACT), "next": NEXT})},
    ),
    "getContract": Described(summary="One contract", answers={200: CONTRACT}, errors=(404, 429)),
    "unsubscribe": Described(
        summary="End a contract at once: revoked, refused, and out of the pool",
        answers={200: CONTRACT},
        errors=_VEHICLE,
    ),
    "setAutomaticRenewal": Described(
        summary="Whether the customer wants new certificates without asking",
        body=record("AutomaticRenewal", {"automatic": BOOLEAN}),
        answers={200: CONTRACT},
        errors=(404, 429),
    ),
    "renewContract": Described(
        summary="A new certificate, because the customer asks for it", answers={200: CONTRACT}, errors=_VEHICLE
    ),
    "setBlocked": Described(
        summary="Refuse charging, or no longer",
        body=record("Blocked", {"blocked": BOOLEAN}),
        answers={200: CONTRACT},
        errors=(404, 429),
    ),
    "terminateCustomer": Described(
        summary="End all contracts of a customer, at once or at a time",
        body=record("Termination", {}, {"contractEnds": MOMENT, "provider": PROVIDER}),
        optional=True,
        answers={200: CONTRACTS},
        errors=(404, 502, 503),
    ),
    "getNotices": Described(
        summary="What a customer was told",
        query={"provider": PROVIDER},
        answers={
            200: record(
                "CustomerNotices",
                {
                    "notices": listed(
                        record("CustomerNotice", {"time": MOMENT, "emaid": EMAID, "subject": TEXT, "text": TEXT})
                    )
                },
            )
        },
    ),
    "authorizeContract": Described(
        summary="Whether a contract may charge now",
        body=record("ContractToAuthorize", {"emaid": EMAID}),
        answers={
            200: record(
                "Authorization",
                {"emaid": EMAID, "status": words("Accepted", "Blocked", "Expired", "Invalid", "Unknown")},
            )
        },
        errors=(429,),
    ),
    "getWhitelist": Described(
        summary="Which contracts may charge now",
        query={"provider": PROVIDER, **AFTER},
        answers={
            200: record(
                "Whitelist",
                {
                    "asOf": MOMENT,
                    "contracts": listed(record("MayCharge", {"emaid": EMAID, "validUntil": MOMENT})),
                    "next": NEXT,
                },
            )
        },
        more="A page may be empty and not be the last.",
    ),
}
