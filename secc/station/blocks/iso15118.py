"""Plug & Charge at the station, and its roots (use cases C07, C08 and M)."""

from __future__ import annotations

from pncsim.secc.station.context import StationContext
from pncsim.secc.station.variables import Variable as V
from pncsim.wire.ocpp.types import Payload


def _install(station: StationContext, payload: Payload) -> Payload:
    return station.trust.install(payload, station.clock.now())


def _installed(station: StationContext, payload: Payload) -> Payload:
    return station.trust.installed(payload)


def _delete(station: StationContext, payload: Payload) -> Payload:
    return station.trust.delete(payload)


HANDLERS = {
    "InstallCertificate": _install,
    "GetInstalledCertificateIds": _installed,
    "DeleteCertificate": _delete,
}

VARIABLES = (
    V("ISO15118Ctrlr", "Enabled", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "PnCEnabled", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "CentralContractValidationAllowed", "boolean", "ReadWrite", "false"),
    V("ISO15118Ctrlr", "ContractValidationOffline", "boolean", "ReadWrite", "false"),
    V("ISO15118Ctrlr", "ContractCertificateInstallationEnabled", "boolean", "ReadWrite", "true"),
    V("ISO15118Ctrlr", "V2GCertificateInstallationEnabled", "boolean", "ReadWrite", "true"),
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
"""Where ISO15118Ctrlr.OrganizationName is empty, SecurityCtrlr.OrganizationName goes into certificate requests."""
