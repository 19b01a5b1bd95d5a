"""What a person types: usage of the command that was meant, what may have been meant, versions, completion."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pncsim.simulator.commands.main import COMMANDS, main
from pncsim.simulator.faults.table import FAULTS, find_fault
from pncsim.simulator.meant import meant
from pncsim.simulator.runs.discovery import all_scenarios, find_scenario
from pncsim.wire.errors import LocalError


def wrong(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Standard error of a command that cannot be understood."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (["ev", "--nonsense"], "usage: pnc ev "),
        (["secc", "extra"], "usage: pnc secc "),
        (["run", "pnc-ac", "--nonsense"], "usage: pnc run pnc-ac "),
        (["run", "pnc-ac", "--kwh", "x"], "usage: pnc run pnc-ac "),
        (["certs", "show", "pki", "--nonsense"], "usage: pnc certs show "),
        (["exi", "decode", "--set", "iso2", "--nonsense"], "usage: pnc exi decode "),
        (["certs", "nonsense"], "usage: pnc certs "),
        (["nonsense"], "usage: pnc "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_shows_how_the_command_that_was_meant_is_used(
    arguments: list[str], usage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wrong(arguments, capsys).startswith(usage)


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["rum"], "run"),
        (["run", "pnc-acc"], "pnc-ac"),
        (["run", "pnc-ac", "--falt", "no-staple"], "--fault"),
        (["run", "pnc-ac", "--fault", "no-stapel"], "no-staple"),
        (["run", "pnc-ac", "--transport", "memry"], "memory"),
        (["ev", "--intervall", "1"], "--interval"),
        (["secc", "--ocsp", "requir"], "require"),
        (["certs", "creat", "pki"], "create"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_slip_of_the_finger_is_answered_with_what_may_have_been_meant(
    arguments: list[str], nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"Did you mean {nearest}?" in wrong(arguments, capsys)


def test_names_in_python_are_answered_likewise() -> None:
    with pytest.raises(LocalError, match=r"Did you mean contract-revoked\?"):
        find_fault("contract-revokd")
    with pytest.raises(LocalError, match=r"Did you mean two-at-once\?"):
        find_scenario("two-at-onse")
    assert meant("xyz", FAULTS) == ""


def test_the_versions_are_what_a_report_of_trouble_begins_with(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    said = dict(line.split(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert next(iter(said)) == "pncsim"
    assert {"cryptography", "pyOpenSSL", "openssl", "python", "system"} <= said.keys()


def test_as_a_module_the_program_says_how_it_was_called() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pncsim", "ev", "--nonsense"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage: python -m pncsim ev ")


# Completion

LINES = [
    ("pnc ru", {"run"}),
    ("pnc run pnc-", {"pnc-ac", "pnc-dc"}),
    ("pnc run pnc-ac --transport ", {"loopback", "memory"}),
    ("pnc run pnc-ac --fault contract-rev", {"contract-revoked"}),
    ("pnc certs cr", {"create"}),
    ("pnc exi decode --fr", {"--fragment"}),
]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script for each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "fish"):
        command = [sys.executable, "-m", "pncsim", "completion", shell]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        (folder / shell).write_text(done.stdout)
    return folder


@pytest.mark.parametrize(("line", "words"), LINES, ids=lambda value: value if isinstance(value, str) else "")
def test_bash_completes(line: str, words: set[str], scripts: Path) -> None:
    typed = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in typed)
    program = f"""source '{scripts / "bash"}'; COMP_WORDS=({quoted}); COMP_CWORD={len(typed) - 1}
    _pnc; printf '%s\\n' "${{COMPREPLY[@]}}" """
    assert completed(["bash", "--norc", "-c", program]) == words


@pytest.mark.parametrize(("line", "words"), LINES, ids=lambda value: value if isinstance(value, str) else "")
def test_fish_completes(line: str, words: set[str], scripts: Path) -> None:
    program = f"source '{scripts / 'fish'}'; complete -C '{line}'"
    assert completed(["fish", "--no-config", "-c", program]) >= words


def completed(command: list[str]) -> set[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {line.split("\t")[0] for line in done.stdout.splitlines() if line}


def test_the_scripts_know_every_command_and_scenario(scripts: Path) -> None:
    for shell in ("bash", "fish"):
        text = (scripts / shell).read_text()
        assert [word for word in (*COMMANDS, *all_scenarios()) if word not in text] == []
