"""Certificates that are not what they should be: the station's, the contract's, the vehicle's, the signer's."""

from __future__ import annotations

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports, Tolerates
from pncsim.simulator.faults.changes import body, shuffled, wrong_emaid
from pncsim.simulator.faults.demands import (
    NO_COMMON_SUITE,
    alerts,
    certificate_status,
    goes_on,
    responds,
)
from pncsim.simulator.faults.fault import Fault, FaultPlace, Observations
from pncsim.tls_certs.bad import certificates as wrong
from pncsim.wire.gate import Tolerance

NO_SUITE = frozenset({"no-digital-signature", "rsa-key", "p384-key"})
"""Certificates a station cannot show: no cipher suite of V2G goes with their keys (V2G2-602)."""

_SCENARIOS = {"provisioning": "install-contract", "signer": "install-contract"}
_PLACES: dict[str, FaultPlace] = {"station": "station", "signer": "pool"}


def _bad_certificate(name: str, of: str) -> Observations:
    """What a right verifier answers (:data:`tls_certs.bad.certificates.FLAWS`), on the link where it sees the chain."""
    kind = wrong.FLAWS[name].kind
    if of == "station":
        if name in NO_SUITE:
            return NO_COMMON_SUITE, Reports("EV", "refused")
        return alerts(kind), Reports("EV", kind)
    if of == "contract":
        return responds(kind, "PaymentDetailsRes"), Reports("SECC", kind)
    if of == "signer":
        return (Reports("EV", kind, "V2G2-814"),)
    return responds(kind, "CertificateInstallationRes"), Reports("EV", "refused")


ROWS = (
    Fault(
        name="unknown-mo-root",
        title="the contract certificate chains to a root the station does not know",
        group="certificates",
        place="vehicle",
        answer=(responds("no anchor", "PaymentDetailsRes"), Reports("SECC", "no anchor")),
        deed=deeds.shows_contract(deeds.foreign),
    ),
    Fault(
        name="contract-expired",
        title="the contract certificate has expired",
        group="certificates",
        place="vehicle",
        answer=(responds("expired", "PaymentDetailsRes"), Reports("SECC", "expired")),
        deed=deeds.shows_contract(deeds.expired),
    ),
    Fault(
        name="contract-shuffled",
        title="the Sub-CAs of the contract come in the wrong order",
        group="certificates",
        place="vehicle",
        answer=(Tolerates("SECC", (Tolerance.CHAIN_ORDER,)), goes_on()),
        survived=True,
        deed=deeds.vehicle_sends("PaymentDetailsReq", body(shuffled)),
    ),
    Fault(
        name="wrong-emaid",
        title="the vehicle names another EMAID than its contract certificate does",
        group="certificates",
        place="vehicle",
        answer=(responds("wrong EMAID", "PaymentDetailsRes"), Reports("SECC", "wrong EMAID")),
        deed=deeds.vehicle_sends("PaymentDetailsReq", body(wrong_emaid)),
    ),
    Fault(
        name="contract-blocked",
        title="the mobility operator has blocked the contract",
        group="certificates",
        place="operator",
        answer=(
            certificate_status("contract cancelled"),
            responds("contract cancelled", "AuthorizationRes"),
            Reports("SECC", "contract cancelled"),
        ),
        deed=deeds.beforehand("vehicle", deeds.contract_blocked),
    ),
    Fault(
        name="contract-unknown",
        title="the mobility operator does not know the contract",
        group="certificates",
        place="operator",
        answer=(
            certificate_status("contract cancelled"),
            responds("contract cancelled", "AuthorizationRes"),
            Reports("SECC", "contract cancelled"),
        ),
        deed=deeds.service(deeds.contract_unknown),
    ),
    Fault(
        name="contract-revoked",
        title="the contract certificate is revoked",
        group="certificates",
        place="operator",
        answer=(
            certificate_status("revoked"),
            responds("revoked", "AuthorizationRes"),
            Reports("SECC", "revoked"),
        ),
        deed=deeds.beforehand("vehicle", deeds.contract_revoked),
    ),
    Fault(
        name="provisioning-revoked",
        title="the vehicle's provisioning certificate is revoked",
        group="certificates",
        place="vehicle",
        answer=(responds("revoked", "CertificateInstallationRes"), Reports("EV", "refused")),
        scenario="install-contract",
        deed=deeds.beforehand("vehicle", deeds.provisioning_revoked),
    ),
    Fault(
        name="foreign-root",
        title="the station's certificate chains to a V2G root the vehicle does not know",
        group="certificates",
        place="station",
        answer=(alerts("no anchor"), Reports("EV", "no anchor")),
        deed=deeds.beforehand("station", deeds.station_foreign),
    ),
    Fault(
        name="expired-station",
        title="the station's certificate has expired",
        group="certificates",
        place="station",
        answer=(alerts("expired"), Reports("EV", "expired")),
        deed=deeds.beforehand("station", deeds.station_expired),
    ),
    Fault(
        name="forged-station",
        title="the signature of the station's certificate has a wrong bit",
        group="certificates",
        place="station",
        answer=(alerts("wrong signature"), Reports("EV", "wrong signature")),
        deed=deeds.beforehand("station", deeds.station_forged),
    ),
    Fault(
        name="bad-certificate",
        title="the {of} certificate chain is bad: {name}",
        group="certificates",
        place=lambda name, of: _PLACES.get(of, "vehicle"),
        answer=_bad_certificate,
        scenario=lambda name, of: _SCENARIOS.get(of, "pnc-ac"),
        deed=deeds.bad_certificate,
    ),
)
