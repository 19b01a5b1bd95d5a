"""A V2G root's operator certifies a Sub-CA of another one's: vehicles that know either root charge at its stations."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pncsim.simulator.plan import PkiPlan, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import issued_by, parsed, same_key, shown
from pncsim.wire.ocpp.frames import Result

if TYPE_CHECKING:
    from cryptography import x509

    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.trace import Secured


CROSSED = "CS002"


@scenario(
    "cross-certified",
    title="a Sub-CA is certified by two V2G roots, and vehicles that know either charge at its stations",
    clauses=("CharIN 2.2.1.1", "CharIN 2.2.1", "PKI-7", "EV-2", "V2G2-009"),
    fresh_station=True,
    plan=Plan(pkis=(PkiPlan(), PkiPlan("other")), stations=(StationPlan(), StationPlan(identity=CROSSED))),
    use_case=UseCase(
        id="2.2.1.1",
        part=True,
        actors=("EV", "SECC", "CSMS", "root operator"),
        preconditions=("there are two V2G roots, and vehicles that know one of them each",),
    ),
)
async def cross_certified(lab: Lab) -> None:
    """A vehicle that knows only the other root refuses a station, until that root has certified the station's Sub-CA.

    A station that asks for its certificate then is given the chain to the other root, and vehicles that know that one
    charge there: the path has four certificates, the root included, as any other. Had the other root certified the
    first root instead of the Sub-CA the path would have five: the station does not take such a chain.
    """
    ev, secc, root_operator = map(lab.expect.of, ("EV", "SECC", "root operator"))
    knows_own, knows_other = [await lab.vehicle(kwh=0.25, payment="external") for _ in range(2)]
    own, other = knows_own.v2g_roots
    knows_own.v2g_roots, knows_other.v2g_roots = (own,), (other,)
    handshakes = lab.watch.handshakes()

    before = await lab.plug_in(knows_other)
    lab.expect.refused(before, "unknown_ca")
    charged = await lab.plug_in(knows_own)
    lab.expect.session(charged)
    plain = _shown(handshakes)

    parties = await lab.region.parties()
    crossed = await parties.cross_certify("cpo_sub1", by="other")
    same = same_key(crossed, plain[-1]) and crossed.subject == plain[-1].subject
    twice = same and issued_by(plain[-1], own) and issued_by(crossed, other)
    root_operator.shows("twice", "PKI-7", "one Sub-CA is certified by two roots", twice, shown(crossed.issuer))
    station = await lab.station(identity=CROSSED)
    after = await lab.plug_in(knows_other, at=CROSSED)
    lab.expect.session(after)
    lab.expect.charged(after, kwh=0.25, token=lab.card)
    chain = _shown(handshakes)
    four = len(chain) + 1 == 4 and all(issued_by(one, above) for one, above in pairwise((*chain, other)))
    secc.shows("path", "PKI-7", "its path has four certificates, the other root included", four, len(chain) + 1)
    below = chain[1].subject == plain[1].subject and same_key(chain[1], plain[1])
    secc.shows("same-issuer", "PKI-7", "both stations' certificates are of one Sub-CA", below, shown(chain[1].subject))

    await parties.cross_certify("v2g_root", by="other")
    frames = lab.watch.frames()
    await lab.recertify(station)
    answers = [one.content for one in frames if one.action == "CertificateSigned"]
    said = [one.payload["status"] for one in answers if isinstance(one, Result)]
    secc.shows("too-long", "V2G2-009", "a path of five is not taken", said == ["Rejected"], said)
    again = await lab.plug_in(knows_other, at=CROSSED)
    ev.shows("goes-on", "EV-2", "what the station has goes on being good", again.ok, again.error or again.reason)


def _shown(handshakes: list[Secured]) -> list[x509.Certificate]:
    """What the station has sent in the newest handshake, as the vehicle saw it."""
    return [parsed(octets) for octets in next(one.chain for one in reversed(handshakes) if one.role == "EV")]
