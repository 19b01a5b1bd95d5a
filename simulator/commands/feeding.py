"""``--mqtt`` of the commands that run something: what is asked for, and the feed that comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pncsim.simulator.commands.options import Arguments, add_options, taken
from pncsim.simulator.feed.options import FeedOptions, broker_of
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.simulator.feed.feed import Feed


def add_feed(parser: Any) -> None:
    """Where events are published, and commands come from."""
    add_options(parser, FeedOptions)


@contextmanager
def feed_in(arguments: Arguments, side: str) -> Iterator[Feed | None]:
    """The feed that :func:`add_feed` has asked for, connected, and drained at the end; None where none was.

    ``side`` is what the process is, and names its topic. Raises LocalError where the broker cannot be used.
    """
    options = taken(FeedOptions, arguments)
    if options.mqtt is None:
        if options.mqtt_ca or options.mqtt_certificate:
            raise LocalError("--mqtt-ca and --mqtt-certificate are for a broker: name it with --mqtt mqtts://HOST.")
        yield None
        return
    from pncsim.simulator.feed.feed import Feed

    feed = Feed(broker_of(options, side), side)
    feed.open()
    try:
        yield feed
    finally:
        feed.close()
