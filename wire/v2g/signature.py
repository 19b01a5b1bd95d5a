"""XML signatures as ISO 15118-2 uses them (clause 7.9.2): what is hashed and signed is EXI, never XML text.

A reference's digest is SHA-256 over the element's own EXI fragment in the message grammar. The signature is ECDSA over
the EXI fragment of SignedInfo. Which grammar SignedInfo takes is not agreed in the field: five implementations use the
stand-alone xmldsig schema set, one the combined message set. We sign with the first and verify with both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pncsim.wire.credentials import Signer
from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

Grammar = Literal["xmldsig", "iso2"]
Part = tuple[str, object]
"""An element to sign or verify: its local name and its value, which carries the ``Id``."""

CANONICAL_EXI = "http://www.w3.org/TR/canonical-exi/"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MAX_REFERENCES = 4  # V2G2-909
_HALF = 32


class SignatureError(PeerError):
    """A signature is missing, malformed or wrong."""

    def __init__(self, sentence: str, *, clause: str = "", advice: str = "") -> None:
        super().__init__(sentence, clause=clause, advice=advice, kind="signature")


def sign(parts: Sequence[Part], signer: Signer, *, grammar: Grammar = "xmldsig") -> ds.SignatureType:
    """The header Signature over ``parts``, one reference each, in their order (at most 4, V2G2-909)."""
    info = ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm=CANONICAL_EXI),
        SignatureMethod=ds.SignatureMethodType(Algorithm=ECDSA_SHA256),
        Reference=[_reference(name, value) for name, value in parts],
    )
    return ds.SignatureType(
        SignedInfo=info, SignatureValue=ds.SignatureValueType(value=signer.sign(_signed_octets(info, grammar)))
    )


def verify(signature: ds.SignatureType | None, parts: Sequence[Part], public_key: ec.EllipticCurvePublicKey) -> Grammar:
    """Check that ``signature`` covers exactly ``parts`` and was made with ``public_key``.

    Returns the grammar in which SignedInfo verified. Raises :class:`SignatureError`, saying which of the checks failed.
    """
    what = " and ".join(name for name, _ in parts)
    if signature is None:
        raise SignatureError(f"{what} came without a signature in the message header.", clause="V2G2-771")
    info = signature.SignedInfo
    _check_form(info)
    references = {reference.URI: reference for reference in info.Reference}
    if len(references) != len(info.Reference):
        raise SignatureError("SignedInfo refers to the same element twice.", clause="V2G2-909")
    for name, value in parts:
        identifier = getattr(value, "Id", None)
        if not identifier:
            raise SignatureError(f"{name} has no Id, so that no signature can refer to it.", clause="V2G2-771")
        uri = f"#{identifier}"
        reference = references.pop(uri, None)
        if reference is None:
            raise SignatureError(
                f"The signature does not cover {name} with Id {uri[1:]!r}; it covers "
                f"{', '.join(str(r.URI) for r in info.Reference)}.",
                clause="V2G2-771",
            )
        if reference.DigestValue != _digest(name, value) and (
            reference.DigestValue != _digest(name, value, relaxed=False)
        ):
            raise SignatureError(
                f"The digest of {name} in the signature is not the SHA-256 of the element received.",
                clause="V2G2-771",
                advice="The element was altered after signing, or hashed in another EXI form.",
            )
    if references:
        raise SignatureError(f"SignedInfo refers to unknown elements: {', '.join(map(str, references))}.")
    raw = signature.SignatureValue.value
    if len(raw) != 2 * _HALF:
        raise SignatureError(f"SignatureValue has {len(raw)} bytes, expected 64 (r || s).")
    der = encode_dss_signature(int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))
    grammars: tuple[Grammar, ...] = ("xmldsig", "iso2")
    for grammar in grammars:
        try:
            public_key.verify(der, _signed_octets(info, grammar), ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return grammar
    raise SignatureError(
        f"The signature over {what} was not made with the key of the certificate shown.",
        advice="Tried SignedInfo in the xmldsig grammar and in the message grammar.",
    )


def _reference(name: str, value: object) -> ds.ReferenceType:
    return ds.ReferenceType(
        URI=f"#{getattr(value, 'Id')}",  # noqa: B009 - parts are of many types, all with an Id
        Transforms=ds.TransformsType(Transform=[ds.TransformType(Algorithm=CANONICAL_EXI)]),
        DigestMethod=ds.DigestMethodType(Algorithm=SHA256),
        DigestValue=_digest(name, value),
    )


def _digest(name: str, value: object, *, relaxed: bool = True) -> bytes:
    """SHA-256 of the element's fragment. ``relaxed`` matters for eMAID only, which is declared with two types: W3C EXI
    then wants the relaxed grammar (EXIficient), the cbV2G family of stacks takes the typed one.
    """
    return hashlib.sha256(codec("iso2").encode_fragment(name, value, relaxed=relaxed)).digest()


def _signed_octets(info: ds.SignedInfoType, grammar: Grammar) -> bytes:
    return codec(grammar).encode_fragment("SignedInfo", info)


def _check_form(info: ds.SignedInfoType) -> None:
    """V2G2-771: the only algorithms and shapes allowed."""
    if not 1 <= len(info.Reference) <= MAX_REFERENCES:
        raise SignatureError(f"SignedInfo has {len(info.Reference)} references, allowed are 1 to 4.", clause="V2G2-909")
    wanted = [
        ("CanonicalizationMethod", info.CanonicalizationMethod.Algorithm, CANONICAL_EXI),
        ("SignatureMethod", info.SignatureMethod.Algorithm, ECDSA_SHA256),
    ]
    for reference in info.Reference:
        wanted.append(("DigestMethod", reference.DigestMethod.Algorithm, SHA256))
        transforms = reference.Transforms.Transform if reference.Transforms else []
        wanted += [("Transform", transform.Algorithm, CANONICAL_EXI) for transform in transforms]
    for element, found, allowed in wanted:
        if found != allowed:
            raise SignatureError(f"{element} is {found!r}, allowed is {allowed!r}.", clause="V2G2-771")
