"""XML signature as V2G streams can carry it (W3C XML Signature Syntax and Processing, the schema's core namespace).

ISO 15118 uses Signature, SignedInfo, Reference and SignatureValue. The rest of the schema is here because each of its
types shapes the event codes of its neighbours, and because a peer may send it.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Any

from pncsim.wire.exi import xs
from pncsim.wire.exi.declare import (
    Any_,
    Attribute,
    ComplexType,
    El,
    GlobalElement,
    Namespace,
    Occurs,
    OneOf,
    Ref,
    Seq,
    SimpleContent,
)

XMLDSIG = Namespace("http://www.w3.org/2000/09/xmldsig#", "ds")

CryptoBinary = xs.base64Binary
DigestValueType = xs.base64Binary
HMACOutputLengthType = xs.integer

GLOBAL_ELEMENTS = (
    GlobalElement("KeyName", xs.string),
    GlobalElement("MgmtData", xs.string),
    GlobalElement("DigestValue", DigestValueType),
)

_ANY_NUMBER = Any_(0, None)


class DsigType(ComplexType, namespace=XMLDSIG):
    """Base of the types of this schema: what they share is their namespace."""


class CanonicalizationMethodType(DsigType, element="CanonicalizationMethod", mixed=True, wildcard=_ANY_NUMBER):
    """How SignedInfo is turned into octets; V2G: ``http://www.w3.org/TR/canonical-exi/``."""

    Algorithm: Attribute[xs.anyURI]


class SignatureMethodType(DsigType, element="SignatureMethod", mixed=True, wildcard=_ANY_NUMBER):
    """How the octets are signed; -2: ``http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256``."""

    Algorithm: Attribute[xs.anyURI]
    HMACOutputLength: HMACOutputLengthType | None = None


class TransformType(DsigType, element="Transform", mixed=True):
    """One step from the referenced element to the octets that are hashed."""

    Algorithm: Attribute[xs.anyURI]
    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = OneOf((Any_(), El("XPath", xs.string)), 0, None)


class TransformsType(DsigType, element="Transforms"):
    """The steps, in order; V2G has exactly one."""

    Transform: Annotated[list[TransformType], Occurs(1, None)]


class DigestMethodType(DsigType, element="DigestMethod", mixed=True, wildcard=_ANY_NUMBER):
    """The hash; -2: ``http://www.w3.org/2001/04/xmlenc#sha256``."""

    Algorithm: Attribute[xs.anyURI]


class ReferenceType(DsigType, element="Reference"):
    """What is signed (URI: ``#`` and the Id of an element) and its hash."""

    Id: Attribute[xs.ID] | None = None
    URI: Attribute[xs.anyURI] | None = None
    Type: Attribute[xs.anyURI] | None = None
    Transforms: Ref[TransformsType] | None = None
    DigestMethod: Ref[DigestMethodType]
    DigestValue: DigestValueType


class SignedInfoType(DsigType, element="SignedInfo"):
    """What the signature value covers: the methods and the references."""

    Id: Attribute[xs.ID] | None = None
    CanonicalizationMethod: Ref[CanonicalizationMethodType]
    SignatureMethod: Ref[SignatureMethodType]
    Reference: Annotated[list[ReferenceType], Occurs(1, None)]


class SignatureValueType(DsigType, element="SignatureValue"):
    """The signature: for ECDSA r and s, each as long as the curve's order."""

    Id: Attribute[xs.ID] | None = None
    value: SimpleContent[xs.base64Binary]


class DSAKeyValueType(DsigType, element="DSAKeyValue"):
    """A DSA key. ``items``: P and Q (both or none), G, Y (required), J, Seed and PgenCounter (both or none)."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = Seq(
        (
            Seq((El("P", CryptoBinary), El("Q", CryptoBinary)), 0),
            El("G", CryptoBinary, 0),
            El("Y", CryptoBinary),
            El("J", CryptoBinary, 0),
            Seq((El("Seed", CryptoBinary), El("PgenCounter", CryptoBinary)), 0),
        )
    )


class RSAKeyValueType(DsigType, element="RSAKeyValue"):
    """An RSA key."""

    Modulus: CryptoBinary
    Exponent: CryptoBinary


class KeyValueType(DsigType, element="KeyValue", mixed=True):
    """One public key; ``items`` holds one pair, DSAKeyValue or RSAKeyValue."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = OneOf((El("DSAKeyValue", "DSAKeyValueType"), El("RSAKeyValue", "RSAKeyValueType"), Any_()))


class RetrievalMethodType(DsigType, element="RetrievalMethod"):
    """Where key material can be found."""

    URI: Attribute[xs.anyURI] | None = None
    Type: Attribute[xs.anyURI] | None = None
    Transforms: Ref[TransformsType] | None = None


class X509IssuerSerialType(DsigType):
    """A certificate by its issuer's name and its serial number. -2 lists root certificates this way."""

    X509IssuerName: xs.string
    X509SerialNumber: xs.integer


class X509DataType(DsigType, element="X509Data"):
    """Certificates, or what identifies one; ``items`` in any order and number, at least one."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = Seq(
        (
            OneOf(
                (
                    El("X509IssuerSerial", "X509IssuerSerialType"),
                    El("X509SKI", xs.base64Binary),
                    El("X509SubjectName", xs.string),
                    El("X509Certificate", xs.base64Binary),
                    El("X509CRL", xs.base64Binary),
                    Any_(),
                )
            ),
        ),
        1,
        None,
    )


class PGPDataType(DsigType, element="PGPData"):
    """A PGP key: PGPKeyID and perhaps PGPKeyPacket, or PGPKeyPacket alone."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = OneOf(
        (
            Seq((El("PGPKeyID", xs.base64Binary), El("PGPKeyPacket", xs.base64Binary, 0), _ANY_NUMBER)),
            Seq((El("PGPKeyPacket", xs.base64Binary), _ANY_NUMBER)),
        )
    )


class SPKIDataType(DsigType, element="SPKIData"):
    """SPKI keys; ``items``: one or more SPKISexp."""

    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = Seq((El("SPKISexp", xs.base64Binary), Any_(0)), 1, None)


class KeyInfoType(DsigType, element="KeyInfo", mixed=True):
    """Whose key signed; ``items`` in any order, at least one. V2G sends none: the certificate is in the body."""

    Id: Attribute[xs.ID] | None = None
    items: list[tuple[str, Any]] = field(default_factory=list)
    __content__ = OneOf(
        (
            El("KeyName", xs.string),
            El("KeyValue", "KeyValueType"),
            El("RetrievalMethod", "RetrievalMethodType"),
            El("X509Data", "X509DataType"),
            El("PGPData", "PGPDataType"),
            El("SPKIData", "SPKIDataType"),
            El("MgmtData", xs.string),
            Any_(),
        ),
        1,
        None,
    )


class ObjectType(DsigType, element="Object", mixed=True, wildcard=_ANY_NUMBER):
    """Anything, carried inside the signature; V2G sends none."""

    Id: Attribute[xs.ID] | None = None
    MimeType: Attribute[xs.string] | None = None
    Encoding: Attribute[xs.anyURI] | None = None


class SignatureType(DsigType, element="Signature"):
    """A signature in a message header."""

    Id: Attribute[xs.ID] | None = None
    SignedInfo: Ref[SignedInfoType]
    SignatureValue: Ref[SignatureValueType]
    KeyInfo: Ref[KeyInfoType] | None = None
    Object: Annotated[list[Ref[ObjectType]], Occurs(0, None)] = field(default_factory=list)


class ManifestType(DsigType, element="Manifest"):
    """References outside SignedInfo; V2G sends none."""

    Id: Attribute[xs.ID] | None = None
    Reference: Annotated[list[ReferenceType], Occurs(1, None)]


class SignaturePropertyType(DsigType, element="SignatureProperty", mixed=True, wildcard=Any_(1, None)):
    """A statement about a signature; V2G sends none."""

    Target: Attribute[xs.anyURI]
    Id: Attribute[xs.ID] | None = None


class SignaturePropertiesType(DsigType, element="SignatureProperties"):
    """Statements about signatures; V2G sends none."""

    Id: Attribute[xs.ID] | None = None
    SignatureProperty: Annotated[list[SignaturePropertyType], Occurs(1, None)]
