"""How each defence of the product is switched off, for tests that prove that it is what makes a negative case pass.

The names are those of :attr:`simulator.faults.negatives.Negative.defence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pncsim.backend.answers import TokenStatus
from pncsim.backend.ccp.delivery import BundleDelivery
from pncsim.backend.csms import authorization as csms_authorization
from pncsim.backend.pcp import service as pcp
from pncsim.backend.rest import routes
from pncsim.backend.rest.access import EVERYTHING
from pncsim.backend.verification import Verifier
from pncsim.ev.iso2 import authorization as ev_authorization
from pncsim.ev.iso2 import bundle
from pncsim.secc import contract, handshake
from pncsim.secc.iso2 import charging, loop, offer, payment
from pncsim.secc.questions import AuthorizationAnswer
from pncsim.secc.station import authorization as station_authorization
from pncsim.simulator.faults.rows.tls import OTHER_SUITES
from pncsim.simulator.lab.behind.cards import KnownCards
from pncsim.tls_certs import judges, paths, validation
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.facts import read_ca
from pncsim.wire import tls
from pncsim.wire.session.initiator import Initiator
from pncsim.wire.session.responder import Responder
from pncsim.wire.v2g import signature

Switch = tuple[tuple[object, str, object], ...]
"""What is replaced, where, and by what."""

GRANTED = AuthorizationAnswer(accepted=True, token_status="Accepted", token="anybody")


def nothing(*_: object, **__: object) -> None:
    """A check that finds nothing."""


async def nothing_asked(*_: object, **__: object) -> None:
    """A question nobody puts."""


async def accepted(*_: object, **__: object) -> TokenStatus:
    """Anybody may charge."""
    return TokenStatus("Accepted", "")


async def good(*_: object) -> tuple[str, str]:
    """No certificate is revoked."""
    return "Accepted", ""


async def everything(*_: object, **__: object) -> object:
    """Anybody may do anything."""
    return EVERYTHING


def any_path(sent: list[Any], known: list[Any], anchors: tuple[Any, ...], *rest: Any) -> tuple[tuple[Any, ...], Any]:
    """What leads nowhere leads to the first root."""
    try:
        return paths.find_path(sent, known, anchors, *rest)
    except ChainError:
        return tuple(sent), read_ca(anchors[0], "root")


def any_row(self: Any, name: str) -> Any:
    """A request may come whenever it may come at all."""
    table = self.dialect.station
    return table.rows.get((self.state, name)) or next(row for row in table if row.event == name)


def signature_alone(s: Any, request: Any) -> None:
    """The proof of a contract without the challenge."""
    signature.verify(s.received.signature, [("AuthorizationReq", request)], s.contract.key, gate=s.tolerate)


def challenge_alone(s: Any, request: Any) -> None:
    """The proof of a contract without the signature."""
    assert request.GenChallenge == s.challenge


def speaking_anything(kind: Any) -> Any:
    """A side of TLS that knows further suites and versions."""

    def made(**said: Any) -> Any:
        ciphers, versions = (*said["ciphers"], *OTHER_SUITES), (tls.TLS_1_2, tls.TLS_1_3)
        return kind(**said | {"ciphers": ciphers, "versions": versions})

    return made


PATH: Switch = ((validation, "find_path", any_path), (validation, "_check_key_identifiers", nothing))

SWITCHES: Mapping[str, Switch] = {
    # certificates
    "dates": ((validation, "_check_validity", nothing), (BundleDelivery, "_check_dates", nothing)),
    "path": PATH,
    "key identifiers": ((validation, "_check_key_identifiers", nothing),),
    "leaf profile": ((validation, "check_leaf", nothing),),
    "key usage": (
        (validation, "check_common", nothing),
        (validation, "check_leaf", nothing),
        (validation, "check_branch", nothing),
    ),
    "common profile": ((validation, "check_common", nothing),),
    "common profile and path": ((validation, "check_common", nothing), *PATH),
    "critical extensions": ((validation, "check_critical", nothing),),
    "CA flags": ((validation, "_check_cas", nothing),),
    "chain length": ((validation, "MAX_CHAIN", 9), (paths, "MAX_CHAIN", 9)),
    "EMAID": ((contract, "_check_emaid", nothing),),
    "contract status": ((csms_authorization, "_revocation", good),),
    "contract at its operator": ((csms_authorization, "check_token", accepted),),
    "provisioning status": ((Verifier, "status", nothing_asked),),
    # TLS
    "staple": ((judges, "_judge_staples", nothing),),
    "vehicle's suites": ((tls, "TlsClient", speaking_anything(tls.TlsClient)),),
    "vehicle's versions": ((tls, "TlsClient", speaking_anything(tls.TlsClient)),),
    "station's suites": ((handshake, "TlsServer", speaking_anything(tls.TlsServer)),),
    # messages
    "session of requests": ((Responder, "_check_session", nothing),),
    "session of responses": ((Initiator, "check_session", nothing),),
    "sequence": ((Responder, "_row", any_row),),
    "charging profile": ((charging, "check_profile", nothing),),
    "challenge": ((payment, "_check_proof", signature_alone),),
    "signature of AuthorizationReq": ((payment, "_check_proof", challenge_alone),),
    "challenge's length": ((ev_authorization, "CHALLENGE_BYTES", 8),),
    "receipt": ((loop, "_check", nothing),),
    "Contract within TLS": ((offer, "payment_options", lambda s: ["Contract", "ExternalPayment"]),),
    # contracts
    "signature of requests to the pool": ((BundleDelivery, "_check_signature", nothing),),
    "signature of contracts": ((bundle, "verify", lambda *_, **__: signature.SEPARATE),),
    "contract key": ((bundle, "unwrap", lambda wrapped, key, public: key),),
    # OCPP and HTTP
    "no answer": ((station_authorization, "refusal", lambda *_, **__: GRANTED),),
    "answer": ((payment, "_accepted", lambda *_: GRANTED),),
    "cards": ((KnownCards, "authorize", accepted),),
    "tokens": ((routes, "identify", everything),),
    "roles": ((routes, "check_allowed", nothing),),
    "owners of vehicles": ((pcp.ProvisioningPool, "check_owned", nothing),),
    "names of vehicles": (
        (pcp, "checked_pcid", lambda text, *_: text),
        (pcp.ProvisioningPool, "check_owned", nothing),
    ),
}
