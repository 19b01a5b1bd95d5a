"""A private environment (CharIN 2.1.4): somebody's own station, below a root of its own, with a list of contracts."""

from __future__ import annotations

from cryptography import x509
from msgspec import Struct

from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.source import Source
from pncsim.wire.values import Discreet

OWNER = "Garage of Ada"
STATION = "ZZ00000"
"""What a station without an EVSEID of its own is called."""


class PrivateHome(Discreet, Struct, frozen=True):
    """The root, what the station shows, and the contracts that may charge: a list its owner goes on writing in."""

    root: x509.Certificate
    station: Credentials
    emaids: set[str]

    _hidden = ("station",)

    @classmethod
    def of(cls, clock: Clock, source: Source) -> PrivateHome:
        """A new one, with keys from ``source``; no contract is welcome there yet."""
        stream, now = source.of(OWNER), clock.now()
        key, own = stream.key(), stream.key()
        profile, leaf = PROFILES["private_root"], PROFILES["private_leaf"]
        root = issue(
            profile,
            subject_name(profile, OWNER),
            key.public_key(),
            now,
            issuer=None,
            issuer_key=key,
            serial=stream.serial(),
            not_before=now - DAY,
        )
        certificate = issue(
            leaf,
            subject_name(leaf, STATION),
            own.public_key(),
            now,
            issuer=root,
            issuer_key=key,
            serial=stream.serial(),
        )
        return cls(root, Credentials((certificate,), own), set())
