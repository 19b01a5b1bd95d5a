"""The demo clients of an ecosystem: one for each role, their secrets kept in a file beside the database's hashes."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from pncsim.backend.auth import Clients
from pncsim.backend.rest.access import Role
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import Discreet


class DemoClient(Discreet, Struct, frozen=True, kw_only=True):
    """A participant to try things with; ``secret`` is shown, since it opens nothing but this lab."""

    id: str
    role: Role
    wmi: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    secret: str = ""

    _hidden = ("secret",)


DEMO = (
    DemoClient(id="demo-oem", role="OEM", wmi=("PNC", "WMI")),
    DemoClient(id="demo-cpo", role="CPO"),
    DemoClient(id="demo-mo", role="MO_EXTERNAL_PKI", providers=("DEPNC",)),
    DemoClient(id="demo-mo-v2g", role="MO_HUBJECT_PKI", providers=("DEV2G",)),
    DemoClient(id="demo-cps", role="CPS"),
    DemoClient(id="demo-admin", role="ADMIN"),
)


async def demo_clients(clients: Clients, file: Path) -> tuple[DemoClient, ...]:
    """The demo clients with their secrets, which ``file`` keeps. Raises LocalError.

    Who has no client at all gets them; afterwards they are like any other: one that was removed stays away, and the
    secret of one that was given another, or was taken in from somewhere else, is not known here (an empty text).
    """
    known = {client.id: client.secret for client in _known(file)}
    there = {client.id: client for client in await clients.list()}
    demo = []
    for client in DEMO if not there else [client for client in DEMO if client.id in there]:
        secret = known.get(client.id, "")
        if not there:
            secret = secret or SYSTEM.token(24)
            await clients.add(client.id, client.role, wmis=client.wmi, providers=client.providers, secret=secret)
        elif not there[client.id].has(secret):
            secret = ""
        demo.append(msgspec.structs.replace(client, secret=secret))
    replace_file(file, msgspec.json.format(msgspec.json.encode(demo), indent=1), 0o600)
    return tuple(demo)


def _known(file: Path) -> list[DemoClient]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[DemoClient])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as error:
        raise LocalError(f"The demo clients in {file} cannot be read: {error}.", advice="Remove the file.") from error
