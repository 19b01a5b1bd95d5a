"""Two builds side by side: a git revision against the working tree, in turns, so that a busy machine disturbs both.

python -m bench REVISION [--pairs N]

Each build runs its own code and its own bench package with this interpreter and its installed dependencies. What is
printed last are ratios of medians, working tree over revision, one line each:

    ratio NAME VALUE

session-memory, session-loopback   CPU of all actors of one AC session with the contract in the vehicle, the same one
                                   each time in either build
cold-memory, cold-loopback         ``pnc run install-contract`` in a fresh process, import time included: the wall
                                   time, since a person waits for it; its CPU time stands in the table
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
PAIRS = 15
ROUNDS = 5
"""Sessions per turn, after two to warm up."""
TRANSPORTS = ("memory", "loopback")

WORKER = """
import gc, sys
from pathlib import Path
import bench.__main__ as own
from bench.session_bench import KINDS, measure

gc.set_threshold(*own.COLLECTOR)
for line in sys.stdin:
    transport, rounds = line.split()
    print(measure(transport, KINDS[0], int(rounds)).cpu, flush=True)
    gc.collect()
here = Path.cwd().resolve()
rooms = {"bench", "wire", "tls_certs", "ev", "secc", "backend", "simulator", "scenarios", "pncsim"}
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in rooms and not Path(module.__file__).resolve().is_relative_to(here):
        sys.exit(f"{name} was imported from {module.__file__}, not from {here}")
"""
"""Answers each "TRANSPORT ROUNDS" on its input with a median of milliseconds; leaves in anger if it ran other code."""

COMMAND = """
import sys
from pathlib import Path
from {simulator} import entry
assert Path(entry.__file__).resolve().is_relative_to({tree!r}), entry.__file__
sys.argv[0] = "pnc"
sys.exit(entry.main())
"""


@dataclass
class Build:
    """A tree with a build in it; ``home`` keeps its compiled codecs. ``figures`` are milliseconds, turn by turn."""

    name: str
    tree: Path
    home: Path
    figures: dict[str, list[float]] = field(default_factory=dict)
    _worker: subprocess.Popen[str] | None = None

    @property
    def simulator(self) -> str:
        """The package in which ``pnc`` begins; older builds have their rooms as top-level packages."""
        return "pncsim.simulator" if (self.tree / "src" / "pncsim").is_dir() else "simulator"

    @property
    def environment(self) -> dict[str, str]:
        """Imports come from this tree, ahead of whatever is installed."""
        path = os.pathsep.join((str(self.tree / "src"), str(self.tree)))
        return {"HOME": str(self.home), "PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": path}

    def session(self, transport: str) -> dict[str, float]:
        """CPU milliseconds of one session, the median of a few, in a process that stays between turns."""
        if self._worker is None:
            self._worker = subprocess.Popen(
                [sys.executable, "-c", WORKER],
                cwd=self.tree,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._worker.stdin is not None and self._worker.stdout is not None
        self._worker.stdin.write(f"{transport} {ROUNDS}\n")
        self._worker.stdin.flush()
        told = self._worker.stdout.readline()
        if not told:
            raise SystemExit(f"The bench of {self.name} failed (see above).")
        return {f"session-{transport}": float(told)}

    def leave(self) -> None:
        """End the process; it says then whether it ran this build."""
        if self._worker is not None:
            self._worker.communicate()
            if self._worker.returncode:
                raise SystemExit(f"The bench of {self.name} did not run its own code (see above).")

    def cold(self, transport: str) -> dict[str, float]:
        """Wall and CPU milliseconds of one command in a fresh process."""
        code = COMMAND.format(simulator=self.simulator, tree=str(self.tree.resolve()))
        command = [sys.executable, "-c", code, "run", "install-contract", "--no-evidence", "--quiet"]
        before, began = _of_children(), time.perf_counter()
        subprocess.run(
            [*command, "--transport", transport],
            check=True,
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.DEVNULL,
        )
        wall, used = time.perf_counter() - began, _of_children() - before
        return {f"cold-{transport}": wall * 1000, f"cold-{transport} CPU": used * 1000}


def _of_children() -> float:
    """CPU seconds of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """A temporary worktree of ``revision``."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "base"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", tree, revision], cwd=ROOT, check=True)
        try:
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)


def in_turns(builds: tuple[Build, Build], pairs: int, measure: Callable[[Build, str], dict[str, float]]) -> None:
    """Let both builds measure, one after the other, each being first every second time."""
    for transport in TRANSPORTS:
        for build in builds:  # once without looking, to fill caches
            measure(build, transport)
        for number in range(pairs):
            for build in builds if number % 2 else reversed(builds):
                for name, value in measure(build, transport).items():
                    build.figures.setdefault(name, []).append(value)


def main() -> None:
    """Measure both builds and print the table and the ratios."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Two builds side by side.")
    parser.add_argument("revision", help="the git revision to compare the working tree with")
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"turns of each build (default {PAIRS})")
    options = parser.parse_args()
    with checked_out(options.revision) as tree, tempfile.TemporaryDirectory() as homes:
        base, own = Build(options.revision, tree, Path(homes) / "base"), Build("this tree", ROOT, Path(homes) / "own")
        for build in (base, own):
            build.home.mkdir()
        in_turns((base, own), options.pairs, Build.session)
        for build in (base, own):
            build.leave()
        in_turns((base, own), options.pairs, Build.cold)
    print(f"{'median of ' + str(options.pairs) + ' turns, ms':<32}{base.name[:14]:>16}{own.name:>12}{'ratio':>8}")
    ratios = {name: median(own.figures[name]) / median(base.figures[name]) for name in base.figures}
    for name, ratio in ratios.items():
        print(f"{name:<32}{median(base.figures[name]):>16.1f}{median(own.figures[name]):>12.1f}{ratio:>8.2f}")
    for name, ratio in ratios.items():
        if " " not in name:
            print(f"ratio {name} {ratio:.3f}")
