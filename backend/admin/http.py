"""What administrators do besides taking participants in (``/admin``): revoke, cleanse, and control a test.

The clock, the reset and the successor of the V2G root are a test's, and answer 403 where nobody asked for them: an
operator's pool has none of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

from pncsim.backend import certificates
from pncsim.backend.admin.clients_http import ADMIN
from pncsim.backend.cleansing import cleanse
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import Grant
from pncsim.backend.rest.bodies import base64_text, binary_member, json_object, json_response
from pncsim.backend.rest.routes import Route
from pncsim.backend.root_renewal import renew_v2g_root
from pncsim.tls_certs import reading
from pncsim.tls_certs.revocation import Reason
from pncsim.wire.clock import LATEST, Clock
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from aiohttp import web

FARTHEST = 100 * 365 * 86_400
"""Seconds the clock is advanced at once, at most."""


Reset = Callable[[], Awaitable[None]]
"""Brings the services to another state, of what was restored for instance."""
FirstState = Callable[[bool], Awaitable[None]]
"""Brings them to that of a first start; the argument says whether their time begins anew, too."""
Duty = Callable[[], Awaitable[object]]
Duties = Mapping[str, Duty]
"""What services do by themselves once a day, by what it is."""


def routes(ecosystem: Ecosystem, clock: Clock, reset: FirstState | None, duties: Duties) -> tuple[Route, ...]:
    """The operations. Without ``reset`` there are no controls of a test: the clock can be read, and not moved."""
    face = _Face(ecosystem, clock, reset, duties)
    return (
        Route("POST", "/admin/certificates/revoke", "revokeCertificate", ADMIN, face.revoke),
        Route("POST", "/admin/cleansing", "cleanse", ADMIN, face.cleanse),
        Route("POST", "/admin/duties", "doDuties", ADMIN, face.do_duties),
        Route("GET", "/admin/clock", "getClock", ADMIN, face.clock),
        Route("POST", "/admin/clock/advance", "advanceClock", ADMIN, face.advance),
        Route("POST", "/admin/reset", "reset", ADMIN, face.reset),
        Route("POST", "/admin/pki/root", "renewRoot", ADMIN, face.renew_root),
    )


class _Face:
    """One method for each operation."""

    def __init__(self, ecosystem: Ecosystem, clock: Clock, reset: FirstState | None, duties: Duties) -> None:
        self._ecosystem, self._clock, self._reset, self._duties = ecosystem, clock, reset, duties

    async def revoke(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        der = binary_member(body, "certificate", "Invalid certificate format on certificate")
        reason = body.get("reason", "unspecified")
        if reason not in get_args(Reason):
            text = f"The reason {str(reason)[:40]!r} is none of {', '.join(get_args(Reason))}."
            raise Refused(text, clause="RFC 5280 5.3.1")
        certificate = certificates.load(der, "certificate")
        if not await Authorities(self._ecosystem.authorities.values()).revoke_certificate(
            certificate, cast(Reason, reason)
        ):
            text = f"No authority here has issued {reading.common_name(certificate) or 'the certificate'}."
            raise Refused(text, clause="PKI-6", http_status=404, advice="Who has issued it can revoke it.")
        return json_response({"serial": f"{certificate.serial_number:x}", "reason": reason})

    async def cleanse(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        gone = await cleanse(self._ecosystem, self._ecosystem.voice)
        return json_response({"roots": gone.roots, "vehicles": len(gone.vehicles), "contracts": len(gone.contracts)})

    async def do_duties(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        for duty in self._duties.values():
            await duty()
        return json_response({"duties": list(self._duties)})

    async def clock(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        return json_response(self._time())

    async def advance(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        self._asked_for()
        seconds = _seconds(await json_object(request))
        if self._clock.now() + seconds > LATEST:
            raise Refused(
                "The clock does not go beyond the year 9000, when certificates could not be dated any more.",
                clause="OPCP error body",
            )
        self._clock.jump(seconds)
        return json_response(self._time())

    async def reset(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        reset = self._asked_for()
        time = (await json_object(request)).get("time", False) if await request.read() else False
        if not isinstance(time, bool):
            raise Refused("The member 'time' is neither true nor false.", clause="OPCP error body")
        await reset(time)
        return json_response({})

    async def renew_root(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        self._asked_for()
        new_key = (await json_object(request)).get("newKey", True) if await request.read() else True
        if not isinstance(new_key, bool):
            raise Refused("The member 'newKey' is neither true nor false.", clause="OPCP error body")
        try:
            root = await renew_v2g_root(self._ecosystem, self._clock.now(), new_key=new_key)
        except LocalError as error:
            raise Refused(error.sentence, clause="RCP-12", http_status=404, advice=error.advice) from None
        return json_response({"certificate": base64_text(reading.der(root))}, 201)

    def _asked_for(self) -> FirstState:
        if self._reset is None:
            raise Refused(
                "The controls of a test are off.",
                clause="ACC-2",
                http_status=403,
                advice="Start the services with --test-controls, where nobody else depends on them.",
            )
        return self._reset

    def _time(self) -> Mapping[str, Any]:
        return {"time": f"{self._clock.utc():%Y-%m-%dT%H:%M:%SZ}", "seconds": self._clock.now()}


def _seconds(body: Mapping[str, Any]) -> float:
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= FARTHEST:
        raise Refused(
            f"The member 'seconds' is not a number from 0 to {FARTHEST}: the clock only moves forward.",
            clause="OPCP error body",
        )
    return float(seconds)
