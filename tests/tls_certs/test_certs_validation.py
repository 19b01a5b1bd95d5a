"""Chain verification: what is accepted, what is tolerated, and every fault with its one answer."""

from __future__ import annotations

import pytest
from certs_lab import NOW
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from pncsim.tls_certs import facts
from pncsim.tls_certs.bad.certificates import FLAWS, wrong_credentials
from pncsim.tls_certs.chain_error import ANSWERS, ChainError
from pncsim.tls_certs.issue import issue, subject_name
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import DAY, PROFILES, Profile
from pncsim.tls_certs.revocation import Status
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError, PncError
from pncsim.wire.gate import Liberty, Tolerance, refuse
from pncsim.wire.source import SYSTEM
from pncsim.wire.v2g.iso2 import codes
from pncsim.wire.values import replace

CHAINS = [
    ("secc_leaf", Use.SECC, "v2g_root"),
    ("contract_leaf", Use.CONTRACT, "mo_root"),
    ("oem_leaf", Use.PROVISIONING, "oem_root"),
    ("cps_leaf", Use.CPS, "v2g_root"),
]


def code_for(error: PncError) -> str:
    """What a station tells a vehicle whose contract chain has this fault."""
    return codes.answer(error.kind, "PaymentDetailsRes")


@pytest.mark.parametrize(("role", "use", "root"), CHAINS)
def test_good_chains_verify_with_nothing_to_tolerate(pki: Pki, role: str, use: Use, root: str) -> None:
    chain = validate_chain(pki.credentials(role).chain_der, pki.anchors(root), use, NOW, gate=refuse)
    assert chain.path == (*pki.chain(role), pki.certificate(root))
    assert chain.ends == pki.certificate(role).not_valid_after_utc.timestamp()
    assert [issuer for _, issuer in chain.issuers] == list(chain.path[1:])
    assert not chain.private


@pytest.mark.rule("PKI-7", "PKI-8", "PKI-10")
@pytest.mark.parametrize("fault", FLAWS)
@pytest.mark.parametrize("role", ["secc_leaf", "cps_leaf"])
def test_every_fault_is_found_for_what_it_is(pki: Pki, role: str, fault: str) -> None:
    bad = wrong_credentials(pki, role, fault, NOW)
    use = Use.SECC if role == "secc_leaf" else Use.CPS
    with pytest.raises(ChainError) as caught:
        validate_chain(bad.chain_der, pki.anchors("v2g_root"), use, NOW)
    assert caught.value.kind == FLAWS[fault].kind
    answer = ANSWERS[caught.value.kind]
    assert (caught.value.alert, caught.value.ocpp_status) == (answer.alert, answer.ocpp_status)
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("fault", "code", "alert", "ocpp"),
    [
        ("expired", "FAILED_CertificateExpired", 45, "CertificateExpired"),
        ("not-yet-valid", "FAILED_CertificateExpired", 45, "CertificateExpired"),
        ("sub-ca-expired", "FAILED_CertificateExpired", 45, "CertificateExpired"),
        ("wrong-signature", "FAILED_CertChainError", 42, "CertChainError"),
        ("self-signed", "FAILED_CertChainError", 48, "CertChainError"),
        ("missing-sub-ca", "FAILED_CertChainError", 48, "CertChainError"),
        ("rsa-key", "FAILED_CertChainError", 43, "CertChainError"),
    ],
)
def test_answers_on_each_link(pki: Pki, fault: str, code: str, alert: int, ocpp: str) -> None:
    bad = wrong_credentials(pki, "contract_leaf", fault, NOW)
    with pytest.raises(PeerError) as caught:
        validate_chain(bad.chain_der, pki.anchors("mo_root"), Use.CONTRACT, NOW)
    assert (code_for(caught.value), caught.value.alert, caught.value.ocpp_status) == (code, alert, ocpp)


def test_an_unknown_fault_is_named(pki: Pki) -> None:
    with pytest.raises(LocalError, match="There are: expired"):
        wrong_credentials(pki, "secc_leaf", "purple", NOW)


def test_validity_is_that_of_the_lab_to_the_second(pki: Pki) -> None:
    chain, anchors = pki.credentials("secc_leaf").chain_der, pki.anchors("v2g_root")
    end = pki.certificate("secc_leaf").not_valid_after_utc.timestamp()
    start = pki.certificate("secc_leaf").not_valid_before_utc.timestamp()
    for moment in (start, end, end + 0.9):
        validate_chain(chain, anchors, Use.SECC, moment)
    for moment, kind in ((start - 0.1, "not yet valid"), (end + 1, "expired")):
        with pytest.raises(ChainError) as caught:
            validate_chain(chain, anchors, Use.SECC, moment)
        assert caught.value.kind == kind


def test_an_expired_root_counts(pki: Pki) -> None:
    key, old = pki.key("v2g_root"), pki.certificate("v2g_root")
    root = issue(
        *(PROFILES["v2g_root"], old.subject, key.public_key(), NOW),
        issuer=None,
        issuer_key=key,
        serial=1,
        not_before=NOW - 90 * DAY,
        not_after=NOW - DAY,
    )
    with pytest.raises(ChainError, match=r"root .* expired") as caught:
        validate_chain(pki.credentials("secc_leaf").chain_der, [root], Use.SECC, NOW)
    assert caught.value.kind == "expired"
    # With the renewed root beside it, of one name and one key, the chain is good in either order.
    for anchors in ([old, root], [root, old]):
        validate_chain(pki.credentials("secc_leaf").chain_der, anchors, Use.SECC, NOW)


def test_several_roots_of_one_name_are_told_apart_by_key(pki: Pki) -> None:
    others = [create_pki(NOW).certificate("v2g_root") for _ in range(3)]
    chain = pki.credentials("secc_leaf").chain_der
    assert validate_chain(chain, [*others, *pki.anchors("v2g_root")], Use.SECC, NOW).anchor == pki.root("secc_leaf")
    with pytest.raises(ChainError, match="another key") as caught:
        validate_chain(chain, others, Use.SECC, NOW)
    assert (caught.value.kind, caught.value.alert) == ("no anchor", 48)


@pytest.mark.parametrize(
    ("role", "use", "root"),
    [
        ("contract_leaf", Use.CONTRACT, "v2g_root"),
        ("secc_leaf", Use.SECC, "mo_root"),
        ("cps_leaf", Use.CPS, "oem_root"),
    ],
)
def test_no_root_no_chain(pki: Pki, role: str, use: Use, root: str) -> None:
    for anchors in ((), pki.anchors(root)):
        with pytest.raises(ChainError) as caught:
            validate_chain(pki.credentials(role).chain_der, anchors, use, NOW)
        assert caught.value.kind == "no anchor"


def test_a_root_of_the_wrong_kind_does_not_count() -> None:
    # An SECC chain under an MO root: the root is trusted, for contracts.
    pki = create_pki(NOW)
    sub2 = pki.authority("mo_sub2").credentials(PROFILES["secc_leaf"], "DEPNCE1", NOW)
    with pytest.raises(ChainError, match="V2G root or a private root") as caught:
        validate_chain(sub2.chain_der, pki.anchors("v2g_root", "mo_root"), Use.SECC, NOW)
    assert (caught.value.kind, caught.value.alert) == ("wrong anchor", 48)


@pytest.mark.parametrize("use", Use)
def test_a_chain_shown_for_another_use_is_refused(pki: Pki, use: Use) -> None:
    anchors = pki.anchors("v2g_root", "mo_root", "oem_root")
    for role, own, _ in CHAINS:
        if own is not use:
            with pytest.raises(ChainError):
                validate_chain(pki.credentials(role).chain_der, anchors, use, NOW)


def leaf_with(pki: Pki, role: str, common_name: str = "", **changes: object) -> Credentials:
    profile: Profile = replace(PROFILES[role], **changes)
    name = common_name or str(pki.certificate(role).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    return pki.authority(PROFILES[role].issuer or "").credentials(profile, name, NOW)


@pytest.mark.parametrize(
    ("role", "use", "changes", "note", "tolerance"),
    [
        ("contract_leaf", Use.CONTRACT, {"country": "DE"}, "has a country", Tolerance.COUNTRY),
        ("contract_leaf", Use.CONTRACT, {"domain": "V2G"}, "DC=V2G instead of DC=MO", Tolerance.DOMAIN),
        ("oem_leaf", Use.PROVISIONING, {"common_name": "WMIV1234567890ABCDEX"}, "no PCID", Tolerance.PCID_FORM),
        (
            "secc_leaf",
            Use.SECC,
            {"key_usage_critical": False},
            "key usage of the SECC certificate is not critical",
            Tolerance.NOT_CRITICAL,
        ),
        (
            "cps_leaf",
            Use.CPS,
            {"extended_key_usage": (ExtendedKeyUsageOID.CLIENT_AUTH,)},
            "extended key usage",
            Tolerance.EXTENDED_USAGE,
        ),
    ],
)
def test_liberties_are_let_pass_and_told_or_refused_when_strict(
    pki: Pki, role: str, use: Use, changes: dict[str, object], note: str, tolerance: Tolerance
) -> None:
    chain = leaf_with(pki, role, **changes).chain_der  # type: ignore[arg-type]
    anchors = pki.anchors("v2g_root", "mo_root", "oem_root")
    told: list[Liberty] = []
    validate_chain(chain, anchors, use, NOW, gate=told.append)
    assert [(one.tolerance, note in one.what) for one in told] == [(tolerance, True)]
    with pytest.raises(ChainError, match=note) as refused:
        validate_chain(chain, anchors, use, NOW, gate=refuse)
    assert (refused.value.kind, refused.value.alert) == ("profile", 42)


def test_no_domain_is_fine_where_it_is_optional(pki: Pki) -> None:
    chain = leaf_with(pki, "contract_leaf", domain=None).chain_der
    assert validate_chain(chain, pki.anchors("mo_root"), Use.CONTRACT, NOW, gate=refuse)


def test_server_auth_is_fine_for_a_station(pki: Pki) -> None:
    chain = leaf_with(pki, "secc_leaf", extended_key_usage=(ExtendedKeyUsageOID.SERVER_AUTH,)).chain_der
    assert validate_chain(chain, pki.anchors("v2g_root"), Use.SECC, NOW, gate=refuse)


def test_a_contract_is_named_by_an_emaid(pki: Pki) -> None:
    chain = leaf_with(pki, "contract_leaf", "not an emaid").chain_der
    with pytest.raises(ChainError, match="no EMAID") as caught:
        validate_chain(chain, pki.anchors("mo_root"), Use.CONTRACT, NOW)
    assert caught.value.clause == "V2G2-108"


def test_order_and_company_are_liberties(pki: Pki) -> None:
    leaf, sub2, sub1 = pki.credentials("secc_leaf").chain_der
    root = pki.certificate("v2g_root").public_bytes(Encoding.DER)
    for sent, note in (
        ([leaf, sub1, sub2], Tolerance.CHAIN_ORDER),
        ([leaf, sub2, sub1, root], Tolerance.ROOT_SENT),
    ):
        told: list[Liberty] = []
        answer = validate_chain(sent, pki.anchors("v2g_root"), Use.SECC, NOW, gate=told.append)
        assert [one.tolerance for one in told] == [note]
        assert len(answer.path) == 4


def test_sub_cas_known_from_elsewhere_complete_a_lone_leaf(pki: Pki) -> None:
    # CertificateInstallationReq carries the leaf alone.
    leaf, *subs = pki.chain("oem_leaf")
    anchors = pki.anchors("oem_root")
    assert validate_chain([leaf], anchors, Use.PROVISIONING, NOW, intermediates=subs).anchor == pki.root("oem_leaf")
    with pytest.raises(ChainError, match="neither in the chain"):
        validate_chain([leaf], anchors, Use.PROVISIONING, NOW)


@pytest.mark.parametrize("chain", [[], [b""], [b"\x30\x03\x02\x01"], [b"\xff" * 900]])
def test_garbage(pki: Pki, chain: list[bytes]) -> None:
    with pytest.raises(ChainError) as caught:
        validate_chain(chain, pki.anchors("v2g_root"), Use.SECC, NOW)
    assert caught.value.kind in ("empty", "unparsable")
    assert code_for(caught.value) == "FAILED_CertChainError"


def test_a_flood_of_certificates_is_not_even_parsed(pki: Pki) -> None:
    with pytest.raises(ChainError) as caught:
        validate_chain([b"x"] * 1000, pki.anchors("v2g_root"), Use.SECC, NOW)
    assert caught.value.kind == "too long"


def test_every_turned_bit_in_a_leaf_is_noticed(pki: Pki) -> None:
    leaf, *subs = pki.credentials("secc_leaf").chain_der
    for position in range(4, len(leaf), 7):
        changed = bytearray(leaf)
        changed[position] ^= 0x04
        with pytest.raises(ChainError):
            validate_chain([bytes(changed), *subs], pki.anchors("v2g_root"), Use.SECC, NOW)


def private_environment(domain: str) -> tuple[x509.Certificate, Credentials]:
    key, profile = SYSTEM.key(), replace(PROFILES["private_root"], domain=domain)
    root = issue(
        profile,
        subject_name(profile, "root"),
        key.public_key(),
        NOW,
        issuer=None,
        issuer_key=key,
        serial=1,
    )
    leaf_key, leaf_profile = SYSTEM.key(), PROFILES["private_leaf"]
    leaf = issue(
        leaf_profile,
        subject_name(leaf_profile, "DEPNCE1"),
        leaf_key.public_key(),
        NOW,
        issuer=root,
        issuer_key=key,
        serial=1,
    )
    return root, Credentials((leaf,), leaf_key)


def test_a_private_root_signs_leaves_a_v2g_root_does_not() -> None:
    root, station = private_environment("PE")
    assert validate_chain(station.chain_der, [root], Use.SECC, NOW, gate=refuse).private
    root, station = private_environment("V2G")
    with pytest.raises(ChainError) as caught:
        validate_chain(station.chain_der, [root], Use.SECC, NOW)
    assert (caught.value.kind, caught.value.clause) == ("wrong anchor", "V2G2-867")


@pytest.mark.rule("CSO-1")
def test_revocation_is_asked_for_all_below_the_root_once_all_else_is_good(pki: Pki) -> None:
    asked: list[x509.Certificate] = []

    def good(certificate: x509.Certificate, issuer: x509.Certificate) -> Status:
        certificate.verify_directly_issued_by(issuer)
        asked.append(certificate)
        return Status.GOOD

    anchors = pki.anchors("v2g_root")
    validate_chain(pki.chain("secc_leaf"), anchors, Use.SECC, NOW, revocation=good)
    assert asked == list(pki.chain("secc_leaf"))
    asked.clear()
    with pytest.raises(ChainError):
        bad = wrong_credentials(pki, "secc_leaf", "expired", NOW)
        validate_chain(bad.chain, anchors, Use.SECC, NOW, revocation=good)
    assert asked == []


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize(
    ("status", "code", "alert"),
    [(Status.REVOKED, "FAILED_CertificateRevoked", 44), (Status.UNKNOWN, "FAILED_CertChainError", 46)],
)
def test_a_revoked_or_unknown_certificate(pki: Pki, position: int, status: Status, code: str, alert: int) -> None:
    chain = pki.chain("contract_leaf")

    def check(certificate: x509.Certificate, issuer: x509.Certificate) -> Status:
        return status if certificate == chain[position] else Status.GOOD

    with pytest.raises(ChainError) as caught:
        validate_chain(chain, pki.anchors("mo_root"), Use.CONTRACT, NOW, revocation=check)
    assert (code_for(caught.value), caught.value.alert) == (code, alert)


@pytest.mark.rule("PKI-7")
def test_a_cross_certificate_leads_to_the_other_root(pki: Pki) -> None:
    # CPO Sub-CA 1's name and key, certified by another V2G root as well: two issuers of one name.
    other = create_pki(NOW)
    old = pki.certificate("cpo_sub1")
    cross = issue(
        PROFILES["cpo_sub1"],
        old.subject,
        pki.key("cpo_sub1").public_key(),
        NOW,
        issuer=other.certificate("v2g_root"),
        issuer_key=other.key("v2g_root"),
        serial=1,
    )
    leaf, sub2, _ = pki.chain("secc_leaf")
    answer = validate_chain([leaf, sub2, cross], other.anchors("v2g_root"), Use.SECC, NOW, intermediates=[old])
    assert answer.anchor == other.certificate("v2g_root")


def test_public_keys_on_other_256_bit_curves_are_refused(pki: Pki) -> None:
    key = ec.generate_private_key(ec.BrainpoolP256R1())
    leaf = issue(
        PROFILES["secc_leaf"],
        pki.certificate("secc_leaf").subject,
        key.public_key(),
        NOW,
        issuer=pki.certificate("cpo_sub2"),
        issuer_key=pki.key("cpo_sub2"),
        serial=1,
        signature_hash=hashes.SHA256(),
    )
    with pytest.raises(ChainError, match="brainpoolP256r1") as caught:
        validate_chain([leaf, *pki.chain("secc_leaf")[1:]], pki.anchors("v2g_root"), Use.SECC, NOW)
    assert caught.value.kind == "key type"


def test_a_chain_that_comes_again_costs_no_signature_and_is_still_judged_by_time_roots_and_status(
    pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, anchors = pki.credentials("secc_leaf").chain_der, pki.anchors("v2g_root")
    first = validate_chain(chain, anchors, Use.SECC, NOW)
    with monkeypatch.context() as patched:
        patched.setattr(facts, "signed_by", lambda *_: pytest.fail("a signature was verified again"))
        assert validate_chain(chain, anchors, Use.SECC, NOW + 60) is first
    for when in (first.leaf.not_valid_before_utc.timestamp() - 1, first.ends + 1):
        with pytest.raises(ChainError):
            validate_chain(chain, anchors, Use.SECC, when)
    with pytest.raises(ChainError) as refused:
        validate_chain(chain, pki.anchors("mo_root"), Use.SECC, NOW)
    assert refused.value.kind == "no anchor"
    with pytest.raises(ChainError) as refused:
        validate_chain(chain, anchors, Use.SECC, NOW, revocation=lambda *_: Status.REVOKED)
    assert refused.value.kind == "revoked"


def test_liberties_are_told_each_time_a_chain_comes(pki: Pki) -> None:
    leaf, *cas = pki.credentials("secc_leaf").chain_der
    for _ in range(2):
        told: list[Liberty] = []
        validate_chain([leaf, *reversed(cas)], pki.anchors("v2g_root"), Use.SECC, NOW, gate=told.append)
        assert [one.tolerance for one in told] == [Tolerance.CHAIN_ORDER]
