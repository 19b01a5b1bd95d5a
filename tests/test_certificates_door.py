"""One door for certificates of others: whoever is shown one that the library stumbles over says so, and goes on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography import x509
from odd_certificates import CHANGES, odd

from pncsim.backend.bundle import ContractData
from pncsim.backend.ecosystem import Ecosystem, open_ecosystem
from pncsim.backend.rcp import RootKind
from pncsim.ev.contract_files import open_contract_folder
from pncsim.secc.contract import check_contract
from pncsim.secc.questions import ContractAuthorization
from pncsim.secc.station import identity
from pncsim.secc.station.authorization import contract_payload
from pncsim.secc.station.trust import TrustStore
from pncsim.tls_certs import der as asn1
from pncsim.tls_certs import reading
from pncsim.tls_certs.crl import build_crl, verify_crl
from pncsim.tls_certs.issue import check_request
from pncsim.tls_certs.judges import StationJudge
from pncsim.tls_certs.ocsp import verify_response
from pncsim.tls_certs.pki import DEFAULT_EMAID, Pki, create_pki, load_pki, write_pki
from pncsim.tls_certs.validation import Use, validate_chain
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace
from pncsim.wire.v2g.key_transport import WrappedKey

NOW = 1_795_000_000.0


@lru_cache(maxsize=1)
def pki() -> Pki:
    return create_pki(NOW, ocsp_url="http://127.0.0.1:9/ocsp")


def shown(role: str, change: str) -> list[bytes]:
    """The chain of a role with an odd leaf."""
    return [odd(pki().certificate(role), change), *pki().credentials(role).chain_der[1:]]


def pem(octets: bytes) -> str:
    body = base64.encodebytes(octets).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"


# What each of our parties does with what it is shown. Each may refuse by a PncError or an answer, and nothing else.


def vehicle(change: str, place: Path) -> None:
    """A station's certificate, in the handshake; a Sub-CA as well as a leaf."""
    StationJudge(pki().anchors("v2g_root")).chain(shown("secc_leaf", change), NOW)


def vehicle_sub_ca(change: str, place: Path) -> None:
    leaf, sub2, sub1 = pki().chain("secc_leaf")
    StationJudge(pki().anchors("v2g_root")).chain([reading.der(leaf), odd(sub2, change), reading.der(sub1)], NOW)


def verifier(change: str, place: Path) -> None:
    """Everybody's verifier, whatever the use."""
    for role, use in (("contract_leaf", Use.CONTRACT), ("oem_leaf", Use.PROVISIONING), ("cps_leaf", Use.CPS)):
        roots = pki().anchors("v2g_root", "mo_root", "oem_root")
        try:
            validate_chain(shown(role, change), roots, use, NOW)
        except PncError:
            continue
        raise AssertionError(f"{change} was taken for a good {role}")
    raise PncError("all three were refused")


def station(change: str, place: Path) -> None:
    """A contract whose root it knows, and one that it leaves to the back end."""
    chain = shown("contract_leaf", change)
    with pytest.raises(PncError):
        check_contract(DEFAULT_EMAID, chain, pki().anchors("mo_root"), NOW)
    checked = check_contract(DEFAULT_EMAID, chain, (), NOW, central_validation=True)
    asked = ContractAuthorization(emaid=DEFAULT_EMAID, chain=checked.chain, validated=False)
    contract_payload(asked, TrustStore(), central=True)
    raise PncError("left to the back end")


def station_of_its_csms(change: str, place: Path) -> None:
    """CertificateSigned, and InstallCertificate."""
    root = pem(odd(pki().certificate("v2g_root"), change))
    refused = TrustStore().install({"certificateType": "V2GRootCertificate", "certificate": root}, NOW)
    assert refused["status"] == "Rejected"
    waiting = identity.request("DEPNCE1", "pncsim", "DE", SYSTEM)

    def check(chain: tuple[x509.Certificate, ...], now: float) -> object:
        return validate_chain(chain, pki().anchors("v2g_root"), Use.SECC, now)

    identity.accept(pem(shown("secc_leaf", change)[0]), waiting, check, NOW)  # type: ignore[arg-type]


def folder(change: str, place: Path) -> None:
    """A PKI folder of somebody else."""
    write_pki(pki(), place, force=True)
    (place / "secc_leaf.pem").write_text(pem(shown("secc_leaf", change)[0]))
    loaded = load_pki(place)
    validate_chain(loaded.chain("secc_leaf"), loaded.anchors("v2g_root"), Use.SECC, NOW)


def contract_folder(change: str, place: Path) -> None:
    """A folder of contracts."""
    (place / "X").mkdir(parents=True, exist_ok=True)
    rows = f'[{{"emaid": "{DEFAULT_EMAID}", "folder": "X", "default": true, "renew": false}}]'
    (place / "contracts.json").write_text(rows)
    (place / "X" / "chain.pem").write_text(pem(shown("contract_leaf", change)[0]))
    (place / "X" / "key.pem").write_text("no key")
    assert open_contract_folder(place).default is None


def responder(change: str, place: Path) -> None:
    """An OCSP answer whose signer is odd."""
    authority, leaf = pki().authority("cpo_sub2"), pki().certificate("secc_leaf")
    answer = authority.staple(leaf, NOW)
    signer = reading.der(authority.responder(NOW).leaf)
    strange = odd(reading.load(signer), change)
    if len(strange) != len(signer):
        raise PncError("it would have to be packed anew")
    verify_response(answer.replace(signer, strange), leaf, authority.certificate, NOW)


def pools(change: str, place: Path) -> None:
    """Root pool, provisioning pool, contract pool, provisioning service, operator, central validation."""
    asyncio.run(_pools(change))


async def _pools(change: str) -> None:
    eco: Ecosystem = await open_ecosystem(pki(), Clock(NOW), Trace())
    asked = [
        eco.roots.add(odd(pki().certificate("v2g_root"), change), RootKind.V2G),
        eco.vehicles.publish(shown("oem_leaf", change)),
        eco.signing.sign(
            ContractData(
                emaid=DEFAULT_EMAID,
                chain=tuple(shown("contract_leaf", change)),
                wrapped=WrappedKey(bytes(48), b"\x04" + bytes(64)),
            )
        ),
    ]
    for one in asked:
        with pytest.raises(PncError):
            await one
    verdict = await eco.chains.judge("".join(map(pem, shown("contract_leaf", change))), NOW)
    assert verdict.status == "CertChainError"
    raise PncError("all were refused")


CONSUMERS: list[Callable[[str, Path], None]] = [
    vehicle,
    vehicle_sub_ca,
    verifier,
    station,
    station_of_its_csms,
    folder,
    contract_folder,
    responder,
    pools,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("consumer", CONSUMERS, ids=lambda consumer: consumer.__name__)
def test_an_odd_certificate_of_somebody_else_is_refused_in_a_sentence(
    consumer: Callable[[str, Path], None], change: str, tmp_path: Path
) -> None:
    with pytest.raises(PncError):
        consumer(change, tmp_path)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30\x00",
        b"\x30\x82\xff\xff",
        asn1.element(asn1.SEQUENCE, asn1.element(asn1.SEQUENCE, asn1.integer(0)), b"\x30\x00", b"\x03\x01\x00"),
    ],
)
def test_requests_answers_and_lists_that_cannot_be_read_are_refused_in_a_sentence(octets: bytes) -> None:
    leaf, issuer = pki().certificate("secc_leaf"), pki().certificate("cpo_sub2")
    for read in (
        lambda: check_request(octets),
        lambda: verify_response(octets, leaf, issuer, NOW),
        lambda: verify_crl(octets, leaf, issuer, NOW),
    ):
        with pytest.raises(PncError):
            read()


def test_every_turned_bit_of_a_request_an_answer_or_a_list_is_a_refusal_or_none() -> None:
    """Whatever becomes of it, nothing but our own errors comes out."""
    leaf, issuer = pki().certificate("secc_leaf"), pki().certificate("cpo_sub2")
    authority = pki().authority("cpo_sub2")
    request = base64.b64decode("".join(identity.request("DEPNCE1", "pncsim", "DE", SYSTEM).pem.splitlines()[1:-1]))
    read: dict[bytes, Callable[[bytes], object]] = {
        request: check_request,
        authority.staple(leaf, NOW): lambda octets: verify_response(octets, leaf, issuer, NOW),
        build_crl(authority, NOW): lambda octets: verify_crl(octets, leaf, issuer, NOW),
        reading.der(leaf): lambda octets: validate_chain([octets], [issuer], Use.SECC, NOW),
    }
    refused = 0
    for octets, look in read.items():
        for position in range(0, len(octets), 3):
            turned = bytearray(octets)
            turned[position] ^= 0x11
            try:
                look(bytes(turned))
            except PncError:
                refused += 1
    assert refused > 300
