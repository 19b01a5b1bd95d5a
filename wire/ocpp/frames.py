"""OCPP-J frames: JSON arrays as text (Part 4, 4.2). Reading never raises; a text that is no frame is a BadFrame.

A :class:`Frame` is what travels. Its text is made once, by who sends it, and read once, by the first who wants to know
what it says: so a receiver may do with a payload what it likes, and never holds a part of what the sender still has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, final

from msgspec import Meta, Struct
from msgspec.json import Decoder, Encoder

from pncsim.wire.ocpp.versions import OcppVersion

CALL: Final = 2
CALLRESULT: Final = 3
CALLERROR: Final = 4
MAX_ID: Final = 36
UNREADABLE_ID: Final = "-1"

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]


@final
class Call(Struct, frozen=True, array_like=True, tag=CALL, forbid_unknown_fields=True):
    """[2, id, action, payload]"""

    id: Id
    action: str
    payload: Any


@final
class Result(Struct, frozen=True, array_like=True, tag=CALLRESULT, forbid_unknown_fields=True):
    """[3, id, payload]"""

    id: Id
    payload: Any


@final
class Error(Struct, frozen=True, array_like=True, tag=CALLERROR, forbid_unknown_fields=True):
    """[4, id, code, description, details]"""

    id: Id
    code: str
    description: str
    details: Any


@final
class BadFrame(Struct, frozen=True):
    """A text that is no frame: the CALLERROR it earns (``code`` "" if it must not be answered) and what is wrong."""

    id: str
    code: str
    text: str


Content = Call | Result | Error | BadFrame


class Frame(Struct, eq=False):
    """One frame on its way. ``checked``: the version by whose schemas its sender, one of this process, has checked it.

    None is what a stranger sent: it has to be checked.
    """

    text: str
    checked: OcppVersion | None = None
    _content: Content | None = None

    @property
    def content(self) -> Content:
        """What the text says. Numbers must be JSON's (no NaN); nesting beyond Python's recursion limit is not read.

        Half a surrogate pair, as it stands or spelled by an escape, is not JSON: no UTF-8 text could carry it on.
        """
        if self._content is None:
            try:
                self._content = _read_frame(self.text)
            except (ValueError, RecursionError):
                self._content = _what_is_wrong(self.text)
        return self._content


_read = Decoder[Any]().decode
_read_frame = Decoder(Call | Result | Error).decode
_encode = Encoder().encode


def written(payload: Mapping[str, Any]) -> str:
    """A payload as JSON."""
    return _encode(payload).decode()


def call(id: str, action: str, payload: str) -> str:
    """The text of a CALL with this payload, in JSON already."""
    return f'[2,"{id}","{action}",{payload}]'


def result(id: str, payload: Mapping[str, Any]) -> str:
    """The text of a CALLRESULT."""
    return _encode([CALLRESULT, id, payload]).decode()


def error(id: str, code: str, description: str, details: dict[str, Any]) -> str:
    """The text of a CALLERROR."""
    return _encode([CALLERROR, id, code, description[:255], details]).decode()


def _what_is_wrong(text: str) -> BadFrame:
    try:
        frame = _read(text)
    except (ValueError, RecursionError):
        return BadFrame(UNREADABLE_ID, "RpcFrameworkError", "the text is not JSON")
    if not isinstance(frame, list) or not frame:
        return BadFrame(UNREADABLE_ID, "RpcFrameworkError", "the text is JSON, but not a frame: no array")
    kind = frame[0]
    readable = len(frame) > 1 and isinstance(frame[1], str) and 0 < len(frame[1]) <= MAX_ID
    id = frame[1] if readable else UNREADABLE_ID
    if type(kind) is not int or kind not in _SHAPES:
        return BadFrame(id, "MessageTypeNotSupported", "the message type is none of 2, 3 and 4")
    # Only a CALL may be answered with a CALLERROR; anything else would start an endless exchange of errors.
    code = "RpcFrameworkError" if kind == CALL else ""
    if not readable:
        return BadFrame(id, code, f"the message id is not a text of 1 to {MAX_ID} characters")
    name, elements = _SHAPES[kind]
    if len(frame) != elements:
        return BadFrame(id, code, f"a {name} has {elements} elements, this one has {len(frame)}")
    return BadFrame(id, code, f"an element of the {name} has the wrong JSON type")


_SHAPES: Final = {CALL: ("CALL", 4), CALLRESULT: ("CALLRESULT", 3), CALLERROR: ("CALLERROR", 5)}
"""What each kind of frame is called, and how many elements it has."""
