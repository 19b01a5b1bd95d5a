"""W3C EXI 1.0 as V2G uses it: bit-packed, schema-informed, non-strict, no options in the stream.

:class:`wire.exi.coder.Codec` encodes and decodes one schema set; :mod:`wire.v2g.registry` knows which sets there are.
"""

from __future__ import annotations

from pncsim.wire.exi.errors import ExiDecodeError, ExiEncodeError, ExiUnsupportedError

__all__ = ["ExiDecodeError", "ExiEncodeError", "ExiUnsupportedError"]
