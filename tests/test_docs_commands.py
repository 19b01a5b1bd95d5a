"""Whatever the documents show to be typed is understood by the commands as they are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import _parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def _shown_commands() -> Iterator[str]:
    """Everything that begins with ``pnc`` in a console block or a table of the documents."""
    for page in (ROOT / "README.md", *sorted(DOCS.glob("*.md"))):
        text = page.read_text()
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
            found = re.findall(r"^[$#] .*?\bpnc ((?:[a-z]|--).*)$", block, re.MULTILINE)
            # What runs a file of the reader's own is run where it is shown.
            yield from (command for command in found if ".py" not in command and "--scenarios" not in command)
        yield from (
            command
            for command in re.findall(r"^\| `pnc ((?:[a-z]|--)[^`…]*)`", text, re.MULTILINE)
            if ".py" not in command
        )


@pytest.mark.parametrize("command", sorted(set(_shown_commands())))
def test_every_command_the_documents_show_is_understood(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word for word in shlex.split(command.partition(" | ")[0], comments=True) if word not in ("DIR", "FILE")]
    if words[:2] == ["certs", "create"] and len(words) == 2:
        words.append("pki")
    try:
        _parser(words).parse_args(words)
    except SystemExit as left:
        assert left.code == 0, capsys.readouterr().err


def test_every_make_target_the_documents_name_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for page in (ROOT / "README.md", *DOCS.glob("*.md"))
        for target in re.findall(r"[`$ ]make ([a-z]+)\b(?=[ `]|$)", page.read_text(), re.MULTILINE)
        if f"`make {target}" in page.read_text() or f"$ make {target}" in page.read_text()
    }
    assert {"demo", "test", "bench"} <= named
    assert named <= targets
