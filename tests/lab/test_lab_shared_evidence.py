"""Evidence that several runs leave below one folder, and whose reader may come at any time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lab_runs import run


def test_the_manifest_is_the_last_file_and_there_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without one is that of a run that was broken off."""
    put: list[tuple[str, int]] = []
    real = os.replace

    def watched(draft: Path, path: Path) -> None:
        if path.is_relative_to(tmp_path):
            put.append((path.name, len(json.loads(draft.read_text()))))
            assert not path.exists() and (path.parent / "certs" / "secc.pem").exists()
        real(draft, path)

    monkeypatch.setattr(os, "replace", watched)
    kept = run("eim-ac", evidence=tmp_path).result.evidence
    assert kept is not None
    assert put == [("manifest.json", len(json.loads((kept / "manifest.json").read_text())))]
