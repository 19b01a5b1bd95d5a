"""Two network namespaces with an interface each, joined: the cable between a vehicle and a station."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

EV, SE = "ev0", "se0"
"""The interface in the vehicle's namespace, and the one in the station's."""


class Link(NamedTuple):
    """The names of the vehicle's namespace and of the station's."""

    vehicle: str
    station: str


class NoNamespaces(Exception):
    """None can be made here; the text says why."""


@contextmanager
def link() -> Iterator[Link]:
    """A link for as long as the body runs. Raises NoNamespaces."""
    both = Link(f"pnc{os.getpid()}ev", f"pnc{os.getpid()}se")
    if os.geteuid() != 0:
        raise NoNamespaces("network namespaces need root")
    try:
        try:
            for namespace in both:
                _must("netns", "add", namespace)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            raise NoNamespaces(f"no network namespaces here: {said.strip()}") from error
        for namespace in both:
            # Josev takes an address that is still being checked for duplicates and then cannot bind it.
            _must("netns", "exec", namespace, "sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0")
            _must("-n", namespace, "link", "set", "lo", "up")
        _must("-n", both.vehicle, "link", "add", EV, "type", "veth", "peer", "name", SE, "netns", both.station)
        _must("-n", both.vehicle, "link", "set", EV, "up")
        _must("-n", both.station, "link", "set", SE, "up")
        yield both
    finally:
        for namespace in both:
            subprocess.run(("ip", "netns", "del", namespace), capture_output=True, timeout=20, check=False)


def _must(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True, text=True, timeout=20)
