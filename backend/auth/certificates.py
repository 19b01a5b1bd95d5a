"""Mutual TLS as the other way to say who one is (ACC-9): certificates of clients, below a root of the operator's own.

The key is made by the client, which hands in a request; what it may do is looked up with each use, as with tokens. The
certificates live by the time their programs live by, the machine's, for TLS libraries judge them by that.
"""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct

from pncsim.backend.auth.clients import Clients
from pncsim.backend.pki.own import OwnAuthority
from pncsim.backend.rest.access import Grant
from pncsim.backend.store import Change, KeptKind, Store, every
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice

ROOT, SERVER, CLIENT = "pool_root", "pool_server", "pool_client"
"""The roles of :data:`tls_certs.profiles.PARTY_PROFILES` that the services' HTTPS runs on."""


class ClientCertificate(Struct, frozen=True, kw_only=True):
    """One that was issued to ``client``, as it has been known since ``client_since`` (lab seconds since the epoch)."""

    fingerprint: str
    client: str
    client_since: float
    certificate: x509.Certificate


CLIENT_CERTIFICATES: KeptKind[ClientCertificate] = KeptKind(
    "client_certificates", ClientCertificate, key=lambda kept: kept.fingerprint
)


class ClientCertificates:
    """Issues them, and knows their holders again. ``machine`` is the time TLS libraries live by."""

    def __init__(self, machine: Clock, voice: Voice, store: Store, clients: Clients, source: Source = SYSTEM) -> None:
        self._machine, self._voice, self._store, self._clients = machine, voice, store, clients
        self.own = OwnAuthority(machine, store, ROOT, source)
        """What the services' own server certificate comes from, too."""

    async def certify(self, id: str, request: bytes) -> x509.Certificate:
        """A certificate for the client ``id``, whose key has signed ``request`` (PKCS#10, PEM or DER).

        Its CN is the client's id, whatever the request says. Earlier ones stay good. Raises RequestError, and Refused
        with 404 for an unknown client.
        """
        with self._voice.call("certify client") as call:
            client = await self._clients.get(id)
            checked = check_request(request)
            authority = await self.own.authority()
            profile = PROFILES[CLIENT]
            made = authority.issue_from_request(checked, profile, self._machine.now(), common_name=id)
            kept = ClientCertificate(
                fingerprint=reading.fingerprint(reading.der(made)),
                client=id,
                client_since=client.created_at,
                certificate=made,
            )
            await self._store.of(CLIENT_CERTIFICATES).put(kept)
            call.text = f"{id} may show a certificate until {made.not_valid_after_utc}."
            return made

    async def forget(self, id: str) -> int:
        """Take back all certificates of the client ``id``, for instance because a key is lost; how many there were."""
        with self._voice.call("forget certificates") as call:
            await self._clients.get(id)

            async def forget(change: Change) -> int:
                theirs = [kept async for kept in every(change.of(CLIENT_CERTIFICATES)) if kept.client == id]
                for kept in theirs:
                    await change.of(CLIENT_CERTIFICATES).remove(kept.fingerprint)
                return len(theirs)

            count = await self._store.change(forget)
            call.text = f"{count} certificates of {id} are worth nothing any more."
            return count

    async def grant(self, certificate: bytes) -> Grant | None:
        """What the client that has shown ``certificate`` (DER) may do now; None for any other, or one out of time."""
        kept = await self._store.of(CLIENT_CERTIFICATES).get(reading.fingerprint(certificate))
        if kept is None or not reading.valid_at(kept.certificate, self._machine.now()):
            return None
        client = await self._clients.enabled(kept.client)
        if client is None or client.created_at != kept.client_since:
            return None
        return client.grant
