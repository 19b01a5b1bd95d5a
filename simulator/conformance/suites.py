"""The suites there are. Each is loaded when it is asked for; a new one is a row here and a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pncsim.simulator.conformance.suite import Suite


def _secc() -> Suite:
    from pncsim.simulator.conformance.secc.suite import SECC

    return SECC


def _evcc() -> Suite:
    from pncsim.simulator.conformance.evcc.suite import EVCC

    return EVCC


def _pools() -> Suite:
    from pncsim.simulator.conformance.pools.suite import POOLS

    return POOLS


def _pki() -> Suite:
    from pncsim.simulator.conformance.pools.suite import PKI

    return PKI


def _station() -> Suite:
    from pncsim.simulator.conformance.station.suite import STATION

    return STATION


def _csms() -> Suite:
    from pncsim.simulator.conformance.csms.suite import CSMS

    return CSMS


SUITES: Mapping[str, tuple[str, Callable[[], Suite]]] = {
    "secc": ("hold a charging station's ISO 15118-2 side against the cases of ISO 15118-4", _secc),
    "evcc": ("hold a vehicle's ISO 15118-2 side against the public cases of ISO 15118-4, and mirrored ones", _evcc),
    "station": ("hold a station's OCPP side against the cases of the OCPP Compliance Testing Tool", _station),
    "csms": ("hold a CSMS against the cases of the OCPP Compliance Testing Tool, over OCPP 2.0.1", _csms),
    "pools": ("hold pools and back ends against Open Plug&Charge, over HTTP", _pools),
    "pki": ("hold enrolment, OCSP and revocation lists against Open Plug&Charge, over HTTP", _pki),
}
"""Name -> what it does, and what loads it."""
