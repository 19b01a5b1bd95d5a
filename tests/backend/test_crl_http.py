"""Revocation lists over HTTP: signed by their issuer, judged by the openssl program, current with what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from backend_world import NOW, World
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from face_world import Faces, open_faces
from foreign import Openssl

from pncsim.backend.pki.ca import CertificateService
from pncsim.tls_certs.crl import verify_crl
from pncsim.tls_certs.ocsp import Status
from pncsim.tls_certs.pki import Pki, create_pki


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


async def fetched(faces: Faces, path: str) -> tuple[int, bytes]:
    """Without a token: lists are for everybody."""
    async with aiohttp.ClientSession() as session, session.get(faces.url + path) as answer:
        if answer.status == 200:
            assert answer.content_type == "application/pkix-crl"
        return answer.status, await answer.read()


@pytest.mark.rule("PKI-6")
async def test_openssl_finds_a_certificate_good_until_its_issuers_list_names_it(
    world: World, faces: Faces, openssl: Openssl, tmp_path: Path
) -> None:
    chain = (*world.vehicle.chain, world.pki.root("oem_leaf"))
    for place, certificates in (("leaf", chain[:1]), ("subs", chain[1:3]), ("root", chain[3:])):
        (tmp_path / f"{place}.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    await world.eco.ca.revoke("contract_leaf")
    for revoked in (False, True):
        if revoked:
            await world.eco.ca.revoke("oem_leaf", "key_compromise")
        status, crl = await fetched(faces, "/crl/oem_sub2.crl")
        assert status == 200
        (tmp_path / "list.crl").write_bytes(crl)
        made = openssl(
            "crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-out", tmp_path / "list.pem", "-text",
            "-CAfile", tmp_path / "subs.pem",
        )  # fmt: skip
        assert made.returncode == 0 and "verify OK" in made.stdout, made.stdout
        judged = openssl(
            "verify", "-attime", int(NOW) + 60, "-crl_check", "-CRLfile", tmp_path / "list.pem",
            "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "subs.pem", tmp_path / "leaf.pem",
        )  # fmt: skip
        assert (judged.returncode == 0) is not revoked, judged.stdout
        assert ("certificate revoked" in judged.stdout) is revoked
        text = (tmp_path / "list.pem").read_text()
        assert ("Key Compromise" in text) is revoked
        assert text.count("Serial Number:") == revoked, "the contract's issuer is another"


@pytest.mark.rule("PKI-6")
async def test_what_another_process_has_revoked_is_in_the_list(world: World, faces: Faces) -> None:
    twin = Pki(world.pki.certificates, world.pki.keys)
    elsewhere = CertificateService(world.clock, world.voice("PKI"), world.eco.store, twin)
    await elsewhere.revoke("secc_leaf", "superseded")
    _, crl = await fetched(faces, "/crl/cpo_sub2.crl")
    found = verify_crl(crl, world.pki.certificate("secc_leaf"), world.pki.certificate("cpo_sub2"), NOW)
    assert (found.status, found.reason) == (Status.REVOKED, "superseded")


@pytest.mark.rule("PKI-6")
async def test_each_authority_of_every_pki_has_its_list_and_nobody_else(world: World, faces: Faces) -> None:
    made = create_pki(NOW)
    other = Pki(made.certificates, {role: key for role, key in made.keys.items() if role != "mo_root"})
    await world.eco.add_pki(other, "test")
    for authority in world.pki.authorities():
        status, crl = await fetched(faces, f"/crl/{authority.role}.crl")
        assert status == 200
        assert x509.load_der_x509_crl(crl).issuer == authority.certificate.subject
    status, crl = await fetched(faces, "/crl/test/cpo_sub2.crl")
    key = other.certificate("cpo_sub2").public_key()
    assert status == 200 and x509.load_der_x509_crl(crl).is_signature_valid(key)  # type: ignore[arg-type]
    for path in ("/crl/secc_leaf.crl", "/crl/nobody.crl", "/crl/nowhere/cpo_sub2.crl", "/crl/test/mo_root.crl"):
        assert (await fetched(faces, path))[0] == 404, path
