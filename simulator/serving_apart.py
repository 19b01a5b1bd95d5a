"""What back ends of their own share, which stand at services that are somebody else's."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509

from pncsim.simulator.pool_client import Participant
from pncsim.tls_certs import reading
from pncsim.wire.errors import LocalError

_ENDPOINTS = "/v1/webhook/endpoints"


async def subscribed(calls: Participant, url: str, events: Iterable[str]) -> str:
    """The secret of a new subscription; one of before for the same address goes, for nobody knows its secret."""
    for endpoint in await calls.list("webhooks", _ENDPOINTS):
        if endpoint.get("url") == url:
            await calls.call("webhooks", "DELETE", f"{_ENDPOINTS}/{endpoint.get('id')}")
    body = {"url": url, "enabledEvents": list(events)}
    made = await calls.call("webhooks", "POST", _ENDPOINTS, body)
    return str(made.get("secret", ""))


def roots_in(file: Path) -> tuple[x509.Certificate, ...]:
    """The roots of who signs the root pool's lists. Raises LocalError."""
    try:
        return reading.load_all(file.read_bytes(), str(file))
    except OSError as error:
        raise LocalError(f"The operator's root {file} cannot be read: {error.strerror}.") from error


def make_folder(folder: Path) -> None:
    """The folder of everything that is kept, its owner's alone. Raises LocalError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(
            f"The folder {folder} cannot be made: {error.strerror}.", advice="Name another one with --data."
        ) from error
