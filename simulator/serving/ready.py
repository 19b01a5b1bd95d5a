"""Being ready: what a ready file says of clients, and standing until somebody ends it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pncsim.simulator.serving.clients import DemoClient
from pncsim.simulator.serving.tls import TlsFiles
from pncsim.wire.errors import LocalError
from pncsim.wire.files import replace_file


def clients_ready(clients: Iterable[DemoClient], tls: TlsFiles | None) -> list[dict[str, Any]]:
    """The demo clients as a ready file has them; with TLS, with the files they show."""
    return [
        {"id": c.id, "secret": c.secret, "role": c.role, "wmi": list(c.wmi), "providers": list(c.providers)}
        | ({} if tls is None else dict(zip(("certificate", "key"), map(str, tls.files(c.id)), strict=True)))
        for c in clients
    ]


async def stand(ready_file: Path | None, ready: Mapping[str, Any], show: Callable[[], None]) -> NoReturn:
    """Write the ready file, ``show`` what answers, and stand until cancelled; then the file goes.

    Raises LocalError where it cannot be written.
    """
    _write(ready_file, ready)
    show()
    try:
        await asyncio.Event().wait()
    finally:
        _remove(ready_file)
    raise AssertionError("it is ended from outside")


def _write(file: Path | None, ready: Mapping[str, Any]) -> None:
    if file is not None:
        try:
            replace_file(file, json.dumps(ready, indent=1).encode() + b"\n", 0o600)
        except OSError as error:
            raise LocalError(f"The ready file {file} cannot be written: {error.strerror}.") from error


def _remove(file: Path | None) -> None:
    if file is not None:
        file.unlink(missing_ok=True)
