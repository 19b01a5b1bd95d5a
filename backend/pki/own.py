"""What a party certifies for its own use: a root of its own and what stands below it, made when it is first needed.

Roots and keys are kept in the store, so that they last and all processes on one database have the same.
"""

from __future__ import annotations

import re
from typing import ClassVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pncsim.backend.store.tables import Change, KeptKind, Store
from pncsim.tls_certs import reading
from pncsim.tls_certs.authority import Authority
from pncsim.tls_certs.issue import ORGANIZATION, issue, subject_name
from pncsim.tls_certs.keys import kept_ec_key, private_octets
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.source import Source
from pncsim.wire.values import Discreet, replace


class OwnKey(Discreet, Struct, frozen=True, kw_only=True):
    """A certificate of a party's own and its key; ``role`` is one of :data:`tls_certs.profiles.PARTY_PROFILES`."""

    role: str
    certificate: x509.Certificate
    private: bytes
    """PKCS#8, DER."""

    _hidden: ClassVar[tuple[str, ...]] = ("private",)

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        return kept_ec_key(self.private)


OWN_KEYS: KeptKind[OwnKey] = KeptKind("own_keys", OwnKey, key=lambda own: own.role, identity=True)


class OwnAuthority:
    """The root of one party, by its ``role``. What it issues names no responder: the party itself keeps the list."""

    def __init__(self, clock: Clock, store: Store, role: str, source: Source) -> None:
        self._clock, self._store, self._role, self._source = clock, store, role, source

    async def root(self) -> x509.Certificate:
        """The root, for who is to trust it."""
        return (await self._kept(self._role)).certificate

    async def authority(self) -> Authority:
        """What issues below the root."""
        own = await self._kept(self._role)
        return Authority(role=self._role, certificate=own.certificate, chain=(), key=own.key, source=self._source)

    async def credentials(self, role: str, *, hosts: tuple[str, ...] = ()) -> Credentials:
        """The party's own leaf of ``role``; a new one where a third of its life is all that is left.

        ``hosts``: names it has to have besides those of its profile.
        """
        own = await self._store.of(OWN_KEYS).get(role)
        if own is None or not self._lasts(own.certificate) or not _has(own.certificate, hosts):
            made = self._leaf(role, await self.authority(), hosts)
            own = await self._store.change(lambda change: self._put(change, made, hosts))
        return Credentials((own.certificate,), own.key)

    async def start_anew(self, *leaves: str) -> x509.Certificate:
        """A root of another name and key in place of the old one, and ``leaves`` below it; the new root.

        For when a key is in wrong hands: the root names no responder, so that nothing below it can be revoked, and who
        trusted the old root has to be given the new one by the way the old one came.
        """
        number = _generation((await self._kept(self._role)).certificate) + 1
        root = self._root(number)
        authority = Authority(
            role=self._role, certificate=root.certificate, chain=(), key=root.key, source=self._source
        )
        made = [root, *(self._leaf(role, authority, ()) for role in leaves)]

        async def keep(change: Change) -> None:
            for one in made:
                await change.of(OWN_KEYS).put(one)

        await self._store.change(keep)
        return root.certificate

    def _leaf(self, role: str, authority: Authority, hosts: tuple[str, ...]) -> OwnKey:
        profile = PROFILES[role]
        profile = replace(profile, hosts=(*profile.hosts, *(host for host in hosts if host not in profile.hosts)))
        name = _named(profile.title, _generation(authority.certificate))
        made = authority.credentials(profile, name, self._clock.now())
        return _own(role, made.leaf, made.key)

    async def _put(self, change: Change, made: OwnKey, hosts: tuple[str, ...]) -> OwnKey:
        """Keep a leaf, unless another process has just done so."""
        kept = await change.of(OWN_KEYS).get(made.role)
        if kept is not None and self._lasts(kept.certificate) and _has(kept.certificate, hosts):
            return kept
        await change.of(OWN_KEYS).put(made)
        return made

    async def _kept(self, role: str) -> OwnKey:
        kept = await self._store.of(OWN_KEYS).get(role)
        if kept is not None:
            return kept
        made = self._root(1)

        async def keep(change: Change) -> OwnKey:
            first = await change.of(OWN_KEYS).get(role)
            if first is None:
                await change.of(OWN_KEYS).put(made)
            return first or made

        return await self._store.change(keep)

    def _root(self, number: int) -> OwnKey:
        """The root of that generation."""
        profile, key, now = PROFILES[self._role], self._source.key(), self._clock.now()
        certificate = issue(
            profile,
            subject_name(profile, _named(profile.title, number)),
            key.public_key(),
            now,
            issuer=None,
            issuer_key=key,
            serial=self._source.serial(),
            not_before=now - DAY,
        )
        return _own(self._role, certificate, key)

    def _lasts(self, certificate: x509.Certificate) -> bool:
        begins, ends = reading.not_before(certificate), reading.not_after(certificate)
        return begins <= self._clock.now() < ends - (ends - begins) / 3


_GENERATION = re.compile(r" G([1-9]\d{0,5})\Z", re.ASCII)


def _named(title: str, generation: int) -> str:
    """The first is called as it is, the others by their number."""
    return f"{ORGANIZATION} {title}" + (f" G{generation}" if generation > 1 else "")


def _generation(root: x509.Certificate) -> int:
    found = _GENERATION.search(reading.common_name(root))
    return int(found[1]) if found else 1


def _own(role: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> OwnKey:
    return OwnKey(role=role, certificate=certificate, private=private_octets(key))


def _has(certificate: x509.Certificate, hosts: tuple[str, ...]) -> bool:
    if not hosts:
        return True
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(hosts) <= {str(name.value) for name in names}
