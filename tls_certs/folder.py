"""A PKI folder: PEM files and a manifest ``pki.json``, a flat JSON object from role to file name.

A key may be in a token of an HSM instead; then its URI stands where the name of its file would (:mod:`tls_certs.hsm`).
Keys are files of their own (role ``<role>_key``), never readable by others, not even for a moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
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

from pncsim.tls_certs.hsm import SCHEME, HsmKey, open_key
from pncsim.tls_certs.reading import Unreadable, load_all, p256_key
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.files import NewFile, locked, replace_together, sweep

MANIFEST = "pki.json"
_KEY = "_key"
_PASSWORD = "key_password"

Certificates = Mapping[str, Sequence[x509.Certificate]]
Keys = Mapping[str, ec.EllipticCurvePrivateKey]


def write_folder(
    directory: Path,
    parts: Mapping[str, tuple[Certificates, Keys]],
    *,
    force: bool = False,
    further: Mapping[str, bytes] | None = None,
) -> None:
    """Write certificates and keys by role, and a manifest, for each part: a subfolder by its name, or "" the folder.

    ``further``: what else lies in the folder itself, by name.

    Folders are made with mode 0700, keys with 0600. Raises LocalError, without ``force`` also when a PKI or one of the
    files is there already; nothing is changed then, and no folder left that was not there. Several processes may write
    one folder at once: who reads it with :func:`read_folders` finds it as one of them has written it.
    """
    # The folder's own manifest is the last file of all: without it the folder is visibly unfinished.
    files = {directory / name: _files(directory / name, *parts[name]) for name in sorted(parts, reverse=True)}
    files[directory][:0] = (NewFile(directory / name, octets) for name, octets in (further or {}).items())
    made: list[Path] = []
    try:
        _refuse_overwriting(files, force)
        made += [place for place in (*files, *directory.parents) if not place.exists()]
        directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        with locked(directory):
            _refuse_overwriting(files, force)  # somebody else may have been quicker
            for place, own in files.items():
                place.mkdir(mode=0o700, exist_ok=True)
                sweep(place)
                if _is_ours(place, {file.path.name for file in own}):
                    place.chmod(0o700)
            replace_together([file for own in files.values() for file in own])
    except OSError as error:
        _take_away(made)
        raise LocalError(f"The PKI folder {directory} cannot be written: {_cause(error)}.") from error
    except BaseException:
        _take_away(made)
        raise


def update_folder(directory: Path, change: Callable[[Certificates], tuple[Certificates, Keys]]) -> None:
    """Put into a folder, which is made if need be, what ``change`` returns for the certificates that are there.

    All else stays as it is. Raises LocalError, changing nothing.
    """
    try:
        directory.mkdir(parents=True, mode=0o700, exist_ok=True)
        with locked(directory):
            manifest = _manifest(directory) if (directory / MANIFEST).exists() else {}
            there, _ = read_folder(directory) if manifest else ({}, {})
            certificates, keys = change(there)
            *files, own = _files(directory, certificates, keys)
            changed = json.loads(own.octets)
            others = {name for role, names in manifest.items() if role not in changed for name in _several(names)}
            for file in files:
                if file.path.name in others:
                    raise LocalError(f"{file.path} belongs to another role, too, and was not overwritten.")
            sweep(directory)
            merged = {**manifest, **changed}
            replace_together([*files, NewFile(own.path, json.dumps(merged, indent=1).encode() + b"\n")])
    except OSError as error:
        raise LocalError(f"The PKI folder {directory} cannot be written: {_cause(error)}.") from error


def _several(names: str | list[str]) -> list[str]:
    return names if isinstance(names, list) else [names]


def _files(place: Path, certificates: Certificates, keys: Keys) -> list[NewFile]:
    contents = {role: b"".join(one.public_bytes(Encoding.PEM) for one in chain) for role, chain in certificates.items()}
    contents |= {
        role + _KEY: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for role, key in keys.items()
        if not isinstance(key, HsmKey)
    }
    manifest = {role: f"{role}.pem" for role in contents}
    tokens = {role + _KEY: str(key.uri) for role, key in keys.items() if isinstance(key, HsmKey)}
    return [
        *(
            NewFile(place / manifest[role], octets, 0o600 if role.endswith(_KEY) else 0o644)
            for role, octets in contents.items()
        ),
        NewFile(place / MANIFEST, json.dumps({**manifest, **tokens}, indent=1).encode() + b"\n"),
    ]


def _refuse_overwriting(files: Mapping[Path, Sequence[NewFile]], force: bool) -> None:
    """Raise LocalError if a PKI, or one of ``files``, is there already."""
    for file in (file for own in files.values() for file in reversed(own)) if not force else ():
        if file.path.exists():
            raise LocalError(
                f"{file.path} is there already and was not overwritten.",
                advice="Choose another folder, or overwrite it with --force.",
            )


def _is_ours(directory: Path, names: set[str]) -> bool:
    """Whether nothing but a PKI lies in the folder, so that closing it to others disturbs nobody."""
    return all(entry.name in names or (entry / MANIFEST).exists() for entry in directory.iterdir())


def _take_away(made: Iterable[Path]) -> None:
    """Remove the folders that were made for nothing; what is in use meanwhile stays."""
    for place in made:
        with suppress(OSError):
            place.rmdir()


def read_folders(
    directory: Path, *subfolders: str
) -> tuple[dict[str, tuple[x509.Certificate, ...]], dict[str, ec.EllipticCurvePrivateKey]]:
    """As :func:`read_folder`, with what those of ``subfolders`` hold that are a PKI folder, too; all of one moment."""
    certificates: dict[str, tuple[x509.Certificate, ...]] = {}
    keys: dict[str, ec.EllipticCurvePrivateKey] = {}
    with ExitStack() as stack:
        with suppress(OSError):  # what cannot be locked for reading is read as it is, or said to be missing below
            stack.enter_context(locked(directory, shared=True))
        inside = (directory / name for name in subfolders)
        for place in (directory, *(place for place in inside if (place / MANIFEST).exists())):
            further, further_keys = read_folder(place)
            certificates |= further
            keys |= further_keys
    return certificates, keys


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
        paths = [directory / name for name in _several(names)]
        if role.endswith(_KEY):
            in_token = isinstance(names, str) and names.startswith(SCHEME)
            key = open_key(str(names), directory) if in_token else _key(role, paths[0], password)
            keys[role.removesuffix(_KEY)] = key
        else:
            certificates[role] = tuple(one for path in paths for one in _certificates(role, path))
    for role, key in keys.items():
        if role not in certificates:
            continue
        # Whatever order the file has: the certificate that the key belongs to is the role's.
        own = [one for one in certificates[role] if _has_key(one, key)]
        if not own:
            raise LocalError(
                f"{role}{_KEY} ({manifest[role + _KEY]}) is not the key of {role} ({manifest[role]}) in {directory}."
            )
        certificates[role] = (*own, *(one for one in certificates[role] if one not in own))
    return certificates, keys


def key_files(directory: Path) -> list[Path]:
    """The files of private keys that a folder's manifest names; none where there is no folder. Raises LocalError.

    Keys in a token have none.
    """
    if not (directory / MANIFEST).exists():
        return []
    manifest = _manifest(directory)
    names = (name for role in sorted(manifest) if role.endswith(_KEY) for name in _several(manifest[role]))
    return [directory / name for name in names if not name.startswith(SCHEME)]


def _has_key(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    own = p256_key(certificate)
    return own is not None and own == key.public_key()


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


def credentials_in(path: Path, what: str) -> Credentials:
    """A chain, leaf first, and its key in one PEM file, which sentences call ``what``. Raises LocalError."""
    credentials = Credentials(_certificates(what, path), _key(what, path, None))
    if credentials.leaf.public_key() != credentials.key.public_key():
        raise LocalError(f"The first certificate in {path} is not that of the key in it.")
    return credentials


def _cause(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
