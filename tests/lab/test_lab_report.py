"""The report of a run: one page that a browser opens, that asks the network for nothing and believes no peer."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bundles import bundle, rows

from pncsim.simulator.evidence.bundle import Bundle
from pncsim.simulator.evidence.folder import Recorder
from pncsim.simulator.evidence.report import report_of
from pncsim.simulator.result import Check, RunResult
from pncsim.wire.trace import HttpExchange, OcppFrame, Problem, Story, V2gMessage

BROWSER = shutil.which("chromium") or ""
needs_browser = pytest.mark.skipif(not BROWSER, reason="chromium is not installed")
PATIENCE = 120
PHONE = 390
"""Width of a phone in CSS pixels."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("good"), "install-contract", seed="7")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("bad"), "pnc-ac", seed="7", faults=("contract-expired",))


class Page(HTMLParser):
    """What a page is made of; fails where an element is closed that is not open."""

    VOID = frozenset({"meta", "input", "line", "rect", "path", "polygon", "polyline", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        told = dict(attrs)
        assert not [name for name in told if name.startswith("on")], "no handler in an attribute"
        if told.get("id"):
            self.ids.append(str(told["id"]))
        self.links += [str(told[name]) for name in ("href", "src", "action", "xlink:href") if name in told]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(folder: Path) -> Page:
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def browse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What a browser without a window makes of a page."""
    quiet = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    command = [BROWSER, *quiet, "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)


def test_every_part_is_there_and_its_links_lead_within_the_page(good: Path) -> None:
    seen = page(good)
    parts = ["verdict", "story", "sequence", "power", "timing", "messages", "certificates", "backend", "run"]
    assert [one for one in seen.ids if one in parts] == parts
    assert len(seen.ids) == len(set(seen.ids))
    assert seen.links == [f"#{part}" for part in parts]
    assert seen.tags.isdisjoint({"img", "link", "iframe", "object", "embed", "form", "base"})
    text = (good / "report.html").read_text()
    assert "url(" not in re.sub(r"url\(#tip\)", "", text) and "@import" not in text
    assert "default-src &#x27;none&#x27;" in text


def test_of_several_csms_each_frame_names_the_one_that_said_it(tmp_path: Path) -> None:
    words = page(bundle(tmp_path, "station-secured", seed="7")).words
    ways = {word for word in words if word.startswith(("CS00", "CSMS")) and " → " in word}
    assert ways == {"CS001 → CSMS 2", "CSMS 2 → CS001", "CS002 → CSMS 3", "CSMS 3 → CS002"}


def test_every_message_is_there_with_tree_and_octets_and_so_is_every_frame(good: Path) -> None:
    text, words = (good / "report.html").read_text(), " ".join(page(good).words)
    sent = [row for row in rows(good, "messages") if row["direction"] == "sent"]
    assert len(sent) == text.count('<pre class="hex">') - len(
        [row for row in rows(good, "ocpp") if row["direction"] == "received"]
    )
    for row in sent:
        assert f'<pre class="hex">{row["exi"]}</pre>' in text
        assert f"packet {row['packet']} of trace.pcapng" in words
    assert "EVEnergyTransferParameter" in words or "EAmount" in words
    assert "signed, all verified" in words
    assert "1.000 kWh, 11.04 kW at most" in words
    assert "secc-1.der: serial " in words and " is good as of 2026-01-01" in words
    assert text.count("leads to a root") == 3


def test_of_a_failed_run_the_cause_comes_first_and_then_what_to_look_at(bad: Path) -> None:
    words = [word for word in page(bad).words if word.strip()]
    at = words.index("FAIL", 2)
    cause = next(n for n, word in enumerate(words) if word.startswith("the session ends in order: "))
    advice = words.index("What to look at next")
    assert at < cause < advice < words.index("Story", advice)
    text = (bad / "report.html").read_text()
    assert re.search(r'<details class="message bad"><summary>.{10,120}FAILED_CertificateExpired', text) or (
        '<b class="bad">PaymentDetailsRes</b> <span>FAILED_CertificateExpired</span>' in text
    )
    assert '<i class="tag bad">refused</i>' in text, "the contract's chain, judged as of the run"


def test_of_several_vehicles_each_message_says_whose_it_is(tmp_path: Path) -> None:
    text = (bundle(tmp_path, "two-at-once") / "report.html").read_text()
    for whose in ("EV-1 EV → SECC", "EV-2 EV → SECC", "CS001/1 SECC → EV", "CS001/2 SECC → EV"):
        assert text.count(f'<span class="who">{whose}</span>') > 20


def test_what_a_peer_has_said_is_text_wherever_it_stands(tmp_path: Path) -> None:
    evil = "</pre></script><script>document.title='taken'</script><img src=x onerror=alert(1)>\u202e\x1b[31m"
    recorder = Recorder(tmp_path, "hostile", 0.0)
    recorder(Story(time=0.0, role="EV", unit=evil, text=evil, seq=1))
    recorder(Problem(time=0.0, role="EV", unit=evil, text=evil, clause=evil, advice=evil, seq=2))
    recorder(OcppFrame(time=0.0, role="CS", unit=evil, direction="sent", peer=evil, action=evil, frame=evil, seq=3))
    frame = f'[2, "{1}", "A", {{"k": "<script>", "<b>": ["<i>"]}}]'
    recorder(OcppFrame(time=0.0, role="CS", unit="CS", direction="sent", peer="C", action="A", frame=frame, seq=4))
    recorder(HttpExchange(time=0.0, role="PKI", unit=evil, method=evil, url=f"/{evil}", status=500, text=evil, seq=5))
    recorder(
        V2gMessage(time=0.0, role="EV", unit=evil, direction="sent", name=evil, payload=b"\xff", value=None, seq=6)
    )
    result = RunResult(
        evil, "memory", checks=[Check(evil, False, evil)], facts={evil: evil}, faults={evil: (evil, evil)}, error=evil
    )
    folder = recorder.finish(result, ended=1.0, options={"x": evil})
    assert folder is not None and result.problems == []
    seen = page(folder)
    text = (folder / "report.html").read_text()
    assert "img" not in seen.tags and "i" not in seen.tags
    assert text.count("<script>") == 1 and "\u202e" not in text and "\x1b" not in text
    assert "&lt;script&gt;document.title" in text


def test_a_bundle_of_a_killed_run_has_a_report_to_be_made(good: Path, tmp_path: Path) -> None:
    killed = tmp_path / "20260101T000000Z-install-contract"
    shutil.copytree(good, killed)
    (killed / "manifest.json").unlink()
    (killed / "sequence.mmd").unlink()
    seen = Page(report_of(Bundle(killed)))
    assert "sequence" not in seen.ids and "messages" in seen.ids
    assert "The run was killed before it could say what it came to." in seen.words


def test_what_is_too_much_for_a_page_is_left_to_the_files(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, "long", 0.0)
    for n in range(1, 1001):
        recorder(
            V2gMessage(time=n, role="EV", unit="EV-1", direction="sent", name="X", payload=b"\x80", value=None, seq=n)
        )
    folder = recorder.finish(RunResult("long", "memory"), ended=1.0, options={})
    assert folder is not None
    text = (folder / "report.html").read_text()
    assert "700 messages in the middle are not shown; they are in messages.jsonl." in text
    assert text.count('<details class="message') == 300


# In a browser


@needs_browser
def test_a_browser_opens_it_without_a_complaint_and_the_script_works(good: Path, tmp_path: Path) -> None:
    path = good / "report.html"
    done = browse("--dump-dom", f"file://{path}")
    assert "CONSOLE" not in done.stderr, done.stderr
    assert "<h2>Certificates</h2>" in done.stdout
    # The same page, with a second script that uses it as a person does and is let in by the policy.
    probe = (
        "document.getElementById('open').click();"
        "var all=document.querySelectorAll('#messages details');var open=[].every.call(all,function(d){return d.open});"
        "var f=document.getElementById('filter');f.value='authorizationreq';f.dispatchEvent(new Event('input'));"
        "var left=[].filter.call(all,function(d){return !d.hidden}).length;"
        "document.body.dataset.probe=[all.length,open,left].join(' ')"
    )
    text = path.read_text().replace("script-src ", "script-src 'unsafe-inline' ").replace("sha256-", "x-")
    copy = tmp_path / "probed.html"
    copy.write_text(text.replace("</body>", f"<script>{probe}</script></body>"))
    told = re.search(r'data-probe="(\d+) (\w+) (\d+)"', browse("--dump-dom", f"file://{copy}").stdout)
    assert told is not None
    assert told[2] == "true" and 0 < int(told[3]) < 10 < int(told[1])


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(good: Path, bad: Path, scheme: str, tmp_path: Path) -> None:
    frames = "".join(
        f'<iframe width="{PHONE}" height="800" srcdoc="{escape((folder / "report.html").read_text())}"></iframe>'
        for folder in (good, bad)
    )
    measure = (
        "onload=function(){document.body.dataset.wide=[].map.call(document.querySelectorAll('iframe'),function(f){"
        "var d=f.contentDocument;[].forEach.call(d.querySelectorAll('details'),function(x){x.open=true});"
        "return d.documentElement.scrollWidth+':'+getComputedStyle(d.body).backgroundColor}).join('|')}"
    )
    holder = tmp_path / "phone.html"
    holder.write_text(f"<!doctype html><body><script>{measure}</script>{frames}</body>")
    setting = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    told = re.search(r'data-wide="([^"]+)"', browse(setting, "--dump-dom", f"file://{holder}").stdout)
    assert told is not None
    for one in told[1].split("|"):
        width, _, background = one.partition(":")
        assert int(width) <= PHONE
        assert background == ("rgb(18, 22, 28)" if scheme == "dark" else "rgb(255, 255, 255)")


@needs_browser
def test_it_is_drawn_on_a_screen_and_printed_on_paper(bad: Path, tmp_path: Path) -> None:
    path = f"file://{bad / 'report.html'}"
    browse("--window-size=1280,1600", f"--screenshot={tmp_path / 'desk.png'}", path)
    browse("--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'paper.pdf'}", path)
    png, pdf = (tmp_path / "desk.png").read_bytes(), (tmp_path / "paper.pdf").read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", png[16:24]) == (1280, 1600)
    assert len(png) > 40_000, "something is drawn"
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert pdf.startswith(b"%PDF-") and 2 <= pages <= 12
