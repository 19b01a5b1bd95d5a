"""What somebody finds who breaks into running services: the keys in their database file, if it lies on this machine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from urllib.parse import quote

from cryptography import x509

from pncsim.backend.pki.own import OWN_KEYS, OwnKey
from pncsim.backend.store.encoding import decode
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError

_FILE = "sqlite+aiosqlite:///"


def list_keys(database: str | None, where: str) -> tuple[x509.Certificate, Credentials]:
    """The root of the signed lists of the services at ``where``, and what signs them, read in ``database`` (its URL).

    Raises LocalError for services that keep elsewhere than in a file here, and have signed no list yet.
    """
    if database is None or not database.startswith(_FILE):
        raise LocalError(
            f"The key that signs the lists of the services at {where} is in no file that could be read here.",
            advice="Run it without --ecosystem, or name the ready file of services that keep in an SQLite file here.",
            kind="elsewhere",
        )
    try:
        with closing(sqlite3.connect(f"file:{quote(database.removeprefix(_FILE))}?mode=ro", uri=True)) as file:
            root, signer = (_own(file, role) for role in ("rcp_root", "rcp_signer"))
    except sqlite3.Error as error:
        raise LocalError(
            f"The database of the services at {where} cannot be read here: {error}.", kind="elsewhere"
        ) from error
    return root.certificate, Credentials((signer.certificate,), signer.key)


def _own(file: sqlite3.Connection, role: str) -> OwnKey:
    row = file.execute(f"SELECT value FROM pnc_{OWN_KEYS.name} WHERE key = ?", (role,)).fetchone()
    if row is None:
        raise LocalError(f"The services have no {role} yet: they have signed no list.", kind="elsewhere")
    return decode(OWN_KEYS, row[0])
