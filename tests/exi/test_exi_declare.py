"""Declared types behave like the dataclasses they read like."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from pncsim.wire.errors import LocalError
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.values import replace

VOLT = iso2.UnitSymbolType.V


def test_the_functions_of_dataclasses_work() -> None:
    value = iso2.PhysicalValueType(Multiplier=0, Unit=VOLT, Value=400)
    assert dataclasses.is_dataclass(value)
    assert [f.name for f in dataclasses.fields(value)] == ["Multiplier", "Unit", "Value"]
    assert dataclasses.asdict(value) == {"Multiplier": 0, "Unit": "V", "Value": 400}
    assert replace(value, Value=5) == iso2.PhysicalValueType(Multiplier=0, Unit=VOLT, Value=5)
    assert copy.deepcopy(value) == value == pickle.loads(pickle.dumps(value))


def test_construction_is_by_keyword_and_complete() -> None:
    with pytest.raises(TypeError, match="Value"):
        iso2.PhysicalValueType(Multiplier=0, Unit=VOLT)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        iso2.PhysicalValueType(0, VOLT, 400)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        iso2.PhysicalValueType(Multiplier=0, Unit=VOLT, Value=1).Volts = 5  # type: ignore[attr-defined]
    assert iso2.MessageHeaderType(SessionID=b"").Signature is None


def test_a_subclass_has_its_own_constructor() -> None:
    plain = iso2.ServiceType(ServiceID=1, ServiceCategory=iso2.ServiceCategoryType.EVCharging, FreeService=True)
    modes = iso2.SupportedEnergyTransferModeType(EnergyTransferMode=[iso2.EnergyTransferModeType.DC_core])
    charge = iso2.ChargeServiceType(
        ServiceID=1,
        ServiceCategory=iso2.ServiceCategoryType.EVCharging,
        FreeService=True,
        SupportedEnergyTransferMode=modes,
    )
    assert charge.SupportedEnergyTransferMode is modes
    assert charge != plain


def test_lists_are_not_shared() -> None:
    one = iso2.SalesTariffEntryType(TimeInterval=iso2.RelativeTimeIntervalType(start=0))
    two = iso2.SalesTariffEntryType(TimeInterval=iso2.RelativeTimeIntervalType(start=0))
    one.ConsumptionCost.append(iso2.ConsumptionCostType(startValue=iso2.physical(0, VOLT), Cost=[]))
    assert two.ConsumptionCost == []
    assert ds.KeyInfoType().items == []


def test_values_are_mutable_and_therefore_not_hashable() -> None:
    with pytest.raises(TypeError):
        hash(iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType.Pause))


def test_repr_shows_what_is_present() -> None:
    assert repr(iso2.MessageHeaderType(SessionID=b"\x01")) == r"MessageHeaderType(SessionID=b'\x01')"


@pytest.mark.parametrize(
    ("value", "multiplier", "number"),
    [
        (400, 0, 400),
        (400.5, -1, 4005),
        (0.001, -3, 1),
        (-32768, 0, -32768),
        (350000, 2, 3500),
        (0, 0, 0),
        (32768, 1, 3277),
    ],
)
def test_physical_values(value: float, multiplier: int, number: int) -> None:
    made = iso2.physical(value, VOLT)
    assert (made.Multiplier, made.Value, made.Unit) == (multiplier, number, VOLT)
    assert iso2.amount(made) == pytest.approx(value, rel=1e-3)


def test_a_physical_value_beyond_the_range() -> None:
    with pytest.raises(LocalError, match="does not fit"):
        iso2.physical(1e9, VOLT)
