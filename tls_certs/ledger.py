"""What the authorities of a PKI folder have issued and revoked, beyond the life of a process: a list that only grows.

One JSON object a line, the first of them about the list itself. Lines are appended in one write each, so several
processes may keep one list, and who reads it while it grows sees whole lines.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from cryptography import x509

from pncsim.tls_certs.certid import issuer_hashes
from pncsim.tls_certs.revocation import Reason, Registry, Revocation
from pncsim.wire.errors import LocalError

LEDGER = "issued.jsonl"
"""Its file in a PKI folder."""

GLANCE = 0.005
"""Seconds of the machine's time for which a list is as it was when it was looked at: no other program is quicker."""

_REASONS = frozenset(get_args(Reason))


class Ledger:
    """The list of one folder. Implements :class:`tls_certs.revocation.Chronicle`.

    ``writing``: what is issued and revoked from now on is appended; else it is forgotten with the process, as befits a
    trial. A folder without a list, or whose list does not begin with its first certificate, is not ``complete``:
    nobody knows what else was issued.
    """

    def __init__(self, folder: Path, *, writing: bool = False) -> None:
        self.complete = False
        self.lost = ""
        """Why something could not be written, in a sentence; empty while all could."""
        self._path, self._writing = str(folder / LEDGER), writing
        self._read_to = self._line = 0
        self._looked = 0.0
        self._registries: dict[str, Registry] = {}
        self.refresh()

    def registry(self, issuer: x509.Certificate, issued: Iterable[int] = ()) -> Registry:
        """What the authority with the name and key of ``issuer`` has issued, those with the numbers ``issued`` too."""
        registry = self._of(issuer_name(issuer))
        registry.issued.update(issued)
        return registry

    def glance(self) -> None:
        """As :meth:`refresh`, unless that was a moment ago."""
        if time.monotonic() - self._looked >= GLANCE:
            self.refresh()

    def refresh(self) -> None:
        """Take in what has been appended since. Raises LocalError for a list that cannot be read."""
        self._looked = time.monotonic()
        try:
            if os.stat(self._path).st_size <= self._read_to:
                return
            with open(self._path, "rb") as file:
                file.seek(self._read_to)
                added = file.read()
        except FileNotFoundError:
            return
        except OSError as error:
            raise LocalError(f"{self._path} cannot be read: {error.strerror}.") from error
        whole = added[: added.rfind(b"\n") + 1]
        for line in whole.splitlines():
            self._line += 1
            self._take(line)
        self._read_to += len(whole)

    def note(self, issuer: str, serial: int, revocation: Revocation | None) -> None:
        """A certificate was issued, or revoked; without ``writing`` nothing happens."""
        if not self._writing:
            return
        try:
            with open(self._path, "ab", opener=_append) as file:
                if file.tell() == 0:
                    file.write(_header(complete=False))
                file.write(entry(issuer, serial, revocation))
        except OSError as error:
            self.lost = f"{self._path} cannot be written ({error.strerror}): it is remembered by this process alone."

    def _of(self, issuer: str) -> Registry:
        if issuer not in self._registries:
            self._registries[issuer] = Registry(complete=self.complete, issuer=issuer, chronicle=self)
        return self._registries[issuer]

    def _take(self, line: bytes) -> None:
        try:
            row: dict[str, Any] = json.loads(line)
            if "complete" in row:
                self.complete = bool(row["complete"])
                return
            registry, serial = self._of(row["issuer"]), int(row["serial"], 16)
            registry.issued.add(serial)
            if "revoked" in row:
                reason: Reason = row["reason"] if row.get("reason") in _REASONS else "unspecified"
                registry.revoked.setdefault(serial, Revocation(float(row["revoked"]), reason))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LocalError(
                f"Line {self._line} of {self._path} cannot be read: {error!r}.",
                advice="Mend the line; without the file its revocations are forgotten.",
            ) from error


def issuer_name(issuer: x509.Certificate) -> str:
    """How the list names an authority: by hashes of its name and its key, as OCSP does; renewing it changes neither."""
    return "".join(part.hex()[:32] for part in issuer_hashes(issuer, "SHA256"))


def entry(issuer: str, serial: int, revocation: Revocation | None = None) -> bytes:
    """One line."""
    row: dict[str, Any] = {"issuer": issuer, "serial": f"{serial:x}"}
    if revocation is not None:
        row |= {"revoked": int(revocation.time), "reason": revocation.reason}
    return json.dumps(row).encode() + b"\n"


def new_list(registries: Iterable[Registry], *, complete: bool) -> bytes:
    """The list of a folder that is new; ``complete``: everything its authorities have ever issued stands in it."""
    rows = [
        entry(registry.issuer, serial, registry.revoked.get(serial))
        for registry in registries
        for serial in sorted(registry.issued)
    ]
    return b"".join((_header(complete=complete), *rows))


def _header(*, complete: bool) -> bytes:
    return json.dumps({"complete": complete}).encode() + b"\n"


def _append(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
