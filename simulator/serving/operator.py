"""``pnc serve operator``: a mobility operator's back end of its own, at services that are somebody else's.

It knows them by their URLs and calls them as a client they know; they tell it by events what becomes of vehicles. With
a PKI of its own it issues contracts itself, and answers for them; the root pool has to be told its root. Without one
the contract service makes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS
from pncsim.backend.auth.certificates import CLIENT_CERTIFICATES
from pncsim.backend.mo import NOTICES, SUBSCRIPTIONS, MobilityOperator, event_http
from pncsim.backend.mo import http as mo_http
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.operators import Operators
from pncsim.backend.mo.remote import RemotePools
from pncsim.backend.oem.remote import RemoteServices
from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.oem.store import SEEN_TRUST_LISTS
from pncsim.backend.pki import crl_http, responder_http
from pncsim.backend.pki.ca import CertificateService
from pncsim.backend.pki.own import OWN_KEYS
from pncsim.backend.pki.responder import OcspResponder
from pncsim.backend.pki.store import ISSUED
from pncsim.backend.regularly import regularly
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route
from pncsim.backend.store.sql import SqlStore
from pncsim.backend.verification import Verifier
from pncsim.simulator.parameters import Bounds, Shown
from pncsim.simulator.serving.apart import ApartOptions, ApartPart, Ground, ground
from pncsim.simulator.serving.clients import DemoClient
from pncsim.simulator.serving.ready import stand
from pncsim.tls_certs.pki import Pki, create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

PORT = 8191
OPERATOR = ApartPart(
    "A mobility operator",
    "MO",
    "operator",
    needed=("token", "rcp", "pcp", "ccp", "cps", "webhooks"),
    names=("token", "mo"),
    kinds=(
        CLIENTS,
        CLIENT_CERTIFICATES,
        TOKEN_KEYS,
        AUDIENCES,
        OWN_KEYS,
        SUBSCRIPTIONS,
        NOTICES,
        ISSUED,
        SEEN_TRUST_LISTS,
    ),
)
ANSWERING = ("ocsp", "crl")
"""What it serves besides for a PKI of its own."""


class OperatorOptions(ApartOptions, frozen=True, kw_only=True):
    """``pnc serve operator``: whose services it uses, where it listens, and what it keeps where."""

    client: Annotated[str, "what it is called there", Shown("CLIENT")] = "demo-mo-v2g"
    port: Annotated[int, "port to listen on; 0 takes a free one", Bounds(0, 65_535), Shown("P")] = PORT
    pki: Annotated[
        Path | None,
        "folder of its own PKI, made if need be; without one the contract service issues",
        Shown("DIR"),
    ] = None


class ServedOperator(Struct, frozen=True, eq=False):
    """What answers now."""

    ground: Ground
    desks: Desks
    pki: Pki | None

    @property
    def url(self) -> str:
        """The base URL of its paths."""
        return self.ground.doors.bases["mo"]

    @property
    def clients(self) -> tuple[DemoClient, ...]:
        """Its own demo clients."""
        return self.ground.demo

    def ready(self) -> dict[str, Any]:
        """What a ready file says."""
        return self.ground.ready()


async def run_operator(options: OperatorOptions, clock: Clock, trace: Trace) -> int:
    """Serve until somebody ends it; the exit code. Raises PncError where it cannot be done."""
    async with operator(options, clock, trace) as house:

        def show() -> None:
            print(f"Operator  {house.url}")
            house.ground.show()
            if options.pki is not None:
                print(f"Its root, which the root pool has to know: {options.pki / 'mo_root.pem'}")
            print("Ready. Ctrl-C ends it.", flush=True)

        await stand(options.ready_file, house.ready(), show)


@asynccontextmanager
async def operator(options: OperatorOptions, clock: Clock, trace: Trace) -> AsyncIterator[ServedOperator]:
    """The back end, answering."""
    names = OPERATOR.names if options.pki is None else (*OPERATOR.names, *ANSWERING)
    async with ground(options, clock, trace, replace(OPERATOR, names=names)) as under:
        voice, store = under.voice, under.store
        anchors = VerifiedRoots(clock, voice, store, RemoteServices(under.calls).trust_list, under.operator_roots)
        await anchors.trust_list()
        pki = None if options.pki is None else _pki(options.pki, clock.now(), under.doors.services["ocsp"])
        authority = None if pki is None else CertificateService(clock, voice, store, pki)
        verifier = Verifier(clock, anchors, under.status)
        desks = _desks(clock, voice, store, RemotePools(under.calls), authority, verifier)
        routes = (
            *mo_http.routes(desks, clock, Guesses(clock), by_service=lambda grant: pki is None),
            *event_http.routes(desks, clock, lambda: under.secrets),
        )
        answering = {} if pki is None else _answering(clock, voice, store, pki)
        await under.answer({"mo": routes, **answering}, event_http.PATH, event_http.EVENTS)
        daily = asyncio.create_task(regularly(clock, voice, "looking after contracts", desks.look_after))
        under.stack.push_async_callback(_ended, daily)
        yield ServedOperator(under, desks, pki)


def _desks(
    clock: Clock,
    voice: Voice,
    store: SqlStore,
    pools: RemotePools,
    own: CertificateService | None,
    verifier: Verifier,
) -> Desks:
    """The desks of whichever provider its clients have."""

    def made(provider: str) -> MobilityOperator:
        found = MobilityOperator(
            clock,
            voice,
            store,
            provider=provider,
            authority=own or pools,
            verifier=verifier,
            vehicles=pools,
            signing=pools,
            contracts=lambda: pools,
        )
        operators.add(found)
        return found

    operators = Operators(store, made)
    return Desks(clock, voice, store, lambda one: operators.find(one) or made(one), pool=pools, revocation=own or pools)


def _answering(clock: Clock, voice: Voice, store: SqlStore, pki: Pki) -> dict[str, tuple[Route, ...]]:
    """Responder and revocation lists of its own PKI."""
    responder = OcspResponder(clock, voice, store, pki)
    return {"ocsp": responder_http.routes(responder), "crl": crl_http.routes({"": pki}, store, clock)}


def _pki(place: Path, now: float, ocsp_url: str) -> Pki:
    """Its own PKI; a new one names this process as the responder."""
    if not (place / "pki.json").exists():
        write_pki(create_pki(now, ocsp_url=ocsp_url, organization="pncsim operator"), place)
    return load_pki(place)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
