"""How stations of a lab get their V2G certificates: when they have come, and from whom their CSMS has them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.backend.pki.est_client import StationEnrolment
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.client import kind_of

if TYPE_CHECKING:
    from pncsim.secc.charge_point import ChargePoint
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab

PATIENCE = 60.0
"""Seconds in which a certificate comes, if it does."""


@contextlib.asynccontextmanager
async def certificate_comes(lab: Lab, station: ChargePoint) -> AsyncIterator[None]:
    """In the body something happens by which ``station`` gets a new certificate; then it has that and its staples.

    Where none comes within :data:`PATIENCE` it goes on as it was.
    """
    signed = lab.watch.answered("CertificateSigned")
    yield
    await _in_time(lab)
    with contextlib.suppress(TimeoutError):
        async with lab.clock.timeout(PATIENCE):
            await signed
    await station.quiet()


async def quiet_until(lab: Lab, moment: float, station: ChargePoint) -> None:
    """Let it be that moment, and the station do what it does then by itself."""
    lab.clock.jump(moment - lab.clock.now())
    await _in_time(lab)
    await lab.clock.pass_time(1.0)
    await station.quiet()


async def _in_time(lab: Lab) -> None:
    """Where running services cannot follow a jump nothing comes: who waits is told so at once. Raises LocalError."""
    if lab.region.built is not None:
        await lab.region.built.keep_time()


async def enrol_over_est(lab: Lab) -> None:
    """From now on the CSMS of the first station enrols at the Sub-CA over EST, in the name of its operator.

    At running services it always does.
    """
    if lab.settings.ecosystem is None:
        lab.services.authority = StationEnrolment(_CallsOf(await lab.caller("CPO")))


class _CallsOf(Struct, frozen=True):
    """The services as ``caller`` calls them (:class:`backend.ports.Calls`)."""

    caller: Caller

    async def call(self, service: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict((await self.caller.call(method, path, body or b"")).body)

    async def get(self, service: str, path: str) -> bytes:
        return await self._octets("GET", path, b"", "")

    async def post(self, service: str, path: str, body: bytes, media_type: str) -> bytes:
        return await self._octets("POST", path, body, media_type)

    async def _octets(self, method: str, path: str, body: bytes, media_type: str) -> bytes:
        headers = {"Authorization": self.caller.authorization} | ({"Content-Type": media_type} if media_type else {})
        status, said = await self.caller.carry(method, path, body, headers)
        if status not in (200, 201):
            raise Refused(
                f"{path} answered HTTP {status} to {self.caller.name}.",
                clause="RFC 7030 4.2.3",
                kind=kind_of(status),
                http_status=status,
            )
        return said
