"""What every kind of service does alike: it writes its ready file, stands, and takes the file away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pncsim.simulator.serving.ready import stand
from pncsim.wire.errors import LocalError


async def test_the_ready_file_is_there_once_it_is_shown_for_its_owner_alone_and_goes_with_the_services(
    tmp_path: Path,
) -> None:
    file, shown = tmp_path / "ready.json", asyncio.Event()
    standing = asyncio.create_task(stand(file, {"services": {}}, shown.set))
    await shown.wait()
    assert json.loads(file.read_text()) == {"services": {}}
    assert file.stat().st_mode & 0o777 == 0o600
    standing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await standing
    assert not file.exists()


async def test_a_ready_file_that_cannot_be_written_is_a_sentence_and_nothing_is_shown(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LocalError, match=r"The ready file .* cannot be written: Not a directory\."):
        await stand(tmp_path / "file" / "ready.json", {}, lambda: pytest.fail("it was shown"))
