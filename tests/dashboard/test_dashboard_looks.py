"""Dark, light and without colour: what stands on a screen is the same, and can be read."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from accepted_screens import Accepted
from pictures import IMAGES, PICTURES
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from screens import Seen, dashboard
from seen_runs import PlayedBack, recorded

SMALL = (80, 24)
SCREENS = {
    "live": ("refused", ("1", "home", "n")),
    "message": ("refused", ("home", "n", "up", "enter", "s")),
    "scenarios": ("refused", ("4",)),
    "power": ("charged", ("6", "home", "n", "n", "n")),
    "operator": ("charged", ("7",)),
    "log": ("refused", ("9",)),
}
"""By name: the recorded run, and the keys that lead there."""
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCEPTED = frozenset({"live", "message", "power"})
"""Screens whose colours are kept, each cell of them."""
DRAWN = frozenset(" ▁▂▃▄▅▆▇█┊│┤└▏▐─━┄═")
"""What is drawn and not read."""
READABLE = 4.5
"""Contrast of text that everybody can read (WCAG 2.2, 1.4.3)."""


@asynccontextmanager
async def looking_at(name: str) -> AsyncIterator[Seen]:
    """A screen of a recorded run."""
    run, keys = SCREENS[name]
    async with dashboard(PlayedBack(*recorded(run)), SMALL) as seen:
        await seen.press(*keys)
        yield seen


def drawn(seen: Seen) -> Iterator[list[Segment]]:
    """The lines as they go to the terminal."""
    for strip in seen.app.screen._compositor.render_strips():
        yield list(strip)


def looks(lines: list[list[Segment]]) -> Iterator[tuple[str, ColorTriplet, ColorTriplet]]:
    """Every piece of text with its colour and that of its ground."""
    for line in lines:
        for text, style, _ in line:
            if text.strip() and style is not None and style.color is not None and style.bgcolor is not None:
                ink, ground = style.color.get_truecolor(), style.bgcolor.get_truecolor()
                ink, ground = (ground, ink) if style.reverse else (ink, ground)
                yield text, ink, ground


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """The contrast of two colours (WCAG 2.2, contrast ratio)."""

    def light(colour: ColorTriplet) -> float:
        parts = (part / 255 for part in colour)
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def pattern(lines: list[list[Segment]]) -> str:
    """Which cells look alike: a letter for each look, and what the letters stand for."""
    letters: dict[str, str] = {}
    rows = []
    for line in lines:
        row = ""
        for text, style, _ in line:
            look = "nothing"
            if style is not None and style.color is not None and style.bgcolor is not None:
                bold = " bold" if style.bold else ""
                look = f"{style.color.get_truecolor().hex} on {style.bgcolor.get_truecolor().hex}{bold}"
            row += letters.setdefault(look, LETTERS[len(letters)]) * len(text)
        rows.append(row)
    return "\n".join([*rows, *(f"{letter} {look}" for look, letter in letters.items())]) + "\n"


def check_readable(lines: list[list[Segment]]) -> None:
    for text, ink, ground in looks(lines):
        if set(text) - DRAWN:
            assert contrast(ink, ground) >= READABLE, (text, ink, ground)


@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_says_the_same_dark_light_and_without_colour_and_can_be_read(
    name: str, monkeypatch: pytest.MonkeyPatch, accepted: Accepted
) -> None:
    async with looking_at(name) as seen:
        dark = seen.text
        check_readable(list(drawn(seen)))
        await seen.press("t")
        light = list(drawn(seen))
        assert seen.app.theme == "pnc-light" and seen.text == dark
        check_readable(light)
    monkeypatch.setenv("NO_COLOR", "1")
    async with looking_at(name) as seen:
        assert seen.text == dark
        grey = list(drawn(seen))
    check_readable(grey)
    for text, ink, ground in looks(grey):
        assert len(set(ink)) == len(set(ground)) == 1, f"{text!r} has a colour"
    if name in ACCEPTED:
        accepted(f"colours-{name}-light-80x24", pattern(light))
        accepted(f"colours-{name}-none-80x24", pattern(grey))


def test_the_readme_shows_three_screens_and_its_pictures_fetch_nothing() -> None:
    readme = (IMAGES.parents[1] / "README.md").read_text()
    for name in PICTURES:
        assert f"](docs/images/dashboard-{name}.svg)" in readme
        drawn_there = (IMAGES / f"dashboard-{name}.svg").read_text()
        assert ElementTree.fromstring(drawn_there).tag.endswith("svg") and "Message&#160;" in drawn_there
        assert not re.search(r"(url\(|href=|src=)[\"']?https?:|<script|@import", drawn_there)
    assert len(PICTURES) == 3


# Where it cannot be shown


def dashboard_on(terminal: tuple[int, int] | None, folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code of `pnc dashboard` and what it says, on a terminal of so many columns and lines, or on none."""
    ours, theirs = pty.openpty()
    if terminal is not None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", terminal[1], terminal[0], 0, 0))
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from pncsim.simulator.entry import main; sys.exit(main())",
                "dashboard",
            ],
            stdin=theirs if terminal is not None else subprocess.DEVNULL,
            stdout=theirs if terminal is not None else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm"} | environment,
            cwd=folder,
            text=True,
            check=False,
        )
        return done.returncode, " ".join(done.stderr.split())
    finally:
        os.close(ours)
        os.close(theirs)


def test_no_terminal_a_dumb_one_and_a_small_one_are_each_a_sentence(tmp_path: Path) -> None:
    code, said = dashboard_on(None, tmp_path)
    assert code == 3 and "The dashboard needs a terminal, and this is none. Use `pnc run` in scripts" in said
    code, said = dashboard_on((79, 24), tmp_path)
    assert code == 3 and "too small for the dashboard: 79x24, and 80x24 are needed" in said
    code, said = dashboard_on((120, 40), tmp_path, TERM="dumb")
    assert code == 3 and "TERM is empty or dumb" in said
    assert list(tmp_path.iterdir()) == [], "nothing was begun"
