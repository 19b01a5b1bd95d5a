"""``pnc serve manufacturer``: a manufacturer's back end of its own, at services that are somebody else's.

It knows them by their URLs and calls them as a client they know; they tell it by events what happens there. Who signs
the root pool's trust lists it has to be told: a root that came with the list itself would prove nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from msgspec import Struct

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS
from pncsim.backend.auth.certificates import CLIENT_CERTIFICATES
from pncsim.backend.oem import code_http, event_http, oauth_http, owner_http
from pncsim.backend.oem import http as oem_http
from pncsim.backend.oem.consent_store import CONSENT_KINDS
from pncsim.backend.oem.fleet import Fleet
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.oem.store import FLEET_KINDS
from pncsim.backend.pki.own import OWN_KEYS
from pncsim.simulator.parameters import Bounds, Shown
from pncsim.simulator.serving.apart import ApartOptions, ApartPart, Ground, ground
from pncsim.simulator.serving.clients import DemoClient
from pncsim.simulator.serving.ready import stand
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.files import replace_file
from pncsim.wire.trace import Trace

PORT = 8190
MANUFACTURER = ApartPart(
    "A manufacturer",
    "OEM",
    "manufacturer",
    needed=("token", "rcp", "pcp", "ccp", "est", "webhooks"),
    names=("token", "oem"),
    kinds=(CLIENTS, CLIENT_CERTIFICATES, TOKEN_KEYS, AUDIENCES, OWN_KEYS, *FLEET_KINDS, *CONSENT_KINDS),
)


class ManufacturerOptions(ApartOptions, frozen=True, kw_only=True):
    """``pnc serve manufacturer``: whose services it uses, where it listens, and what it keeps where."""

    client: Annotated[str, "what it is called there", Shown("CLIENT")] = "demo-oem"
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    telematics_port: Annotated[
        int, "port vehicles call on, over mutual TLS; 0 takes a free one", Bounds(0, 65_535), Shown("P")
    ] = 0


class Apart(Struct, frozen=True, eq=False):
    """What answers now."""

    ground: Ground
    fleet: Fleet

    @property
    def url(self) -> str:
        """The base URL of its paths."""
        return self.ground.doors.bases["oem"]

    @property
    def clients(self) -> tuple[DemoClient, ...]:
        """Its own demo clients."""
        return self.ground.demo

    def ready(self) -> dict[str, Any]:
        """What a ready file says."""
        return {**self.ground.ready(), "telematics": self.fleet.telematics}


async def run_manufacturer(options: ManufacturerOptions, clock: Clock, trace: Trace) -> int:
    """Serve until somebody ends it; the exit code. Raises PncError where it cannot be done."""
    async with manufacturer(options, clock, trace) as house:

        def show() -> None:
            print(f"Manufacturer  {house.url}\nVehicles      {house.fleet.telematics}")
            house.ground.show()
            print("Ready. Ctrl-C ends it.", flush=True)

        await stand(options.ready_file, house.ready(), show)


@asynccontextmanager
async def manufacturer(options: ManufacturerOptions, clock: Clock, trace: Trace) -> AsyncIterator[Apart]:
    """The back end, answering."""
    async with ground(options, clock, trace, MANUFACTURER, telematics_port=options.telematics_port) as under:
        voice, services = under.voice, RemoteServices(under.calls)
        fleet = Fleet(
            clock,
            voice,
            under.store,
            enrolment=services,
            pool=services,
            contracts=services,
            revocation=services,
            status=under.status,
            trust_list=services.trust_list,
            operator_roots=under.operator_roots,
        )
        await fleet.roots.trust_list()
        routes = (
            *oem_http.routes(fleet),
            *owner_http.routes(fleet),
            *code_http.routes(fleet),
            *oauth_http.routes(fleet, under.clients, under.tokens.audience),
            *event_http.routes(fleet, clock, lambda: under.secrets),
        )
        own = reading.pem([await fleet.own.root()])
        replace_file(under.folder / "ev_root.pem", own.encode("ascii"), 0o600)
        await under.doors.open_line(fleet)
        await under.answer({"oem": routes}, event_http.PATH, event_http.EVENTS)
        yield Apart(under, fleet)
