"""How a lab's CSMSs reach the contract pool: in memory itself, otherwise over HTTP."""

from __future__ import annotations

from pncsim.backend.csms.ports import ContractPool
from pncsim.backend.ecosystem import Ecosystem
from pncsim.simulator.lab.behind.footing import Footing


class PoolDoor:
    """The pool is somebody's, where the plan names its URL, or the lab's own, which answers from when it is needed."""

    def __init__(self, footing: Footing) -> None:
        self._footing = footing
        plan = footing.plan
        self._at = None if plan.pool_url is None else (plan.pool_url, plan.pool_token)

    async def of(self, ecosystem: Ecosystem, csms: str) -> ContractPool:
        """The contract pool as the CSMS of that name reaches it."""
        if self._footing.plan.pool_url is None and self._footing.transport == "memory":
            return ecosystem.pool
        from pncsim.backend.ccp.client import ContractPoolClient

        if self._at is None:
            self._at = await self._serve(ecosystem)
        url, token = self._at
        client = ContractPoolClient(self._footing.clock, self._footing.voice("CSMS", csms), url, token=token)
        self._footing.sockets.push_async_callback(client.close)
        return client

    async def _serve(self, ecosystem: Ecosystem) -> tuple[str, str]:
        """Where the lab's own contract pool answers, and the token for it."""
        from pncsim.backend.ccp.http import ccp_app
        from pncsim.backend.rest.access import Grant, fixed
        from pncsim.wire.listener import HttpListener

        source, voice = self._footing.source.of("CCP"), self._footing.voice("CCP")
        token = source.token(24)
        listener = HttpListener(voice=voice)
        self._footing.sockets.push_async_callback(listener.stop)
        tokens = fixed({token: Grant(frozenset({"CPO"}))})
        await listener.start(ccp_app(ecosystem.pool, voice, tokens=tokens, source=source))
        return listener.url, token
