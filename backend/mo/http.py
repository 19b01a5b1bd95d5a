"""An operator's back end over HTTP (``/v1/mo``; the paths are ours, nobody published any).

Operators call for their customers, which their portal knows; a vehicle is named by the PCID the customer gives, and
there is no other way to it (MO-2). A CSMS asks who may charge, one by one or for the whole list (CSO-2).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pncsim.backend.ccp.requests import read_emaid, read_pcid
from pncsim.backend.cps.generate_http import read_time
from pncsim.backend.mo.customers import Customers
from pncsim.backend.mo.desks import Desks
from pncsim.backend.mo.store import DriverNotice, Subscription
from pncsim.backend.pcp import vehicle_key
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, Grant, Role, not_owned
from pncsim.backend.rest.bodies import base64_text, json_object, json_response, text_member
from pncsim.backend.rest.guessing import Guesses
from pncsim.backend.rest.routes import Route
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

_CONTRACTS = "/v1/mo/contracts"
_ONE = _CONTRACTS + "/{emaid}"
_CUSTOMER = "/v1/mo/customers/{customer}"
_CPO: frozenset[Role] = frozenset({"CPO"})
_LONGEST = 64
"""Characters of what a portal calls a customer."""
_PAGE = 1_000
"""Contracts looked at for one page of the list of who may charge."""


def has_no_pki(grant: Grant) -> bool:
    """Whether the caller is an operator that has its contracts made by the contract service."""
    return "MO_EXTERNAL_PKI" not in grant.roles


def routes(
    desks: Desks, clock: Clock, guesses: Guesses, by_service: Callable[[Grant], bool] = has_no_pki
) -> tuple[Route, ...]:
    """The back end's operations and who may call them; ``by_service``: whose contracts the contract service makes."""
    face = _Face(desks, clock, guesses, by_service)
    return (
        Route("POST", _CONTRACTS, "concludeContract", OPERATORS, face.conclude),
        Route("GET", _CONTRACTS, "getContractsOfOperator", OPERATORS, face.contracts),
        Route("GET", _ONE, "getContract", OPERATORS, face.contract),
        Route("DELETE", _ONE, "unsubscribe", OPERATORS, face.unsubscribe),
        Route("PUT", _ONE + "/renewal", "setAutomaticRenewal", OPERATORS, face.let_renew),
        Route("POST", _ONE + "/renewal", "renewContract", OPERATORS, face.renew),
        Route("PUT", _ONE + "/blocked", "setBlocked", OPERATORS, face.block),
        Route("POST", _CUSTOMER + "/termination", "terminateCustomer", OPERATORS, face.terminate),
        Route("GET", _CUSTOMER + "/notices", "getNotices", OPERATORS, face.notices),
        Route("POST", "/v1/mo/authorize", "authorizeContract", _CPO, face.authorize),
        Route("GET", "/v1/mo/whitelist", "getWhitelist", _CPO, face.whitelist),
    )


class _Face:
    """One method for each operation: read, call the desk, write."""

    def __init__(self, desks: Desks, clock: Clock, guesses: Guesses, by_service: Callable[[Grant], bool]) -> None:
        self._desks, self._clock, self._guesses, self._by_service = desks, clock, guesses, by_service

    async def conclude(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request)
        customer, pcid = _customer(text_member(body, "customer")), read_pcid(text_member(body, "pcid"))
        emaid = None if body.get("emaid") is None else read_emaid(text_member(body, "emaid"))
        until = None if body.get("contractEnds") is None else read_time(body, "contractEnds")
        lasts = None if body.get("certificateEnds") is None else read_time(body, "certificateEnds")
        renews = _flag(body, "automaticRenewal", default=False)
        desk = self._desk(grant, emaid[:5] if emaid is not None else body.get("provider"))
        with self._guesses.attempt(grant.holder, vehicle_key(pcid)):
            contract = await desk.conclude(
                customer,
                pcid,
                emaid=emaid,
                until=until,
                lasts=lasts,
                renews=renews,
                by_service=self._by_service(grant),
            )
        return json_response(_contract(contract), 201)

    async def contracts(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        asked = request.query
        customer = _customer(asked["customer"]) if "customer" in asked else None
        desk = self._desk(grant, asked.get("provider"))
        try:
            page = await desk.contracts(customer, after=asked.get("after", ""))
        except ValueError as error:
            raise Refused(f"The member 'after' is wrong: {error}.", clause="OPCP error body") from None
        return json_response({"contracts": list(map(_contract, page.values)), "next": page.next or None})

    async def contract(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        emaid, desk = self._owned(request, grant)
        with self._guesses.attempt(grant.holder, emaid):
            return json_response(_contract(await desk.contract(emaid)))

    async def unsubscribe(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        emaid, desk = self._owned(request, grant)
        with self._guesses.attempt(grant.holder, emaid):
            return json_response(_contract(await desk.unsubscribe(emaid)))

    async def let_renew(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        wanted = _flag(await json_object(request), "automatic")
        emaid, desk = self._owned(request, grant)
        with self._guesses.attempt(grant.holder, emaid):
            return json_response(_contract(await desk.let_renew(emaid, wanted)))

    async def renew(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        emaid, desk = self._owned(request, grant)
        with self._guesses.attempt(grant.holder, emaid):
            return json_response(_contract(await desk.renew(emaid)))

    async def block(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        wanted = _flag(await json_object(request), "blocked")
        emaid, desk = self._owned(request, grant)
        with self._guesses.attempt(grant.holder, emaid):
            return json_response(_contract(await desk.block(emaid, wanted)))

    async def terminate(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        body = await json_object(request) if await request.read() else {}
        customer = _customer(request.match_info["customer"])
        at = None if body.get("contractEnds") is None else read_time(body, "contractEnds")
        desk = self._desk(grant, body.get("provider"))
        return json_response({"contracts": list(map(_contract, await desk.terminate(customer, at)))})

    async def notices(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        customer, desk = _customer(request.match_info["customer"]), self._desk(grant, request.query.get("provider"))
        return json_response({"notices": [_notice(notice) for notice in await desk.notices(customer)]})

    async def authorize(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """An EMAID of nobody here, of another operator, and one that never was are answered alike."""
        emaid = read_emaid(text_member(await json_object(request), "emaid"))
        self._guesses.check(grant.holder)
        status = await self._desks.authorize(emaid)
        self._guesses.check(grant.holder)  # of many at once, no answer gets out beyond those allowed
        if status.status == "Unknown":
            self._guesses.missed(grant.holder, emaid)
        # Whose the contract is, is for its operator alone.
        return json_response({"emaid": emaid, "status": status.status})

    async def whitelist(self, request: web.Request, grant: Grant) -> web.StreamResponse:
        """Who may charge as of now, page by page; a page may be empty and not be the last."""
        asked, now = request.query, self._clock.now()
        try:
            page = await self._desks.page(asked.get("provider"), after=asked.get("after", ""), limit=_PAGE)
        except ValueError as error:
            raise Refused(f"The member 'after' is wrong: {error}.", clause="OPCP error body") from None
        listed = [
            {"emaid": one.emaid, "validUntil": _moment(one.ends if one.until is None else min(one.ends, one.until))}
            for one in page.values
            if one.may_charge(now)
        ]
        return json_response({"asOf": _moment(now), "contracts": listed, "next": page.next or None})

    def _owned(self, request: web.Request, grant: Grant) -> tuple[str, Customers]:
        """The EMAID of the path, and the desk of its operator, if that is the caller."""
        emaid = read_emaid(request.match_info["emaid"])
        if not grant.owns_contract(emaid):
            raise not_owned(emaid)
        return emaid, self._desks.of(emaid[:5])

    def _desk(self, grant: Grant, provider: object) -> Customers:
        """The desk of the provider named, which may be left out by who has one only."""
        own = sorted(grant.providers or ())
        if provider is None and len(own) == 1:
            provider = own[0]
        if not isinstance(provider, str) or not provider:
            raise Refused(
                f"The member 'provider' has to say which: {', '.join(own) or 'country and provider id'}.",
                clause="ACC-4",
                message="provider : must not be null",
            )
        if len(provider) != 5 or not provider.isalnum() or not provider.isascii():
            raise Refused(f"{provider[:40]!a} is no country and provider id of five characters.", clause="ACC-4")
        if not grant.owns_contract(provider):
            raise not_owned(provider)
        return self._desks.of(provider)


def _customer(text: str) -> str:
    if not 1 <= len(text) <= _LONGEST or not text.isprintable() or "/" in text:
        raise Refused(
            f"The customer {text[:_LONGEST]!a} is not 1 to {_LONGEST} printable characters without a slash.",
            clause="OPCP error body",
        )
    return text


def _flag(body: Mapping[str, Any], name: str, *, default: bool | None = None) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Refused(f"The member {name!r} is neither true nor false.", clause="OPCP error body")
    return value


def _contract(contract: Subscription) -> dict[str, Any]:
    return {
        "emaid": contract.emaid,
        "customer": contract.driver,
        "pcid": contract.pcid,
        "state": str(contract.state),
        "vehicle": contract.vehicle_now,
        "contractCertificate": base64_text(reading.der(contract.certificate)),
        "certValidFrom": _moment(reading.not_before(contract.certificate)),
        "certValidTo": _moment(contract.ends),
        "contractEnds": None if contract.until is None else _moment(contract.until),
        "automaticRenewal": contract.renews,
        "issuedBy": "service" if contract.by_service else "operator",
    }


def _notice(notice: DriverNotice) -> dict[str, Any]:
    return {"time": _moment(notice.time), "emaid": notice.emaid, "subject": notice.subject, "text": notice.text}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
