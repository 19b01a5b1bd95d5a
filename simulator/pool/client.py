"""A participant's own program in small: takes a token from running services and calls them by their published paths."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from pncsim.backend.refusal import Refused
from pncsim.backend.rest.client import HttpClient, HttpReply, kind_of
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.urls import without_password
from pncsim.wire.values import Discreet
from pncsim.wire.voice import Voice

WHOLE = 60.0
"""Seconds an answer may take."""
LONGEST = 16_777_216
"""Octets of an answer, of which a page of a backup is the longest."""
_JSON = "application/json"


class ClientSecret(Discreet, Struct, frozen=True):
    """Who calls: a client with its secret, as the services' folder (``clients.json``) or their ready file names it."""

    id: str
    secret: str
    role: str = ""
    wmi: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    _hidden = ("secret",)


class KnownServices(Struct, frozen=True):
    """Where the services are, by name, and who may call there; ``root``: what their TLS certificate is below.

    ``pki``: the folder in which the keys of their authorities are, ``database`` the URL of what they keep in, for
    whoever can read it.
    """

    services: Mapping[str, str]
    clients: tuple[ClientSecret, ...]
    file: Path
    root: Path | None = None
    pki: Path | None = None
    database: str | None = None

    def of(self, client: str) -> ClientSecret:
        """The credentials of a client. Raises LocalError."""
        for one in self.clients:
            if one.id == client and one.secret:
                return one
        known = ", ".join(one.id for one in self.clients if one.secret)
        raise LocalError(
            f"{self.file} holds no secret of the client {client}, {f'only of {known}' if known else 'nor of others'}.",
            advice="Name another one with --as, or another file with --credentials.",
        )


def read_access(file: Path, url: str) -> KnownServices:
    """What a ready file or a ``clients.json`` says; ``url`` is the base of services the file does not name.

    Raises LocalError for a file that is neither.
    """
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise LocalError(
            f"The credentials in {file} cannot be read: {error.strerror}.",
            advice="Name a ready file of pnc serve, or the clients.json of its folder.",
        ) from error
    try:
        if octets.lstrip()[:1] == b"[":
            return KnownServices({}, msgspec.json.decode(octets, type=tuple[ClientSecret, ...]), file)
        ready = msgspec.json.decode(octets, type=_Ready)
    except msgspec.DecodeError as error:
        raise LocalError(
            f"{file} is neither a ready file nor a clients.json: {error}.", advice="Both are written by pnc serve."
        ) from error
    root, pki = (Path(place) if place else None for place in (ready.root, ready.pki))
    return KnownServices({} if url else ready.services, ready.clients, file, root, pki, ready.database)


class _Ready(Struct):
    services: dict[str, str]
    clients: tuple[ClientSecret, ...]
    root: str | None = field(default=None, name="tlsRoot")
    pki: str | None = None
    database: str | None = None


class Participant:
    """Calls services in the name of ``client``, with a token for all that is asked; :meth:`close` it at the end.

    ``base`` is where a service is that ``services`` does not name, "" where there is none; ``voice`` tells of each
    answer; ``whole``: seconds one may take.
    """

    def __init__(
        self,
        clock: Clock,
        client: ClientSecret,
        base: str,
        services: Mapping[str, str] = {},
        *,
        tls: ssl.SSLContext | None = None,
        voice: Voice | None = None,
        whole: float = WHOLE,
    ) -> None:
        self._clock, self._client, self._base, self._services = clock, client, base.rstrip("/"), services
        self._http = HttpClient(clock, whole=whole, body=LONGEST, tls=tls, voice=voice)
        self._token: str | None = None

    @property
    def client(self) -> str:
        """The client's id."""
        return self._client.id

    async def call(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer's object. Raises Refused for an answer that says no, PeerError where there is none."""
        octets = None if body is None else json.dumps(body).encode()
        return (await self._called(service, method, path, octets, _JSON)).json_object()

    async def list(self, service: str, path: str) -> list[dict[str, Any]]:
        """The objects of an answer that is a list; as :meth:`call`."""
        found = json.loads((await self._called(service, "GET", path, None, _JSON)).body or b"[]")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    async def get(self, service: str, path: str) -> bytes:
        """The answer's octets; as :meth:`call`."""
        return (await self._called(service, "GET", path, None, "*/*")).body

    async def token(self, *, anew: bool = False) -> str:
        """The token it calls with, fetched if there is none yet, or ``anew``. Raises PncError."""
        return (None if anew else self._token) or await self._fetched()

    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes:
        """The answer's octets; as :meth:`call`."""
        return (await self._called(service, "POST", path, body, media_type)).body

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _called(self, service: str, method: str, path: str, body: bytes | None, media_type: str) -> HttpReply:
        """With a token, and once more with a new one if that is not taken any more."""
        if service not in self._services and not self._base:
            raise LocalError(
                f"Nothing says where the service {service} is: named are {', '.join(self._services)}.",
                advice="Name it with --url, or another ready file.",
            )
        url, held = self._services.get(service, self._base) + path, self._token
        try:
            return await self._asked(method, url, body, media_type, held or await self._fetched())
        except Refused as error:
            if held is None or error.http_status != 401:
                raise
        return await self._asked(method, url, body, media_type, await self._fetched())

    async def _fetched(self) -> str:
        asked = {"grant_type": "client_credentials", "client_id": self._client.id}
        body = json.dumps({**asked, "client_secret": self._client.secret}).encode()
        url = self._services.get("token", self._base + "/oauth/token")
        answer = (await self._asked("POST", url, body, _JSON, None)).json_object()
        self._token = str(answer.get("access_token", ""))
        return self._token

    async def _asked(self, method: str, url: str, body: bytes | None, media_type: str, token: str | None) -> HttpReply:
        headers = {"Accept": _JSON if media_type == _JSON else "*/*"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        headers |= {} if body is None else {"Content-Type": media_type}
        with self._clock.acting():  # a lab's time leaps where a battery charges, and not over an exchange
            reply = await self._http.request(f"The service at {url}", method, url, body=body, headers=headers)
        if reply.status not in (200, 201):
            answer = reply.json_object()
            said = answer.get("errorMessages") or [answer.get("error_description", "it gives no reason.")]
            raise Refused(
                f"{without_password(url)} answered HTTP {reply.status} to {self._client.id}: {str(said[-1])[:500]}",
                clause=str(answer.get("errorCode", "")),
                kind=kind_of(reply.status),
                http_status=reply.status,
            )
        return reply
