"""What makes a trust anchor: the operator's word, and a certificate that has nobody above it."""

from __future__ import annotations

from pathlib import Path

import pytest
from branches_lab import make, path_to
from certs_lab import NOW

from pncsim.simulator.commands.certs import verify
from pncsim.tls_certs.folder import write_folder
from pncsim.tls_certs.judges import StationJudge
from pncsim.tls_certs.pki import create_pki, load_pki, write_pki
from pncsim.tls_certs.reading import der, fingerprint
from pncsim.tls_certs.validation import ChainError, Use, validate_chain
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import Liberty, Tolerance, refuse


@pytest.mark.parametrize(
    ("leaf", "name", "use", "wanted"),
    [
        ("secc_leaf", "DEPNCE1", Use.SECC, "DC=V2G or DC=PE"),
        ("contract_leaf", "DEPNCC00000001A", Use.CONTRACT, "DC=MO or DC=V2G"),
        ("oem_leaf", "PNCSIMVEHICLE00001", Use.PROVISIONING, "DC=OEM or DC=V2G"),
        ("cps_leaf", "CPS", Use.CPS, "DC=V2G"),
    ],
)
def test_a_root_with_another_dc_is_an_anchor_in_the_role_it_was_given_and_is_told(
    leaf: str, name: str, use: Use, wanted: str
) -> None:
    *chain, root = path_to(leaf, name, root={"domain": "EVCPKI"})
    told: list[Liberty] = []
    verified = validate_chain(chain, [root], use, NOW, gate=told.append)
    assert verified.anchor == root
    assert [one.tolerance for one in told] == [Tolerance.ROOT_DOMAIN]
    assert f"has DC=EVCPKI instead of {wanted}." in told[0].what
    with pytest.raises(ChainError) as caught:
        validate_chain(chain, [root], use, NOW, gate=refuse)
    assert caught.value.kind == "profile" and "DC=EVCPKI" in caught.value.sentence


def test_a_vehicle_trusts_a_station_under_a_root_with_another_dc_and_says_so() -> None:
    *chain, root = path_to("secc_leaf", "DEPNCE1", root={"domain": "EVCPKI"})
    told: list[Liberty] = []
    StationJudge([root], gate=told.append).chain(list(map(der, chain)), NOW)
    assert [one.tolerance for one in told] == [Tolerance.ROOT_DOMAIN]
    with pytest.raises(ChainError):
        StationJudge([root], gate=refuse).chain(list(map(der, chain)), NOW)


def test_a_sub_ca_in_a_file_of_roots_is_no_anchor_but_completes_the_path() -> None:
    leaf, sub2, sub1, root = path_to("secc_leaf", "DEPNCE1")
    with pytest.raises(ChainError) as caught:
        validate_chain([leaf], [sub2, sub1], Use.SECC, NOW)
    assert caught.value.kind == "no anchor"
    assert validate_chain([leaf], [sub2, sub1, root], Use.SECC, NOW).path == (leaf, sub2, sub1, root)


def test_a_folder_whose_file_of_roots_is_a_bundle_has_the_root_alone_as_anchor(tmp_path: Path) -> None:
    pki = create_pki(NOW)
    sub2, sub1, root = (pki.certificate(role) for role in ("cpo_sub2", "cpo_sub1", "v2g_root"))
    bundle = {"v2g_root": (sub2, sub1, root), "secc_leaf": pki.certificates["secc_leaf"]}
    write_folder(tmp_path, {"": (bundle, {role: pki.key(role) for role in ("v2g_root", "secc_leaf")})}, force=True)
    loaded = load_pki(tmp_path)
    assert loaded.anchors("v2g_root") == (root,)
    assert loaded.key("v2g_root").public_key() == root.public_key()
    assert loaded.chain("secc_leaf") == (pki.certificate("secc_leaf"), sub2, sub1)
    assert verify(tmp_path, now=NOW) == 0
    write_folder(
        tmp_path, {"": ({**bundle, "v2g_root": (sub2, sub1)}, {"secc_leaf": pki.key("secc_leaf")})}, force=True
    )
    assert load_pki(tmp_path).anchors("v2g_root") == ()


def test_a_folder_finds_the_certificate_of_a_key_wherever_it_stands_in_its_file(tmp_path: Path) -> None:
    pki = create_pki(NOW)
    leaf, *subs = pki.chain("secc_leaf")
    certificates = {"secc_leaf": (*subs, leaf), "v2g_root": pki.certificates["v2g_root"]}
    write_folder(tmp_path, {"": (certificates, {"secc_leaf": pki.key("secc_leaf")})}, force=True)
    assert load_pki(tmp_path).credentials("secc_leaf").chain == (leaf, *subs)
    write_folder(tmp_path, {"": (certificates, {"secc_leaf": pki.key("oem_leaf")})}, force=True)
    with pytest.raises(LocalError, match="is not the key of secc_leaf"):
        load_pki(tmp_path)


def test_roots_of_one_name_are_told_apart_by_their_fingerprints(tmp_path: Path) -> None:
    pki, others = create_pki(NOW), [make("v2g_root", "pncsim V2G root")[0] for _ in range(2)]
    with pytest.raises(ChainError) as caught:
        validate_chain(pki.credentials("secc_leaf").chain_der, others, Use.SECC, NOW)
    for other in others:
        assert fingerprint(der(other))[:16] in caught.value.sentence
    write_pki(pki, tmp_path)
    loaded = load_pki(tmp_path)
    loaded.certificates["v2g_root"] = (others[0],)
    with pytest.raises(LocalError, match=fingerprint(der(others[0]))[:16]):
        loaded.root("secc_leaf")
