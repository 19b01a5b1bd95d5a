"""A process with every kind of port of ours, for somebody else to shoot at; what it writes to standard error counts.

It prints its ports as JSON, and after each line it reads one more line of JSON: what was told, and its memory.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

from pncsim.backend.ccp.http import ccp_app
from pncsim.backend.csms.csms import Csms
from pncsim.backend.csms.ports import Services
from pncsim.backend.csms.server import serve_csms
from pncsim.backend.ecosystem import open_ecosystem
from pncsim.backend.pki.responder_http import ocsp_app
from pncsim.backend.rest.access import Grant, fixed
from pncsim.tls_certs.pki import create_pki
from pncsim.wire.clock import Clock
from pncsim.wire.listener import HttpListener
from pncsim.wire.ocpp.websocket import WebSocketServer
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Event, HttpExchange, Problem, Trace
from pncsim.wire.voice import Voice

PASSWORD = "correct-horse-battery"
TOKENS = fixed({"pool": Grant(frozenset({"CPO"}))})


def memory() -> int:
    """Octets of this process that are in the machine's memory now."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


async def main() -> None:
    """Serve until the lines end."""
    clock, told = Clock(), list[Event]()
    trace = Trace([told.append])
    back = await open_ecosystem(create_pki(clock.now()), clock, trace)
    csms = Csms(Services(), clock, SYSTEM, trace)
    await csms.register.add("CS001", PASSWORD)
    of_pki, of_pool = Voice.on(clock, trace, "PKI"), Voice.on(clock, trace, "CCP")
    ocsp, pool, shared = (HttpListener(voice=voice) for voice in (of_pki, of_pool, csms.voice))
    await ocsp.start(ocsp_app(back.responder, of_pki))
    await pool.start(ccp_app(back.pool, of_pool, tokens=TOKENS))
    # REST and stations at one door, as a back end has them that is served for others.
    rest = ccp_app(back.pool, of_pool, tokens=TOKENS)
    WebSocketServer(csms.admit, csms.serve, report=csms.report, voice=csms.voice).mount(rest)
    await shared.start(rest)
    plain, secured = await serve_csms(csms, None), await serve_csms(csms, back.pki.credentials("csms_server"))
    ports = {"ocsp": ocsp.port, "pool": pool.port, "rest": shared.port, "ws": plain.port, "wss": secured.port}
    print(json.dumps(ports), flush=True)
    while await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        problems = Counter(event.kind for event in told if isinstance(event, Problem))
        unread = sum(isinstance(event, HttpExchange) and event.method == "(unread)" for event in told)
        guests = sum(len(server._listener.guests) for server in (plain, secured) if server._listener is not None)
        said = {"problems": problems, "unread": unread, "memory": memory(), "guests": guests}
        print(json.dumps(said), flush=True)
    await asyncio.gather(csms.close(), *(server.close() for server in (plain, secured)))
    await asyncio.gather(*(listener.stop() for listener in (ocsp, pool, shared)))


if __name__ == "__main__":
    asyncio.run(main())
