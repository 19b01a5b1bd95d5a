"""Values beyond the schema's facets: read where the bits allow, told, written only by whoever asks for it."""

from __future__ import annotations

import copy
import pickle
from random import Random
from typing import Any

import pytest
from beyond_samples import beyond_in
from samples import BODY_MESSAGES, Sampler

from pncsim.wire.errors import LocalError
from pncsim.wire.exi import ExiDecodeError, ExiEncodeError
from pncsim.wire.exi.beyond import Unlisted, beyond
from pncsim.wire.exi.careful_decode import OF_A_KIND
from pncsim.wire.gate import Liberty, NotTolerated, Tolerance
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

FACETS = {Tolerance.EXI_LENGTH, Tolerance.EXI_RANGE, Tolerance.EXI_ENUMERATION}


def message(body: Any, session: bytes = bytes(8)) -> iso2.V2G_Message:
    return iso2.V2G_Message(Header=iso2.MessageHeaderType(SessionID=session), Body=iso2.BodyType(BodyElement=body))


def read(stream: bytes) -> tuple[Any, list[Tolerance]]:
    told: list[Liberty] = []
    document = codec("iso2").decode(stream, gate=told.append)
    return document.Body.BodyElement, [one.tolerance for one in told]


@pytest.mark.parametrize("name", BODY_MESSAGES)
def test_every_value_beyond_its_facets_is_read_told_and_written_again_as_it_came(name: str) -> None:
    coder, sampler = codec("iso2"), Sampler(Random(name), optional=1.0, longest_list=1)
    whole = sampler.message(name)
    for path, changed in beyond_in(coder.schema, whole):
        told: list[Liberty] = []
        stream = coder.encode(changed)
        again = coder.decode(stream, gate=told.append)
        assert again == changed, path
        assert {one.tolerance for one in told} & FACETS, path
        assert coder.encode(again) == stream, path
        with pytest.raises(NotTolerated):
            coder.decode(stream)


JUDGED = [
    ("809802000000000000000011d02000004488cd11559800", {"EVCCID": bytes.fromhex("0000112233445566")}, "EXI_LENGTH"),
    (
        "809802000000000000000051e020b51114a941390ca914c4c8ccd0d4d8dce0e4c0c4c8ccd0d4d8dce0e4c0c4c8ccd0d4d8dce0e4c0c4c8"
        "ccd0d480",
        {"EVSEID": "DE*PNC*E12345678901234567890123456789012345"},
        "EXI_LENGTH",
    ),
    ("80980200000000000000005110511114b541390cb50cc0c0c0c0c0c0c0c4b560406000000400", {"eMAID": "DE-PNC-C00000001-X"},
     "EXI_LENGTH"),
    ("80980200000000000000001193c2881000", {"ServiceID": 70000}, "EXI_RANGE"),
    ("8098020048d159e26af37bd01007052334b734b9b432b240", {"EVSEProcessing": "Finished"}, "EXI_UNTYPED"),
    ("809802000000000000000011f703a9b632b2b840", {"ChargingSession": "Sleep"}, "EXI_UNTYPED"),
]  # fmt: skip
"""As EXIficient (in the PyPI package iso15118 0.31.2) writes the XML with these values, and reads it."""


@pytest.mark.parametrize(("stream", "fields", "row"), JUDGED, ids=[f"{row[2]} {row[0][-8:]}" for row in JUDGED])
def test_what_another_codec_writes_of_such_values_is_read_as_it_means_it(
    stream: str, fields: dict[str, Any], row: str
) -> None:
    body, told = read(bytes.fromhex(stream))
    assert {name: getattr(body, name) for name in fields} == fields
    assert told[0] is Tolerance[row]


def test_a_number_in_untyped_form_is_held_against_the_bits_its_typed_form_has() -> None:
    negative = "8098020000000000000000119702169ac0"  # ServiceID "-5" as text, by the same judge
    with pytest.raises(ExiDecodeError, match="a number of 3 bits was read, 0 to 65535 is allowed"):
        codec("iso2").decode(bytes.fromhex(negative), gate=lambda liberty: None)


def test_four_phases_and_a_negative_profile_are_read() -> None:
    body, told = read(bytes.fromhex("80980200000000000000001150000000010a38f78020c41002800000"))
    (entry,) = body.ChargingProfile.ProfileEntry
    assert entry.ChargingProfileEntryMaxNumberOfPhasesInUse == 4
    assert iso2.amount(entry.ChargingProfileEntryMaxPower) == pytest.approx(-2413.6)
    assert told == [Tolerance.EXI_RANGE]


def test_nothing_beyond_its_facets_is_written_unless_that_is_asked_for() -> None:
    request = iso2.PaymentDetailsReq(
        eMAID="DE-PNC-C00000001-X", ContractSignatureCertChain=iso2.CertificateChainType(Certificate=b"x")
    )
    with pytest.raises(ExiEncodeError, match="18 characters, 14 to 15 are allowed"):
        codec("iso2").encode(message(request))
    meant = replace(request, eMAID=beyond(request.eMAID))
    assert read(codec("iso2").encode(message(meant))) == (meant, [Tolerance.EXI_LENGTH])


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (iso2.ServiceDetailReq(ServiceID=beyond(-1)), "-1 is out of range"),
        (iso2.ServiceDetailReq(ServiceID=beyond(1 << 64)), "is out of range"),
        (iso2.SessionStopReq(ChargingSession=Unlisted(2)), "'#2' is not within the 1 bits there are"),  # type: ignore[arg-type]
        (iso2.SessionStopReq(ChargingSession=Unlisted(-1, "Sleep")), "'Sleep' is not within"),  # type: ignore[arg-type]
    ],
)
def test_what_the_bits_do_not_allow_cannot_be_sent_at_all(body: Any, wrong: str) -> None:
    with pytest.raises(ExiEncodeError, match=wrong):
        codec("iso2").encode(message(body))


def test_a_value_without_facets_cannot_be_beyond_them() -> None:
    with pytest.raises(LocalError, match="no range and no length"):
        beyond(True)


def test_an_unlisted_value_survives_copying() -> None:
    value = Unlisted(31)
    for again in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (again, again.place) == ("#31", 31)


def test_of_very_many_deviations_the_first_are_told() -> None:
    schedule = iso2.PMaxScheduleType(
        PMaxScheduleEntry=[
            iso2.PMaxScheduleEntryType(
                TimeInterval=iso2.RelativeTimeIntervalType(start=n),
                PMax=iso2.PhysicalValueType(Multiplier=beyond(4), Unit=iso2.UnitSymbolType.W, Value=1),
            )
            for n in range(1000)
        ]
    )
    told: list[Liberty] = []
    stream = codec("iso2").encode_fragment("PMaxSchedule", schedule)
    assert codec("iso2").decode_fragment(stream, gate=told.append)[1] == schedule
    assert len(told) == OF_A_KIND + 1
