"""How a part that is served on its own finds the others: by their ready file, or by the base URL of one of them."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from pncsim.backend.faces import FACES
from pncsim.backend.rest.client import HttpClient
from pncsim.backend.rest.services_http import PATH
from pncsim.simulator.pool.calls import trust
from pncsim.simulator.pool.client import KnownServices, read_access
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.urls import without_password

_WHOLE = 10.0
"""Seconds until it is known where the services are."""
_LONGEST = 65_536
"""Octets the list of services may have."""


class _Document(Struct):
    services: dict[str, str]


async def find_services(
    where: str, clock: Clock, *, needed: Sequence[str], credentials: Path | None = None, ca: Path | None = None
) -> KnownServices:
    """The services at ``where``, a ready file or an http(s) URL, and who may call there.

    ``needed``: the services without which nothing goes. ``credentials``: the ready file or ``clients.json`` with the
    secrets, where ``where`` is none itself. ``ca``: the root of the services' https certificate. Raises LocalError.
    """
    if "://" not in where:
        known = read_access(Path(where), "")
        if credentials is not None:
            secrets = read_access(credentials, "")
            known = KnownServices(known.services, secrets.clients, credentials, known.root or secrets.root)
        _complete(known.services, needed, f"The ready file {where}")
        return known
    if not where.lower().startswith(("http://", "https://")):
        raise LocalError(f"{without_password(where)} is no address of services: http:// and https:// are.")
    if credentials is None:
        raise LocalError(
            f"Nothing says with which secret to call the services at {without_password(where)}.",
            advice="Name with --credentials the clients.json of their data folder, or a file like it.",
        )
    secrets = read_access(credentials, "")
    services = await _asked(where, clock, trust(ca or secrets.root))
    _complete(services, needed, f"The list of services at {without_password(where)}")
    return KnownServices(services, secrets.clients, credentials, secrets.root)


async def _asked(where: str, clock: Clock, tls: ssl.SSLContext | None) -> Mapping[str, str]:
    """What the document below the base URL ``where`` says. Raises LocalError."""
    url, shown = where.rstrip("/") + PATH, without_password(where)
    http = HttpClient(clock, whole=_WHOLE, body=_LONGEST, tls=tls)
    try:
        reply = await http.request(f"What should serve at {shown}", "GET", url, headers={"Accept": "application/json"})
    except PeerError as error:
        raise LocalError(
            f"{error.sentence} Its services cannot be found.",
            advice="Start it first; with https name with --ca the root of its certificate.",
        ) from error
    finally:
        await http.close()
    try:
        services = msgspec.json.decode(reply.body, type=_Document).services if reply.status == 200 else None
    except msgspec.DecodeError:
        services = None
    if services is None:
        raise LocalError(
            f"{shown} does not say where its services are: HTTP {reply.status}, and no list, for {PATH}.",
            advice="Give the base URL of what pnc serve has started, or its ready file.",
        )
    _trustworthy(where, services)
    return services


def _trustworthy(where: str, services: Mapping[str, str]) -> None:
    """Nobody who is found by TLS sends secrets elsewhere in the clear. Raises LocalError."""
    secure = urlsplit(where).scheme.lower() == "https"
    for name, url in services.items():
        scheme = url.lower().partition("://")[0]
        plain = name in FACES and FACES[name].plain
        if scheme not in ("http", "https") or (secure and scheme == "http" and not plain):
            raise LocalError(
                f"{without_password(where)} says the service {name} is at {without_password(url)[:200]}: "
                f"{'https://' if secure and not plain else 'http:// or https://'} was expected.",
                advice="Give the ready file of the services if that is meant.",
            )


def _complete(services: Mapping[str, str], needed: Sequence[str], what: str) -> None:
    if missing := [name for name in needed if name not in services]:
        raise LocalError(
            f"{what} names no {', '.join(missing)}.",
            advice=f"What is needed is {', '.join(needed)}: is it the URL or ready file of another part?",
        )
