"""Plug & Charge at the station, and its roots (use cases C07, C08 and M)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp import v201
from pncsim.wire.ocpp.actions import Row, row

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def _install(station: StationContext, payload: types.InstallCertificateRequest) -> types.InstallCertificateResponse:
    answer = station.trust.install(payload, station.clock.now())
    station.keep()
    return answer


def _installed(
    station: StationContext, payload: types.GetInstalledCertificateIdsRequest
) -> types.GetInstalledCertificateIdsResponse:
    return station.trust.installed(payload)


def _delete(station: StationContext, payload: types.DeleteCertificateRequest) -> types.DeleteCertificateResponse:
    answer = station.trust.delete(payload)
    station.keep()
    return answer


HANDLERS: tuple[Row[StationContext], ...] = (
    row(v201.InstallCertificate, _install),
    row(v201.GetInstalledCertificateIds, _installed),
    row(v201.DeleteCertificate, _delete),
)


def _commissioned(station: StationContext) -> str:
    return "true" if station.config.commissioned else "false"


VARIABLES = (
    V("ISO15118Ctrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "PnCEnabled", "boolean", "ReadWrite", lambda o, *_: _commissioned(o)),
    V("ISO15118Ctrlr", "CentralContractValidationAllowed", "boolean", "ReadWrite", "false"),
    V("ISO15118Ctrlr", "ContractValidationOffline", "boolean", "ReadWrite", "false"),
    V("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", "boolean", "ReadWrite", lambda o, *_: _commissioned(o)),
    V("ISO15118Ctrlr", "CertificateRenewalDays", "integer", "ReadWrite", "30", "d", limits=(1, 60)),
    V("ISO15118Ctrlr", "RequestMeteringReceipt", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "SeccId", "string", "ReadWrite", lambda o, *_: o.config.secc_id, limits=(1, 64)),
    V("ISO15118Ctrlr", "CountryName", "string", "ReadWrite", lambda o, *_: o.config.country, limits=(2, 2)),
    V("ISO15118Ctrlr", "OrganizationName", "string", "ReadWrite", lambda o, *_: o.config.organization, limits=(0, 64)),
    V(
        "EVSE",
        "ISO15118EvseId",
        "string",
        "ReadWrite",
        lambda o, evse, _: o.config.iso15118_evse_id(evse),
        limits=(7, 37),
        tier="evse",
    ),
)
"""Where ISO15118Ctrlr.OrganizationName is empty, SecurityCtrlr.OrganizationName goes into certificate requests.

CertificateRenewalDays is ours: how long before its end the V2G certificate is renewed, by default a month (A03)."""
