"""Memory that a crowd has needed and left behind."""

from __future__ import annotations

import contextlib
import gc


def give_back() -> None:
    """Let the machine have what is free. Takes some 50 ms: to be called after a crowd, not after a guest.

    What the crowd left behind may hang together in circles, which the collector, told to look seldom, has not seen. The
    C library keeps what was freed: once it has freed blocks of 256 kB, which is what asyncio takes for each TLS
    connection, it takes the next ones from its heap, and that never shrinks on its own (mallopt(3), M_MMAP_THRESHOLD).
    """
    import ctypes

    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc alone has it, and alone needs it
        ctypes.CDLL(None).malloc_trim(0)
