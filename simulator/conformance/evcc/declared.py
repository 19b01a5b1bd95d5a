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
        asks="Can it be made to install a contract through the station (certInstall), or to renew one (certUpdate)?",
        values=("none_", "certInstall", "certUpdate"),
        usual=("none_", "certInstall", "certUpdate"),
    ),
    Declaration(
        name="OcspStaple",
        asks="Does it insist on a stapled OCSP answer (require), as V2G2-875 has it, or do without (prefer)?",
        values=("require", "prefer"),
        usual=("require",),
    ),
    Declaration(
        name="ChoosesByPrice",
        asks="Does it choose the schedule of the lowest EPriceLevel, and the first one where no tariff can be trusted?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="WeldingDetection",
        asks="Does it look for welded contacts after direct current?",
        values=("true", "false"),
        usual=("true",),
    ),
)
