"""Contracts in a directory: one folder per contract, one manifest that says which folders count.

The manifest is replaced in one step after the new folders are complete, so that whoever reads the directory finds the
old set or the new set, never a certificate without its key. Key files have mode 0600, folders 0700.
"""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.contracts import Contract, ContractStore
from pncsim.tls_certs.reading import Unreadable, load_all
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError

MANIFEST = "contracts.json"


class ContractFolder:
    """A :class:`~ev.contracts.ContractWriter` over ``directory``, which is made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, contracts: tuple[Contract, ...], default: str | None) -> None:
        """Replace the kept set. Raises LocalError, leaving the old set, when the directory cannot be written."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            rows = [
                {"emaid": c.emaid, "folder": self._folder(c), "renew": c.renew, "default": c.emaid == default}
                for c in contracts
            ]
            before = _folders(self._directory / MANIFEST)
            _write(self._directory / MANIFEST, json.dumps(rows, indent=2).encode(), 0o600)
            self._sweep(before - {str(row["folder"]) for row in rows})
        except OSError as error:
            raise LocalError(
                f"The contracts could not be written to {self._directory}: {error.strerror}.",
                advice="Check that the directory exists, belongs to you and has room.",
            ) from error

    def _folder(self, contract: Contract) -> str:
        """Write the folder of ``contract`` unless it is there already; the serial number makes its name unique."""
        name = f"{contract.emaid}-{contract.credentials.leaf.serial_number:x}"
        target = self._directory / name
        if target.is_dir():
            return name
        partial = self._directory / f".{name}.{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        pem = serialization.Encoding.PEM
        _write(partial / "chain.pem", b"".join(c.public_bytes(pem) for c in contract.credentials.chain), 0o644)
        key = contract.credentials.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(partial / "key.pem", key, 0o600)
        partial.rename(target)
        return name

    def _sweep(self, gone: set[str]) -> None:
        """Remove the folders of contracts that count no more; whatever else lies in the directory is not ours."""
        for name in gone:
            folder = self._directory / name
            if name != ".." and folder.parent == self._directory and not folder.is_symlink():
                for file in (folder / "chain.pem", folder / "key.pem"):
                    file.unlink(missing_ok=True)
                with suppress(OSError):  # somebody keeps something of their own in it
                    folder.rmdir()


def open_contract_folder(directory: Path) -> ContractStore:
    """The contracts kept in ``directory`` (none if it does not exist), as a store that writes back to it.

    Raises :class:`LocalError` when the manifest or a file it names cannot be read.
    """
    writer = ContractFolder(directory)
    manifest = directory / MANIFEST
    if not manifest.exists():
        return ContractStore(writer=writer)
    try:
        rows = json.loads(manifest.read_text())
        contracts = [_read(directory / row["folder"], row["emaid"], row["renew"]) for row in rows]
        default = next((row["emaid"] for row in rows if row["default"]), None)
    except (OSError, ValueError, KeyError, TypeError, Unreadable) as error:
        raise LocalError(
            f"The contracts in {directory} cannot be read: {error}.",
            advice=f"Restore the folder, or remove {manifest} to start without contracts.",
        ) from error
    return ContractStore(contracts, default=default, writer=writer)


def _folders(manifest: Path) -> set[str]:
    """The folders an existing manifest names; none where it cannot be read."""
    try:
        return {str(row["folder"]) for row in json.loads(manifest.read_text())}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _read(folder: Path, emaid: str, renew: bool) -> Contract:
    chain = load_all((folder / "chain.pem").read_bytes(), f"{folder / 'chain.pem'}")
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / 'key.pem'} holds no elliptic-curve key")
    return Contract(emaid, Credentials(chain, key), renew)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write ``path`` in one step: complete and durable under a passing name first, never readable too widely."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.fchmod(handle, mode)
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(partial, path)
