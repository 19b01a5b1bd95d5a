"""Somebody who calls services that are elsewhere, as :class:`simulator.lab.desk.Desk` has it for those of a lab.

What a scenario has brought there by such calls is taken away again when the lab closes, last things first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from pncsim.backend import certificates
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.bodies import base64_text
from pncsim.backend.rest.client import HttpClient
from pncsim.simulator.lab.desk import LONGEST, ROLES, Caller, Carry
from pncsim.simulator.lab.elsewhere.callers import PATIENCE, Callers
from pncsim.simulator.lab.elsewhere.only_here import needed_by_others
from pncsim.simulator.lab.roots import ROOTS
from pncsim.simulator.pool.client import Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.pki import Pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.values import Discreet
from pncsim.wire.voice import Voice

_SERVICES: Mapping[str, str] = {
    "/v1/root/": "rcp",
    "/v1/oem/": "pcp",
    "/v1/ccp/": "ccp",
    "/v1/cps/": "cps",
    "/v1/mo/": "mo",
    "/v1/manufacturer/": "oem",
    "/v1/webhook/": "webhooks",
    "/admin/": "admin",
}
"""Which service has the paths that begin so; all others are of EST."""

_ORDERS = "/v1/manufacturer/vehicles/"


class _Calls(Struct, frozen=True):
    """In whose name a caller calls; ``authorization`` is what its calls carry, whichever token is good by now."""

    who: Participant
    authorization: str
    back_end: Carry | None = None
    """How an operator's own back end is called, where that is not the services'."""


class Brought(Discreet, Struct, frozen=True):
    """Something that was not there before: where it is deleted, and by whom."""

    path: str
    calls: _Calls
    headers: Mapping[str, str]

    _hidden = ("headers",)


class Removed(Discreet, Struct, frozen=True):
    """A root that was there before: its name, and the request that puts it there again."""

    what: str
    body: bytes
    calls: _Calls
    headers: Mapping[str, str]

    _hidden = ("headers",)


class RemoteDesk:
    """Where the services behind ``callers`` are called; what it opens is closed with ``sockets``.

    The roots of ``pki`` are there already, whoever puts them there again; who takes one away is only let where nobody
    else depends on the services (``alone``), and it is put back at the end. ``guests``: how the back end of an operator
    is called that is not the services'.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        callers: Callers,
        pki: Pki,
        sockets: AsyncExitStack,
        *,
        guests: Callable[[str], Awaitable[Carry | None]],
        alone: Callable[[], Awaitable[bool]],
    ) -> None:
        self._clock, self._voice, self._callers = clock, voice, callers
        self._http = HttpClient(clock, whole=PATIENCE, body=LONGEST, tls=callers.tls, voice=voice)
        self._pki = pki
        self._brought: list[Brought] = []
        self._removed: list[Removed] = []
        self._guests, self._alone = guests, alone
        sockets.push_async_callback(self.close)

    async def caller(self, name: str, of: str = "") -> Caller:
        """One of :data:`ROLES`: the client of that role (that owns ``of``) whose secret is known. Raises PncError."""
        if name not in ROLES:
            raise LocalError(f"Nobody calls the services as {name!r}.", advice=f"There are {', '.join(ROLES)}.")
        if of and name in ("OEM", "MO"):
            participant, _ = self._callers.manufacturer(of) if name == "OEM" else self._callers.operator(of)
        else:
            participant = self._callers.of(ROLES[name])
        back_end = await self._guests(of) if name == "MO" else None
        calls = _Calls(participant, f"Bearer {await participant.token()}", back_end)
        return Caller(name, calls.authorization, partial(self._carry, calls), participant.client)

    async def mailed(self) -> None:
        """Running services send their events by themselves."""

    async def close(self) -> None:
        """Take away what was brought there, and close the connections; what cannot be taken away is told."""
        try:
            while self._brought:
                last = self._brought.pop()
                status, _ = await self._asked(last.calls, "DELETE", last.path, b"", last.headers)
                if status not in (200, 404):
                    self._voice.warning(f"{last.path} stays where it is: the services answered HTTP {status}.")
            while self._removed:
                gone = self._removed.pop()
                status, _ = await self._asked(gone.calls, "PUT", ROOTS, gone.body, gone.headers)
                if status != 200:
                    self._voice.warning(f"{gone.what} is not in the root pool any more: HTTP {status}.")
        except PncError as error:
            left = ", ".join((last.path, *(one.path for one in self._brought)))
            self._voice.warning(f"{left} stay where they are: {error.sentence}")
        finally:
            await self._http.close()

    async def _carry(
        self, calls: _Calls, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        root = await self._root_at(calls, path, headers) if method == "DELETE" else None
        status, said = await self._asked(calls, method, path, body, headers)
        if root is not None and status == 200:
            self._removed.append(root)
        if status in (200, 201) and (place := self._place(method, path, _members(body), _members(said))):
            self._brought.append(Brought(place, calls, headers))
        return status, said

    async def _root_at(self, calls: _Calls, path: str, headers: Mapping[str, str]) -> Removed | None:
        """The services' own root that is deleted at ``path``, if it is one. Raises LocalError where others need it."""
        if not path.startswith(f"{ROOTS}/"):
            return None
        status, said = await self._asked(calls, "GET", path.partition("?")[0], b"", headers)
        root = _members(said).get("RootResponse")
        octets = root.get("caCertificate") if status == 200 and isinstance(root, dict) else None
        if octets not in self._roots:
            return None
        what = reading.shown(reading.load(base64.b64decode(_text(root, "caCertificate"))).subject)
        if not await self._alone():
            raise needed_by_others(f"{what}, a root of the services themselves,", "take out")
        body = json.dumps({"caCertificate": octets, "rootType": _text(root, "rootType")}).encode()
        return Removed(what, body, calls, headers)

    async def _asked(
        self, calls: _Calls, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """As asked, but for a token that the lab's time has outlived: then with a new one."""
        if calls.back_end is not None and path.startswith("/v1/mo/"):
            return await calls.back_end(method, path, body, headers)
        if headers.get("Authorization") != calls.authorization:  # an owner's name and password, for instance
            return await self._exchange(method, path, body, headers)
        headers = {"Authorization": f"Bearer {await calls.who.token()}"}
        status, said = await self._exchange(method, path, body, headers)
        if status != 401:
            return status, said
        try:
            headers = {"Authorization": f"Bearer {await calls.who.token(anew=True)}"}
        except Refused:
            return status, said
        return await self._exchange(method, path, body, headers)

    @property
    def _roots(self) -> set[str]:
        """The services' own roots, as they are sent."""
        return {base64_text(reading.der(root)) for root in self._pki.anchors("v2g_root", "mo_root", "oem_root")}

    def _place(self, method: str, path: str, sent: Mapping[str, Any], said: Mapping[str, Any]) -> str:
        """Where what an exchange has brought is deleted; "" where it has brought nothing."""
        match method, path:
            case "PUT", "/v1/root/rootCerts":
                old = sent.get("caCertificate") in self._roots
                return "" if old else f"{path}/{_text(said.get('RootResponse'), 'rootCertificateId')}"
            case "PUT", "/v1/oem/provCerts":
                leaf = certificates.load(base64.b64decode(_text(sent, "vehicleCertificate")), "vehicleCertificate")
                return f"{path}/{quote(reading.common_name(leaf), safe='')}"
            case "POST", "/v1/mo/contracts":
                return f"{path}/{quote(_text(said, 'emaid'), safe='')}"
            case "POST", "/v1/webhook/endpoints":
                return f"{path}/{quote(_text(said, 'id'), safe='')}"
            case "PUT", _ if path.startswith(_ORDERS) and "/" not in path.removeprefix(_ORDERS):
                return path
        return ""

    async def _exchange(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        service = next((name for start, name in _SERVICES.items() if path.startswith(start)), "est")
        url = self._callers.url(service) + path
        with self._clock.acting():
            reply = await self._http.request(f"The service at {url}", method, url, body=body or None, headers=headers)
        return reply.status, reply.body


def _members(octets: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(octets)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(members: object, name: str) -> str:
    """A member of what was sent or said. Raises PeerError where it is no text."""
    found = members.get(name) if isinstance(members, Mapping) else None
    if not isinstance(found, str):
        raise PeerError(f"The services took something and did not say its {name}.", kind="malformed")
    return found
