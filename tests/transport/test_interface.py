"""The real link: two network namespaces joined by a veth pair, and what is said when an interface cannot be used."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pncsim.wire.clock import Clock, VirtualTimeLoop
from pncsim.wire.errors import LocalError
from pncsim.wire.network import Security, interface
from pncsim.wire.network.interface import InterfaceNetwork, LinkAddress, link_addresses
from pncsim.wire.streams import ByteStream

ROOT = Path(__file__).parents[2]

PEER = Path(__file__).parent / "link_peer.py"

TABLE = """\
00000000000000000000000000000001 01 80 10 80       lo
fe8000000000000068fb3bfffe000001 02 40 20 80     eth0
20010db8000000000000000000000001 02 40 00 80     eth0
fe8000000000000068fb3bfffe000002 03 40 20 c0    eth10
"""


def test_the_kernels_table_is_read() -> None:
    assert link_addresses(TABLE, "eth0") == [LinkAddress("fe80::68fb:3bff:fe00:1", False)]
    assert link_addresses(TABLE, "eth10") == [LinkAddress("fe80::68fb:3bff:fe00:2", True)]
    assert link_addresses(TABLE, "lo") == []


async def handler(_: ByteStream) -> None:
    """Never called."""


async def test_a_missing_interface_is_named_together_with_those_there_are() -> None:
    for act in ("serve", "find"):
        network = InterfaceNetwork("nosuch0", Clock())
        with pytest.raises(LocalError, match=r"There is no network interface 'nosuch0'\. There are: .*lo"):
            await (network.serve({Security.TLS: handler}) if act == "serve" else network.find(Security.TLS))


def test_an_interface_without_link_local_address_is_explained() -> None:
    async def find() -> None:
        await InterfaceNetwork("lo", Clock()).find(Security.TLS)

    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(LocalError, match=r"'lo' has no IPv6 link-local address\. Is it up"),
    ):
        runner.run(find())


def test_a_link_that_has_just_come_up_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """First there is no address, then one that is checked for duplicates, then it can be used."""
    usable = "fe80000000000000000000000000abcd 01 40 20 80 lo\n"

    async def come_up() -> tuple[str, float]:
        clock = Clock(0.0)

        def table() -> str:
            now = clock.now()
            return "" if now < 0.5 else usable.replace(" 80 lo", " c0 lo") if now < 2 else usable

        monkeypatch.setattr(interface, "_address_table", table)
        _, host = await InterfaceNetwork("lo", clock)._link()
        return host, clock.now()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        host, now = runner.run(come_up())
    assert host == "fe80::abcd"
    assert now == pytest.approx(2, abs=0.2)


def run(*command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=20)


@pytest.fixture(scope="module")
def link() -> Iterator[tuple[str, str]]:
    """The names of two network namespaces, ``veth0`` in the first joined to ``veth1`` in the second."""
    if shutil.which("ip") is None:
        pytest.skip("the ip command is not installed (Debian: iproute2)")
    names = (f"pnc-station-{os.getpid()}", f"pnc-vehicle-{os.getpid()}")
    try:
        run("ip", "netns", "add", names[0])
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.strip()}")
    try:
        run("ip", "netns", "add", names[1])
        run("ip", "-n", names[0], "link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", names[1])
        for number, name in enumerate(names):
            for interface in ("lo", f"veth{number}"):
                run("ip", "-n", name, "link", "set", interface, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(("ip", "netns", "delete", name), check=False, capture_output=True)


def start(namespace: str, *arguments: str) -> subprocess.Popen[str]:
    """Run the peer script in a namespace."""
    command = ("ip", "netns", "exec", namespace, sys.executable, str(PEER), *arguments)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def finish(process: subprocess.Popen[str]) -> str:
    """What it printed."""
    output, _ = process.communicate(timeout=20)
    return output.strip()


@pytest.mark.parametrize(
    ("vehicle_at", "served", "wanted", "found"),
    [(1, "TLS", "TLS", "TLS"), (1, "NONE", "TLS", "NONE"), (0, "NONE", "NONE", "NONE")],
    ids=["over the link", "without TLS", "on the same host"],
)
def test_a_vehicle_finds_a_station_by_multicast(
    link: tuple[str, str], vehicle_at: int, served: str, wanted: str, found: str
) -> None:
    station = start(link[0], "serve", "veth0", served)
    assert station.stdout is not None
    assert station.stdout.readline().startswith("serving fe80::")
    vehicle = finish(start(link[vehicle_at], "find", f"veth{vehicle_at}", wanted))
    heard = finish(station)
    assert vehicle.startswith(f"found {found} fe80::")
    assert vehicle.splitlines()[0].endswith("echo b'hello'")
    assert int(vehicle.split()[3]) >= 49152
    assert "peer [fe80::" in heard
    assert "%veth0]:" in heard
    saw, station_saw = passed(vehicle), passed(heard)
    assert [line[0] for line in saw] == ["sent UDP", "received UDP", "sent TCP", "received TCP"]
    assert [line[1:] for line in saw] == [line[1:] for line in station_saw]
    assert " ff02::1 15118 " in saw[0][1]


def passed(output: str) -> list[tuple[str, str]]:
    """What a side says passed: seen how, and from where to where with what."""
    lines = [line.split(maxsplit=3) for line in output.splitlines() if line.startswith("bytes ")]
    return [(f"{direction} {carrier}", rest) for _, direction, carrier, rest in lines]


def test_a_busy_sdp_port_is_explained(link: tuple[str, str]) -> None:
    station = start(link[0], "serve", "veth0", "TLS")
    assert station.stdout is not None
    station.stdout.readline()
    second = finish(start(link[0], "serve", "veth0", "TLS"))
    assert "UDP port 15118 of 'veth0': address already in use. Another program uses this port" in second
    finish(start(link[1], "find", "veth1", "TLS"))
    finish(station)


def test_nobody_on_the_link(link: tuple[str, str]) -> None:
    assert finish(start(link[1], "find", "veth1", "TLS", "2")).startswith("No charging station answered")
