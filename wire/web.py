"""aiohttp for this program. Import it from here, and only where sockets are wanted: it costs 100 ms.

aiohttp reads the machine's store of trusted roots twice while it is imported, another 70 ms, for the contexts it uses
where a caller names none. No caller here does: OCPP and the lab's own services have roots of their own, and what asks
a foreign https address passes :func:`machine_trust`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import sys
from collections.abc import Iterator
from functools import cache


@contextlib.contextmanager
def _no_trust_store() -> Iterator[None]:
    # Contexts made meanwhile trust nobody, so a forgotten machine_trust() refuses a good server, never accepts a bad.
    names = [ssl.get_default_verify_paths().openssl_cafile_env, ssl.get_default_verify_paths().openssl_capath_env]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


with contextlib.nullcontext() if "aiohttp" in sys.modules else _no_trust_store():
    import aiohttp
    from aiohttp import web
    from aiohttp.http_exceptions import HttpProcessingError

# What a guest or a server did wrong is an event or an error here. Where nobody has set up logging, Python would write
# what aiohttp says of it to standard error; who has set it up still gets it.
logging.getLogger("aiohttp").addHandler(logging.NullHandler())


@cache
def machine_trust() -> ssl.SSLContext:
    """TLS towards https servers of others: trusts the roots this machine trusts."""
    return ssl.create_default_context()


__all__ = ["HttpProcessingError", "aiohttp", "machine_trust", "web"]
