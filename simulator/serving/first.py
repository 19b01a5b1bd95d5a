"""What a test's reset brings back besides what is kept: time, and what certificates have become of by it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from pncsim.backend.pki.own import OWN_KEYS, OwnKey
from pncsim.backend.store import Change, Store, every
from pncsim.wire.clock import Clock
from pncsim.wire.files import locked, replace_file
from pncsim.wire.values import Discreet


class FirstStart(Discreet, Struct, frozen=True):
    """The services as they began: how far their time was ``ahead`` of the loop's, the files of their PKI folder with
    their modes, and their own keys with the certificates of then.
    """

    _hidden = ("files", "own")

    ahead: float
    files: Mapping[Path, tuple[bytes, int]]
    own: tuple[OwnKey, ...]

    async def restore(self, clock: Clock, place: Path, store: Store) -> None:
        """Let it be as then; nothing may be up that lives by ``clock`` or by what is in ``place``."""
        clock.turn_back(self.ahead + asyncio.get_running_loop().time())
        with locked(place):
            for path in _files(place) - self.files.keys():
                path.unlink()
            for path, (octets, mode) in self.files.items():
                if not path.exists() or path.read_bytes() != octets:
                    replace_file(path, octets, mode)

        async def put_back(change: Change) -> None:
            table = change.of(OWN_KEYS)
            async for one in every(table):
                await table.remove(OWN_KEYS.key(one))
            for one in self.own:
                await table.put(one)

        await store.change(put_back)


async def first_start(clock: Clock, place: Path, store: Store) -> FirstStart:
    """What there is now, in the memory of this process alone."""
    files = {path: (path.read_bytes(), path.stat().st_mode & 0o777) for path in _files(place)}
    own = tuple([one async for one in every(store.of(OWN_KEYS))])
    return FirstStart(clock.now() - asyncio.get_running_loop().time(), files, own)


def _files(place: Path) -> set[Path]:
    return {path for path in place.rglob("*") if path.is_file()}
