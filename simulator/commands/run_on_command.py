"""``pnc run --on-command``: scenarios and labs that are asked for at an MQTT broker."""

from __future__ import annotations

from pathlib import Path

from pncsim.simulator.commands.feeding import add_feed, feed_in
from pncsim.simulator.commands.options import EPILOG, Arguments, Parser, add_verbose


def fill(parser: Parser) -> None:
    """What it can be told."""
    parser.description = (
        "Wait for commands at an MQTT broker: run scenarios, or keep a lab open that is played by hand (docs/feed.md)."
    )
    parser.add_argument("--on-command", action="store_true", required=True, help="what this is about")
    add_feed(parser)
    parser.add_argument("--lab", type=Path, metavar="FILE", help="who takes part in each run; see docs/labs.md")
    parser.add_argument(
        "--evidence", type=Path, default=Path("evidence"), metavar="DIR", help="where the evidence goes (./evidence)"
    )
    parser.add_argument("--no-evidence", action="store_true", help="write no evidence")
    add_verbose(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print the verdict lines only")
    parser.epilog = EPILOG
    parser.set_defaults(execute=_serve, parser=parser)


def _serve(arguments: Arguments) -> int:
    if arguments.mqtt is None:
        arguments.parser.error("--on-command needs to know where commands come from: --mqtt mqtt://HOST")
    with feed_in(arguments, "run") as feed:
        from pncsim.simulator.feed.on_command import OnCommand

        assert feed is not None
        return OnCommand(
            feed,
            evidence=None if arguments.no_evidence else arguments.evidence,
            lab=arguments.lab,
            level=-1 if arguments.quiet else arguments.verbose,
        ).serve()
