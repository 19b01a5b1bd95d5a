"""The negative cases: a scenario that is disturbed, and has to end as the sources demand.

What a case demands is what its fault must be answered with (:attr:`simulator.faults.fault.Chosen.answer`). Run it as
``pnc run SCENARIO --fault FAULT --expect-fault``: exit code 0 if every answer was seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from msgspec import Struct, field

from pncsim.simulator.faults.demands import BrokenCall
from pncsim.simulator.faults.table import find_fault
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS

if TYPE_CHECKING:
    from pncsim.simulator.faults.fault import Chosen


class Negative(Struct, frozen=True, kw_only=True):
    """One case: ``fault`` as a person names it, in ``scenario`` run with ``options``.

    ``defence``: what keeps the fault from doing harm, where somebody checks something for security's sake; with it
    switched off the case fails (tests/lab/test_lab_defences.py).
    """

    fault: str
    scenario: str
    options: Mapping[str, Any] = field(default_factory=dict)
    defence: str = ""

    @property
    def name(self) -> str:
        """What it is called in reports: ``pnc-ac!wrong-challenge``."""
        said = "".join(f",{name}={value}" for name, value in self.options.items())
        return f"{self.scenario}{said}!{self.fault}"

    @property
    def chosen(self) -> Chosen:
        """Its fault, with what has to be seen."""
        return find_fault(self.fault)


def _cases(scenario: str, *faults: tuple[str, str], **options: Any) -> tuple[Negative, ...]:
    """Faults, each with the defence it tries, in one scenario."""
    return tuple(Negative(fault=fault, scenario=scenario, options=options, defence=what) for fault, what in faults)


_CHAINS = {
    "expired": "dates",
    "not-yet-valid": "dates",
    "sub-ca-expired": "dates",
    "wrong-signature": "path",
    "foreign-issuer": "path",
    "self-signed": "path",
    "missing-sub-ca": "path",
    "wrong-key-identifier": "key identifiers",
    "no-key-usage": "key usage",
    "leaf-is-ca": "leaf profile",
    "leaf-signs": "leaf profile",
    "wrong-purpose": "leaf profile",
    "sha1": "common profile",
    "sha384": "common profile",
    "unknown-critical-extension": "critical extensions",
    "sub-ca-not-ca": "CA flags",
    "sub-ca-must-not-sign": "CA flags",
    "path-length": "CA flags",
    "too-long": "chain length",
}
"""Flaws of certificate chains, and what finds them."""


def _chains(of: str, scenario: str, *without: str) -> tuple[Negative, ...]:
    bad = {name: what for name, what in _CHAINS.items() if name not in without}
    return _cases(scenario, *((f"bad-certificate:name={name},of={of}", what) for name, what in bad.items()))


NEGATIVES: tuple[Negative, ...] = (
    # Certificates
    *_chains("station", "pnc-ac"),
    *_cases(
        "pnc-ac",
        ("bad-certificate:wrong-domain", "leaf profile"),
        ("bad-certificate:no-domain", "leaf profile"),
        ("bad-certificate:oversized", "common profile"),
        ("foreign-root", "path"),
        ("expired-station", "dates"),
        ("forged-station", "path"),
    ),
    *_cases("eim-dc", ("foreign-root", "path"), ("short-chain", "path")),
    *_chains("contract", "pnc-ac"),
    *_cases(
        "pnc-ac",
        ("unknown-mo-root", "path"),
        ("contract-expired", "dates"),
        ("wrong-emaid", "EMAID"),
        ("contract-shuffled", ""),
        ("contract-revoked", "contract status"),
        ("contract-blocked", "contract at its operator"),
        ("contract-unknown", "contract at its operator"),
    ),
    *_cases("pnc-dc", ("contract-revoked", "contract status"), ("contract-expired", "dates")),
    *_chains(
        "provisioning",
        "install-contract",
        # What is sent without Sub-CAs can be bad at its leaf alone.
        "sub-ca-expired",
        "missing-sub-ca",
        "sub-ca-not-ca",
        "sub-ca-must-not-sign",
        "path-length",
        "too-long",
        # Nobody is told why it was refused: whichever of two checks refuses these, it looks the same.
        "sha1",
        "sha384",
    ),
    *_cases(
        "install-contract",
        ("bad-certificate:name=sha1,of=provisioning", "common profile and path"),
        ("bad-certificate:name=sha384,of=provisioning", "common profile and path"),
        ("provisioning-revoked", "provisioning status"),
    ),
    *_chains("signer", "install-contract"),
    # OCSP
    *_cases(
        "pnc-ac",
        *((f"bad-staple:{name}", "staple") for name in STAPLE_FLAWS),
        *((f"bad-status:{name}", "contract status") for name in STAPLE_FLAWS),
        ("dead-responder", "contract status"),
        ("slow-responder", "contract status"),
        ("responder-status:500", "contract status"),
        ("responder-status:503", "contract status"),
    ),
    # TLS
    *_cases(
        "pnc-ac",
        ("no-staple", "staple"),
        ("stale-staple", "staple"),
        ("wrong-suite", "vehicle's suites"),
        ("wrong-suite:vehicle", "station's suites"),
        ("wrong-version", "vehicle's versions"),
        ("root-missing", "path"),
        ("short-chain", "path"),
    ),
    # EXI and V2GTP
    *_cases(
        "pnc-ac",
        *(
            (f"{fault}by={by}", "")
            for by in ("vehicle", "station")
            for fault in (
                "flipped-bit:",
                "flipped-bit:bit=2,",
                "truncated:",
                "trailing:",
                "wrong-length:",
                "wrong-length:length=huge,",
                "wrong-length:length=more,",
                "wrong-type:",
                "wrong-type:type=a000,",
                "wrong-header:",
                "split-records:",
                "split-records:octets=1,",
                "joined-records:",
            )
        ),
        ("garbled-vehicle", ""),
        ("garbled-station", ""),
    ),
    # Messages
    *_cases(
        "pnc-ac",
        ("no-common-protocol", ""),
        ("wrong-session", "session of requests"),
        ("wrong-session:id=zero", "session of requests"),
        ("wrong-session:AuthorizationReq", "session of requests"),
        ("wrong-session:ChargingStatusReq", "session of requests"),
        ("out-of-order:AuthorizationReq", "sequence"),
        ("out-of-order:PowerDeliveryReq", ""),
        ("out-of-order:ChargingStatusReq", ""),
        ("repeated-request", ""),
        ("repeated-request:PaymentDetailsReq", ""),
        ("repeated-request:PowerDeliveryReq", ""),
        ("late-request", ""),
        ("late-request:50", ""),
        ("lost-request", ""),
        ("lost-request:AuthorizationReq", ""),
        ("unknown-service", ""),
        ("service-not-offered", ""),
        ("wrong-energy-mode", ""),
        ("wrong-charge-parameter", ""),
        ("unknown-schedule", ""),
        ("excessive-profile", "charging profile"),
        ("early-renegotiation", ""),
        ("wrong-challenge", "challenge"),
        ("wrong-signature", "signature of AuthorizationReq"),
        ("no-signature", "signature of AuthorizationReq"),
        ("tampered-authorization", "signature of AuthorizationReq"),
        ("wrong-receipt", "receipt"),
        ("tampered-receipt", "receipt"),
        ("replayed-receipt", "receipt"),
        ("silent-station", ""),
        ("silent-station:PowerDeliveryRes", ""),
        ("late-response", ""),
        ("late-response:seconds=1.8", ""),
        ("late-response:response=PaymentDetailsRes,seconds=4.8", ""),
        ("foreign-response", "session of responses"),
        ("unexpected-response", ""),
        ("short-challenge", "challenge's length"),
    ),
    *_cases("pnc-dc", ("wrong-signature", "signature of AuthorizationReq"), ("wrong-receipt", "receipt")),
    *_cases("eim-ac", ("payment-not-offered", "Contract within TLS"), tls=False),
    *_cases("pause-resume", ("replayed-authorization", "challenge")),
    *_cases(
        "install-contract",
        ("no-charge-service", ""),
        ("wrong-install-signature", "signature of requests to the pool"),
        ("tampered-install", "signature of requests to the pool"),
    ),
    *_cases("update-contract", ("wrong-update-signature", "signature of requests to the pool")),
    # Delivery of contracts
    *_cases(
        "install-contract",
        ("tampered-bundle", "signature of contracts"),
        ("wrong-bundle-signature", "signature of contracts"),
        ("foreign-cps", "path"),
        ("foreign-contract", "contract key"),
        ("no-bundle", ""),
        ("dead-pool", ""),
        ("slow-pool", ""),
    ),
    *_cases(
        "update-contract",
        ("tampered-bundle", "signature of contracts"),
        ("foreign-cps", "path"),
        ("dead-pool", ""),
    ),
    # OCPP
    *_cases(
        "pnc-ac",
        ("csms-error", "no answer"),
        ("csms-error:code=SecurityError", "no answer"),
        ("late-csms", "no answer"),
        ("silent-csms", "no answer"),
        ("garbled-csms", "no answer"),
        ("malformed-csms", "no answer"),
        ("contract-refused", "answer"),
        ("contract-refused:Blocked", "answer"),
        ("contract-refused:NotAtThisLocation", "answer"),
        *((f"broken-call:{how}", "") for how in get_args(BrokenCall)),
        ("dead-csms", ""),
        ("csms-away", ""),
        ("csms-dies", ""),
    ),
    *_cases("eim-ac", ("card-refused", "cards")),
    *_cases(
        "install-contract",
        *(
            (f"{fault}:action=Get15118EVCertificate", "")
            for fault in ("csms-error", "late-csms", "silent-csms", "malformed-csms")
        ),
    ),
    # HTTP
    *_cases(
        "install-contract",
        *((f"pool-status:{status}", "") for status in (401, 403, 404, 409, 500, 503)),
        ("pool-cut", ""),
    ),
    *_cases(
        "vehicle-published",
        ("bad-caller:no-token", "tokens"),
        ("bad-caller:unknown-token", "tokens"),
        ("bad-caller:wrong-role", "roles"),
        ("bad-caller:foreign-vehicle", "owners of vehicles"),
        ("bad-caller:wrong-name", "names of vehicles"),
        ("bad-caller:cut-body", ""),
        ("bad-caller:no-json", ""),
    ),
)
"""All of them; ``pnc run --all`` runs them after the scenarios."""
