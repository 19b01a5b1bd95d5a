"""W3C EXI 1.0 as V2G uses it: bit-packed, schema-informed, non-strict, no options in the stream.

``codec(name)`` gives the codec of a schema set: ``app``, ``iso2`` or ``xmldsig``.
"""

from __future__ import annotations

from wire.exi.errors import ExiDecodeError, ExiEncodeError

__all__ = ["ExiDecodeError", "ExiEncodeError"]
