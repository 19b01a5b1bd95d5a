"""The frames of a bundle's packets carry the checksums that RFC 1071 and RFC 1624 have, the rare ones, too."""

from __future__ import annotations

import pytest

from pncsim.simulator.evidence.pcapng import ACK, Way, end, link_local, own_mac

TCP, UDP = 6, 17
HOSTS = {"IPv6": (link_local(1), link_local(2)), "IPv4": ("192.0.2.1", "192.0.2.2")}


def way(family: str, protocol: int) -> Way:
    here, there = HOSTS[family]
    return Way(end(here, 40_000, own_mac(1)), end(there, 15_118, own_mac(2)), protocol)


def folded(octets: bytes) -> int:
    """The sum of 16-bit words with end-around carry, added one by one (RFC 1071)."""
    total = 0
    for at in range(0, len(octets), 2):
        total += int.from_bytes(octets[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


def summed(frame: bytes, family: str, protocol: int) -> tuple[int, int]:
    """The checksum in the frame's segment, and what segment and pseudo-header add up to."""
    packet = frame[14:]
    front = 40 if family == "IPv6" else 20
    addresses, segment = packet[8:40] if family == "IPv6" else packet[12:20], packet[front:]
    pseudo = addresses + len(segment).to_bytes(4, "big") + protocol.to_bytes(4, "big")
    place = 16 if protocol == TCP else 6
    if family == "IPv4":
        assert folded(packet[:20]) == 0xFFFF
    return int.from_bytes(segment[place : place + 2], "big"), folded(pseudo + segment)


@pytest.mark.parametrize("family", HOSTS)
@pytest.mark.parametrize("data", [b"", b"\x01\xfe"], ids=["bare", "with data"])
def test_a_segment_whose_words_add_up_to_nothing_has_the_checksum_0(family: str, data: bytes) -> None:
    frames = way(family, TCP)
    made = frames.acknowledgement if not data else lambda at, back: frames.tcp(ACK, at, back, data)
    checksum, total = summed(made(0, 0), family, TCP)
    assert 0 < checksum < 0xFFFF and total == 0xFFFF
    assert summed(made(checksum, 0), family, TCP) == (0, 0xFFFF)


@pytest.mark.parametrize("family", HOSTS)
def test_a_datagram_never_has_the_checksum_0_which_means_that_there_is_none(family: str) -> None:
    checksum, total = summed(way(family, UDP).udp(b"\0\0"), family, UDP)
    assert 0 < checksum < 0xFFFF and total == 0xFFFF
    assert summed(way(family, UDP).udp(checksum.to_bytes(2, "big")), family, UDP) == (0xFFFF, 0xFFFF)
