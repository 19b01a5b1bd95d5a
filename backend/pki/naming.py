"""What a certificate may be called, by its role (PKI-2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pncsim.backend.refusal import Refused
from pncsim.tls_certs.profiles import NameKind
from pncsim.wire.gate import NotTolerated, Tolerance, Tolerate
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_evseid, check_pcid, is_seccid


def certified_name(name: str, kind: NameKind, *, gate: Tolerate) -> str:
    """The CN to certify for somebody who asks for ``name``; Refused where it is not of ``kind``.

    An EMAID is brought into its normal form, for contracts are compared by it. Stations of the field ask by names of
    all kinds: one that is no EVSEID or SECCID goes through ``gate``.
    """
    try:
        return _CHECKS[kind](name, gate) if kind in _CHECKS else name
    except (IdentifierError, NotTolerated) as error:
        raise Refused(f"The CN of the certificate request: {error.sentence}", clause="PKI-2") from None


def _station(name: str, gate: Tolerate) -> str:
    try:
        return name if is_seccid(name) else check_evseid(name)
    except IdentifierError as error:
        gate(Tolerance.STATION_NAME(error.sentence, "PKI-2"))
        return name


_CHECKS: Mapping[NameKind, Callable[[str, Tolerate], str]] = {
    NameKind.STATION: _station,
    NameKind.EMAID: lambda name, gate: check_emaid(name),
    NameKind.PCID: lambda name, gate: check_pcid(name),
}
"""Names of the other kinds are free."""
