"""Contracts in a directory that several vehicles may share: a folder per contract, a manifest that says which count.

Every change is made to what the directory holds at that moment, by one vehicle at a time, so that nobody's contract is
lost. The manifest is replaced in one step after the new folders are complete: whoever reads the directory finds the
old set or the new set, never a certificate without its key. Key files have mode 0600, folders 0700.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.ev.contracts import Contract, ContractStore, Held
from pncsim.tls_certs.reading import Unreadable, fingerprint, load_all
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.files import locked, replace_file, sweep

MANIFEST = "contracts.json"
FILES = ("chain.pem", "key.pem")
"""What lies in the folder of a contract."""

_OURS = re.compile(r"[0-9A-Z]{14,15}-[0-9a-f]+")
"""Folders of this name are contracts of ours; who else keeps something in the directory is not disturbed."""

Kept = dict[str, Contract]
"""Contracts by the name of their folder, in the order of the manifest."""


class ContractFolder:
    """A :class:`~ev.contracts.ContractKeeper` over ``directory``, which is made when first needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self) -> Held:
        """What is kept now; nothing where there is no directory. Raises LocalError for one that cannot be read."""
        try:
            with locked(self._directory, shared=True):
                return _held(*self._read())
        except (FileNotFoundError, NotADirectoryError):
            return Held()
        except OSError as error:
            raise self._unreadable(error) from error

    def change(self, change: Callable[[Held], Held]) -> Held:
        """As :class:`~ev.contracts.ContractKeeper`; what writers that died left behind is swept."""
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self._directory):
                kept, default = self._read()
                sweep(self._directory)
                held = change(_held(kept, default))
                rows = [self._row(contract, contract.emaid == held.default, kept) for contract in _contracts(held)]
                content = json.dumps(rows, indent=2).encode()
                replace_file(self._directory / MANIFEST, content, 0o600, durable=True)
                self._remove_all_but({row["folder"] for row in rows}, known=kept)
        except OSError as error:
            raise LocalError(
                f"The contracts could not be written to {self._directory}: {error.strerror}.",
                advice="Check that the directory exists, belongs to you and has room.",
            ) from error
        return held

    def _read(self) -> tuple[Kept, str | None]:
        """The contracts and the EMAID of the default one."""
        manifest = self._directory / MANIFEST
        if not manifest.exists():
            return {}, None
        try:
            rows = json.loads(manifest.read_bytes())
            kept = {row["folder"]: _read(self._directory, row) for row in rows}
            return kept, next((row["emaid"] for row in rows if row["default"]), None)
        except (OSError, ValueError, KeyError, TypeError, Unreadable) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> LocalError:
        return LocalError(
            f"The contracts in {self._directory} cannot be read: {error}.",
            advice="Restore the directory, or move it away to start without contracts.",
        )

    def _row(self, contract: Contract, default: bool, kept: Kept) -> dict[str, Any]:
        """The row of ``contract`` in the manifest, its folder being written unless it is there already."""
        own = contract.emaid, contract.credentials.chain_der
        found = (name for name, old in kept.items() if (old.emaid, old.credentials.chain_der) == own)
        folder = next(found, None) or self._write(contract)
        noted = {"renew": contract.renew, "refused": contract.refused}
        return {"emaid": contract.emaid, "folder": folder, "default": default} | noted

    def _write(self, contract: Contract) -> str:
        """A new folder; without a row in the manifest it does not count yet."""
        emaid = contract.emaid if contract.emaid.isalnum() else "contract"
        name = f"{emaid}-{fingerprint(contract.credentials.chain_der[0])[:16]}"
        folder = self._directory / name
        with suppress(FileExistsError):  # somebody died before it counted
            folder.mkdir(mode=0o700)
        if folder.is_symlink():
            raise OSError(errno.ELOOP, f"{folder} is a link to somebody else's folder")
        pem = serialization.Encoding.PEM
        chain = b"".join(one.public_bytes(pem) for one in contract.credentials.chain)
        key = contract.credentials.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        replace_file(folder / "chain.pem", chain, 0o644, durable=True)
        replace_file(folder / "key.pem", key, 0o600, durable=True)
        return name

    def _remove_all_but(self, counting: set[str], *, known: Iterable[str]) -> None:
        """Remove the folders of contracts that count no more, or never did; what else lies there is not ours."""
        for name in {*known, *filter(_OURS.fullmatch, os.listdir(self._directory))} - counting:
            folder = self._directory / name
            if folder.is_dir() and not folder.is_symlink():
                sweep(folder)
                for file in FILES:
                    (folder / file).unlink(missing_ok=True)
                with suppress(OSError):  # somebody keeps something of their own in it
                    folder.rmdir()


def open_contract_folder(directory: Path) -> ContractStore:
    """The contracts kept in ``directory`` (none if it does not exist), as a store that writes back to it.

    Raises :class:`LocalError` when the manifest or a file it names cannot be read.
    """
    folder = ContractFolder(directory)
    held = folder.read()
    return ContractStore(_contracts(held), default=held.default, keeper=folder)


def _held(kept: Kept, default: str | None) -> Held:
    return Held({contract.emaid: contract for contract in kept.values()}, default)


def _contracts(held: Held) -> Iterable[Contract]:
    return held.contracts.values()


def _read(directory: Path, row: dict[str, Any]) -> Contract:
    name = row["folder"]
    folder = directory / name
    if name in ("", ".", "..") or folder.parent != directory:
        raise ValueError(f"{name!r} is no folder in it")
    chain = load_all((folder / "chain.pem").read_bytes(), f"{folder / 'chain.pem'}")
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / 'key.pem'} holds no elliptic-curve key")
    return Contract(row["emaid"], Credentials(chain, key), row["renew"], row.get("refused", ""))
