"""``pnc exi``: EXI as hexadecimal and JSON, line by line, for pipes and for people."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal, TextIO

from pncsim.simulator.commands.options import Arguments, Parser
from pncsim.simulator.result import EXIT_INTERRUPTED, EXIT_USAGE
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.exi import ExiDecodeError, beyond
from pncsim.wire.gate import Liberty, NotTolerated
from pncsim.wire.v2g.registry import built_in, codec

LONGEST_LINE = 1 << 23
"""Characters of one line that are read; what is beyond is refused without being kept."""


def fill(parser: Parser, words: Sequence[str] = ()) -> None:
    """Decode or encode, which schema set, message or fragment."""
    directions = parser.add_subparsers(metavar="DIRECTION", required=True)
    for direction, help_text in (
        ("decode", "read hex, one message per line, print JSON or an error per line"),
        ("encode", "read JSON, one message per line, print hex or an error per line"),
    ):
        one = directions.add_parser(direction, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        one.add_argument(
            "--set", required=True, dest="set_name", metavar="SET", help="schema set: app, iso2 or xmldsig"
        )
        one.add_argument("--fragment", action="store_true", help="EXI fragments, as signatures hash them")
        if direction == "encode":
            one.add_argument(
                "--as-given", action="store_true", help="write values beyond the schema's ranges and lengths, too"
            )
        one.set_defaults(execute=_exi, direction=direction)


def _exi(arguments: Arguments) -> int:
    given = arguments.direction == "encode" and arguments.as_given
    return run_exi(arguments.direction, arguments.set_name, arguments.fragment, sys.stdin, sys.stdout, as_given=given)


def run_exi(
    direction: Literal["decode", "encode"],
    set_name: str,
    fragment: bool,
    stdin: TextIO,
    stdout: TextIO,
    *,
    as_given: bool = False,
) -> int:
    """Turn each line of ``stdin`` into one line of ``stdout``.

    ``decode`` reads hexadecimal and writes the JSON view, with a key ``tolerated`` where something deviates from the
    schema; ``encode`` is the way back and ignores that key (with ``as_given`` the schema's facets, too). A line that
    cannot be converted gives ``{"error": sentence, "line": number, ...}``, a blank one too: line n out is line n in.
    Returns 0 if every line was converted, 1 if not, 2 if there is no such set, 130 when interrupted.
    """
    try:
        coder = codec(set_name)
    except LocalError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    convert = _decode if direction == "decode" else partial(_encode, as_given=as_given)
    failed = 0
    try:
        for number, line in _lines(stdin):
            result, good = _converted(convert, coder, fragment, number, line)
            failed |= not good
            stdout.write(f"{result}\n")
            stdout.flush()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return int(failed)


def _lines(stdin: TextIO) -> Iterator[tuple[int, bytes | None]]:
    """(number, octets) of each line; None in place of one that is too long."""
    source: Any = getattr(stdin, "buffer", stdin)
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        raw = line.encode() if isinstance(line, str) else line
        if len(raw) > LONGEST_LINE and not raw.endswith(b"\n"):
            while (rest := source.readline(LONGEST_LINE)) and rest[-1:] not in ("\n", b"\n"):
                pass
            yield number, None
        else:
            yield number, raw


def _converted(convert: Any, coder: Any, fragment: bool, number: int, line: bytes | None) -> tuple[str, bool]:
    try:
        if line is None:
            raise LocalError(f"A line of more than {LONGEST_LINE} characters was given.")
        if not line.strip():
            raise LocalError("The line is empty.")
        return convert(coder, fragment, line.decode()), True
    except PncError as error:
        report: dict[str, Any] = {"error": str(error), "line": number}
        report.update({k: v for k in ("path", "position") if (v := getattr(error, k, None)) not in (None, "")})
    except UnicodeDecodeError:
        report = {"error": "The line is not UTF-8.", "line": number}
    return json.dumps(report), False


def _decode(coder: Any, fragment: bool, line: str) -> str:
    from pncsim.wire.exi import views

    try:
        data = bytes.fromhex(line)
    except ValueError:
        raise LocalError(f"The line is not hexadecimal.{_of_base64(line)}") from None
    liberties: list[Liberty] = []
    try:
        if fragment:
            name, value = coder.decode_fragment(data, gate=liberties.append)
        else:
            name, value = None, coder.decode(data, gate=liberties.append)
    except ExiDecodeError as error:
        error.advice = _what_else(coder, fragment, data)
        raise
    shown = views.to_json(coder, value, name)
    if liberties:
        shown["tolerated"] = [liberty.what for liberty in liberties]
    return json.dumps(shown, ensure_ascii=False)


def _of_base64(line: str) -> str:
    """What to say of a line that is EXI in base64, as pools and OCPP carry it."""
    try:
        data = base64.b64decode(line.strip(), validate=True)
    except ValueError:
        return ""
    return f" It is base64; in hexadecimal it begins with {data[:8].hex()}." if data[:1] in (b"\x80", b"\x01") else ""


def _what_else(coder: Any, fragment: bool, data: bytes) -> str:
    """What octets that are no EXI of this set may be instead: a whole V2GTP message, or EXI of another set."""
    from pncsim.wire.v2g import v2gtp
    from pncsim.wire.v2g.registry import PAYLOAD_TYPES

    if data[:2] == bytes((v2gtp.VERSION, v2gtp.INVERSE)) and len(data) >= v2gtp.HEADER_SIZE:
        kind = int.from_bytes(data[2:4], "big")
        what = PAYLOAD_TYPES.get(kind, "a payload type that is not known")
        return (
            f"It begins with a V2GTP header: payload type {kind:#06x} ({what}), {int.from_bytes(data[4:8], 'big')} "
            f"octets. Leave its {v2gtp.HEADER_SIZE} octets out."
        )
    for name, whole in ((name, whole) for name in built_in() if name != coder.name for whole in (True, False)):
        if (found := _read_as(codec(name), whole, data)) is not None:
            return f"It is {found} of the set {name}: --set {name}{'' if whole else ' --fragment'}."
    if (found := _read_as(coder, fragment, data)) is not None:
        return f"It is {found}, {'without' if fragment else 'with'} --fragment."
    return ""


def _read_as(coder: Any, whole: bool, data: bytes) -> str | None:
    """The name of what the octets are in a set, if they are that without any deviation."""
    try:
        return type(coder.decode(data)).__name__ if whole else f"a fragment {coder.decode_fragment(data)[0]}"
    except (ExiDecodeError, NotTolerated):
        return None


def _encode(coder: Any, fragment: bool, line: str, *, as_given: bool) -> str:
    from pncsim.wire.exi import views

    try:
        data = json.loads(line)
    except RecursionError:
        raise LocalError("The line is JSON nested deeper than any message.") from None
    except ValueError as error:
        raise LocalError(f"The line is not JSON: {error}.") from None
    if isinstance(data, dict):
        data.pop("tolerated", None)
    name, value = views.fragment_from_json(coder, data) if fragment else (None, views.from_json(coder, data))
    if as_given:
        value = beyond.as_given(value)
    return str((coder.encode(value) if name is None else coder.encode_fragment(name, value)).hex())
