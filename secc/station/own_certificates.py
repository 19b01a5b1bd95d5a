"""The station's V2G certificates: which one it shows now, which one it will show, and the OCSP answers about them."""

from __future__ import annotations

from cryptography import x509

from pncsim.secc.station.identity import Staple
from pncsim.secc.station.trust import TrustStore
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials

MOST = 4
"""Certificates kept: the one in use, one to come, and what they replace as long as it is valid."""


class OwnCertificates:
    """Of several that are valid the one that begins last is shown; one that begins in the future waits until then.

    What it replaced stays until its end and is shown again should the new one end first (OCPP A02.FR.08, -09). One
    that is revoked, by the OCSP answer about any certificate of its chain, is shown only until another one is there.
    """

    def __init__(self, trust: TrustStore, clock: Clock) -> None:
        self._trust, self._clock = trust, clock
        self._kept: tuple[Credentials, ...] = ()
        self._staples: dict[bytes, Staple] = {}  # by the certificate's octets

    def replace(self, credentials: Credentials | None) -> None:
        """Have these alone, whatever their validity."""
        self._kept = () if credentials is None else (credentials,)
        self._trust.own = credentials
        self._staples.clear()

    def add(self, credentials: Credentials) -> None:
        """Have these too."""
        now = self._clock.now()
        living = tuple(one for one in self._kept if reading.not_after(one.leaf) >= now and not self._revoked(one))
        self._kept = (*living[-MOST + 1 :], credentials)

    @property
    def all(self) -> tuple[Credentials, ...]:
        """Everything kept, in the order it came."""
        return self._kept

    @property
    def current(self) -> Credentials | None:
        """What is shown now; while none is valid, what was shown last, so that the vehicle may say what is wrong."""
        now = self._clock.now()
        shown: Credentials | None = None
        for one in self._kept:
            first, last = _validity(*one.chain)
            # Of two that begin in the same second the one that came later.
            if first <= now < last + 1 and (shown is None or _start(one) >= _start(shown)):
                shown = one
        if shown is not None:
            self._trust.own = shown
        return self._trust.own

    def last(self, gap: float) -> Credentials | None:
        """The one whose end decides when the next is asked for: what is shown now, or what follows it without a gap.

        While nothing valid is shown, one that begins within ``gap`` seconds is waited for. None: there is nothing.
        """
        now, current = self._clock.now(), self.current
        alive = current is not None and ends(current) >= now and not self._revoked(current)
        found = current if alive else None
        reach = now + gap if found is None else ends(found)
        for one in sorted(self.coming, key=_start):
            if begins(one) <= reach and not self._revoked(one):
                found, reach = one, max(reach, ends(one))
        return found

    @property
    def coming(self) -> tuple[Credentials, ...]:
        """Those that have not begun."""
        now = self._clock.now()
        return tuple(one for one in self._kept if begins(one) > now)

    @property
    def turns(self) -> list[float]:
        """When another one may have to be shown: the next begin, and the end of what is shown."""
        times = [begins(one) for one in self.coming]
        current, now = self.current, self._clock.now()
        if current is not None and len(self._kept) > 1 and ends(current) >= now:
            times.append(ends(current) + 1)
        return times

    # OCSP answers

    def staple(self, certificate: x509.Certificate) -> Staple | None:
        """The answer about one certificate, fresh or not."""
        return self._staples.get(reading.der(certificate))

    def _revoked(self, credentials: Credentials) -> bool:
        staples = map(self.staple, credentials.chain)
        return any(staple is not None and staple.status == "revoked" for staple in staples)

    def keep(self, certificate: x509.Certificate, staple: Staple) -> None:
        """Have this answer; those about certificates that are no longer here go."""
        here = {reading.der(one) for credentials in self._kept for one in credentials.chain}
        self._staples = {one: kept for one, kept in self._staples.items() if one in here}
        self._staples[reading.der(certificate)] = staple

    @property
    def staples(self) -> tuple[bytes | None, ...]:
        """DER answers aligned with the chain that is shown (leaf first), only those still valid now."""
        current, now = self.current, self._clock.now()
        kept = map(self.staple, current.chain if current is not None else ())
        return tuple(one.der if one is not None and one.until > now else None for one in kept)


def _start(credentials: Credentials) -> float:
    return reading.not_before(credentials.leaf)


def begins(credentials: Credentials) -> float:
    """When all of the chain is valid, seconds since the epoch."""
    return _validity(*credentials.chain)[0]


def ends(credentials: Credentials) -> float:
    """The last second in which all of the chain is valid."""
    return _validity(*credentials.chain)[1]


@reading.by_identity
def _validity(*chain: x509.Certificate) -> tuple[float, float]:
    """The first and the last second in which all of them are valid: asked for with every session."""
    return max(map(reading.not_before, chain)), min(map(reading.not_after, chain))
