"""SupportedAppProtocol, SessionSetup and ServiceDiscovery."""

from __future__ import annotations

from pncsim.simulator.conformance.secc.step import SETUP_TIMEOUT
from pncsim.simulator.conformance.secc.stimuli import foreign_session, good, out_of_turn, silence, wrong
from pncsim.simulator.conformance.secc.table import EIM, WITH_TLS, WITHOUT_TLS, table
from pncsim.simulator.faults.changes import no_protocol
from pncsim.wire.v2g import iso2

NEGOTIATED = ("OK_SuccessfulNegotiation", "OK_SuccessfulNegotiationWithMinorDeviation")

CASES = (
    *table(
        "CMN",
        "SupportedAppProtocol",
        {
            1: good("SupportedAppProtocolReq", WITH_TLS, codes=NEGOTIATED),
            2: wrong(
                "SupportedAppProtocolReq",
                "SupportedAppProtocolReq with a namespace that nobody speaks",
                no_protocol,
                "Failed_NoNegotiation",
            ),
            3: silence("SupportedAppProtocolReq", after=SETUP_TIMEOUT),
            4: good("SupportedAppProtocolReq", EIM, WITHOUT_TLS, codes=NEGOTIATED),
        },
    ),
    *table(
        "CMN",
        "SessionSetup",
        {
            1: good("SessionSetupReq", says="SessionID 0", codes=("OK_NewSessionEstablished",)),
            2: out_of_turn("SessionSetupReq"),
            3: silence("SessionSetupReq", after=SETUP_TIMEOUT),
        },
    ),
    *table(
        "CMN",
        "ServiceDiscovery",
        {
            1: good("ServiceDiscoveryReq"),
            2: out_of_turn("ServiceDiscoveryReq", comes=iso2.AuthorizationReq),
            3: foreign_session("ServiceDiscoveryReq"),
            4: silence("ServiceDiscoveryReq"),
        },
    ),
)
