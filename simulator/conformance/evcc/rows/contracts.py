"""What a Plug & Charge vehicle does with contracts: installed, updated, shown, proved and signed with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pncsim.simulator.conformance.evcc import looks
from pncsim.simulator.conformance.evcc.delivery import ALTERATIONS, FLAWS, delivers
from pncsim.simulator.conformance.evcc.rows.mirrored import RECEIPTS
from pncsim.simulator.conformance.evcc.step import AnswerStep, Meanwhile, Remade
from pncsim.simulator.conformance.evcc.stimuli import failed, goes_on, nothing, wrong
from pncsim.simulator.conformance.evcc.table import CONTRACTS, OURS, table
from pncsim.simulator.conformance.secc.table import INSTALL, PNC, UPDATE
from pncsim.simulator.faults.changes import in_body, raw_value
from pncsim.wire.v2g import iso2
from pncsim.wire.values import replace

_SHOWN = "PaymentDetailsReq"
_CHALLENGE = " with the challenge, signed with the contract's key"
_REFUSALS = ("FAILED_NoCertificateAvailable", "FAILED_ContractCanceled", "FAILED_CertificateRevoked")
_WAYS = (("CI", "CertificateInstallation", INSTALL), ("CU", "CertificateUpdate", UPDATE))


def _spared(step: AnswerStep) -> AnswerStep:
    """A vehicle without the new contract may go on with the one it holds (V2G2-557, V2G2-558)."""
    with_another = " with another contract than the one delivered"
    return replace(step, fault="delivery", or_else=(_SHOWN,), look=looks.shows_something_else, looks=with_another)


def _deliveries() -> Iterator[tuple[str, AnswerStep]]:
    for short, pair, setting in _WAYS:
        at = f"{pair}Res"
        for number, (says, flaw) in FLAWS.items():
            yield f"PNC_{short}_{number}", _spared(wrong(at, says, delivers(flaw))).within(setting)
        for number, (says, alteration) in ALTERATIONS.items():
            yield f"PNC_{short}_{number}", _spared(wrong(at, says, delivers(None, alteration))).within(setting)
        yield f"PNC_{short}_06", nothing(at).within(setting)
        for code in _REFUSALS:
            step = replace(_spared(failed(at, code)), fault="refusal").within(setting)
            yield f"PNC_{short}_07_{code.removeprefix('FAILED_')}", step
        right = goes_on(
            at, _SHOWN, change=delivers(), look=looks.shows_what_was_delivered, looks=" with what was delivered"
        )
        yield f"PNC_{short}_09", right.within(setting)
    asks = goes_on(
        "PaymentServiceSelectionRes",
        "CertificateInstallationReq",
        look=looks.signed_by_its_maker,
        looks=", signed with the key of its provisioning certificate",
    )
    yield "PNC_CI_10", asks.within(INSTALL)
    renews = goes_on(
        "PaymentServiceSelectionRes",
        "CertificateUpdateReq",
        look=looks.signed_by_the_contract,
        looks=", signed with the key of the contract it shows",
    )
    yield "PNC_CU_10", renews.within(UPDATE)


def _again() -> Remade:
    """The challenge of the session before."""

    async def make(lab: object) -> Any:
        def change(message: iso2.V2G_Message, so_far: Meanwhile) -> Any:
            before = so_far.earlier.Body.BodyElement.GenChallenge
            return in_body(lambda body: replace(body, GenChallenge=before))(message)

        return change

    return Remade(make)


_SOON = in_body(lambda body: replace(body, ResponseCode=iso2.ResponseCodeType.OK_CertificateExpiresSoon))


def _proofs() -> Iterator[tuple[str, AnswerStep]]:
    at, comes = "PaymentDetailsRes", "AuthorizationReq"
    soon = "OK_CertificateExpiresSoon"
    yield "PNC_PD_01", goes_on(at, comes, says=soon, change=_SOON, look=looks.meets_the_challenge, looks=_CHALLENGE)
    for word, octets in (("short", 8), ("long", 24)):
        change = in_body(raw_value("GenChallenge", "5A" * octets))
        yield f"PNC_PD_02_{word}", wrong(at, f"with a challenge of {octets} octets", change)
    old = "the challenge of the session before"
    again = goes_on(at, comes, says=old, change=_again(), look=looks.meets_the_challenge, looks=_CHALLENGE)
    yield "PNC_PD_02_repeated", replace(again, second=True)
    for word, code in (("challenge", "FAILED_ChallengeInvalid"), ("signature", "FAILED_SignatureError")):
        yield f"PNC_AU_01_{word}", failed("AuthorizationRes", code)
    yield "PNC_AU_02", goes_on(at, comes, look=looks.meets_the_challenge, looks=_CHALLENGE)
    receipt = goes_on(
        "ChargingStatusRes",
        "MeteringReceiptReq",
        says="a receipt asked",
        look=looks.gives_the_receipt,
        looks=" with the same MeterInfo, signed with the contract's key",
    )
    yield "PNC_MR_01", receipt.within(RECEIPTS)


CASES = (
    *table(OURS, CONTRACTS, dict(_deliveries())),
    *table(OURS, CONTRACTS, {id: step.within(PNC) for id, step in _proofs()}),
)
