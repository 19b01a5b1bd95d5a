"""A backup as a file: a line of JSON for each value, between a head and an end that says how many there are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pncsim.simulator.pool.client import Participant
from pncsim.wire.errors import LocalError

_HEAD = "pncsim backup"
ROOM = 49_152
"""Octets of values in one request, well below what the services read of a body."""


async def backup(caller: Participant, file: Path) -> int:
    """Write what is kept at the services into ``file`` (mode 0600), which is complete or not there; how many values."""
    draft = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as out:
            os.fchmod(out.fileno(), 0o600)
            count = await _written(caller, out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, file)
    except OSError as error:
        raise LocalError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return count


async def _written(caller: Participant, out: IO[str]) -> int:
    page = await caller.call("admin", "GET", "/admin/backup")
    print(json.dumps({_HEAD: 1, "schema": page["schema"]}), file=out)
    count = 0
    while True:
        for value in page["values"]:
            print(json.dumps(value), file=out)
        count += len(page["values"])
        if not page["next"]:
            break
        page = await caller.call("admin", "GET", f"/admin/backup?after={page['next']}")
    print(json.dumps({"end": count}), file=out)
    return count


async def restore(caller: Participant, file: Path) -> int:
    """Put the values of a backup into the services; how many. What breaks off may be begun again.

    Raises LocalError for a file that is no backup, or not whole, before anything is sent.
    """
    try:
        with file.open() as lines:
            schema, count = _checked(lines, file)
            lines.seek(0)
            next(lines)
            for values in _pages(lines):
                await caller.call("admin", "POST", "/admin/restore", {"schema": schema, "values": values})
    except OSError as error:
        raise LocalError(f"{file} cannot be read: {error.strerror}.") from error
    await caller.call("admin", "POST", "/admin/restore/end")
    return count


def _checked(lines: IO[str], file: Path) -> tuple[int, int]:
    """The schema and the number of values of a whole backup."""
    count, end = -1, None
    schema = 0
    try:
        for line in lines:
            value = json.loads(line)
            if count < 0 and value.get(_HEAD) == 1:
                schema = int(value["schema"])
            elif count < 0 or end is not None:
                break
            elif "end" in value:
                end = value["end"]
                continue
            count += 1
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        end = None
    if end is None or end != count:
        raise LocalError(
            f"{file} is no whole backup of pncsim.", advice="A backup is written by pnc pool backup; was it cut off?"
        )
    return schema, count


def _pages(lines: Iterator[str]) -> Iterator[list[dict[str, Any]]]:
    page: list[dict[str, Any]] = []
    octets = 0
    for line in lines:
        value = json.loads(line)
        if page and ("end" in value or octets + len(line) > ROOM):
            yield page
            page, octets = [], 0
        page.append(value)
        octets += len(line)
