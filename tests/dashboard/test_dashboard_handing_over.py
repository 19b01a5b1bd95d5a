"""What a person takes away: the evidence in one file, a picture of the screen, and a message in every form."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from screens import SIZES, Seen, dashboard
from seen_runs import PlayedBack, recorded, reports_of

from pncsim.simulator.dashboard.form import read_value
from pncsim.simulator.dashboard.handing_over import packed, pictured
from pncsim.simulator.dashboard.reports import RunEnded
from pncsim.simulator.dashboard.screens.message import MessageScreen
from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.wire_told import readable
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import V2gMessage
from pncsim.wire.values import replace


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a run."""
    folder = tmp_path_factory.mktemp("evidence")

    async def run() -> None:
        settings = RunSettings(transport="memory", seed="7", evidence=folder)
        await Run(find_scenario("pnc-ac"), settings=settings).done()

    run_on_loop("memory", run)
    [made] = folder.iterdir()
    return made


def ended_with(bundle: Path) -> PlayedBack:
    began, told, ended = recorded("passed")
    assert isinstance(ended, RunEnded)
    return PlayedBack(began, told, RunEnded(replace(ended.result, evidence=bundle)))


def octets_in(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def packing_over(seen: Seen) -> None:
    await seen.app.workers.wait_for_complete()
    await seen.tick()


async def test_the_evidence_is_handed_over_as_one_file_that_holds_the_whole_bundle(
    bundle: Path, tmp_path: Path
) -> None:
    into = tmp_path / "handed"
    async with dashboard(ended_with(bundle), evidence=into) as seen:
        await seen.press("e")
        await packing_over(seen)
        [place] = into.iterdir()
        assert seen.last == f"{place} holds the evidence, the keys of its TLS sessions included."
    assert place.stat().st_mode & 0o777 == 0o600, "it holds keys"
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "elsewhere")
    out = tmp_path / "elsewhere" / bundle.name
    assert octets_in(out) == octets_in(bundle)
    assert Bundle(out).result().verdict == Bundle(bundle).result().verdict


def test_what_was_packed_before_is_left_alone_and_links_lead_nowhere(bundle: Path, tmp_path: Path) -> None:
    (made := tmp_path / "run").mkdir()
    (made / "manifest.json").write_text("{}")
    (made / "elsewhere").symlink_to(bundle / "keys.log")
    first, second = packed(made, tmp_path), packed(made, tmp_path)
    assert (first.name, second.name) == ("run.zip", "run-2.zip")
    assert zipfile.ZipFile(second).namelist() == ["run/manifest.json"]


def test_evidence_that_is_gone_or_has_nowhere_to_go_is_a_sentence(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="was it moved"):
        packed(tmp_path / "gone", tmp_path)
    (taken := tmp_path / "file").write_text("")
    with pytest.raises(LocalError, match="cannot be packed"):
        packed(bundle, taken)
    with pytest.raises(LocalError, match="cannot be kept"):
        pictured("<svg/>", taken, "screen")


async def test_before_there_is_evidence_the_key_says_what_to_do() -> None:
    async with dashboard(PlayedBack()) as seen:
        await seen.press("e")
        assert "run a scenario (F5)" in seen.last
    began, told, _ = recorded("passed")
    async with dashboard(PlayedBack(began, told)) as seen:
        await seen.press("e")
        assert "F8 stops it" in seen.last


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_picture_of_the_screen_says_what_the_screen_says_and_fetches_nothing(
    size: tuple[int, int], tmp_path: Path
) -> None:
    async with dashboard(PlayedBack(*recorded("refused")), size, evidence=tmp_path) as seen:
        await seen.press("9", "ctrl+s")
        place = tmp_path / "dashboard-log.svg"
        assert seen.last == f"{place} shows this screen." and place.stat().st_mode & 0o777 == 0o600
        svg = place.read_text()
        words = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
        assert seen.text.splitlines()[1].split()[-1] in words and "CertificateInstallationRes" in words
        assert "url(http" not in svg and "@font-face" not in svg
        await seen.press("ctrl+s")
        assert (tmp_path / "dashboard-log-2.svg").exists(), "the first one is kept"


async def test_a_message_is_copied_as_octets_xml_and_json() -> None:
    async with dashboard(PlayedBack(*reports_of("install-contract", "tampered-bundle")), (160, 50)) as seen:
        await seen.press("home", "n", "enter")
        while "CertificateInstallationRes · sent" not in seen.text:
            await seen.press("left_square_bracket")
        screen = seen.app.screen
        assert isinstance(screen, MessageScreen) and seen.app.picked is not None
        event = seen.app.scene.store.event(seen.app.picked)
        assert isinstance(event, V2gMessage)
        await seen.press("h", "y")
        assert bytes.fromhex(seen.app.clipboard) == event.payload
        assert seen.last.startswith("Copied: Octets of CertificateInstallationRes, ")
        await seen.press("j", "y")
        assert json.loads(seen.app.clipboard) == readable(read_value(event))
        await seen.press("x", "y")
        root = ElementTree.fromstring(seen.app.clipboard)
        assert root.tag == "V2G_Message" and root.find(".//CertificateInstallationRes") is not None
        await seen.press("s", "y")
        assert "x #id2  ContractSignatureEncryptedPrivateKey" in seen.app.clipboard


async def test_a_line_of_the_log_is_copied_and_of_nothing_nothing() -> None:
    async with dashboard(PlayedBack(*recorded("refused"))) as seen:
        await seen.press("9", "home", "down", "y")
        number, _, unit, *_ = seen.app.clipboard.split()
        assert number == "2" and unit in {actor.unit for actor in seen.app.scene.store.actors} | {"LAB"}
    async with dashboard(PlayedBack()) as seen:
        await seen.press("9", "y")
        assert seen.last == "There is no event to copy."
        await seen.press("2", "y")
        assert "no message to copy yet" in seen.last
        assert seen.app.clipboard == ""
