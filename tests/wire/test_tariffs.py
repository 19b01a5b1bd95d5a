"""Sales tariffs go through OCPP and come out as they were signed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pncsim.wire.credentials import KeySigner
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.signed_tariffs import TRANSACTION
from pncsim.wire.ocpp.types import v201 as types
from pncsim.wire.v2g.iso2.tariffs import attached, detached, from_ocpp, price_levels, to_ocpp
from pncsim.wire.v2g.signature import SignatureError, sign, verify

KEY = ec.derive_private_key(7, ec.SECP256R1())
TARIFFS = [price_levels(1, ((0, 3), (1800, 1)), "by day"), price_levels(2, ((0, 1),))]


def test_what_was_signed_is_verified_at_the_other_end() -> None:
    signature = sign([("SalesTariff", one) for one in TARIFFS], KeySigner(KEY))
    said = json.loads(json.dumps([[to_ocpp(one) for one in TARIFFS], detached(signature, "tx")]))
    again = attached(said[1])
    arrived = [from_ocpp(one) for one in said[0]]
    assert said[1][TRANSACTION] == "tx" and arrived == TARIFFS and again == signature
    verify(again, [("SalesTariff", one) for one in arrived], KEY.public_key())
    dearer = from_ocpp({**to_ocpp(arrived[0]), "salesTariffDescription": "by night"})
    with pytest.raises(SignatureError):
        verify(again, [("SalesTariff", one) for one in (dearer, arrived[1])], KEY.public_key())


GOOD: types.SalesTariffType = {"id": 1, "salesTariffEntry": [{"relativeTimeInterval": {"start": 0}, "ePriceLevel": 1}]}


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 0},
        {"id": 256},
        {"salesTariffEntry": [{"relativeTimeInterval": {"start": 0}, "ePriceLevel": 256}]},
        {"salesTariffEntry": [{"relativeTimeInterval": {"start": 0}, "consumptionCost": []}]},
    ],
)
def test_a_tariff_a_vehicle_cannot_be_sent_is_refused(changed: dict[str, Any]) -> None:
    told: Any = {**GOOD, **changed}
    with pytest.raises(PeerError):
        from_ocpp(told)


@pytest.mark.parametrize(
    "told",
    [
        None,
        {},
        {"transactionId": "tx", "digests": [], "signatureValue": "AAAA"},
        {"transactionId": "tx", "digests": {"#tariff1": "no base64"}, "signatureValue": "AAAA"},
        {"transactionId": "tx", "digests": {}, "signatureValue": 7},
    ],
)
def test_a_signature_that_cannot_be_read_is_refused(told: object) -> None:
    with pytest.raises(PeerError) as refused:
        attached(told)
    assert refused.value.kind == "malformed"
