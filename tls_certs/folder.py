"""A PKI folder: PEM files and a manifest ``pki.json``, a flat JSON object from role to file name.

Keys are files of their own (role ``<role>_key``), never readable by others, not even for a moment.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from pncsim.tls_certs.reading import Unreadable, load_all
from pncsim.wire.errors import LocalError

MANIFEST = "pki.json"
_KEY = "_key"
_PASSWORD = "key_password"

Certificates = Mapping[str, Sequence[x509.Certificate]]
Keys = Mapping[str, ec.EllipticCurvePrivateKey]


def refuse_overwriting(directory: Path, roles: Iterable[str]) -> None:
    """Raise LocalError if a PKI, or a file that ``roles`` would go to, is in ``directory`` already, or may be."""
    for name in (MANIFEST, *map(file_name, roles)):
        try:
            found = (directory / name).exists()
        except OSError as error:
            raise _unwritable(directory, error) from error
        if found:
            raise LocalError(
                f"{directory / name} is there already and was not overwritten.",
                advice="Choose another folder, or overwrite it with --force.",
            )


def file_name(role: str) -> str:
    """Where :func:`write_folder` puts a role."""
    return f"{role}.pem"


def write_folder(directory: Path, certificates: Certificates, keys: Keys) -> None:
    """Write certificates and keys by role and, last of all, the manifest. Raises LocalError.

    The folder is made with mode 0700 and keys with 0600; each file is replaced as a whole.
    """
    contents = {role: b"".join(one.public_bytes(Encoding.PEM) for one in chain) for role, chain in certificates.items()}
    contents |= {
        role + _KEY: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for role, key in keys.items()
    }
    manifest = {role: file_name(role) for role in contents}
    try:
        directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        if _is_ours(directory, set(manifest.values())):
            directory.chmod(0o700)
        # A folder whose manifest is missing is visibly unfinished; one with an old manifest and new files is not.
        (directory / MANIFEST).unlink(missing_ok=True)
        for role, octets in contents.items():
            _replace(directory / manifest[role], octets, 0o600 if role.endswith(_KEY) else 0o644)
        _replace(directory / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n", 0o644)
    except OSError as error:
        raise _unwritable(directory, error) from error


def _unwritable(directory: Path, error: OSError) -> LocalError:
    return LocalError(f"The PKI folder {directory} cannot be written: {_cause(error)}.")


def _is_ours(directory: Path, names: set[str]) -> bool:
    """Whether nothing but a PKI lies in the folder, so that closing it to others disturbs nobody."""
    return all(
        entry.name in names or entry.name == MANIFEST or (entry / MANIFEST).exists() for entry in directory.iterdir()
    )


def _replace(path: Path, octets: bytes, mode: int) -> None:
    """Put a file in place as a whole; it has its mode from its first moment on."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_folder(
    directory: Path,
) -> tuple[dict[str, tuple[x509.Certificate, ...]], dict[str, ec.EllipticCurvePrivateKey]]:
    """Certificates and keys by role. Files may be PEM or DER; a certificate file may hold several. Raises LocalError.

    Roles may be missing; every file the manifest names must be there, and each key must be that of its certificate.
    """
    manifest = _manifest(directory)
    password = manifest.pop(_PASSWORD, None)
    certificates: dict[str, tuple[x509.Certificate, ...]] = {}
    keys: dict[str, ec.EllipticCurvePrivateKey] = {}
    for role, names in manifest.items():
        paths = [directory / name for name in (names if isinstance(names, list) else [names])]
        if role.endswith(_KEY):
            keys[role.removesuffix(_KEY)] = _key(role, paths[0], password)
        else:
            certificates[role] = tuple(one for path in paths for one in _certificates(role, path))
    for role, key in keys.items():
        if role in certificates and certificates[role][0].public_key() != key.public_key():
            raise LocalError(
                f"{role}{_KEY} ({manifest[role + _KEY]}) is not the key of {role} ({manifest[role]}) in {directory}."
            )
    return certificates, keys


def _manifest(directory: Path) -> dict[str, str | list[str]]:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise LocalError(
            f"There is no PKI in {directory}: {MANIFEST} is missing.", advice="Make one with `pnc certs create`."
        ) from error
    except (OSError, ValueError) as error:
        raise LocalError(f"{path} cannot be read: {_cause(error)}.") from error
    if not isinstance(manifest, dict) or not all(_is_file_name(value) for value in manifest.values()):
        raise LocalError(f"{path} is not a flat JSON object from role to file name.")
    manifest = {role: value for role, value in manifest.items() if value}
    return dict(manifest)


def _is_file_name(value: object) -> bool:
    several = isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
    return value is None or isinstance(value, str) or several


def _read(role: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LocalError(f"The file of {role}, {path}, cannot be read: {_cause(error)}.") from error


def _certificates(role: str, path: Path) -> tuple[x509.Certificate, ...]:
    data = _read(role, path)
    try:
        return load_all(data)
    except Unreadable as error:
        raise LocalError(f"The file of {role}, {path}, holds no certificate: {error.__cause__}.") from error


def _key(role: str, path: Path, password: object) -> ec.EllipticCurvePrivateKey:
    data = _read(role, path)
    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    secret = password.encode() if isinstance(password, str) else None
    try:
        try:
            key = load(data, secret)
        except TypeError:  # either a password for a key that has none, or none for a key that has one
            if secret is None:
                raise
            key = load(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise LocalError(
            f"The file of {role}, {path}, holds no private key that can be read.",
            advice=f"An encrypted key needs {_PASSWORD} in {MANIFEST}." if isinstance(error, TypeError) else "",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise LocalError(f"{role} in {path} is not a P-256 key, the only kind used here.", clause="V2G2-007")
    return key


def _cause(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
