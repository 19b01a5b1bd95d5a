"""Taking participants in, and letting them go (ACC-3, ACC-4, ACC-7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct

from pncsim.backend.auth.store import CLIENTS, Client, digest
from pncsim.backend.refusal import Refused
from pncsim.backend.rest.access import OPERATORS, ROLES, Role
from pncsim.backend.store import Change, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import Discreet, replace
from pncsim.wire.voice import Voice

SECRET = 32
"""Random octets of a secret; nobody guesses them, so no slow hash is needed."""

OPERATOR = "the operator"
"""Who has confirmed ids where nobody else is named: who takes a participant in by hand knows it."""
LONGEST_TEXT = 200

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WMI = re.compile(r"[A-Z0-9]{3}")
_PROVIDER = re.compile(r"[A-Z]{2}[A-Z0-9]{3}")

_NOBODY = Client(id="", name="", role="CPO", salt=bytes(16), digest=bytes(32), created_at=0.0)
"""Whose secret is looked at where there is no client: that takes the same time."""


class NewClient(Discreet, Struct, frozen=True):
    """A client and its secret, which is told once and not kept."""

    client: Client
    secret: str

    _hidden: ClassVar[tuple[str, ...]] = ("secret",)


class Clients:
    """The participants' programs that may call the services."""

    def __init__(self, clock: Clock, voice: Voice, store: Store, source: Source = SYSTEM) -> None:
        self._clock, self._voice, self._store, self._source = clock, voice, store, source

    async def add(
        self,
        id: str,
        role: Role,
        *,
        name: str = "",
        wmis: Sequence[str] = (),
        providers: Sequence[str] = (),
        secret: str | None = None,
        confirmation: str = OPERATOR,
    ) -> NewClient:
        """Take a participant in.

        ``secret``: a known one, for set-ups that have to be repeated; otherwise one is drawn. ``confirmation``: who has
        confirmed that the ids are its own; a mobility operator without one waits for :meth:`confirm` (ACC-7). Raises
        Refused for an id that is taken, a role that is none, and ids that are none or not of that role.
        """
        with self._voice.call("add client") as call:
            wmis, providers = tuple(w.upper() for w in wmis), tuple(p.upper().replace("-", "") for p in providers)
            _check(id, role, wmis, providers)
            _check_text("confirmation", confirmation)
            _check_text("name", name)
            client = Client(
                id=id,
                name=name or id,
                role=role,
                wmis=wmis,
                providers=providers,
                salt=b"",
                digest=b"",
                created_at=self._clock.now(),
                confirmation=confirmation,
                enabled=bool(confirmation) or role not in OPERATORS,
            )
            made = self._with_secret(client, secret)

            async def keep(change: Change) -> None:
                if await change.of(CLIENTS).get(id) is not None:
                    raise Refused(f"There is a client {id} already.", clause="ACC-1", http_status=409)
                await change.of(CLIENTS).put(made.client)

            await self._store.change(keep)
            owns = ", ".join((*wmis, *providers))
            may = "may call" if made.client.enabled else "waits for its ids to be confirmed before it may call"
            call.text = f"{id} {may} as {role}{f' for {owns}' if owns else ''}."
            return made

    async def list(self) -> list[Client]:
        """All of them."""
        return [client async for client in every(self._store.of(CLIENTS))]

    async def get(self, id: str) -> Client:
        """One of them. Refused with 404 if it is not there."""
        return _there(await self._store.of(CLIENTS).get(id), id)

    async def enable(self, id: str, enabled: bool) -> Client:
        """Let a client in, or shut it out at once, whatever tokens it holds.

        Refused with 409 for a mobility operator whose ids nobody has confirmed.
        """
        with self._voice.call("enable client" if enabled else "disable client") as call:
            client = await self._amend(id, lambda client: replace(_confirmed(client, enabled), enabled=enabled))
            call.text = f"{id} may call as {client.role}." if enabled else f"{id} is shut out."
            return client

    async def confirm(self, id: str, confirmation: str) -> Client:
        """Note who has confirmed that the provider ids are the operator's own, and let it in (ACC-7)."""
        with self._voice.call("confirm client") as call:
            _check_text("confirmation", confirmation, least=1)
            client = await self._amend(id, lambda client: replace(client, confirmation=confirmation, enabled=True))
            call.text = f"{id} may call as {client.role}: its ids are confirmed ({confirmation})."
            return client

    async def rotate(self, id: str) -> NewClient:
        """Give a client a new secret; the old one is worth nothing from now on."""
        with self._voice.call("rotate secret") as call:
            secret, salt = self._source.token(SECRET), self._source.octets(16)
            client = await self._amend(id, lambda client: replace(client, salt=salt, digest=digest(salt, secret)))
            call.text = f"{id} has a new secret."
            return NewClient(client, secret)

    async def remove(self, id: str) -> None:
        """Forget a client. What it published stays."""
        with self._voice.call("remove client") as call:
            _there(await self._store.of(CLIENTS).remove(id), id)
            call.text = f"{id} is known no more."

    async def authenticate(self, id: str, secret: str) -> Client | None:
        """The client if that is its secret and it is let in; None otherwise, in the same time for whatever reason."""
        client = await self._store.of(CLIENTS).get(id) if _ID.fullmatch(id) else None
        right = (client or _NOBODY).has(secret)
        return client if client is not None and right and client.enabled else None

    async def enabled(self, id: str) -> Client | None:
        """The client, unless it is unknown or shut out."""
        client = await self._store.of(CLIENTS).get(id)
        return client if client is not None and client.enabled else None

    async def _amend(self, id: str, amended: Callable[[Client], Client]) -> Client:
        async def amend(change: Change) -> Client:
            client = amended(_there(await change.of(CLIENTS).get(id), id))
            await change.of(CLIENTS).put(client)
            return client

        return await self._store.change(amend)

    def _with_secret(self, client: Client, secret: str | None) -> NewClient:
        secret = self._source.token(SECRET) if secret is None else secret
        salt = self._source.octets(16)
        return NewClient(replace(client, salt=salt, digest=digest(salt, secret)), secret)


def _there(client: Client | None, id: str) -> Client:
    if client is None:
        raise Refused(f"There is no client {id}.", clause="ACC-1", http_status=404)
    return client


def _confirmed(client: Client, enabled: bool) -> Client:
    if enabled and client.role in OPERATORS and not client.confirmation:
        raise Refused(
            f"Nobody has confirmed that {', '.join(client.providers)} {'is' if len(client.providers) == 1 else 'are'} "
            f"the own of {client.id}.",
            clause="ACC-7",
            http_status=409,
            advice="Confirm it, naming the authority that issues provider ids.",
        )
    return client


def _check_text(name: str, text: str, *, least: int = 0) -> None:
    if not least <= len(text) <= LONGEST_TEXT or not text.isprintable():
        raise Refused(
            f"The {name} is not {least} to {LONGEST_TEXT} printable characters: {text[:40]!r}.", clause="ACC-7"
        )


def _check(id: str, role: Role, wmis: tuple[str, ...], providers: tuple[str, ...]) -> None:
    if not _ID.fullmatch(id):
        text = f"{id[:80]!r} is no client id: up to 64 letters, digits, dots, dashes and underscores."
        raise Refused(text, clause="ACC-1")
    if role not in ROLES:
        raise Refused(f"{role!r} is no role; there are {', '.join(sorted(ROLES))}.", clause="ACC-2")
    if (role == "OEM" and not wmis) or (role in OPERATORS and not providers):
        what = "WMI" if role == "OEM" else "provider id"
        raise Refused(f"A client of the role {role} needs at least one {what}.", clause="ACC-3, ACC-4")
    stray = [*(() if role == "OEM" else wmis), *(() if role in OPERATORS else providers)]
    if stray:
        raise Refused(f"A client of the role {role} does not own {', '.join(stray)}.", clause="ACC-3, ACC-4")
    for one in wmis:
        if not _WMI.fullmatch(one):
            raise Refused(f"{one!r} is no WMI: three letters or digits.", clause="ACC-3")
    for one in providers:
        if not _PROVIDER.fullmatch(one):
            raise Refused(f"{one!r} is no provider id: two letters of a country, three characters.", clause="ACC-4")
