"""``pnc exi``: EXI as hexadecimal and JSON, line by line, for pipes and for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Literal, TextIO

from pncsim.simulator.commands.options import Arguments, Parser
from pncsim.simulator.result import EXIT_INTERRUPTED, EXIT_USAGE
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.gate import Liberty

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
        one.set_defaults(execute=_exi, direction=direction)


def _exi(arguments: Arguments) -> int:
    return run_exi(arguments.direction, arguments.set_name, arguments.fragment, sys.stdin, sys.stdout)


def run_exi(
    direction: Literal["decode", "encode"], set_name: str, fragment: bool, stdin: TextIO, stdout: TextIO
) -> int:
    """Turn each line of ``stdin`` into one line of ``stdout``.

    ``decode`` reads hexadecimal and writes the JSON view, with a key ``tolerated`` where something deviates from the
    schema; ``encode`` is the way back and ignores that key. A line that cannot be converted gives
    ``{"error": sentence, "line": number, ...}``, a blank one too: line n out is line n in. Returns 0 if every line
    was converted, 1 if not, 2 if there is no such set, 130 when interrupted.
    """
    from pncsim.wire.v2g.registry import codec

    try:
        coder = codec(set_name)
    except LocalError as error:
        print(error, file=sys.stderr)
        return EXIT_USAGE
    convert = _decode if direction == "decode" else _encode
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
        raise LocalError("The line is not hexadecimal.") from None
    liberties: list[Liberty] = []
    if fragment:
        name, value = coder.decode_fragment(data, gate=liberties.append)
        shown = views.to_json(coder, value, name)
    else:
        shown = views.to_json(coder, coder.decode(data, gate=liberties.append))
    if liberties:
        shown["tolerated"] = [liberty.what for liberty in liberties]
    return json.dumps(shown, ensure_ascii=False)


def _encode(coder: Any, fragment: bool, line: str) -> str:
    from pncsim.wire.exi import views

    try:
        data = json.loads(line)
    except RecursionError:
        raise LocalError("The line is JSON nested deeper than any message.") from None
    except ValueError as error:
        raise LocalError(f"The line is not JSON: {error}.") from None
    if isinstance(data, dict):
        data.pop("tolerated", None)
    if fragment:
        name, value = views.fragment_from_json(coder, data)
        return str(coder.encode_fragment(name, value).hex())
    return str(coder.encode(views.from_json(coder, data)).hex())
