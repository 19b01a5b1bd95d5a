"""`pnc serve ecosystem --tls`: judged by programs that are not ours: curl, openssl and strongSwan's pki."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct
from serving_world import options

from pncsim.simulator.serving.standing import Served, served
from pncsim.tls_certs import reading
from pncsim.tls_certs.folder_work import revoke
from pncsim.tls_certs.pki import load_pki
from pncsim.wire.clock import Clock
from pncsim.wire.trace import Trace

PROGRAMS = ("curl", "openssl")
pytestmark = pytest.mark.skipif(any(shutil.which(name) is None for name in PROGRAMS), reason="needs curl and openssl")
strongswan = pytest.mark.skipif(shutil.which("pki") is None, reason="needs strongSwan's pki (Debian: strongswan-pki)")
STATION = "DE*PNC*E100002"


class Ended(Struct, frozen=True):
    """How a program has ended."""

    code: int
    out: bytes
    errors: str


async def run(*arguments: object, stdin: bytes = b"") -> Ended:
    program = await asyncio.create_subprocess_exec(
        *map(str, arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(program.communicate(stdin), 30)
    return Ended(program.returncode or 0, out, errors.decode(errors="replace"))


class Reply(Struct, frozen=True):
    """What curl has got; status 0 where it got none."""

    status: int
    body: bytes
    errors: str = ""

    @property
    def rule(self) -> str:
        found: str = json.loads(self.body)["errorCode"]
        return found


class Caller(Struct, frozen=True):
    """Clients of the services, as programs of others."""

    house: Served
    place: Path

    @property
    def base(self) -> str:
        return self.house.services["est"]

    @property
    def root(self) -> Path:
        assert self.house.tls is not None
        return self.house.tls.root

    def secret(self, client: str) -> str:
        return next(f"{one.id}:{one.secret}" for one in self.house.clients if one.id == client)

    async def curl(self, path: str, *more: object, shows: str | tuple[Path, Path] | None = None) -> Reply:
        """A request; ``shows``: the certificate of which client, or which certificate and key."""
        assert self.house.tls is not None
        files = self.house.tls.files(shows) if isinstance(shows, str) else shows
        shown: tuple[object, ...] = () if files is None else ("--cert", files[0], "--key", files[1])
        ended = await run(
            "curl", "-sS", "--cacert", self.root, *shown, "-o", "-", "-w", "\n%{http_code}", *more, self.base + path
        )
        body, _, status = ended.out.rpartition(b"\n")
        return Reply(int(status), body, ended.errors)

    async def administer(self, method: str, path: str, *more: object) -> None:
        answer = await self.curl(f"/admin/clients/{path}".rstrip("/"), "-X", method, *more, shows="demo-admin")
        assert answer.status in (200, 201), answer.body

    async def request(self, name: str = STATION) -> tuple[Path, Path]:
        """A request for ``name`` and its key, made by openssl."""
        number = len(list(self.place.glob("*.csr")))
        csr, key = self.place / f"{number}.csr", self.place / f"{number}.key"
        made = await run(
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-outform", "DER", "-out", csr, "-subj", f"/O=Example/CN={name}",
        )  # fmt: skip
        assert made.code == 0, made.errors
        return csr, key

    async def enrolled(self, name: str = STATION) -> tuple[Path, Path]:
        """A station's certificate and its key, got by curl with the client's id and secret."""
        csr, key = await self.request(name)
        answer = await self.curl("/cpo/simpleenroll", "-u", self.secret("demo-cpo"), "--data-binary", f"@{csr}")
        assert answer.status == 200, answer.body
        leaf = csr.with_suffix(".pem")
        leaf.write_bytes((await certificates_in(answer.body))[0].public_bytes(Encoding.PEM))
        return leaf, key


async def certificates_in(bag: bytes) -> list[x509.Certificate]:
    """Those of a PKCS#7 in base64, as the openssl program prints them."""
    shown = await run("openssl", "pkcs7", "-inform", "DER", "-print_certs", stdin=base64.b64decode(bag, validate=True))
    assert shown.code == 0, shown.errors
    return x509.load_pem_x509_certificates(shown.out)


@pytest_asyncio.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    (tmp_path / "programs").mkdir()
    async with served(options(tmp_path / "lab", transport="tls"), Clock(), Trace()) as house:
        yield Caller(house, tmp_path / "programs")


ROOTS = "/v1/root/rootCerts"


@pytest.mark.rule("ACC-1", "ACC-2", "ACC-9")
async def test_a_client_is_known_by_the_certificate_it_shows_and_may_what_its_role_may(caller: Caller) -> None:
    shown = await caller.curl(ROOTS, shows="demo-cpo")
    assert shown.status == 200
    assert len(json.loads(shown.body)["RootCertificateCollection"]["rootCertificates"]) >= 3
    for shows, path, more, status, rule in (
        (None, ROOTS, (), 401, "ACC-1"),
        ("demo-cpo", "/v1/root/activities", (), 403, "ACC-2"),
        ("demo-admin", "/v1/root/activities", (), 200, None),
        # What another page has a browser ask.
        (
            "demo-admin",
            "/admin/clients/demo-cps/disable",
            ("-X", "POST", "-H", "Origin: https://else.where"),
            401,
            "ACC-1",
        ),
        ("demo-admin", ROOTS, ("-H", f"Origin: {caller.base}"), 200, None),
        # Who says in the header who he is means that.
        ("demo-admin", ROOTS, ("-H", "Authorization: Bearer nobody's"), 401, "ACC-1"),
        ("demo-admin", ROOTS, ("-u", caller.secret("demo-admin")), 401, "ACC-1"),
    ):
        answer = await caller.curl(path, *more, shows=shows)
        assert answer.status == status, (shows, path)
        assert rule is None or answer.rule == rule


@pytest.mark.rule("ACC-8")
async def test_tls_is_1_3_where_the_client_has_it_and_never_below_1_2(caller: Caller) -> None:
    place = caller.base.removeprefix("https://")
    connect = ("openssl", "s_client", "-connect", place, "-CAfile", caller.root, "-verify_return_error", "-brief")
    assert "Protocol version: TLSv1.3" in (await run(*connect)).errors
    assert "Protocol version: TLSv1.2" in (await run(*connect, "-tls1_2")).errors
    old = await run(*connect, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    assert old.code != 0 and "Protocol version" not in old.errors


@pytest.mark.rule("ACC-9")
async def test_a_client_that_is_shut_out_is_refused_whatever_it_shows(caller: Caller) -> None:
    assert (await caller.curl(ROOTS, shows="demo-cps")).status == 200
    await caller.administer("POST", "demo-cps/disable")
    assert (await caller.curl(ROOTS, shows="demo-cps")).status == 401
    await caller.administer("POST", "demo-cps/enable")
    assert (await caller.curl(ROOTS, shows="demo-cps")).status == 200
    await caller.administer("DELETE", "demo-cps")
    await caller.administer("POST", "", "-d", '{"id": "demo-cps", "role": "CPS"}')
    assert (await caller.curl(ROOTS, shows="demo-cps")).status == 401, "it is another client of that name"


@pytest.mark.rule("ACC-9")
async def test_a_certificate_of_somebody_else_ends_the_handshake(caller: Caller) -> None:
    key, made = caller.place / "own.key", caller.place / "own.pem"
    await run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
        "-out", made, "-subj", "/CN=demo-admin", "-days", "3",
    )  # fmt: skip
    answer = await caller.curl(ROOTS, shows=(made, key))
    assert (answer.status, answer.body) == (0, b"")
    assert (await caller.curl(ROOTS, shows="demo-cpo")).status == 200


@pytest.mark.rule("ACC-9", "ACC-2")
async def test_an_administrator_has_a_clients_key_certified_over_http(caller: Caller) -> None:
    csr, key = await caller.request("whatever it calls itself")
    path = "/admin/clients/demo-oem/certificates"
    assert (await caller.curl(path, "--data-binary", f"@{csr}", shows="demo-oem")).status == 403
    answer = await caller.curl(path, "--data-binary", f"@{csr}", shows="demo-admin")
    assert answer.status == 201
    made = json.loads(answer.body)
    certificate = x509.load_der_x509_certificate(base64.b64decode(made["certificate"]))
    assert reading.common_name(certificate) == "demo-oem"
    assert x509.load_der_x509_certificate(base64.b64decode(made["root"])) == x509.load_pem_x509_certificate(
        caller.root.read_bytes()
    )
    shown = caller.place / "oem.pem"
    shown.write_bytes(certificate.public_bytes(Encoding.PEM))
    assert (await caller.curl(ROOTS, shows=(shown, key))).status == 200
    assert (await caller.curl("/admin/clients", shows=(shown, key))).status == 403
    nothing = await caller.curl(path, "-d", "no request", shows="demo-admin")
    assert nothing.status == 400
    forgotten = await caller.curl(path, "-X", "DELETE", shows="demo-admin")
    assert (forgotten.status, json.loads(forgotten.body)) == (200, {"forgotten": 2})
    assert (await caller.curl(ROOTS, shows=(shown, key))).status == 401
    nobody = await caller.curl("/admin/clients/nobody/certificates", "--data-binary", f"@{csr}", shows="demo-admin")
    assert nobody.status == 404


# EST by programs that are not ours


@pytest.mark.rule("PKI-1", "PKI-3", "PKI-9")
async def test_curl_and_openssl_enrol_by_id_and_secret_and_renew_by_the_certificate_alone(
    caller: Caller, tmp_path: Path
) -> None:
    refused = await caller.curl("/cpo/simpleenroll", "-D", tmp_path / "headers", "--data-binary", "no request")
    assert refused.status == 401
    assert 'www-authenticate: basic realm="est", bearer' in (tmp_path / "headers").read_text().lower()
    wrong = await caller.curl("/cpo/cacerts", "-u", "demo-cpo:wrong")
    assert wrong.status == 401
    leaf, key = await caller.enrolled()
    above = caller.place / "above.pem"
    answer = await caller.curl("/cpo/cacerts", "-u", caller.secret("demo-cpo"))
    above.write_text(reading.pem(await certificates_in(answer.body)))
    root = caller.house.pki / "v2g_root.pem"
    verified = await run("openssl", "verify", "-CAfile", root, "-untrusted", above, leaf)
    assert verified.code == 0, verified.errors
    csr, _ = await caller.request()
    renewed = await caller.curl("/cpo/simplereenroll", "--data-binary", f"@{csr}", shows=(leaf, key))
    assert renewed.status == 200, renewed.body
    new, old = (await certificates_in(renewed.body))[0], x509.load_pem_x509_certificate(leaf.read_bytes())
    assert new.subject == old.subject and new.serial_number != old.serial_number


@pytest.mark.rule("PKI-1", "PKI-9")
@strongswan
async def test_strongswan_fetches_the_authorities_enrols_and_renews(caller: Caller) -> None:
    est, ca, leaf = f"{caller.base}/cpo", caller.place / "ca.pem", caller.place / "leaf.pem"
    fetched = await run("pki", "--estca", "--url", est, "--cacert", caller.root, "--caout", ca, "--outform", "pem")
    written = sorted(caller.place.glob("ca*.pem"))
    assert (fetched.code, len(written)) == (0, 3), fetched.errors
    assert "reached self-signed root ca" in fetched.errors
    trust = [part for file in (caller.root, *written) for part in ("--cacert", file)]
    csr, key = await caller.request()
    enrol = ("pki", "--est", "--url", est, *trust, "--in", csr, "--outform", "pem")
    enrolled = await run(*enrol, "--userpass", caller.secret("demo-cpo"))
    assert enrolled.code == 0 and "is trusted" in enrolled.errors, enrolled.errors
    leaf.write_bytes(enrolled.out)
    first = x509.load_pem_x509_certificate(enrolled.out)
    assert reading.common_name(first) == STATION
    renewed = await run(*enrol, "--cert", leaf, "--key", key)
    assert renewed.code == 0 and "is trusted" in renewed.errors, renewed.errors
    second = x509.load_pem_x509_certificate(renewed.out)
    assert second.subject == first.subject and second.serial_number != first.serial_number
    refused = await run(*enrol, "--userpass", "demo-cpo:wrong")
    assert refused.code != 0 and not refused.out


@pytest.mark.rule("PKI-4", "PKI-9", "ACC-9")
async def test_a_stations_certificate_is_good_for_its_own_renewal_while_it_is_good_and_for_nothing_else(
    caller: Caller,
) -> None:
    shown = await caller.enrolled()
    mine, _ = await caller.request()
    other, _ = await caller.request(STATION + "1")
    renewal = "/cpo/simplereenroll"
    assert (await caller.curl(ROOTS, shows=shown)).status == 401
    assert (await caller.curl("/cpo/simpleenroll", "--data-binary", f"@{mine}", shows=shown)).status == 401
    assert (await caller.curl("/oem/simplereenroll", "--data-binary", f"@{mine}", shows=shown)).status == 403
    refused = await caller.curl(renewal, "--data-binary", f"@{other}", shows=shown)
    assert (refused.status, refused.rule) == (403, "PKI-4")
    mine_again = ("--data-binary", f"@{mine}")
    await caller.administer("POST", "demo-cpo/disable")
    assert (await caller.curl(renewal, *mine_again, shows=shown)).status == 401
    await caller.administer("POST", "demo-cpo/enable")
    assert (await caller.curl(renewal, *mine_again, shows=shown)).status == 200
    # What another program revokes in the folder.
    again = await caller.enrolled()
    revoke(
        load_pki(caller.house.pki, keeping=True),
        str(again[0]),
        reading.not_before(x509.load_pem_x509_certificate(again[0].read_bytes())),
    )
    assert (await caller.curl(renewal, *mine_again, shows=again)).status == 401
    # What was made with the PKI itself was enrolled for by nobody.
    folder = caller.house.pki
    made = (folder / "secc_leaf.pem", folder / "secc_leaf_key.pem")
    assert (await caller.curl(renewal, *mine_again, shows=made)).status == 401
    await caller.house.ecosystem.ca.revoke_certificate(x509.load_pem_x509_certificate(shown[0].read_bytes()))
    assert (await caller.curl(renewal, *mine_again, shows=shown)).status == 401


# Beside TLS


@pytest.mark.rule("PKI-5", "PKI-6")
async def test_ocsp_and_revocation_lists_stay_on_plain_http_for_who_judges_certificates(caller: Caller) -> None:
    leaf, _ = await caller.enrolled()
    certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
    assert reading.responder_url(certificate) == caller.house.services["ocsp"]
    assert caller.house.services["ocsp"].startswith("http://127.0.0.1:")
    folder = caller.house.pki
    asked = await run(
        "openssl", "ocsp", "-issuer", folder / "cpo_sub2.pem", "-cert", leaf, "-url", caller.house.services["ocsp"],
        "-CAfile", folder / "v2g_root.pem", "-verify_other", folder / "cpo_sub1.pem", "-partial_chain",
    )  # fmt: skip
    assert f"{leaf}: good" in asked.out.decode(), asked.errors
    listed = await run("curl", "-sS", "-f", f"{caller.house.services['crl']}/cpo_sub2.crl")
    assert listed.code == 0
    assert x509.load_der_x509_crl(listed.out).issuer == certificate.issuer


async def test_a_second_start_has_the_same_root_and_takes_the_same_certificates(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        async with served(options(tmp_path / "lab", transport="tls"), Clock(), Trace()) as house:
            caller = Caller(house, tmp_path)
            assert (await caller.curl(ROOTS, shows="demo-mo")).status == 200
            assert house.tls is not None
            files = (house.tls.root, *house.tls.files("demo-mo"))
            assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
            seen.append([file.read_bytes() for file in files])
    assert seen[0] == seen[1]


async def test_others_call_the_host_by_its_name_and_its_certificate_has_it_whatever_the_labs_time(
    tmp_path: Path,
) -> None:
    given = options(tmp_path / "lab", transport="tls", host="0.0.0.0", name="pools.example")
    clock = Clock()
    clock.jump(900 * 86_400)
    async with served(given, clock, Trace()) as house:
        caller = Caller(house, tmp_path)
        place, _, port = caller.base.removeprefix("https://").partition(":")
        assert place == "pools.example"
        assert house.services["ocsp"].startswith("http://pools.example:")
        resolved = ("--resolve", f"pools.example:{port}:127.0.0.1")
        assert (await caller.curl(ROOTS, *resolved, shows="demo-mo")).status == 200
        assert reading.responder_url(house.ecosystem.pki.certificate("secc_leaf")) == house.services["ocsp"]


async def test_the_ready_file_says_what_to_trust_and_what_to_show(caller: Caller) -> None:
    ready = caller.house.ready()
    assert ready["tlsRoot"] == str(caller.root)
    assert caller.house.tls is not None
    for client in ready["clients"]:
        shown, key = caller.house.tls.files(client["id"])
        assert (client["certificate"], client["key"]) == (str(shown), str(key))
        assert reading.common_name(x509.load_pem_x509_certificate(shown.read_bytes())) == client["id"]
