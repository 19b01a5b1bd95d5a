"""The root pool's signed list: judged by openssl, refused where anything is wrong with it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from backend_world import DAY, NOW, World, unrelated
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from face_world import Faces, open_faces

from pncsim.backend.oem.roots import VerifiedRoots
from pncsim.backend.rcp import RootKind
from pncsim.backend.rcp.trust_list import VALIDITY, read_trust_list
from pncsim.tls_certs import reading
from pncsim.tls_certs.signed_data import check_signer, open_signed, sign_content
from pncsim.wire.errors import PeerError

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


def openssl(*words: str, octets: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *words], input=octets, capture_output=True, timeout=20, check=False)


@pytest_asyncio.fixture
async def faces(world: World) -> AsyncIterator[Faces]:
    async with open_faces(world) as faces:
        yield faces


async def fetched(world: World, faces: Faces) -> bytes:
    answer = await faces.call("oem", "GET", "/v1/root/ctl")
    assert answer.status == 200
    signer = reading.load(base64.b64decode(answer.body["signerCertificate"]))
    octets = base64.b64decode(answer.body["CTL"]["signedData"])
    assert open_signed(octets).signer == signer
    assert answer.body["timeStamp"] == answer.body["CTL"]["thisUpdate"]
    return octets


@needs_openssl
@pytest.mark.rule("RCP-1")
async def test_openssl_verifies_the_list_below_the_operators_root_and_finds_the_pools_roots_in_it(
    world: World, faces: Faces, tmp_path: Path
) -> None:
    octets, anchor = await fetched(world, faces), await world.eco.trust_lists.anchor()
    (tmp_path / "root.pem").write_text(reading.pem([anchor]))
    command = ["cms", "-verify", "-inform", "DER", "-CAfile", f"{tmp_path}/root.pem", "-attime", f"{int(NOW) + 60}"]
    done = openssl(*command, octets=octets)
    assert done.returncode == 0, done.stderr
    found = {(one["rootType"], one["caCertificate"]) for one in json.loads(done.stdout)["rootCertificates"]}
    roots = await world.eco.roots.roots()
    assert found == {(str(r.kind), base64.b64encode(reading.der(r.certificate)).decode()) for r in roots}
    (tmp_path / "root.pem").write_text(reading.pem([unrelated("v2g_root").leaf]))
    assert openssl(*command, octets=octets).returncode != 0


@needs_openssl
def test_what_openssl_has_signed_is_read_by_issuer_and_serial_and_by_key_identifier(tmp_path: Path) -> None:
    signer = unrelated("cps_leaf")
    (tmp_path / "chain.pem").write_text(reading.pem(signer.chain))
    key = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "content").write_bytes(b"some octets\n")
    command = ["cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-in", f"{tmp_path}/content"]
    command += ["-signer", f"{tmp_path}/chain.pem", "-inkey", f"{tmp_path}/key.pem"]
    for more in ([], ["-keyid"], ["-md", "sha384"]):
        opened = open_signed(openssl(*command, *more).stdout)
        assert (opened.content, opened.signer) == (b"some octets\n", signer.leaf)
    bare = openssl(*command, "-noattr").stdout
    with pytest.raises(PeerError) as refused:
        open_signed(bare)
    assert refused.value.kind == "unparsable"


@pytest.mark.rule("RCP-1", "RCP-11")
async def test_the_list_says_what_the_pool_holds_by_kind_and_changes_with_it(world: World, faces: Faces) -> None:
    anchor = await world.eco.trust_lists.anchor()
    first = read_trust_list(await fetched(world, faces), [anchor], NOW)
    assert first.of(RootKind.V2G, RootKind.PE) == (world.pki.root("v2g_root"),)
    assert first.of(RootKind.OEM) == (world.pki.root("oem_root"),)
    newer = unrelated("v2g_root").leaf
    await world.eco.roots.add(reading.der(newer), RootKind.V2G)
    world.clock.jump(60)
    second = read_trust_list(await fetched(world, faces), [anchor], NOW + 60, newest=first.this_update)
    assert second.of(RootKind.V2G) == (world.pki.root("v2g_root"), newer)


async def test_an_old_an_early_a_changed_and_a_strangers_list_are_refused(world: World, faces: Faces) -> None:
    anchor, octets = await world.eco.trust_lists.anchor(), await fetched(world, faces)
    stranger = sign_content(open_signed(octets).content, unrelated("cps_leaf"), NOW)
    middle = octets.index(b"thisUpdate") + 15
    changed = octets[:middle] + bytes([octets[middle] ^ 1]) + octets[middle + 1 :]
    for given, now, newest, kind in (
        (octets, NOW + VALIDITY + 600, 0.0, "status stale"),
        (octets, NOW, NOW + 60, "status stale"),
        (octets, NOW - DAY / 2, 0.0, "expired"),  # its signer's certificate has not begun
        (octets, NOW - 1800, 0.0, "not yet valid"),
        (changed, NOW, 0.0, "signature"),
        (stranger, NOW, 0.0, "no anchor"),
        (octets[:-1], NOW, 0.0, "unparsable"),
        (b"", NOW, 0.0, "unparsable"),
    ):
        with pytest.raises(PeerError) as refused:
            read_trust_list(given, [anchor], now, newest=newest)
        assert refused.value.kind == kind


async def test_the_operators_root_and_signer_last_and_the_signer_is_made_anew_in_time(world: World) -> None:
    lists = world.eco.trust_lists
    first, again = await lists.trust_list(), await lists.trust_list()
    assert first.signer == again.signer
    world.clock.jump(300 * DAY)
    later = await lists.trust_list()
    assert later.signer != first.signer
    assert check_signer(open_signed(later.octets), [await lists.anchor()], world.clock.now()) == await lists.anchor()


async def test_every_octet_that_is_changed_makes_it_another_list_or_none(world: World) -> None:
    signed, anchor = await world.eco.trust_lists.trust_list(), await world.eco.trust_lists.anchor()
    whole = read_trust_list(signed.octets, [anchor], NOW)
    for place in range(0, len(signed.octets), 7):
        changed = bytearray(signed.octets)
        changed[place] ^= 0x01
        try:
            found = read_trust_list(bytes(changed), [anchor], NOW)
        except PeerError:
            continue
        assert found == whole  # octets that nobody signs: certificates that came along, unsigned attributes


async def test_an_older_list_is_no_news_after_a_new_start_either(world: World) -> None:
    lists, store = world.eco.trust_lists, world.eco.store
    older = await lists.octets()
    world.clock.jump(60)
    answers = [await lists.octets(), older]

    async def fetch() -> bytes:
        return answers.pop(0)

    def started() -> VerifiedRoots:
        return VerifiedRoots(world.clock, world.voice("OEM"), store, fetch, lists.anchors)

    await started().trust_list()
    with pytest.raises(PeerError) as refused:
        await started().trust_list()
    assert (refused.value.kind, refused.value.http_status) == ("status stale", 502)


@needs_openssl
@pytest.mark.rule("RCP-1")
async def test_lists_signed_below_another_root_are_good_below_that_alone_and_each_replacement_has_a_name_of_its_own(
    world: World, faces: Faces, tmp_path: Path
) -> None:
    lists = world.eco.trust_lists
    seen = [(await lists.anchor(), await fetched(world, faces))]
    for _ in range(2):
        answer = await faces.call("admin", "POST", "/v1/root/ctl/signer")
        assert answer.status == 200
        assert base64.b64decode(answer.body["rootCertificate"]) == reading.der(await lists.anchor())
        seen.append((await lists.anchor(), await fetched(world, faces)))
    names = [reading.common_name(root) for root, _ in seen]
    assert [name.removeprefix(names[0]) for name in names] == ["", " G2", " G3"]
    assert [reading.common_name(open_signed(octets).signer)[-2:] for _, octets in seen[1:]] == ["G2", "G3"]
    for number, (root, _) in enumerate(seen):
        (tmp_path / "root.pem").write_text(reading.pem([root]))
        command = ["cms", "-verify", "-inform", "DER", "-CAfile", f"{tmp_path}/root.pem", "-attime", f"{int(NOW) + 60}"]
        good = [openssl(*command, octets=octets).returncode == 0 for _, octets in seen]
        assert good == [one == number for one in range(3)]
    world.clock.jump(300 * DAY)  # the signer is made anew in time, and keeps its name
    assert reading.common_name((await lists.trust_list()).signer).endswith("G3")


async def test_a_reader_drops_a_list_whose_signer_is_not_to_be_trusted_any_more(world: World) -> None:
    lists, fetches = world.eco.trust_lists, 0

    async def fetch() -> bytes:
        nonlocal fetches
        fetches += 1
        return await lists.octets()

    roots = VerifiedRoots(world.clock, world.voice("OEM"), world.eco.store, fetch, lists.anchors)
    for _ in range(2):
        await roots.trust_list()
    assert fetches == 1
    await lists.replace_signer()
    for _ in range(2):
        await roots.trust_list()
    assert fetches == 2


@pytest.mark.parametrize("caller", ["oem", "cpo", "mo", "cps"])
async def test_nobody_but_an_administrator_replaces_the_signer(world: World, faces: Faces, caller: str) -> None:
    before = await world.eco.trust_lists.anchor()
    assert (await faces.call(caller, "POST", "/v1/root/ctl/signer")).status == 403
    assert await world.eco.trust_lists.anchor() == before
