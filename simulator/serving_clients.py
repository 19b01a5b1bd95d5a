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
    """The demo clients with their secrets; those of an earlier start if it left any. Raises LocalError."""
    known = {client.id: client for client in _known(file)}
    demo = []
    there = {client.id for client in await clients.list()}
    for client in DEMO:
        before = known.get(client.id)
        if before is not None and client.id in there:
            demo.append(before)
            continue
        if client.id in there:
            await clients.remove(client.id)
        secret = before.secret if before is not None else SYSTEM.token(24)
        await clients.add(client.id, client.role, wmis=client.wmi, providers=client.providers, secret=secret)
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
