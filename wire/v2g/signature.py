"""XML signatures as ISO 15118 uses them (V2G2 7.9.2): what is hashed and signed is EXI, never XML text.

A reference's digest goes over the element's own EXI fragment in the message grammar, the signature over the EXI
fragment of SignedInfo. Which grammar SignedInfo takes is not agreed in the field: five implementations use the
stand-alone xmldsig schema set, one the combined message set. We sign with the first and verify with both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from pncsim.wire.algorithms import ED448, P256, P521, Algorithm, AlgorithmId, allowed
from pncsim.wire.credentials import Signer
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.exi.declare import ComplexType
from pncsim.wire.gate import Liberty, Tolerance, Tolerate, refuse
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

Part = tuple[str, object]
"""An element to sign or verify: its local name and its value, which carries the ``Id``."""

CANONICAL_EXI = "http://www.w3.org/TR/canonical-exi/"
MAX_REFERENCES = 4  # V2G2-909
SEPARATE = "xmldsig"
"""The message set of SignedInfo by itself."""


class Method(Struct, frozen=True):
    """How an algorithm is written in SignedInfo, and the digest of the elements that goes with it."""

    signature: str
    digest: str
    hash: Callable[[bytes], bytes]


METHODS: dict[Algorithm, Method] = {
    P256: Method(
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        lambda octets: hashlib.sha256(octets).digest(),
    ),
    P521: Method(
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        "http://www.w3.org/2001/04/xmlenc#sha512",
        lambda octets: hashlib.sha512(octets).digest(),
    ),
    ED448: Method(
        "urn:iso:std:iso:15118:-20:Security:xmldsig#Ed448",
        "urn:iso:std:iso:15118:-20:Security:xmlenc#SHAKE256",
        lambda octets: hashlib.shake_256(octets).digest(64),
    ),
}
"""V2G2-771, V2G20-2474 and -2476; the two URNs are ISO's own."""


class Rules(Struct, frozen=True):
    """What a standard asks of signatures: the message set whose grammar elements are hashed in, and the algorithms it
    allows.
    """

    messages: str
    algorithms: tuple[Algorithm, ...]


ISO2 = Rules("iso2", (P256,))
ISO2_BY_KEY = Rules("iso2", (P256, P521))
"""For who signs with the key it was given, whichever it is; who verifies says what it takes."""


def iso2_rules(ids: tuple[AlgorithmId, ...]) -> Rules:
    """Those of ISO 15118-2 where it is configured which algorithms are taken. Raises LocalError."""
    return ISO2 if ids == ("P-256",) else Rules("iso2", allowed(ids))


class SignatureError(PeerError):
    """A signature is missing, malformed or wrong."""

    def __init__(self, sentence: str, *, clause: str = "", advice: str = "") -> None:
        super().__init__(sentence, clause=clause, advice=advice, kind="signature")


def sign(parts: Sequence[Part], signer: Signer, *, rules: Rules = ISO2, grammar: str = SEPARATE) -> ds.SignatureType:
    """The header Signature over ``parts``, one reference each, in their order (at most 4, V2G2-909).

    ``grammar`` is the message set SignedInfo is encoded in. Raises LocalError for a signer the rules do not allow.
    """
    if signer.algorithm not in rules.algorithms:
        raise LocalError(f"{signer.algorithm.name} is not allowed here; allowed is {_names(rules)}.", clause="V2G2-771")
    method = METHODS[signer.algorithm]
    info = ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm=CANONICAL_EXI),
        SignatureMethod=ds.SignatureMethodType(Algorithm=method.signature),
        Reference=[],
    )
    for name, value in parts:
        reference = ds.ReferenceType(
            URI=f"#{getattr(value, 'Id')}",  # noqa: B009 - parts are of many types, all with an Id
            Transforms=ds.TransformsType(Transform=[ds.TransformType(Algorithm=CANONICAL_EXI)]),
            DigestMethod=ds.DigestMethodType(Algorithm=method.digest),
            DigestValue=_digest(name, value, method, rules),
        )
        info.Reference.append(reference)
    made = signer.sign(codec(grammar).encode_fragment("SignedInfo", info))
    return ds.SignatureType(SignedInfo=info, SignatureValue=ds.SignatureValueType(value=made))


def verify(
    signature: ds.SignatureType | None,
    parts: Sequence[Part],
    public_key: object,
    *,
    rules: Rules = ISO2,
    within: object = None,
    gate: Tolerate = refuse,
) -> str:
    """Check that ``signature`` covers exactly ``parts`` and was made with ``public_key``.

    ``within``: the message's body where it holds more than the parts: no two elements of a message, its signature
    included, have the same Id. Returns the message set in whose grammar SignedInfo verified. What implementations do
    differently goes through ``gate`` once all is verified. Raises :class:`SignatureError`, saying which of the checks
    failed, or what the gate raises.
    """
    if signature is None:
        raise SignatureError(f"{_named(parts)} came without a signature in the message header.", clause="V2G2-771")
    info = signature.SignedInfo
    algorithm = _check_form(info, rules)
    _check_ids(signature, *(parts if within is None else (within,)))
    liberties = [*_transforms(info), *_check_references(info, parts, METHODS[algorithm], rules)]
    raw = signature.SignatureValue.value
    if len(raw) != algorithm.size:
        form = "r || s" if algorithm.ecdsa else "RFC 8032"
        raise SignatureError(f"SignatureValue has {len(raw)} bytes, expected {algorithm.size} ({form}).")
    for grammar in (SEPARATE, rules.messages):
        if algorithm.verifies(public_key, raw, codec(grammar).encode_fragment("SignedInfo", info)):
            break
    else:
        if not algorithm.fits(public_key):
            said = f"The signature is {algorithm.name}, for which the key of the certificate shown is not."
            raise SignatureError(said)
        raise SignatureError(
            f"The signature over {_named(parts)} was not made with the key of the certificate shown.",
            advice="Tried SignedInfo in the xmldsig grammar and in the message grammar.",
        )
    if grammar != SEPARATE:
        said = f"SignedInfo of {_named(parts)} is encoded in the message grammar instead of the one of xmldsig."
        liberties.append(Tolerance.SIGNATURE_GRAMMAR(said, "7.9.2.4"))
    for liberty in liberties:
        gate(liberty)
    return grammar


def _transforms(info: ds.SignedInfoType) -> Iterator[Liberty]:
    """Each reference has exactly one Transform, canonical EXI, and nothing in it. No other one is ever followed."""
    for reference in info.Reference:
        transforms = reference.Transforms.Transform if reference.Transforms else []
        where, clause = f"The reference to {reference.URI}", "V2G2-771"
        if not transforms:
            yield Tolerance.TRANSFORMS_MISSING(f"{where} has no Transforms.", clause)
        elif len(transforms) > 1:
            yield Tolerance.TRANSFORM_REPEATED(f"{where} has the same Transform {len(transforms)} times.", clause)
        inside: list[Part] = []
        for transform in transforms:
            inside += transform.items
        if inside:
            yield Tolerance.TRANSFORM_CONTENT(f"{where} has {_named(inside)} in its Transform; ignored.", clause)


_SEVERAL = (list, tuple)
_PLAIN = frozenset((type(None), str, bytes, bool, int))
"""Types of most members, which hold no Id."""


def _check_ids(*signed: object) -> None:
    """A reference names an element by its Id, which therefore stands in a message once, however deep: what is verified
    is what is used (xs:ID; attacks by wrapping give theirs to two).
    """
    seen: set[str] = set()
    left = list(signed)
    for value in left:  # which grows meanwhile
        if isinstance(value, _SEVERAL):
            left += value
        elif isinstance(value, ComplexType):
            for name in type(value).__defaults__:
                member = getattr(value, name)
                if type(member) not in _PLAIN:
                    left.append(member)
                elif name == "Id" and member:
                    if member in seen:
                        raise SignatureError(
                            f"Two elements of the message have the Id {member!r}, so that nobody can tell which one is "
                            "signed.",
                            clause="V2G2-771",
                            advice="An Id stands in a message once.",
                        )
                    seen.add(member)


def _check_references(
    info: ds.SignedInfoType, parts: Sequence[Part], method: Method, rules: Rules
) -> Iterator[Liberty]:
    """Each part has its reference and its digest, and there is no reference to anything else."""
    references: dict[str | None, ds.ReferenceType] = {}
    for one in info.Reference:
        references[one.URI] = one
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
        if reference.DigestValue == _digest(name, value, method, rules):
            continue
        if reference.DigestValue != _digest(name, value, method, rules, relaxed=False):
            raise SignatureError(
                f"The digest of {name} in the signature is not that of the element received.",
                clause="V2G2-771",
                advice="The element was altered after signing, or hashed in another EXI form.",
            )
        said = f"{name} is hashed in the grammar of its type instead of the relaxed one of a fragment."
        yield Tolerance.DIGEST_GRAMMAR(said, "W3C EXI 8.5.3")
    if references:
        raise SignatureError(f"SignedInfo refers to unknown elements: {', '.join(map(str, references))}.")


def _digest(name: str, value: object, method: Method, rules: Rules, *, relaxed: bool = True) -> bytes:
    """The digest of the element's fragment. ``relaxed`` matters for eMAID only, which is declared with two types: W3C
    EXI then wants the relaxed grammar (EXIficient), the cbV2G family of stacks takes the typed one.
    """
    return method.hash(codec(rules.messages).encode_fragment(name, value, relaxed=relaxed))


def digest_of(name: str, value: object, signature: str, rules: Rules = ISO2) -> bytes:
    """The digest of an element as a reference to it has it, under this SignatureMethod. Raises LocalError."""
    method = next((one for algorithm, one in METHODS.items() if one.signature == signature), None)
    if method is None:
        raise LocalError(f"SignatureMethod is {signature!r}, allowed is {_names(rules)}.", clause="V2G2-771")
    return _digest(name, value, method, rules)


def _check_form(info: ds.SignedInfoType, rules: Rules) -> Algorithm:
    """V2G2-771: the only algorithms and shapes allowed. Returns the algorithm used."""
    if not 1 <= len(info.Reference) <= MAX_REFERENCES:
        raise SignatureError(f"SignedInfo has {len(info.Reference)} references, allowed are 1 to 4.", clause="V2G2-909")
    for algorithm in rules.algorithms:
        if METHODS[algorithm].signature == info.SignatureMethod.Algorithm:
            break
    else:
        named = " or ".join(repr(METHODS[algorithm].signature) for algorithm in rules.algorithms)
        raise SignatureError(
            f"SignatureMethod is {info.SignatureMethod.Algorithm!r}, allowed is {named}.", clause="V2G2-771"
        )
    wanted = [("CanonicalizationMethod", info.CanonicalizationMethod.Algorithm, CANONICAL_EXI)]
    for reference in info.Reference:
        wanted.append(("DigestMethod", reference.DigestMethod.Algorithm, METHODS[algorithm].digest))
        for transform in reference.Transforms.Transform if reference.Transforms else ():
            wanted.append(("Transform", transform.Algorithm, CANONICAL_EXI))
    for element, found, right in wanted:
        if found != right:
            raise SignatureError(f"{element} is {found!r}, allowed is {right!r}.", clause="V2G2-771")
    return algorithm


def _named(parts: Sequence[Part]) -> str:
    return " and ".join(name for name, _ in parts)


def _names(rules: Rules) -> str:
    return " or ".join(algorithm.name for algorithm in rules.algorithms)
