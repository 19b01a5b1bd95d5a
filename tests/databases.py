"""Databases for the tests: a file of its own, or a PostgreSQL that is started once and emptied for each test."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
MISSING = "no PostgreSQL server is installed (Debian: apt install postgresql)"


def server_account() -> str | None:
    """PostgreSQL does not run as root; Debian makes an account for it."""
    if os.getuid() != 0:
        return None
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), "nobody")


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of its own, reached by a socket in a folder of its own; the URL of its database."""
    programs, account = SERVERS[-1].parent, server_account()
    with tempfile.TemporaryDirectory(prefix="pnc-pg-") as name:
        folder = Path(name)
        if account is not None:
            shutil.chown(folder, account)
        options = ("-U", "pnc", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync")
        make = [str(programs / "initdb"), "-D", str(folder / "data"), *options]
        subprocess.run(make, check=True, user=account, cwd=folder, stdout=subprocess.DEVNULL)
        server = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(folder / "data"), "-k", name, "-h", "", "-F"],
            user=account,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert server.stderr is not None
        reading = None
        try:
            for line in server.stderr:
                if b"ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("PostgreSQL did not start")
            # It logs what clients do to it, and waits where nobody reads that.
            reading = Thread(target=deque, args=(server.stderr, 0))
            reading.start()
            yield f"postgresql+asyncpg://pnc@/postgres?host={folder}"
        finally:
            server.terminate()
            server.wait()
            if reading is not None:
                reading.join()
            server.stderr.close()


async def empty(url: str) -> None:
    """Drop everything a test has left."""
    import asyncpg  # type: ignore[import-untyped]

    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    finally:
        await connection.close()


def emptied(url: str) -> str:
    """``url``, with nothing in its database. A test's own loop may be running: this takes another thread's."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(empty(url))).result()
    return url
