"""Whatever arrives, the answer is a message or an ExiDecodeError; generated code accepts no more than the careful."""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import BODY_MESSAGES, Sampler

from pncsim.wire.exi import ExiDecodeError
from pncsim.wire.exi.coder import LONGEST, Codec
from pncsim.wire.exi.runtime import Rare
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.v2g import iso2, xmldsig
from pncsim.wire.v2g.registry import codec

SEEDS = [
    codec("iso2").encode(Sampler(Random(name), optional=0.6, longest_list=2).message(name)) for name in BODY_MESSAGES
]


class Generated(Codec):
    """Generated code alone: what it does not know nobody reads."""

    def careful_document(self, data: bytes, liberties: list[Liberty]) -> Any:
        raise Rare


GENERATED = Generated("iso2", (iso2, xmldsig))


def judge(data: bytes) -> None:
    """Decoding ends well, and what generated code reads is what the careful decoder reads."""
    coder = codec("iso2")
    quick_notes: list[Liberty] = []
    notes: list[Liberty] = []
    try:
        quick = GENERATED.decode(data, gate=quick_notes.append)
    except Rare:
        try:
            coder.decode(data, gate=notes.append)
        except ExiDecodeError as error:
            assert error.sentence.endswith(".") and len(error.sentence) < 2000
        return
    assert coder.careful_document(data, notes) == quick
    assert notes == quick_notes


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.sampled_from(SEEDS), st.data())
def test_flipped_bits(seed: bytes, data: st.DataObject) -> None:
    changed = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, 8 * len(changed) - 1))
        changed[at >> 3] ^= 0x80 >> (at & 7)
    judge(bytes(changed))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_noise_after_a_good_start(noise: bytes) -> None:
    judge(noise)
    judge(bytes.fromhex("8098") + noise)
    judge(bytes.fromhex("809800401230"[:10]) + noise)


@pytest.mark.parametrize("seed", SEEDS, ids=BODY_MESSAGES)
def test_every_truncation_is_refused(seed: bytes) -> None:
    for length in range(0, len(seed), max(1, len(seed) // 40)):
        with pytest.raises(ExiDecodeError):
            codec("iso2").decode(seed[:length])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(BODY_MESSAGES))
def test_round_trip_of_any_message(random: Random, name: str) -> None:
    message = Sampler(random, optional=random.random(), empty=True).message(name)
    notes: list[Liberty] = []
    stream = codec("iso2").encode(message)
    assert codec("iso2").decode(stream, gate=notes.append) == message
    judge(stream)
    assert all(note.tolerance is Tolerance.EXI_LENGTH for note in notes)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.binary(max_size=40))
def test_noise_as_fragment(noise: bytes) -> None:
    for name in ("iso2", "xmldsig", "app"):
        try:
            codec(name).decode_fragment(b"\x80" + noise, gate=lambda liberty: None)
        except ExiDecodeError as error:
            assert error.sentence


@pytest.mark.parametrize(
    ("stream", "sentence"),
    [
        ("", "At bit 0 of the EXI stream the input ends"),
        ("2445584980", "the EXI header is 0x24, V2G streams start with 0x80; this is an EXI cookie"),
        ("80fe", "event code 127 names no element of the set 'iso2'"),
        ("8098ffff", "In V2G_Message/Header, at bit 16 .* second-level event code 7 was read, which is not assigned"),
        ("809890", r"undeclared content \(xsi:type\) was read where the schema wants SessionID; this is not supported"),
        ("80980ff0", "Header/SessionID, at bit 18 .* a length of 63 octets was read, 0 octets of input are left"),
        ("8098022613ed", "SessionID, at bit 18 .* a length of 8 octets was read, 2 octets of input are left"),
    ],
)
def test_a_refusal_names_place_and_rule(stream: str, sentence: str) -> None:
    with pytest.raises(ExiDecodeError, match=sentence):
        codec("iso2").decode(bytes.fromhex(stream))


def test_an_unknown_enumeration_value_is_told_and_refused_by_who_tolerates_nothing() -> None:
    stop = iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType.OK)
    message = iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=b"\x00"), Body=iso2.BodyType(BodyElement=stop))
    value = int.from_bytes(codec("iso2").encode(message), "big") | 0b11111 << 5  # the five bits of ResponseCode
    with pytest.raises(NotTolerated, match="enumeration value 31 was read, the schema has 26 values") as caught:
        codec("iso2").decode(value.to_bytes(7, "big"))
    assert "V2G_Message/Body/SessionStopRes/ResponseCode" in caught.value.sentence


def test_long_input_costs_no_more_than_its_length() -> None:
    with pytest.raises(ExiDecodeError, match="at most"):
        codec("iso2").decode(bytes(LONGEST + 1))
    schedule = iso2.PMaxScheduleType(
        PMaxScheduleEntry=[
            iso2.PMaxScheduleEntryType(
                TimeInterval=iso2.RelativeTimeIntervalType(start=n * 900),
                PMax=iso2.physical(11000, iso2.UnitSymbolType.W),
            )
            for n in range(1024)
        ]
    )
    began = time.process_time()
    stream = codec("iso2").encode_fragment("PMaxSchedule", schedule)
    assert codec("iso2").decode_fragment(stream) == ("PMaxSchedule", schedule)
    for _ in range(10):
        with pytest.raises(ExiDecodeError):
            codec("iso2").decode_fragment(stream[:-9])
    assert time.process_time() - began < 10.0


def test_more_occurrences_than_allowed_cannot_be_expressed() -> None:
    certificates = iso2.SubCertificatesType(Certificate=[b"x"] * 4)
    stream = codec("iso2").encode_fragment("SubCertificates", certificates)
    assert codec("iso2").decode_fragment(stream)[1] == certificates
    # After the fourth certificate the only event is the end: one bit, 0. A 1 there opens undeclared content.
    with pytest.raises(ExiDecodeError, match="where the schema wants the end"):
        position = 8 + 8 + 4 * (1 + 1 + 8 + 8 + 1) + 3 * 1  # header, code, certificates, two-bit codes after three
        value = int.from_bytes(stream, "big") | 1 << (8 * len(stream) - position - 1)
        codec("iso2").decode_fragment(value.to_bytes(len(stream), "big"))
