"""TLS: chains and stapled OCSP answers that a vehicle must not believe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pncsim.simulator.conformance.evcc.step import HandshakeStep
from pncsim.simulator.conformance.evcc.table import OURS, TLS, table
from pncsim.simulator.conformance.secc.step import Setting
from pncsim.simulator.conformance.secc.table import PNC, declared
from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.rows.certificates import NO_SUITE
from pncsim.simulator.faults.rows.status import NOT_STAPLED
from pncsim.tls_certs.bad.certificates import FLAWS
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

_NUMBERED_CHAINS = {"01": "expired", "02_purpose": "wrong-purpose", "02_domain": "wrong-domain", "03": "too-long"}
_REQUIRES = Setting(when=declared("OcspStaple", "require"))


def _chain(name: str) -> HandshakeStep:
    def deed(lab: Lab) -> None:
        deeds.bad_certificate(lab, "", name=name, of="station")

    return HandshakeStep(stimulus=f"a bad station certificate: {FLAWS[name].text}", deed=deed, fault="chain")


def _staple(name: str) -> HandshakeStep:
    def deed(lab: Lab) -> None:
        deeds.bad_staple(lab, "", name=name)

    return HandshakeStep(stimulus=f"a stapled OCSP answer that {STAPLE_FLAWS[name].text}", deed=deed, fault="staple")


def _shown(does: Callable[..., None]) -> Callable[[Lab], None]:
    return lambda lab: does(lab, "")


def _rows() -> Iterator[tuple[str, HandshakeStep]]:
    for number, name in _NUMBERED_CHAINS.items():
        yield f"TLS_{number}", _chain(name)
    foreign = _shown(deeds.beforehand("station", deeds.station_foreign))
    yield "TLS_04", HandshakeStep(stimulus="a station certificate under another V2G root", deed=foreign, fault="chain")
    missing = _shown(deeds.beforehand("station", deeds.staple_missing))
    yield (
        "TLS_05",
        HandshakeStep(stimulus="no stapled OCSP answer", deed=missing, fault="staple", setting=_REQUIRES),
    )
    yield "TLS_06", _staple("revoked")
    for name in FLAWS:
        if name not in (*_NUMBERED_CHAINS.values(), *NO_SUITE):
            yield f"TLS_chain_{name}", _chain(name)
    for name in STAPLE_FLAWS:
        if name not in ("revoked", *NOT_STAPLED):
            yield f"TLS_staple_{name}", _staple(name)


CASES = tuple(table(OURS, TLS, {id: step.within(PNC) for id, step in _rows()}))
