"""A PKI from a seed: the same octets each time, in everything its authorities make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certs_lab import NOW

from pncsim.tls_certs.bad.certificates import FLAWS, wrong_credentials
from pncsim.tls_certs.bad.staples import STAPLE_FLAWS, wrong_staple
from pncsim.tls_certs.crl import build_crl
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pki import Pki, create_pki, write_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.source import SYSTEM, Seeded, Source


def made(source: Source) -> Pki:
    return create_pki(NOW, ocsp_url="http://127.0.0.1:1/ocsp", crl_url="http://127.0.0.1:1/crl", source=source)


def files(pki: Pki, folder: Path) -> dict[str, bytes]:
    write_pki(pki, folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.pem"))}


def later(pki: Pki) -> Iterator[bytes]:
    """What its authorities make afterwards."""
    authority = pki.authority("cpo_sub2")
    leaf = authority.credentials(PROFILES["secc_leaf"], "DEPNCE100002", NOW)
    yield leaf.chain_der[0]
    yield authority.staple(leaf.leaf, NOW)
    yield build_crl(authority, NOW)
    yield build_request(leaf.key, PROFILES["secc_leaf"], "DEPNCE100002")


def test_the_same_seed_makes_the_same_files_and_another_seed_or_the_system_others(tmp_path: Path) -> None:
    first = files(made(Seeded(1)), tmp_path / "1")
    assert first == files(made(Seeded(1)), tmp_path / "2")
    for number, source in enumerate((Seeded(2), SYSTEM, SYSTEM), 3):
        other = files(made(source), tmp_path / str(number))
        assert other.keys() == first.keys()
        assert not set(other.values()) & set(first.values())


def test_the_same_seed_makes_the_same_certificates_staples_lists_and_requests_later_on() -> None:
    assert list(later(made(Seeded(1)))) == list(later(made(Seeded(1))))
    assert not set(later(made(SYSTEM))) & set(later(made(SYSTEM)))


def test_what_one_authority_issues_more_shifts_no_other() -> None:
    quiet, busy = made(Seeded(1)), made(Seeded(1))
    for name in ("DEPNCE1", "DEPNCE2"):
        busy.authority("cpo_sub2").credentials(PROFILES["secc_leaf"], name, NOW)
    issued = [
        pki.authority("mo_sub2").credentials(PROFILES["contract_leaf"], "DEPNCC00000001A", NOW).chain_der
        for pki in (quiet, busy)
    ]
    assert issued[0] == issued[1]


@pytest.mark.parametrize("fault", FLAWS)
def test_the_same_seed_makes_the_same_bad_certificate(fault: str) -> None:
    chains = [wrong_credentials(made(Seeded(1)), "secc_leaf", fault, NOW).chain_der for _ in range(2)]
    assert chains[0] == chains[1]


@pytest.mark.parametrize("fault", STAPLE_FLAWS)
def test_the_same_seed_makes_the_same_bad_staple(fault: str) -> None:
    staples = []
    for _ in range(2):
        pki = made(Seeded(1))
        staples.append(wrong_staple(pki.authority("cpo_sub2"), pki.certificate("secc_leaf"), fault, NOW))
    assert staples[0] == staples[1]
