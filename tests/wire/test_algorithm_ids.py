"""Which algorithms are taken is configuration, by ids; one that nobody knows is refused before anything is done."""

from __future__ import annotations

import pytest

from pncsim.ev.config import VehicleConfig
from pncsim.secc.config import SeccConfig
from pncsim.tls_certs.chain_error import ChainError
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.algorithms import P256, P521, AlgorithmId, allowed
from pncsim.wire.errors import LocalError
from pncsim.wire.gate import refuse

NOW = 1_700_000_000.0
BOTH: tuple[AlgorithmId, ...] = ("P-256", "P-521")


def test_ids_name_algorithms() -> None:
    assert allowed(BOTH) == (P256, P521)


@pytest.mark.parametrize("make", [VehicleConfig, SeccConfig])
@pytest.mark.parametrize("ids", [("P-384",), ("sha1",), ()])
def test_an_id_that_is_unknown_is_refused_with_a_sentence(make: type, ids: tuple[str, ...]) -> None:
    with pytest.raises(LocalError, match="algorithm"):
        make(algorithms=ids)


@pytest.mark.rule("PKI-12")
@pytest.mark.parametrize(
    ("role", "use", "root"),
    [
        ("secc_leaf", Use.SECC, "v2g_root"),
        ("contract_leaf", Use.CONTRACT, "mo_root"),
        ("oem_leaf", Use.PROVISIONING, "oem_root"),
        ("cps_leaf", Use.CPS, "v2g_root"),
    ],
)
def test_a_chain_of_the_new_algorithm_is_taken_where_it_is_configured_only(role: str, use: Use, root: str) -> None:
    pki = create_pki(NOW, algorithm="P-521", ocsp_url="http://ocsp.pncsim.test/ocsp")
    chain, anchors = pki.chain(role), pki.anchors(root)
    assert validate_chain(chain, anchors, use, NOW, algorithms=BOTH, gate=refuse).anchor in anchors
    with pytest.raises(ChainError) as refused:
        validate_chain(chain, anchors, use, NOW, gate=refuse)
    assert refused.value.kind == "key type"


@pytest.mark.rule("PKI-12")
def test_what_the_old_algorithm_has_signed_is_no_excuse_for_a_key_of_another() -> None:
    old, new = create_pki(NOW), create_pki(NOW, algorithm="P-521")
    mixed = old.authority("mo_sub2").credentials(new.profile("contract_leaf"), "DEPNCC00000001A", NOW)
    anchors = old.anchors("mo_root")
    assert validate_chain(mixed.chain, anchors, Use.CONTRACT, NOW, algorithms=BOTH, gate=refuse).leaf == mixed.leaf
    with pytest.raises(ChainError, match="P-521"):
        validate_chain(mixed.chain, anchors, Use.CONTRACT, NOW, gate=refuse)
