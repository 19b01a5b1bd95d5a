"""What OCSP responders say, and what stations staple of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pncsim.simulator.faults import deeds
from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.demands import BAD_STAPLE, certificate_status, responds
from pncsim.simulator.faults.fault import Fault, Observations
from pncsim.simulator.faults.services import FailingResponder
from pncsim.simulator.parameters import Choices
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS, wrong_staple
from pncsim.tls_certs.certid import parse_request
from pncsim.wire.errors import Kind

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

NOT_STAPLED = frozenset({"other-certificate", "garbage"})
"""What OpenSSL (seen: 4.0.3) leaves out of the handshake without a word: no CertificateStatus is sent."""

_UNKNOWN: Observations = (
    certificate_status("chain"),
    responds("chain", "AuthorizationRes"),
    Reports("SECC", "chain"),
)
"""Nobody can tell whether a contract is revoked: it is refused."""
_REVOKED: Observations = (
    certificate_status("revoked"),
    responds("revoked", "AuthorizationRes"),
    Reports("SECC", "revoked"),
)


def _bad_staple(name: str) -> Observations:
    kind: Kind = "staple missing" if name in NOT_STAPLED else STAPLE_FLAWS[name].kind
    return BAD_STAPLE, Reports("EV", kind)


def bad_answer(
    lab: Lab,
    where: str,
    /,
    *,
    name: Annotated[str, "What is wrong with it.", Choices(tuple(STAPLE_FLAWS))] = "stale",
) -> None:
    """The responder gives a bad answer about the vehicle's contract certificate."""

    async def do(plug_in: PlugIn) -> None:
        leaf, back = deeds.held_contract(plug_in).credentials.leaf, plug_in.back
        authority = back.pki.issuer_authority(leaf)

        async def instead(request: bytes, answer: bytes) -> bytes:
            names, _ = parse_request(request)
            if all(asked.serial != leaf.serial_number for asked in names):
                return answer
            return wrong_staple(authority, leaf, name, plug_in.clock.now())

        back.parties.responder_errs(instead)

    lab.hooks.once("vehicle", where, do)


def responder_fails(
    lab: Lab, where: str, /, *, status: Annotated[Literal["404", "500", "503"], "The HTTP status."] = "503"
) -> None:
    """The responder answers with an HTTP error."""

    async def do(plug_in: PlugIn) -> None:
        plug_in.back.services.revocation = FailingResponder(int(status))

    lab.hooks.once("csms", where, do)


ROWS = (
    Fault(
        name="no-staple",
        title="the station staples no OCSP response",
        group="TLS",
        place="station",
        answer=(BAD_STAPLE, Reports("EV", "staple missing")),
        deed=deeds.beforehand("station", deeds.staple_missing),
    ),
    Fault(
        name="stale-staple",
        title="the station staples an OCSP response that has run out",
        group="OCSP",
        place="station",
        answer=(BAD_STAPLE, Reports("EV", "status stale")),
        deed=deeds.beforehand("station", deeds.staple_stale),
    ),
    Fault(
        name="bad-staple",
        title="the station staples a bad OCSP response: {name}",
        group="OCSP",
        place="station",
        answer=_bad_staple,
        deed=deeds.bad_staple,
    ),
    Fault(
        name="bad-status",
        title="the responder's answer about the contract is bad: {name}",
        group="OCSP",
        place="responder",
        answer=lambda name: _REVOKED if name == "revoked" else _UNKNOWN,
        deed=bad_answer,
    ),
    Fault(
        name="responder-status",
        title="the OCSP responder answers HTTP {status}",
        group="HTTP",
        place="responder",
        answer=_UNKNOWN,
        deed=responder_fails,
    ),
    Fault(
        name="dead-responder",
        title="the OCSP responder is down while the contract is authorised",
        group="OCSP",
        place="responder",
        answer=_UNKNOWN,
        deed=deeds.service(deeds.responder_dead),
    ),
    Fault(
        name="slow-responder",
        title="the OCSP responder answers after {seconds:g} s",
        group="OCSP",
        place="responder",
        answer=_UNKNOWN,
        deed=deeds.responder_slow,
    ),
)
