"""A CSMS as a process that can be killed: it accepts every contract, and keeps what it knows in a SQLite file.

``python killed_csms.py FILE PORT``; it says where it listens.
"""

from __future__ import annotations

import asyncio
import sys

from pncsim.backend.answers import TokenStatus
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.register import STATIONS
from pncsim.backend.csms.server import serve_csms
from pncsim.backend.csms.transactions import TRANSACTIONS
from pncsim.backend.store.sql import open_store
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM

PASSWORD = "correct-horse-battery"


class Everybody:
    """May charge."""

    async def authorize(self, token: str, kind: str = "") -> TokenStatus:
        return TokenStatus("Accepted", "")


async def main(file: str, port: int) -> None:
    async def nobody(facts: object) -> None:
        return None

    store = await open_store(f"sqlite+aiosqlite:///{file}", (STATIONS, TRANSACTIONS), nobody)
    everybody = Everybody()
    services = Services(operator=everybody, tokens=everybody)
    csms = Csms(services, Clock(), SYSTEM, store=store)
    if await csms.register.find("CS001") is None:
        await csms.register.add("CS001", PASSWORD)
    server = await serve_csms(csms, None, port=port)
    print(server.url, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
