"""What a CSMS is asked before it is tested."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import whether, which

SENDS = (
    "CertificateSigned",
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "CustomerInformation",
    "DeleteCertificate",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetTransactionStatus",
    "GetVariables",
    "InstallCertificate",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetNetworkProfile",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
)
"""Actions a CSMS can be let send."""

DECLARATIONS = (
    whether("Password", "Does it ask stations for a password (security profile 1 or 2)?", ours=True),
    which(
        "Registration",
        "How does it register the tester's station: at once (Accepted), or only after a while (Pending)?",
        "Accepted",
        "Pending",
    ),
    whether("Contracts", "Does it authorise contracts of ISO 15118 by the hash data of their certificates?", ours=True),
    which(
        "SecurityProfile",
        "How do stations come in: with a password (1), and over TLS (2), or with certificates of theirs (3)?",
        "1",
        "2",
        "3",
    ),
    whether(
        "Upgrades",
        "Does it let stations come in by a higher security profile than before, and from then on by no lower one?",
        ours=True,
    ),
    whether("Signs", "Does it have certificates signed that stations ask for?", ours=True),
    whether("CentralValidation", "Does it validate chains of contracts that stations send it?", ours=True),
    whether("Offers", "Does it answer a vehicle's charging needs with schedules of its own?", ours=True),
    whether(
        "Provisioning",
        "Does it hand on what vehicles ask for: contract certificates, and successors of these?",
        ours=True,
    ),
    which("Sends", "What can its operator let it send (by --manual or --csms-command)?", "nothing", *SENDS, ours=SENDS),
)

WITH_PASSWORD = (Condition("Password", "true"),)
AT_ONCE = (Condition("Registration", "Accepted"),)
PENDING = (Condition("Registration", "Pending"),)
CONTRACTS = (*AT_ONCE, Condition("Contracts", "true"))
SECURED = (*AT_ONCE, Condition("SecurityProfile", "2"))
CERTIFIED = (*AT_ONCE, Condition("SecurityProfile", "3"))
UPGRADED = (*AT_ONCE, Condition("Upgrades", "true"))
PROVISIONING = (*AT_ONCE, Condition("Provisioning", "true"))
