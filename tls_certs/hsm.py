"""Private keys in a hardware security module (PKCS#11): they sign there, and never leave it.

A key is named by a URI (RFC 7512), which stands in a PKI folder's manifest where the name of a key's file would:
``pkcs11:token=pnc;object=cpo_sub2?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=/etc/pnc/pin``. Whatever signs
takes such a key for any other of P-256: certificates, revocation lists, OCSP answers, contract data.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import quote, unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct

from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    import pkcs11

SCHEME = "pkcs11:"
PIN = "PNC_HSM_PIN"
"""The environment variable that holds the PIN where a URI names no file with it."""
_FIELD = 32
"""Octets of a number on P-256."""


class TokenUri(Struct, frozen=True, kw_only=True):
    """What a URI says: the ``token`` by its label, the ``object`` in it, the ``module`` that reaches it, and the file
    with the PIN (empty: the PIN is in the environment)."""

    token: str
    object: str = ""
    module: str
    pin_file: str = ""

    def __str__(self) -> str:
        path = f"token={_quoted(self.token)}" + (f";object={_quoted(self.object)}" if self.object else "")
        query = f"module-path={_quoted(self.module)}" + (
            f"&pin-source={_quoted(self.pin_file)}" if self.pin_file else ""
        )
        return f"{SCHEME}{path}?{query}"


def parse_uri(text: str, folder: Path) -> TokenUri:
    """The parts of a URI; the name of a file with a PIN is one in ``folder`` unless it is absolute.

    Raises LocalError for what is missing, and for a PIN that stands in the URI itself.
    """
    path, _, query = text.removeprefix(SCHEME).partition("?")
    parts, asked = _parts(path, ";"), _parts(query, "&")
    if not text.startswith(SCHEME) or not parts.get("token") or not asked.get("module-path"):
        raise LocalError(
            f"{_shown(text)} names no token of an HSM.",
            clause="RFC 7512",
            advice="For instance pkcs11:token=pnc?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=pin.txt",
        )
    if "pin-value" in asked:
        raise LocalError(
            "A PIN does not stand in the URI of a token, where others can read it.",
            clause="RFC 7512 7.3",
            advice=f"Name a file with it (pin-source=FILE), or put it into ${PIN}.",
        )
    source = asked.get("pin-source", "").removeprefix("file:")
    pin_file = str(folder.absolute() / source) if source else ""
    return TokenUri(
        token=parts["token"], object=parts.get("object", ""), module=asked["module-path"], pin_file=pin_file
    )


class HsmKey(ec.EllipticCurvePrivateKey):
    """A private key of P-256 in a token; ``uri`` names it."""

    def __init__(self, uri: TokenUri, private: Any, public: ec.EllipticCurvePublicKey) -> None:
        self.uri = uri
        self._private, self._public = private, public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """The signature in DER. Raises LocalError where the token does not make it."""
        import pkcs11

        with _told(self.uri, f"sign with {self.uri.object} in"):
            raw = self._private.sign(_digest(data, signature_algorithm), mechanism=pkcs11.Mechanism.ECDSA)
        if len(raw) != 2 * _FIELD:  # a module that was not told the mechanism is known to answer nothing at all
            raise LocalError(f"{self._who()} has made a signature of {len(raw)} octets, {2 * _FIELD} were expected.")
        return encode_dss_signature(int.from_bytes(raw[:_FIELD], "big"), int.from_bytes(raw[_FIELD:], "big"))

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        self._stays()

    def private_numbers(self) -> NoReturn:
        self._stays()

    def private_bytes(self, *given: object, **named: object) -> NoReturn:
        self._stays()

    def __copy__(self) -> HsmKey:
        return self

    def __deepcopy__(self, memo: dict[Any, Any]) -> HsmKey:
        return self

    def _stays(self) -> NoReturn:
        raise LocalError(
            f"{self._who()} signs, and does nothing else.", advice="What else a key does needs one in a file."
        )

    def _who(self) -> str:
        return f"The key {self.uri.object} of the token {self.uri.token}"


def open_key(text: str, folder: Path) -> HsmKey:
    """The key that the URI ``text`` names, in a manifest of ``folder``. Raises LocalError."""
    uri = parse_uri(text, folder)
    found = _find(_session(uri), uri)
    if found is None:
        raise LocalError(f"There is no key {uri.object or '(without a name)'} in the token {uri.token}.")
    return found


def key_maker(text: str, folder: Path) -> Callable[[str], HsmKey]:
    """Makes keys of P-256, by their roles, in the token that the URI ``text`` names; its ``object`` precedes the role.

    Raises LocalError where the token cannot be used; making one where there is a key of that name already does so, too.
    """
    uri = parse_uri(text, folder)
    session = _session(uri)

    def make(role: str) -> HsmKey:
        import pkcs11
        from pkcs11.util.ec import encode_named_curve_parameters

        own = TokenUri(token=uri.token, object=f"{uri.object}{role}", module=uri.module, pin_file=uri.pin_file)
        if _find(session, own) is not None:
            raise LocalError(
                f"There is a key {own.object} in the token {own.token} already.",
                advice="Name another beginning (object=second-), use another token, or remove the key.",
            )
        with _told(own, "make a key in"):
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            parameters.generate_keypair(
                mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN,
                store=True,
                label=own.object,
                capabilities=pkcs11.MechanismFlag.SIGN | pkcs11.MechanismFlag.VERIFY,
                private_template={pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False},
            )
        made = _find(session, own)
        assert made is not None, "it was just made"
        return made

    return make


_ADVICE: Mapping[str, str] = {
    "NoSuchToken": "`softhsm2-util --show-slots` shows those of SoftHSM2, $SOFTHSM2_CONF says where it looks for them.",
    "PinIncorrect": "Is it the user's PIN, and that of this token?",
    "PinLenRange": "Is it the user's PIN, and that of this token?",
}


@contextmanager
def _told(uri: TokenUri, doing: str) -> Iterator[None]:
    """Around what a module does: what it raises becomes a sentence."""
    import pkcs11

    try:
        yield
    except pkcs11.PKCS11Error as error:
        name = type(error).__name__
        said = f" ({error})" if name == "PKCS11Error" else ""
        raise LocalError(
            f"{uri.module} cannot {doing} the token {uri.token}: {name}{said}.", advice=_ADVICE.get(name, "")
        ) from error


def _session(uri: TokenUri) -> pkcs11.Session:
    try:
        import pkcs11
    except ImportError as error:
        raise LocalError(
            f"Keys are in the token {uri.token}, and there is no python-pkcs11 to reach it.",
            advice="Install it: pip install 'pncsim[hsm]'.",
        ) from error
    pin = _pin(uri)
    opened = _OPENED.get((uri.module, uri.token))
    if opened is None:
        with _told(uri, "open"):
            opened = pkcs11.lib(uri.module).get_token(token_label=uri.token).open(rw=True, user_pin=pin)
        _OPENED[uri.module, uri.token] = opened
    return opened


_OPENED: dict[tuple[str, str], pkcs11.Session] = {}
"""A token lets a process in once, however often a folder is read."""


def _pin(uri: TokenUri) -> str:
    if not uri.pin_file:
        pin = os.environ.get(PIN, "")
        if not pin:
            raise LocalError(
                f"The PIN of the token {uri.token} is not known.",
                advice=f"Name a file with it (pin-source=FILE), or put it into ${PIN}.",
            )
        return pin
    path = Path(uri.pin_file)
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise LocalError(f"{path} holds a PIN and can be read by others.", advice=f"chmod 600 {path}")
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"The PIN of the token {uri.token} cannot be read from {path}: {error}.") from error


def _find(session: pkcs11.Session, uri: TokenUri) -> HsmKey | None:
    import pkcs11
    from pkcs11.util.ec import encode_ec_public_key

    with _told(uri, "look for a key in"):
        try:
            private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=uri.object)
            public = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=uri.object)
        except pkcs11.NoSuchKey:
            return None
        except pkcs11.MultipleObjectsReturned:
            raise LocalError(f"There are several keys {uri.object} in the token {uri.token}.") from None
        try:
            key = load_der_public_key(encode_ec_public_key(cast("pkcs11.PublicKey", public)))
        except (pkcs11.AttributeTypeInvalid, ValueError, UnsupportedAlgorithm):
            key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise LocalError(
            f"{uri.object} in the token {uri.token} is not a P-256 key, the only kind used here.", clause="V2G2-007"
        )
    return HsmKey(uri, private, key)


def _digest(data: bytes, algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
    assert isinstance(algorithm, ec.ECDSA), "cryptography knows no other"
    if isinstance(algorithm.algorithm, Prehashed):
        return data
    digest = hashes.Hash(algorithm.algorithm)
    digest.update(data)
    return digest.finalize()


def _parts(text: str, parted: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(parted) if part)
    return {name: unquote(value) for name, _, value in pairs}


def _quoted(text: str) -> str:
    return quote(text, safe="/-._~:@")


def _shown(text: str) -> str:
    """A URI for people, without what might be a PIN."""
    return repr(text.partition("?")[0][:120])
