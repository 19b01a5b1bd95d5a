"""What a vehicle is asked before it is tested. Names are those of the cases for stations, where those have them."""

from __future__ import annotations

from pncsim.simulator.conformance.pics import whether, which

DECLARATIONS = (
    which("ChargingMode", "Does it charge with alternating (aC) or direct current (dC), or both?", "aC", "dC"),
    which(
        "IdentificationMode",
        "Is its driver identified by other means (eIM) or by contract (pnC)? Both: as the case wants it.",
        "eIM",
        "pnC",
    ),
    which(
        "CertificateHandling",
        "Can it be made to install a contract through the station (certInstall), or to renew one (certUpdate)?",
        "none_",
        "certInstall",
        "certUpdate",
    ),
    which(
        "OcspStaple",
        "Does it insist on a stapled OCSP answer (require), as V2G2-875 has it, or do without (prefer)?",
        "require",
        "prefer",
        ours=("require",),
    ),
    whether(
        "ChoosesByPrice",
        "Does it choose the schedule of the lowest EPriceLevel, and the first one where no tariff can be trusted?",
        ours=True,
    ),
    whether("WeldingDetection", "Does it look for welded contacts after direct current?", ours=True),
)
