"""Every service's face on the network: which routes there are, and where each service's published paths begin.

A face is one row of :data:`FACES`. The published paths do not clash, so one port can serve them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from pncsim.backend.admin import backup_http, clients_http, lists_http, peers_http, pki_http, signers_http
from pncsim.backend.admin import http as admin_http
from pncsim.backend.auth import CLIENTS, BearerTokens, Clients, certificates_http
from pncsim.backend.auth import http as auth_http
from pncsim.backend.auth.callers import others
from pncsim.backend.auth.certificates import ClientCertificates
from pncsim.backend.ccp import http as ccp_http
from pncsim.backend.cps import generate_http
from pncsim.backend.cps import http as cps_http
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.mo import http as mo_http
from pncsim.backend.oem import code_http, oauth_http, owner_http
from pncsim.backend.oem import http as oem_http
from pncsim.backend.pcp import http as pcp_http
from pncsim.backend.pki import crl_http, end_entities, est_http, responder_http
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.rcp import http as rcp_http
from pncsim.backend.rest import health, openapi_http, services_http, viewer
from pncsim.backend.rest.access import Grants, Others
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.metrics import Metrics
from pncsim.backend.rest.routes import Route
from pncsim.backend.store import KeptKind
from pncsim.backend.webhooks import http as webhooks_http
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import replace


async def _nothing() -> None:
    """Where nobody stands on what is kept."""


class Household(Struct, frozen=True, eq=False):
    """What faces are of: the services, who may call them, and the lab's time.

    ``grants`` says what tokens let their holders do where it is not ``tokens``: their clients are somewhere else then,
    and ``log_in`` asks there for one.
    ``kinds`` is what is kept. ``renew`` lets the services begin anew with what is kept by then; ``reset`` brings back
    the state of a first start, where a test may do that and move the clock. ``duties`` are done each day.
    ``services``: where each is, by name.
    """

    ecosystem: Ecosystem
    clients: Clients
    tokens: BearerTokens
    clock: Clock
    source: Source = SYSTEM
    kinds: tuple[KeptKind[Any], ...] = ()
    renew: admin_http.Reset = _nothing
    duties: admin_http.Duties = {}
    reset: admin_http.FirstState | None = None
    metrics: Metrics = field(default_factory=Metrics)
    certificates: ClientCertificates | None = None
    grants: Grants | None = None
    log_in: auth_http.LogIn | None = None
    services: Mapping[str, str] = {}

    @property
    def others(self) -> Others:
        """What may stand in a token's place."""
        return others(self.clients, self.certificates, Authorities(self.ecosystem.authorities.values()))


class Face(Struct, frozen=True):
    """One service: ``role`` reports its exchanges, ``routes`` makes its table, ``path`` is where a client begins.

    ``path`` is appended to the base URL: empty where the published paths themselves are (``/v1/...``). ``scope`` is
    what a token has to name for it (auth.SCOPES), empty where none is demanded. ``plain``: never behind TLS, for who
    asks it may want to know whether a TLS certificate is good (RFC 5280 8).
    """

    role: str
    routes: Callable[[Household], tuple[Route, ...]]
    path: str = ""
    scope: str = ""
    plain: bool = False


def _provisioning(house: Household, guesses: Guesses) -> tuple[Route, ...]:
    """Contracts that come signed, and contracts that are made."""
    ecosystem = house.ecosystem
    return (
        *cps_http.routes(ecosystem.signing, ecosystem.roots, guesses),
        *generate_http.routes(ecosystem.contracts, ecosystem.roots, guesses),
    )


def _manufacturer(house: Household) -> tuple[Route, ...]:
    """The back office, what owners decide, and what operators ask them."""
    fleet = house.ecosystem.fleet
    return (
        *oem_http.routes(fleet),
        *owner_http.routes(fleet),
        *code_http.routes(fleet),
        *oauth_http.routes(fleet, house.clients, house.tokens.audience),
    )


FACES: Mapping[str, Face] = {
    "token": Face("LAB", lambda house: auth_http.routes(house.clients, house.tokens), auth_http.PATH),
    "rcp": Face(
        "RCP", lambda house: rcp_http.routes(house.ecosystem.roots, house.ecosystem.trust_lists), scope="rcpservice"
    ),
    "pcp": Face(
        "PCP", lambda house: pcp_http.routes(house.ecosystem.vehicles, Guesses(house.clock)), scope="pcpservice"
    ),
    "ccp": Face(
        "CCP",
        lambda house: ccp_http.routes(house.ecosystem.pool, house.source.of("CCP"), Guesses(house.clock)),
        scope="ccpservice",
    ),
    "cps": Face("CPS", lambda house: _provisioning(house, Guesses(house.clock)), scope="cpservice"),
    "mo": Face("MO", lambda house: mo_http.routes(house.ecosystem.desks, house.clock, Guesses(house.clock))),
    "oem": Face("OEM", _manufacturer),
    "est": Face(
        "PKI",
        lambda house: (
            *est_http.routes(house.ecosystem.authorities),
            *end_entities.routes(house.ecosystem.store),
        ),
        scope="pkigateway",
    ),
    "ocsp": Face("PKI", lambda house: responder_http.routes(house.ecosystem.responder), "/ocsp", plain=True),
    "crl": Face(
        "PKI",
        lambda house: crl_http.routes(house.ecosystem.pkis, house.ecosystem.store, house.clock),
        crl_http.PATH,
        plain=True,
    ),
    "admin": Face(
        "LAB",
        lambda house: (
            *(clients_http.routes(house.clients) if house.grants is None else ()),
            *pki_http.routes(house.ecosystem),
            *admin_http.routes(house.ecosystem, house.clock, house.reset, house.duties),
            *backup_http.routes(house.ecosystem.store, house.kinds, house.renew),
            *certificates_http.routes(house.certificates),
            *lists_http.routes(house.ecosystem.store),
            *signers_http.routes(house.ecosystem.further_signers),
            *peers_http.routes(house.ecosystem.peers, house.ecosystem.directory),
        ),
        scope="admin",
    ),
    "webhooks": Face("LAB", lambda house: webhooks_http.routes(house.ecosystem.webhooks), scope="webhooks"),
}
"""By the name a ready file gives them."""

VIEWER = "admin"
"""At whose port there is a page to look at what all services in its process hold."""
ABOUT = "about"
"""What figures and access log call the routes that are of no service, but about all of a port's."""


Published = Mapping[str, Sequence[Route]]
"""The routes of services by their names."""


def published(house: Household, names: Sequence[str] = tuple(FACES)) -> Published:
    """The routes of these faces, each with its service and scope. They are made once, however many ports they are at:
    whoever has guessed too often at one of them has done so at all."""
    return {
        name: [replace(route, service=name, scope=FACES[name].scope) for route in FACES[name].routes(house)]
        for name in names
    }


def routes_of(house: Household, made: Published, names: Sequence[str] = tuple(FACES)) -> list[Route]:
    """The routes at a port of the services ``names`` out of ``made``, and what every port has for whoever runs it."""
    here = [route for name in names for route in made[name]]
    about = (
        *health.routes(lambda: _probe(house)),
        *house.metrics.routes(),
        *services_http.routes(house.services),
        *openapi_http.routes(here, house.tokens.audience),
    )
    page = viewer.routes(_readable(house, made), names) if VIEWER in names else ()
    return [*here, *(route if route.service else replace(route, service=ABOUT) for route in (*about, *page))]


def _readable(house: Household, made: Published) -> Published:
    """With what clients of another process log in by."""
    if house.log_in is None:
        return made
    return {**made, "token": [replace(route, service="token") for route in auth_http.forwarded(house.log_in)]}


async def _probe(house: Household) -> None:
    """Read something small from where everything is kept."""
    await house.ecosystem.store.of(CLIENTS).get("")
