"""The judge of stations: chain, staples, policies, what it tells."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from certs_lab import NOW
from cryptography.hazmat.primitives.serialization import Encoding

from pncsim.tls_certs.bad.certificates import wrong_credentials
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS, wrong_staple
from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.judges import Observe, StationJudge
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import DAY, PROFILES
from pncsim.wire.errors import PeerError
from pncsim.wire.gate import Liberty, Tolerance, refuse
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import replace

Seen = list[tuple[str, bool, str, str]]


def watched(seen: Seen) -> Observe:
    return lambda what, ok, reason, clause: seen.append((what, ok, reason, clause))


def ask(judge: StationJudge, chain: Sequence[bytes], staples: Sequence[bytes | None], now: float) -> None:
    """As a TLS client does: first the chain, then what was stapled to it."""
    judge.chain(chain, now)
    judge.staples(chain, staples, now)


def staples(pki: Pki, role: str = "secc_leaf") -> list[bytes | None]:
    return [pki.issuer_authority(one).staple(one, NOW) for one in pki.chain(role)]


@pytest.mark.rule("EV-2")
@pytest.mark.parametrize("policy", ["require", "prefer", "off"])
def test_a_good_station(pki: Pki, policy: str) -> None:
    seen: Seen = []
    judge = StationJudge(pki.anchors("v2g_root"), policy, watched(seen))  # type: ignore[arg-type]
    ask(judge, pki.credentials("secc_leaf").chain_der, staples(pki), NOW)
    assert [ok for _, ok, _, _ in seen] == [True] * (1 if policy == "off" else 4)
    assert seen[0][0] == "SECC certificate chain"


@pytest.mark.rule("EV-1")
def test_stations_below_each_of_five_v2g_roots_are_trusted() -> None:
    everywhere = [create_pki(NOW) for _ in range(5)]
    judge = StationJudge([one.root("v2g_root") for one in everywhere], "require")
    for one in everywhere:
        ask(judge, one.credentials("secc_leaf").chain_der, staples(one), NOW)
    with pytest.raises(PeerError):
        judge.chain(create_pki(NOW).credentials("secc_leaf").chain_der, NOW)


def test_the_leaf_alone_may_be_stapled(pki: Pki) -> None:
    judge = StationJudge(pki.anchors("v2g_root"), "require")
    leaf, *_ = staples(pki)
    for given in ([leaf], [leaf, None, None], [leaf, b"", b""]):
        ask(judge, pki.credentials("secc_leaf").chain_der, given, NOW)


@pytest.mark.rule("EV-2")
@pytest.mark.parametrize("given", [[], [None], [None, None, None], [b""]])
def test_a_missing_staple(pki: Pki, given: list[bytes | None]) -> None:
    chain, anchors = pki.credentials("secc_leaf").chain_der, pki.anchors("v2g_root")
    seen: Seen = []
    with pytest.raises(PeerError, match="did not staple") as caught:
        ask(StationJudge(anchors, "require", watched(seen)), chain, given, NOW)
    assert caught.value.alert == 113
    assert "V2G2-875" in caught.value.clause
    assert [ok for _, ok, _, _ in seen] == [True, False]
    noted: list[Liberty] = []
    ask(StationJudge(anchors, "prefer", gate=noted.append), chain, given, NOW)
    assert [(one.tolerance, one.clause) for one in noted] == [(Tolerance.STAPLE_MISSING, "V2G2-873, V2G2-875")]
    ask(StationJudge(anchors, "off"), chain, given, NOW)


@pytest.mark.rule("EV-2")
@pytest.mark.parametrize("fault", STAPLE_FLAWS)
@pytest.mark.parametrize("policy", ["require", "prefer"])
def test_a_bad_staple_refuses_even_when_none_is_required(pki: Pki, policy: str, fault: str) -> None:
    bad = wrong_staple(pki.authority("cpo_sub2"), pki.certificate("secc_leaf"), fault, NOW)
    chain, anchors = pki.credentials("secc_leaf").chain_der, pki.anchors("v2g_root")
    seen: Seen = []
    with pytest.raises(PeerError) as caught:
        ask(StationJudge(anchors, policy, watched(seen)), chain, [bad, None, None], NOW)  # type: ignore[arg-type]
    assert caught.value.alert == (44 if fault == "revoked" else 113)
    assert seen[-1][1:3] == (False, caught.value.sentence)
    ask(StationJudge(anchors, "off"), chain, [bad], NOW)


def test_a_bad_staple_of_a_sub_ca_refuses(pki: Pki) -> None:
    leaf, _, sub1 = staples(pki)
    bad = wrong_staple(pki.authority("cpo_sub1"), pki.certificate("cpo_sub2"), "revoked", NOW)
    judge = StationJudge(pki.anchors("v2g_root"), "require")
    with pytest.raises(PeerError, match="CPO Sub-CA 2") as caught:
        ask(judge, pki.credentials("secc_leaf").chain_der, [leaf, bad, sub1], NOW)
    assert caught.value.alert == 44


def test_staples_go_with_certificates_in_whatever_order_they_are_sent(pki: Pki) -> None:
    leaf, sub2, sub1 = pki.credentials("secc_leaf").chain_der
    a, b, c = staples(pki)
    told: list[Liberty] = []
    judge = StationJudge(pki.anchors("v2g_root"), "require", gate=told.append)
    ask(judge, [leaf, sub1, sub2], [a, c, b], NOW)
    assert [one.tolerance for one in told] == [Tolerance.CHAIN_ORDER]
    with pytest.raises(PeerError, match="not about the certificate"):
        ask(judge, [leaf, sub1, sub2], [a, b, c], NOW)


@pytest.mark.rule("EV-2")
@pytest.mark.parametrize(("fault", "alert"), [("expired", 45), ("self-signed", 48), ("rsa-key", 43), ("sha1", 43)])
def test_a_bad_chain(pki: Pki, fault: str, alert: int) -> None:
    seen: Seen = []
    bad = wrong_credentials(pki, "secc_leaf", fault, NOW)
    with pytest.raises(PeerError) as caught:
        ask(StationJudge(pki.anchors("v2g_root"), "off", watched(seen)), bad.chain_der, [], NOW)
    assert caught.value.alert == alert
    assert seen == [("SECC certificate chain", False, caught.value.sentence, caught.value.clause)]


def test_the_judge_lives_in_lab_time(pki: Pki) -> None:
    judge = StationJudge(pki.anchors("v2g_root"), "require")
    chain, given = pki.credentials("secc_leaf").chain_der, staples(pki)
    ask(judge, chain, given, NOW + 6 * DAY)
    with pytest.raises(PeerError, match="stale"):
        ask(judge, chain, given, NOW + 8 * DAY)


@pytest.mark.rule("PE-2")
def test_a_private_environment_needs_no_staple() -> None:
    key, root_profile, profile = SYSTEM.key(), PROFILES["private_root"], PROFILES["private_leaf"]
    root = issue(
        root_profile,
        subject_name(root_profile, "r"),
        key.public_key(),
        NOW,
        issuer=None,
        issuer_key=key,
        serial=1,
    )
    leaf = issue(
        profile,
        subject_name(profile, "DEPNCE1"),
        SYSTEM.key().public_key(),
        NOW,
        issuer=root,
        issuer_key=key,
        serial=1,
    )
    seen: Seen = []
    ask(StationJudge([root], "require", watched(seen)), [leaf.public_bytes(Encoding.DER)], [], NOW)
    assert seen[1][3] == "V2G2-872"


def test_strict_tolerates_nothing(pki: Pki) -> None:
    profile = replace(PROFILES["secc_leaf"], key_usage_critical=False)
    loose = pki.authority("cpo_sub2").credentials(profile, "DEPNCE1", NOW)
    noted: list[Liberty] = []
    ask(StationJudge(pki.anchors("v2g_root"), "off", gate=noted.append), loose.chain_der, [], NOW)
    assert [one.what for one in noted] == ["The key usage of the SECC certificate is not critical."]
    with pytest.raises(PeerError, match="not critical") as refused:
        ask(StationJudge(pki.anchors("v2g_root"), "off", gate=refuse), loose.chain_der, [], NOW)
    assert refused.value.alert == 42
