"""Whatever bytes a station sends, the vehicle answers with a request or a Close, never with an exception of its own."""

from __future__ import annotations

from typing import Any

import ev_playbook as sn
import pytest
from ev_playbook import SESSION, Playbook, vehicle
from hypothesis import given, settings
from hypothesis import strategies as st

from pncsim.wire.errors import PeerError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec

AC = (
    sn.session_setup(), sn.services(payment=("ExternalPayment",)), sn.selected(), sn.authorized(), sn.parameters(),
    sn.delivered(), sn.charging(), sn.charging(notification="StopCharging"), sn.delivered(), sn.stopped(),
)  # fmt: skip
DC = (
    sn.session_setup(), sn.services("DC_extended", payment=("ExternalPayment",)), sn.selected(), sn.authorized(),
    sn.parameters(dc=True), sn.cable_checked(), sn.pre_charged(368), sn.delivered(dc=True), sn.current(370, 100),
    sn.current(370, 100, code="EVSE_Shutdown"), sn.delivered(dc=True), sn.welding(0), sn.stopped(),
)  # fmt: skip


def encoded(body: Any, signature: Any = None) -> bytes:
    header = iso2.MessageHeaderType(SessionID=SESSION, Signature=signature)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))


def lead(play: Playbook, payloads: list[bytes]) -> None:
    """Play the payloads, asking that the engine always either waits for something or has closed with a PeerError."""
    play.hear(sn.agreed())
    for payload in payloads:
        if play.close:
            break
        play.octets(payload)
    if play.close:
        assert play.error is None or isinstance(play.error, PeerError)
        assert play.close.reason
    else:
        assert play.engine.deadline is not None


@pytest.mark.parametrize("script", [AC, DC], ids=["AC", "DC"])
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_altered_answers(script: tuple[Any, ...], data: st.DataObject) -> None:
    payloads = [encoded(body) for body in script]
    which = data.draw(st.integers(0, len(payloads) - 1))
    altered = bytearray(payloads[which])
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(1, len(altered) - 1))
        altered[position] ^= 1 << data.draw(st.integers(0, 7))
    payloads[which] = bytes(altered)
    modes = ("AC_three_phase_core",) if script is AC else ("DC_extended",)
    lead(Playbook(vehicle(energy_modes=modes)), payloads)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_altered_contracts_are_never_stored_half(data: st.DataObject) -> None:
    """Bytes of the certificates, the key and the signature are altered; what is stored is whole and verified."""
    res = sn.bundle()
    payload = bytearray(encoded(res, sn.signed(res)))
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(20, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    play = Playbook(vehicle())
    head = [encoded(b) for b in (sn.session_setup(), sn.services(), sn.detail(Installation=1), sn.selected())]
    lead(play, [*head, bytes(payload)])
    for contract in play.vehicle.contracts.all:
        assert contract.credentials.key.public_key() == contract.credentials.leaf.public_key()
        assert contract.credentials.leaf == sn.pki().certificate("contract_leaf")


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=200))
def test_any_bytes_on_the_line(data: bytes) -> None:
    play = Playbook(vehicle())
    play.raw(data)
    if play.close:
        assert isinstance(play.error, PeerError)
