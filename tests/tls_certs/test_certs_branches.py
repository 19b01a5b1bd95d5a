"""Rules between the branches of the PKI: findings, told and let pass, refused by who is strict."""

from __future__ import annotations

from typing import Any

import pytest
from branches_lab import make, path_to
from certs_lab import NOW
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.validation import ChainError, Use, validate_chain
from pncsim.wire.gate import Liberty, refuse

EMAID = "DEPNCC00000001A"
SERVER, CLIENT = (ExtendedKeyUsageOID.SERVER_AUTH,), (ExtendedKeyUsageOID.CLIENT_AUTH,)


def findings(path: tuple[x509.Certificate, ...], use: Use) -> tuple[str, ...]:
    """What is told of a path, which a strict verifier refuses for it."""
    *chain, root = path
    told: list[Liberty] = []
    validate_chain(chain, [root], use, NOW, gate=told.append)
    if told:
        with pytest.raises(ChainError) as caught:
            validate_chain(chain, [root], use, NOW, gate=refuse)
        assert all(one.what in caught.value.sentence for one in told)
    return tuple(f"{one.what[0].lower()}{one.what[1:-1]}" for one in told)


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({"sub2": {"domain": "CPS"}}, 'the Sub-CA "Sub 2" has DC=CPS instead of DC=V2G'),
        ({"sub1": {"domain": None}}, 'the Sub-CA "Sub 1" has no DC instead of DC=V2G'),
        (
            {"sub2": {"extended_key_usage": CLIENT}},
            'the extended key usage of the Sub-CA "Sub 2" (clientAuth) is not for a SECC certificate',
        ),
        (
            {"leaf": {"extended_key_usage": (*SERVER, *CLIENT)}},
            "the extended key usage of the SECC certificate names a further purpose (clientAuth)",
        ),
        ({"leaf": {"key_of_sub2": True}}, 'the SECC certificate has the key of the Sub-CA "Sub 2"'),
        (
            {"leaf": {"key_usage": frozenset({"digital_signature"})}},
            "the key usage of the SECC certificate lacks keyAgreement",
        ),
    ],
)
def test_what_is_out_of_place_in_a_stations_branch_is_a_finding(changed: dict[str, Any], finding: str) -> None:
    assert findings(path_to("secc_leaf", "DEPNCE1", **changed), Use.SECC) == (finding,)


def test_a_station_below_the_provisioning_services_sub_ca_is_a_finding() -> None:
    pki = create_pki(NOW)
    station = pki.authority("cps_sub2").credentials(PROFILES["secc_leaf"], "DEPNCE1", NOW)
    found = findings((*station.chain, pki.certificate("v2g_root")), Use.SECC)
    assert [one.endswith("has DC=CPS instead of DC=V2G") for one in found] == [True, True]


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        ({"digital_signature", "content_commitment"}, ["lacks keyEncipherment", "lacks keyAgreement"]),
        (
            {"digital_signature", "content_commitment", "key_encipherment", "key_agreement", "data_encipherment"},
            ["has dataEncipherment"],
        ),
        ({"digital_signature", "content_commitment", "key_encipherment", "key_agreement"}, []),
    ],
)
def test_the_key_usage_of_a_contract_is_that_of_its_profile_or_a_finding(usage: set[str], said: list[str]) -> None:
    path = path_to("contract_leaf", EMAID, leaf={"key_usage": frozenset(usage)})
    found = findings(path, Use.CONTRACT)
    assert found == tuple(f"the key usage of the contract certificate {one}" for one in said)


@pytest.mark.parametrize("use", Use)
def test_our_own_certificates_have_no_findings(use: Use) -> None:
    pki = create_pki(NOW)
    role = {Use.SECC: "secc_leaf", Use.CONTRACT: "contract_leaf", Use.PROVISIONING: "oem_leaf", Use.CPS: "cps_leaf"}[
        use
    ]
    assert findings((*pki.chain(role), pki.root(role)), use) == ()


def test_a_contract_signed_by_a_root_with_the_roots_own_key_is_two_findings() -> None:
    root = make("mo_root", "root")
    leaf, _ = make("contract_leaf", EMAID, root, root[1])
    found = findings((leaf, root[0]), Use.CONTRACT)
    assert [one.partition(" certificate ")[2] for one in found] == [
        "is signed by a root without a Sub-CA",
        'has the key of the root "root"',
    ]
