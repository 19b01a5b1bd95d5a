"""The one gate: whatever deviates from a standard and is let pass all the same goes through here, in every room.

What can be let pass is a row of :class:`Tolerance`. Whoever meets it makes a :class:`Liberty` of the row and hands it
to a gate (:data:`Tolerate`), which returns (the liberty was told, go on) or raises :class:`NotTolerated`. An actor's
gate is the ``tolerate`` of its :class:`wire.voice.Voice`; functions that judge for somebody take theirs as the argument
``gate`` and without one tolerate nothing. There is no second place that asks whether a side is strict.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from msgspec import Struct

from pncsim.wire.errors import Kind, PeerError


class Tolerance(StrEnum):
    """What can be let pass. The value is the code events carry; ``kind`` says what it is where it is refused.

    ``meaning`` completes "the peer may …" for people. A row is called to make a liberty of it:
    ``gate(Tolerance.EARLY_STOP("The vehicle leaves before it has charged.", "V2G2-543"))``.
    """

    kind: Kind
    meaning: str

    def __new__(cls, code: str, kind: Kind, meaning: str) -> Tolerance:
        row = str.__new__(cls, code)
        row._value_ = code
        row.kind, row.meaning = kind, meaning
        return row

    def __call__(self, what: str, clause: str = "") -> Liberty:
        """The liberty somebody takes: ``what`` is one sentence, ``clause`` the requirement it deviates from."""
        return Liberty(self, what, clause)

    # finding each other, and TLS
    SDP_STRAY = "sdp-stray", "malformed", "SDP datagram that is none, or no answer to what was asked; passed over"
    STAPLE_MISSING = "staple-missing", "staple missing", "TLS handshake without an OCSP response for the leaf"
    # V2GTP and EXI
    V2GTP_STRAY = "v2gtp-stray", "malformed", "V2GTP message that is not for this side; passed over"
    EXI_REST = "exi-rest", "malformed", "octets, or padding bits that are not zero, after the end of an EXI message"
    EXI_INTEGER_FORM = "exi-integer-form", "malformed", "integer written with more octets than it needs"
    EXI_LENGTH = "exi-length", "malformed", "text or octets shorter or longer than the schema allows"
    EXI_RANGE = "exi-range", "malformed", "number outside the range of the schema, of 64 bits at most"
    EXI_ENUMERATION = "exi-enumeration", "malformed", "enumeration value past the last one of the schema"
    EXI_UNTYPED = "exi-untyped", "malformed", "value written as text where the schema has a type"
    # the conversation
    EARLY_REQUEST = "early-request", "sequence", "request before the last one was answered"
    LATE_REQUEST = "late-request", "silent", "request later than the performance time, yet before the timeout"
    LATE_RESPONSE = "late-response", "silent", "response later than the performance time, yet before the timeout"
    SESSION_ID_FORM = "session-id-form", "unknown session", "SessionID of the same value with another number of bytes"
    MINOR_VERSION = "minor-version", "no common protocol", "another minor version of the protocol"
    SCHEMA_ID_MISSING = "schema-id-missing", "no common protocol", "SupportedAppProtocolRes without a SchemaID"
    # the vehicle's way through a session
    EARLY_STOP = "early-stop", "sequence", "SessionStopReq before PowerDelivery(Stop)"
    SHORT_RENEGOTIATION = (
        "short-renegotiation",
        "sequence",
        "PowerDelivery(Start) right after a renegotiation in DC, without CableCheck and PreCharge",
    )
    CERTIFICATE_UNSELECTED = (
        "certificate-unselected",
        "sequence",
        "certificate message without having selected the certificate service",
    )
    CERTIFICATE_WITHOUT_SET = (
        "certificate-without-set",
        "service selection",
        "certificate service selected without a ParameterSetID",
    )
    RECEIPT_SKIPPED = "receipt-skipped", "sequence", "metering receipt asked for and not sent"
    RECEIPT_WRONG = "receipt-wrong", "receipt signature", "metering receipt that does not verify"
    REPEAT_SIGNED = "repeat-signed", "signature", "repeated AuthorizationReq that is not empty"
    PROFILE_STEPS = (
        "profile-steps",
        "charging profile",
        "charging profile whose last entry goes on above a later step of PMax; the step holds",
    )
    PROFILE_NEGATIVE = "profile-negative", "charging profile", "charging profile with a negative power, in DC"
    STATE_C_LATE = "state-c-late", "power delivery", "state C later than 250 ms after PowerDeliveryReq(Start)"
    # the station's way through a session
    SESSION_NUMBER = "session-number", "unknown session", "session with the number 0, or another than was to be joined"
    SERVICE_ID = "service-id", "service unknown", "charge service with another ServiceID than 1"
    PARAMETER_SETS_MISSING = "parameter-sets-missing", "service unknown", "certificate service without parameter sets"
    CONTRACT_WITHOUT_TLS = "contract-without-tls", "payment selection", "Contract offered without TLS; never used"
    WRONG_WAITING = "wrong-waiting", "unexpected answer", "Ongoing for a customer although the contract pays"
    SCHEDULE_ID = "schedule-id", "charge parameter", "schedule numbers that are not unique, or another than was chosen"
    SCHEDULE_ORDER = "schedule-order", "charge parameter", "schedule entries that are not in the order of their starts"
    SALES_TARIFF = "sales-tariff", "tariff", "sales tariff that is not signed as it should be; left aside"
    PARAMETER_MISFIT = "parameter-misfit", "charge parameter", "limits that do not fit the vehicle, where it can go on"
    RECEIPT_UNFIT = "receipt-unfit", "receipt signature", "receipt asked for where there is none to give"
    STATUS_UNFIT = "status-unfit", "unexpected answer", "status of the other energy transfer mode"
    RENEGOTIATION_AGAIN = "renegotiation-again", "unexpected answer", "renegotiation asked for again and again"
    ISOLATION_UNSURE = "isolation-unsure", "isolation", "cable check finished with another result than Valid and Ready"
    VOLTAGE_UNFIT = "voltage-unfit", "power delivery", "output voltage that does not follow the vehicle"
    # signatures on messages
    SIGNATURE_GRAMMAR = "signature-grammar", "signature", "SignedInfo in the message grammar instead of xmldsig's"
    DIGEST_GRAMMAR = "digest-grammar", "signature", "eMAID hashed by its type instead of the relaxed fragment grammar"
    TRANSFORMS_MISSING = "transforms-missing", "signature", "reference without a Transforms element"
    TRANSFORM_REPEATED = "transform-repeated", "signature", "reference with the same Transform more than once"
    TRANSFORM_CONTENT = "transform-content", "signature", "Transform with an XPath or other content; ignored"
    # certificates and their status
    ROOT_SENT = "root-sent", "profile", "root sent along with the chain"
    CHAIN_ORDER = "chain-order", "profile", "Sub-CAs in another order than from the leaf up"
    CHAIN_SURPLUS = "chain-surplus", "profile", "certificates in the chain that are no part of it"
    SUB_CA_MISSING = "sub-ca-missing", "profile", "leaf signed by a root, without a Sub-CA"
    NOT_CRITICAL = "not-critical", "profile", "key usage or basic constraints that are not critical"
    NO_BASIC_CONSTRAINTS = "no-basic-constraints", "profile", "leaf without basic constraints"
    EXTENDED_USAGE = "extended-usage", "profile", "extended key usage where the profile has none"
    DOMAIN = "domain", "profile", "leaf with a DC the standard does not know"
    COUNTRY = "country", "profile", "country in a subject whose profile has none"
    ROOT_DOMAIN = "root-domain", "profile", "root with a DC of its own, trusted by its owner's word"
    SUB_CA_DOMAIN = "sub-ca-domain", "profile", "Sub-CA with the DC of another branch, or without one"
    SUB_CA_PURPOSE = "sub-ca-purpose", "profile", "Sub-CA whose extended key usage is not for what it has signed"
    FURTHER_PURPOSE = "further-purpose", "profile", "extended key usage that names more than it is shown for"
    KEY_USAGE = (
        "key-usage",
        "profile",
        "key usage of a leaf with other bits than its profile's",
    )
    LEAF_PATH_LENGTH = "leaf-path-length", "profile", "leaf with a path length in its basic constraints"
    KEY_REUSED = "key-reused", "profile", "one key in a certificate and in its issuer's"
    EMAID_CHECK = "emaid-check", "profile", "EMAID with a wrong check character"
    PCID_FORM = "pcid-form", "profile", "common name of a provisioning certificate that is no PCID"
    STATION_NAME = "station-name", "profile", "station asking for a certificate by a name that is no EVSEID or SECCID"
    ROOT_PROFILE = "root-profile", "profile", "root for the root pool without key usage or key identifier"
    ROOT_LISTED = "root-listed", "malformed", "root named by its name or its serial number alone"
    OCSP_NONCE = "ocsp-nonce", "status malformed", "OCSP response that leaves out the nonce it was asked with"
    OCSP_NEXT_UPDATE = "ocsp-next-update", "status malformed", "OCSP response without nextUpdate; it counts for a day"
    REVOCATION_UNKNOWN = "revocation-unknown", "status unknown", "certificate nobody can tell is revoked or not"
    HASH_DATA_FORM = "hash-data-form", "malformed", "certificate hash data with base64url hashes, decimal serial number"
    CONTRACT_OUTLIVES = "contract-outlives", "profile", "contract that ends after the provisioning certificate"
    # OCPP
    OCPP_ID_REUSED = "ocpp-id-reused", "malformed", "message id of a call that is still open; the second is passed over"
    CERTIFICATE_STATUS_MISSING = (
        "certificate-status-missing",
        "unexpected answer",
        "Authorize answered without certificateStatus, where the station has verified the contract itself",
    )
    OCPP_UNAWAITED = "ocpp-unawaited", "out of turn", "answer nobody waits for; passed over"


class Liberty(Struct, frozen=True):
    """One liberty somebody takes. Read where it is met, so it can be kept and told again each time it comes."""

    tolerance: Tolerance
    what: str
    clause: str = ""


class NotTolerated(PeerError):
    """A liberty that this side does not let pass; ``liberty`` says which."""

    def __init__(self, liberty: Liberty) -> None:
        super().__init__(
            liberty.what,
            kind=liberty.tolerance.kind,
            clause=liberty.clause,
            advice=f"Nothing is tolerated here; run without strict to let this pass ({liberty.tolerance}).",
        )
        self.liberty = liberty


Tolerate = Callable[[Liberty], None]
"""Tells a liberty and returns, or raises :class:`NotTolerated`. ``list.append`` is one that keeps them for later."""

LENIENT: frozenset[Tolerance] = frozenset()
STRICT: frozenset[Tolerance] = frozenset(Tolerance) - {Tolerance.LATE_RESPONSE}
"""What a side refuses: nothing, and everything. Any set of rows may stand in their place. A slow response alone is told
even then: the standard has a vehicle wait until the message's timeout, and hanging up before would be our own fault."""


def refuse(liberty: Liberty) -> None:
    """The gate of those who tolerate nothing. Raises :class:`NotTolerated`."""
    raise NotTolerated(liberty)


def told_before(liberty: Liberty) -> None:
    """The gate for a second look at what has gone through the right one already: nothing is told twice."""
