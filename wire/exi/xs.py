"""The XML Schema built-in types that V2G schemas use, as annotations."""

from __future__ import annotations

from typing import Annotated

from pncsim.wire.exi.declare import Binary, Integer, Named, Text

boolean = bool
string = Annotated[str, Text()]
anyURI = Annotated[str, Text(), Named("anyURI")]
ID = Annotated[str, Text(), Named("ID")]
base64Binary = Annotated[bytes, Binary("base64")]
byte = Annotated[int, Integer(-128, 127)]
short = Annotated[int, Integer(-0x8000, 0x7FFF)]
int_ = Annotated[int, Integer(-0x8000_0000, 0x7FFF_FFFF)]
long = Annotated[int, Integer(-0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF)]
integer = Annotated[int, Integer()]
unsignedByte = Annotated[int, Integer(0, 0xFF)]
unsignedShort = Annotated[int, Integer(0, 0xFFFF)]
unsignedInt = Annotated[int, Integer(0, 0xFFFF_FFFF)]
unsignedLong = Annotated[int, Integer(0, 0xFFFF_FFFF_FFFF_FFFF)]
