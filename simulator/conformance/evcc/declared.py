"""What a vehicle is asked before it is tested. Names are those of the cases for stations, where those have them."""

from __future__ import annotations

from pncsim.simulator.conformance.pics import Declaration

DECLARATIONS = (
    Declaration(
        name="ChargingMode",
        asks="Does it charge with alternating (aC) or direct current (dC), or both?",
        values=("aC", "dC"),
        usual=("aC", "dC"),
    ),
    Declaration(
        name="IdentificationMode",
        asks="Is its driver identified by other means (eIM) or by contract (pnC)? Both: as the case wants it.",
        values=("eIM", "pnC"),
        usual=("eIM", "pnC"),
    ),
    Declaration(
        name="CertificateHandling",
        asks="Can it be made to install a contract certificate through the station (certInstall)?",
        values=("none_", "certInstall"),
        usual=("none_", "certInstall"),
    ),
)
