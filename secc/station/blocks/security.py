"""The station's own identity and certificate (use cases A01 to A04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _certificate_signed(
    station: StationContext, payload: types.CertificateSignedRequest
) -> types.CertificateSignedResponse:
    return station.upkeep.certificate_signed(payload)


HANDLERS: tuple[Row[StationContext], ...] = (row(v201.CertificateSigned, _certificate_signed),)

VARIABLES = (
    V("SecurityCtrlr", "Identity", "string", "ReadOnly", lambda o, *_: o.config.identity),
    V("SecurityCtrlr", "OrganizationName", "string", "ReadWrite", lambda o, *_: o.config.organization, limits=(1, 64)),
    V("SecurityCtrlr", "BasicAuthPassword", "string", "WriteOnly", "", limits=(16, 40)),
    V(
        "SecurityCtrlr",
        "SecurityProfile",
        "integer",
        "ReadOnly",
        lambda o, *_: str(o.config.security_profile),
        limits=(0, 3),
    ),
    V("SecurityCtrlr", "CertificateEntries", "integer", "ReadOnly", lambda o, *_: str(o.certificates), limits=(0, 20)),
    V("SecurityCtrlr", "CertSigningWaitMinimum", "integer", "ReadWrite", "30", "s", limits=(1, 86400)),
    V("SecurityCtrlr", "CertSigningRepeatTimes", "integer", "ReadWrite", "3", limits=(0, 20)),
    V("SecurityCtrlr", "MaxCertificateChainSize", "integer", "ReadOnly", "10000"),
)
