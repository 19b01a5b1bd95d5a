"""The vocabulary descriptions are written in: JSON schemas (2020-12) as plain values, and what an operation has.

A schema with a ``title`` is a part of the document by that name; one without stands where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from pncsim.wire.v2g.registry import ISO2_NAMESPACE

Schema = Mapping[str, Any]


class Media(Struct, frozen=True):
    """A body that is no JSON, by its media type."""

    type: str
    schema: Schema | None = None


class Described(Struct, frozen=True, kw_only=True):
    """An operation. ``answers``: what it answers to who may and has asked rightly; None is an empty body.

    ``errors``: what it refuses with besides 400, 401, 403 and 500, with the common error body. ``body`` is what it
    takes (``optional``: or none), ``query`` and ``headers`` by their names, none of them needed. ``more`` is for
    whoever wants to know more.
    """

    summary: str
    answers: Mapping[int, Schema | Media | None]
    errors: tuple[int, ...] = ()
    body: Schema | Media | None = None
    optional: bool = False
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Mapping[str, Schema] = field(default_factory=dict)
    more: str = ""


def text(what: str = "", **more: Any) -> Schema:
    """A text; ``what`` says what it is."""
    return {"type": "string", **({"description": what} if what else {}), **more}


def words(*allowed: str, what: str = "") -> Schema:
    """One of a few words."""
    return text(what, enum=list(allowed))


def listed(of: Schema, **more: Any) -> Schema:
    """A list."""
    return {"type": "array", "items": of, **more}


def record(title: str, needed: Mapping[str, Schema], may: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these members, others are passed over; without a title it stands where it is used."""
    return {
        **({"title": title} if title else {}),
        "type": "object",
        "properties": {**needed, **(may or {})},
        **({"required": list(needed)} if needed else {}),
    }


TEXT: Schema = text()
BOOLEAN: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NOTHING: Schema = {"type": "object"}
"""An object whose members mean nothing."""

BASE64 = text("base64 (RFC 4648 section 4, with padding)", pattern="^[A-Za-z0-9+/]+={0,2}$")
CERTIFICATE = text("a certificate: base64 of DER", pattern="^[A-Za-z0-9+/]+={0,2}$")
PCID = text("a vehicle's id", pattern="^[a-zA-Z0-9]{17,18}$", examples=["PNCSIMVEHICLE00001"])
EMAID = text(
    "a contract's id",
    pattern="^[A-Za-z]{2}-?[A-Za-z0-9]{3}-?[A-Za-z0-9]{9}-?[A-Za-z0-9]?$",
    examples=["DEPNCC12345678"],
)
UUID = text(format="uuid")
FINGERPRINT = text("SHA-256 of a certificate's DER in hex", pattern="^[0-9a-f]{64}$")
WANTED_ROOT = text("the V2G root wanted: SHA-256 of its DER in hex, or its rootCertificateId")
KEY_ID = text("a key identifier in hex with colons", pattern="^[0-9A-F]{2}(:[0-9A-F]{2})*$")
SERIAL = text("a serial number in hex", pattern="^[0-9a-f]+$")
NAME = text("a distinguished name, its last part first", examples=["CN=V2G Root, O=Example, C=DE, DC=V2G"])
MOMENT = text("RFC 3339, in UTC", format="date-time")
NAMESPACE = text("the schema of the vehicle's messages", enum=[ISO2_NAMESPACE])
CURVE = words("secp256r1", "secp521r1", "ed448", what="the curve of the key")

ERROR = record(
    "Error",
    {
        "errorMessages": listed(text("published texts come first and word by word"), minItems=1, uniqueItems=True),
        "traceId": UUID,
    },
    {"errorCode": text("the rule that decided")},
)
"""The common error body."""

OAUTH_ERROR = record("OAuthError", {"error": TEXT, "error_description": TEXT})
"""The error body of RFC 6749 section 5.2."""

PATH_PARAMETERS: Mapping[str, Schema] = {
    "pcid": PCID,
    "emaid": EMAID,
    "rootCertificateId": UUID,
    "request": text("an OCSP request: base64 of DER, escaped for a URL"),
    "role": text("an authority, as in the PKI folder", examples=["cpo_sub2"]),
    "pki": text("a PKI's name"),
    "decision": words("approve", "refuse"),
    "vin": text("a vehicle's identification number"),
}
"""What stands in paths, by its name; what is not here is a text."""
