"""CharIN 2.2.1.2: the vehicle shows its contract and proves that it holds the key; station or CSMS verify it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.lab.said import authorised, bodies, refusal
from pncsim.simulator.scenario import UseCase, scenario

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

WRONG: dict[str, tuple[str, str, tuple[str, str], tuple[str, str]]] = {
    "wrong-challenge": (
        "wrong-challenge",
        "V2G2-475",
        ("AuthorizationRes", "FAILED_ChallengeInvalid"),
        ("AuthorizationRes", "FAILED_ChallengeInvalid"),
    ),
    "bad-signature": (
        "wrong-signature",
        "V2G2-825",
        ("AuthorizationRes", "FAILED_SignatureError"),
        ("AuthorizationRes", "FAILED_SignatureError"),
    ),
    "expired": (
        "contract-expired",
        "V2G2-824",
        ("PaymentDetailsRes", "FAILED_CertificateExpired"),
        ("PaymentDetailsRes", "FAILED_CertificateExpired"),
    ),
    "revoked": (
        "contract-revoked",
        "OCPP C07.FR.16",
        ("AuthorizationRes", "FAILED_CertificateRevoked"),
        ("PaymentDetailsRes", "FAILED_CertificateRevoked"),
    ),
    "unknown-root": (
        "unknown-mo-root",
        "V2G2-108",
        ("PaymentDetailsRes", "FAILED_CertChainError"),
        ("PaymentDetailsRes", "FAILED_CertChainError"),
    ),
}
"""What is wrong -> the fault that makes it so, what demands the refusal, and how it is said: where the station verifies
the chain, and where the CSMS does and is asked before PaymentDetailsRes."""


@scenario(
    "contract-authenticated",
    title="a good contract is known by its EMAID; a forged, expired, revoked or strange one is refused",
    clauses=("CharIN 2.2.1.2", "EV-4", "CSO-1", "V2G2-697", "OCPP C07"),
    use_case=UseCase(
        id="2.2.1.2",
        actors=("EV", "SECC", "CSMS", "PKI"),
        preconditions=(
            "the vehicle holds a contract, and a secure channel stands (2.2.1.1)",
            "station or CSMS know the root of the mobility operator",
        ),
    ),
)
async def contract_authenticated(
    lab: Lab, *, chain: Annotated[Literal["station", "csms"], "Who verifies the contract's chain."] = "station"
) -> None:
    """PaymentDetailsReq brings the chain, the station a challenge, AuthorizationReq its signature by the contract key.

    Each vehicle bears the name of what is wrong with it. The ResponseCode is the one that arrives there.
    """
    from pncsim.simulator.faults.table import find_fault
    from pncsim.simulator.lab.roots import forget_roots

    secc, csms = lab.expect.of("SECC"), lab.expect.of("CSMS")
    station = await lab.station(authorize_early=chain == "csms", central_validation=chain == "csms")
    if chain == "csms":
        await forget_roots(lab.back.csms, station.station.config.identity, "MORootCertificate")
    received, sent, frames = lab.watch.messages("EV"), lab.watch.messages("SECC"), lab.watch.frames()

    good = await lab.vehicle(kwh=0.1, contract=True, payment="contract", name="good")
    emaid = good.contracts.all[0].emaid
    await lab.plug_in(good)
    known = authorised(frames, emaid)
    csms.shows(
        "emaid-known", "CSO-1", "the EMAID of a good contract is known", known == ("Accepted", "Accepted"), known
    )
    [details] = bodies(sent, "PaymentDetailsReq")
    length = 1 + len(details.ContractSignatureCertChain.SubCertificates.Certificate)
    secc.shows("chain-shown", "EV-4", "the vehicle has shown leaf and Sub-CAs", length == 3, f"{length} certificates")
    proofs = [one.GenChallenge for one in bodies(sent, "AuthorizationReq") if one.GenChallenge]
    issued = [one.GenChallenge for one in bodies(received, "PaymentDetailsRes")]
    fresh = len(proofs[0]) == 16 and proofs == issued
    secc.shows("challenge", "V2G2-697", "and signed the challenge it was given", fresh, f"{len(proofs[0])} octets")

    for item, (fault, clause, by_station, by_csms) in WRONG.items():
        find_fault(f"{fault}@{item}").apply(lab)
        await lab.plug_in(await lab.vehicle(kwh=0.1, contract=True, payment="contract", name=item))
        wanted, told = by_station if chain == "station" else by_csms, refusal(received, item)
        text = f"{item.replace('-', ' ')}: {wanted[0]} says {wanted[1]}"
        secc.shows(item, clause, text, told == wanted, told if told[0] else "no refusal")
    challenges = [one.GenChallenge for one in bodies(sent, "PaymentDetailsRes") if any(one.GenChallenge)]
    new = len(set(challenges)) == len(challenges)
    secc.shows("never-twice", "V2G2-825", "no challenge was given twice", new, f"{len(challenges)} challenges")
