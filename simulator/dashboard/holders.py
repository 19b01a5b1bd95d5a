"""The certificates of a lab, each once: who holds it, what its authority says of it, what was heard of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from cryptography import x509
from msgspec import Struct, field

from pncsim.simulator.dashboard.reports import CertificateTold, StatusHeard
from pncsim.tls_certs import reading
from pncsim.tls_certs.ocsp import period, single_about
from pncsim.tls_certs.pki import Pki
from pncsim.wire.errors import LocalError, PncError

if TYPE_CHECKING:
    from pncsim.backend.ecosystem import Ecosystem
    from pncsim.secc.charge_point import ChargePoint


class _Held(Struct):
    """A certificate while it is looked for who has it."""

    certificate: x509.Certificate
    role: str
    name: str = ""
    pki: str = ""
    holders: dict[str, None] = field(default_factory=dict)
    heard: list[StatusHeard] = field(default_factory=list)


class Holders:
    """The certificates of a lab, each once, with whoever has it."""

    def __init__(self) -> None:
        self._all: dict[bytes, _Held] = {}

    def chain(self, chain: Iterable[x509.Certificate], role: str, holder: str, name: str = "") -> None:
        """``holder`` has this leaf; what stands above it is known from elsewhere, or told without a role."""
        for at, certificate in enumerate(chain):
            self.one(certificate, role if at == 0 else "", holder if at == 0 else "", name if at == 0 else "")

    def one(self, certificate: x509.Certificate, role: str, holder: str, name: str = "") -> _Held:
        """``holder`` has this certificate; who names it first decides what it is called."""
        held = self._all.setdefault(reading.der(certificate), _Held(certificate, role))
        held.role, held.name = held.role or role, held.name or name
        if holder:
            held.holders[holder] = None
        return held

    def of_pki(self, name: str, pki: Pki) -> None:
        """Every role of a PKI. Commands know those of the first one by it."""
        for role in pki.roles:
            for at, certificate in enumerate(pki.certificates[role]):
                held = self.one(certificate, role, "", role if not name and at == 0 else "")
                held.pki = name

    def of_station(self, station: ChargePoint) -> None:
        """What a station shows, and what it staples to it."""
        identity, credentials = station.station.config.identity, station.station.credentials
        if credentials is None:
            return
        self.chain(credentials.chain, "secc_leaf", identity, identity)
        issuers = credentials.chain[1:]
        for certificate, issuer, staple in zip(credentials.chain, issuers, station.station.staples, strict=False):
            if staple is not None and (heard := heard_in(staple, certificate, issuer, f"{identity} staples")):
                self.one(certificate, "", "").heard.append(heard)

    def told(self, pkis: Iterable[Pki], ecosystem: Ecosystem | None) -> Iterator[CertificateTold]:
        """All of them, with what their authorities say and what the back end has heard."""
        within = tuple(pkis)
        for der, held in self._all.items():
            said, reason, since = "", "", 0.0
            for pki in within:
                with suppress(LocalError):
                    authority = pki.issuer_authority(held.certificate)
                    status, revocation = authority.registry.said_of(held.certificate.serial_number)
                    said = str(status)
                    if revocation is not None:
                        reason, since = revocation.reason.replace("_", " "), revocation.time
                    known = ecosystem.ocsp.heard(held.certificate, authority.certificate) if ecosystem else None
                    if known is not None:
                        until, answer = known
                        held.heard.append(
                            StatusHeard("The back end heard", str(answer.status), answer.this_update, until)
                        )
                    break
            yield CertificateTold(
                name=held.name or reading.fingerprint(der)[:16],
                role=held.role,
                der=der,
                holders=tuple(held.holders),
                pki=held.pki,
                said=said,
                reason=reason,
                since=since,
                heard=tuple(held.heard),
            )


def heard_in(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate, by: str) -> StatusHeard | None:
    """What an OCSP answer (DER) says of a certificate; None where it says nothing that can be read."""
    try:
        with reading.reading("The answer"):
            response = reading.load_answer(answer)
            single = single_about(response, certificate.serial_number, issuer)
            begins, ends = period(single)
            return StatusHeard(by, single.certificate_status.name.lower(), begins, ends)
    except PncError:
        return None
