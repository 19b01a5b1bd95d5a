"""Mobility operators of a lab that issue contracts below a PKI the run has brought along to running services.

Each has a back end of its own in this process, which uses the services' pools as a client they know; its paths are
those of the services' back end (``/v1/mo``).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from pncsim.backend.csms.ports import MobilityOperator as Authorises
from pncsim.backend.mo import MobilityOperator
from pncsim.backend.mo import http as mo_http
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.remote import RemotePools
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.rest.access import Grant, fixed
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import application
from pncsim.backend.store import MemoryStore
from pncsim.backend.verification import Verifier
from pncsim.simulator.lab.desk import ROLES, Carry, reach
from pncsim.simulator.lab.elsewhere.brought import BroughtPkis
from pncsim.simulator.lab.elsewhere.callers import Callers
from pncsim.simulator.lab.neighbours import Roamed
from pncsim.simulator.plan import OperatorPlan
from pncsim.wire.clock import Clock
from pncsim.wire.identifiers import normal_emaid
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.voice import Voice


class GuestOperators:
    """Their desks and how they are called, by provider id."""

    def __init__(
        self,
        clock: Clock,
        trace: Trace,
        callers: Callers,
        brought: BroughtPkis,
        store: MemoryStore,
        source: Source,
        sockets: AsyncExitStack,
    ) -> None:
        self._clock, self._trace, self._callers, self._brought = clock, trace, callers, brought
        self._store, self._source, self._sockets = store, source, sockets
        self.desks: dict[str, Desks] = {}
        self.operators: dict[str, MobilityOperator] = {}
        self.pkis: dict[str, str] = {}
        self._carried: dict[str, Carry] = {}

    def add(self, plan: OperatorPlan, verifier: Verifier) -> None:
        """An operator whose PKI was brought along."""
        provider, authority = normal_emaid(plan.provider), self._brought.authorities[plan.pki]
        voice = Voice.on(self._clock, self._trace, "MO", f"MO {provider}")
        pools = RemotePools(self._callers.operator(provider)[0])
        operator = MobilityOperator(
            self._clock,
            voice,
            self._store,
            provider=provider,
            authority=authority,
            verifier=verifier,
            vehicles=pools,
            signing=pools,
            contracts=lambda: pools,
            source=self._source.of(voice.unit),
        )
        self.operators[provider], self.pkis[provider] = operator, plan.pki
        self.desks[provider] = Desks(
            self._clock,
            voice,
            self._store,
            lambda _: operator,
            pool=pools,
            revocation=Authorities([authority]),
        )

    def authorised(self, by: Authorises) -> Authorises:
        """Who says whether a contract may charge: these of theirs, ``by`` of all others."""
        for provider, desks in self.desks.items():
            by = Roamed(by, provider, desks)
        return by

    async def carry(self, provider: str) -> Carry | None:
        """How the back end of that operator is called; None for one that is none of these."""
        desks = self.desks.get(provider)
        if desks is not None and provider not in self._carried:
            token = self._source.of(f"token of {provider}").token(24)
            grant = Grant(frozenset({ROLES["MO"]}), None, frozenset({provider}), holder=provider)
            routes = mo_http.routes(desks, self._clock, Guesses(self._clock), by_service=lambda _: False)
            app = application(
                routes,
                Voice.on(self._clock, self._trace, "MO"),
                tokens=fixed({token: grant}),
                source=self._source,
            )
            inner = await reach("loopback", self._clock, app, self._sockets)

            async def carry(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
                return await inner(method, path, body, {**headers, "Authorization": f"Bearer {token}"})

            self._carried[provider] = carry
        return self._carried.get(provider)
