"""What a CSMS is asked before it is tested."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Condition
from pncsim.simulator.conformance.pics import Declaration

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
    Declaration(
        name="Password",
        asks="Does it ask stations for a password (security profile 1 or 2)?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Registration",
        asks="How does it register the tester's station: at once (Accepted), or only after a while (Pending)?",
        values=("Accepted", "Pending"),
        usual=("Accepted", "Pending"),
    ),
    Declaration(
        name="Contracts",
        asks="Does it authorise contracts of ISO 15118 by the hash data of their certificates?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="SecurityProfile",
        asks="How do stations come in: with a password (1), and over TLS (2), or with certificates of theirs (3)?",
        values=("1", "2", "3"),
        usual=("1", "2", "3"),
    ),
    Declaration(
        name="Upgrades",
        asks="Does it let stations come in by a higher security profile than before, and from then on by no lower one?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Signs",
        asks="Does it have certificates signed that stations ask for?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="CentralValidation",
        asks="Does it validate chains of contracts that stations send it?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Offers",
        asks="Does it answer a vehicle's charging needs with schedules of its own?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Provisioning",
        asks="Does it hand on what vehicles ask for: contract certificates, and successors of these?",
        values=("true", "false"),
        usual=("true",),
    ),
    Declaration(
        name="Sends",
        asks="What can its operator let it send (by --manual or --csms-command)?",
        values=("nothing", *SENDS),
        usual=SENDS,
    ),
)

WITH_PASSWORD = (Condition("Password", "true"),)
AT_ONCE = (Condition("Registration", "Accepted"),)
PENDING = (Condition("Registration", "Pending"),)
CONTRACTS = (*AT_ONCE, Condition("Contracts", "true"))
SECURED = (*AT_ONCE, Condition("SecurityProfile", "2"))
CERTIFIED = (*AT_ONCE, Condition("SecurityProfile", "3"))
UPGRADED = (*AT_ONCE, Condition("Upgrades", "true"))
PROVISIONING = (*AT_ONCE, Condition("Provisioning", "true"))
