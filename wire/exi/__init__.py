"""W3C EXI 1.0 as V2G uses it: bit-packed, schema-informed, non-strict, no options in the stream.

``codec(name)`` gives the codec of a schema set: ``app``, ``iso2`` or ``xmldsig``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pncsim.wire.exi.errors import ExiDecodeError, ExiEncodeError, ExiUnsupportedError

if TYPE_CHECKING:
    from pncsim.wire.exi.coder import Codec

__all__ = ["ExiDecodeError", "ExiEncodeError", "ExiUnsupportedError", "codec"]


@cache
def codec(name: str) -> Codec:
    """The codec of a schema set, one per process. Raises LocalError for a set there is none for."""
    from pncsim.wire.exi.coder import codec as find

    return find(name)
