"""Giving vehicles their provisioning certificates and publishing them (CharIN 2.1.1.2.1, 2.1.1.2.2; OEM-1 to OEM-3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.refusal import Refused
from pncsim.tls_certs import reading
from pncsim.wire.credentials import Credentials
from pncsim.wire.identifiers import IdentifierError, check_pcid
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.voice import Voice


class ProvisioningAuthority(Protocol):
    """Issues provisioning certificates under the manufacturer's Sub-CA 2."""

    async def issue_provisioning(
        self, pcid: str, key: ec.EllipticCurvePublicKey, ends: float | None = None
    ) -> tuple[x509.Certificate, ...]: ...


class PublishingPort(Protocol):
    """The provisioning pool as the manufacturer sees it."""

    async def publish(
        self, chain: Sequence[bytes], *, v2g_roots: Sequence[str] = (), previous_pcid: str | None = None
    ) -> ProvisionedVehicle: ...
    async def delete(self, pcid: str) -> None: ...


class Manufacturer:
    """The manufacturer's services. ``source`` stands for the secure key store of a vehicle in the making."""

    def __init__(
        self,
        voice: Voice,
        *,
        authority: ProvisioningAuthority,
        pool: PublishingPort,
        source: Source = SYSTEM,
    ) -> None:
        self._voice = voice
        self._authority = authority
        self._pool = pool
        self._source = source

    async def build(self, pcid: str, *, ends: float | None = None) -> Credentials:
        """Make a vehicle: a fresh key and a provisioning certificate whose CN is ``pcid``. Publishes nothing."""
        with self._voice.call("build vehicle") as call:
            try:
                check_pcid(pcid)
            except IdentifierError as error:
                raise Refused(error.sentence, clause="ID-2") from None
            key = self._source.key()
            chain = await self._authority.issue_provisioning(pcid, key.public_key(), ends)
            call.text = f"{pcid} has its provisioning certificate until {chain[0].not_valid_after_utc}."
            return Credentials(chain, key)

    async def publish(
        self,
        vehicle: Credentials,
        *,
        v2g_roots: Sequence[x509.Certificate] = (),
        previous_pcid: str | None = None,
    ) -> str:
        """Publish a vehicle's certificate and the V2G roots installed in it; returns the driver's PCID (OEM-1)."""
        with self._voice.call("publish vehicle") as call:
            identifiers = tuple(filter(None, map(reading.key_identifier, v2g_roots)))
            published = await self._pool.publish(vehicle.chain_der, v2g_roots=identifiers, previous_pcid=previous_pcid)
            call.text = f"{published.pcid} is published; its driver is told the PCID."
            return published.pcid

    async def withdraw(self, pcid: str) -> None:
        """Take a vehicle out of the provisioning pool, and its contracts with it."""
        await self._pool.delete(pcid)
