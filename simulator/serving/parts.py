"""Parts of an ecosystem that are served on their own, and how one uses the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from pncsim.backend.auth.remote import USERINFO, RemoteGrants, mirror_clients
from pncsim.backend.faces import FACES
from pncsim.backend.pki.remote import RemoteAuthorities, fetch_pki
from pncsim.backend.rest.client import HttpClient, HttpReply
from pncsim.backend.store import Store
from pncsim.simulator.pool.calls import trust
from pncsim.simulator.pool.client import KnownServices, Participant
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.urls import without_password
from pncsim.wire.voice import Voice


class ServedPart(Struct, frozen=True):
    """What is served: ``names`` of services, in a folder called ``folder`` unless told."""

    folder: str
    names: tuple[str, ...]


ECOSYSTEM = ServedPart("ecosystem", tuple(FACES))
PKI = ServedPart("pki", ("token", "est", "ocsp", "crl", "admin"))
POOLS = ServedPart("pools", ("rcp", "pcp", "ccp", "cps", "webhooks", "admin"))

MIRROR = 60.0
"""Seconds until a participant who came or went there is known of here, where events concern it."""
_TOKEN = 5.0
"""Seconds until a token's holder has to be known."""


class Elsewhere:
    """The PKI in another process, with the participants known there: ``known``, found at ``where``.

    ``client`` is who calls there, an administrator of the same operator. Raises LocalError for one without a secret.
    """

    def __init__(self, known: KnownServices, where: str, clock: Clock, *, client: str, ca: Path | None = None) -> None:
        tls = trust(ca or known.root)
        self._file, self._where, self._clock = known.file, without_password(where), clock
        self.services: Mapping[str, str] = {name: url for name, url in known.services.items() if name != "admin"}
        """The services there that clients use."""
        self._calls = Participant(clock, known.of(client), "", known.services, tls=tls)
        self._http = HttpClient(clock, whole=_TOKEN, body=65_536, clause="ACC-1", tls=tls)
        self._token = known.services["token"]
        self.grants = RemoteGrants(self._http, self._token[: -len("/oauth/token")] + USERINFO).grant

    @property
    def clients(self) -> Sequence[Mapping[str, Any]]:
        """The clients whose secrets were handed over, as the file has them."""
        held = json.loads(self._file.read_bytes())
        found: Sequence[Mapping[str, Any]] = held if isinstance(held, list) else held.get("clients", [])
        return found

    async def pki(self, store: Store) -> Pki:
        """The certificates there, and a signer of our own. Raises LocalError where nobody answers."""
        try:
            return await fetch_pki(self._calls, store, self._clock)
        except PeerError as error:
            raise LocalError(
                f"The PKI of {self._where} cannot be used: {error.sentence}", advice="Start pnc serve pki first."
            ) from error

    def authorities(self, voice: Voice, store: Store, pki: Pki) -> RemoteAuthorities:
        """What issues and revokes there."""
        return RemoteAuthorities(self._clock, voice, store, pki, self._calls)

    async def log_in(self, body: bytes, media_type: str) -> HttpReply:
        """What the token service there says to a request of a client here. Raises PeerError."""
        whom, headers = f"The token service at {self._token}", {"Content-Type": media_type}
        return await self._http.request(whom, "POST", self._token, body=body, headers=headers)

    async def mirror(self, store: Store) -> None:
        """Know here who takes part there. Raises PeerError."""
        await mirror_clients(self._calls, store)

    async def close(self) -> None:
        """Close the connections."""
        await self._calls.close()
        await self._http.close()
