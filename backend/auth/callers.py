"""What may stand in a token's place: a client's certificate, one that is to be renewed, or a client's id and secret."""

from __future__ import annotations

from pncsim.backend.auth.certificates import ClientCertificates
from pncsim.backend.auth.clients import Clients
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.rest.access import Grant, Others
from pncsim.tls_certs import reading
from pncsim.wire.values import replace


def others(clients: Clients, certificates: ClientCertificates | None, authorities: Authorities) -> Others:
    """How the services judge it. Without ``certificates`` nobody has been given one: there is no TLS."""

    async def shown(certificate: bytes) -> Grant | None:
        return None if certificates is None else await certificates.grant(certificate)

    async def renewed(certificate: bytes) -> Grant | None:
        try:
            parsed = reading.load(certificate)
        except reading.Unreadable:
            return None
        holder = await authorities.holder(parsed)
        client = await clients.enabled(holder) if holder else None
        return None if client is None else replace(client.grant, certified=reading.common_name(parsed))

    async def secret(id: str, secret: str) -> Grant | None:
        client = await clients.authenticate(id, secret)
        return None if client is None else client.grant

    return Others(shown, renewed, secret)
