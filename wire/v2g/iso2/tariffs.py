"""Sales tariffs between a mobility operator and a vehicle, by way of OCPP 2.0.1.

OCPP carries a tariff beside its schedule (SetChargingProfile, salesTariff) and has no place for its signature
(V2G2-905). That travels as :func:`detached` says, in a DataTransfer; the station puts both together again
(:func:`attached`), octet for octet as they were signed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pncsim.wire.algorithms import P256
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.signed_tariffs import TRANSACTION
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.signature import CANONICAL_EXI, METHODS

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as ocpp


def tariff_id(number: int) -> str:
    """The Id of the tariff of schedule ``number``: what its signature refers to."""
    return f"tariff{number}"


def price_levels(number: int, levels: Sequence[tuple[int, int]], text: str = "") -> iso2.SalesTariffType:
    """A tariff of price levels: (start in seconds, level) pairs."""
    return iso2.SalesTariffType(
        Id=tariff_id(number),
        SalesTariffID=number,
        SalesTariffDescription=text or None,
        NumEPriceLevels=len({level for _, level in levels}),
        SalesTariffEntry=[_entry(start, None, level) for start, level in levels],
    )


def to_ocpp(tariff: iso2.SalesTariffType) -> ocpp.SalesTariffType:
    """As SetChargingProfile carries it: price levels, no consumption costs."""
    entries: list[ocpp.SalesTariffEntryType] = []
    for entry in tariff.SalesTariffEntry:
        interval = entry.TimeInterval
        assert isinstance(interval, iso2.RelativeTimeIntervalType), "there is no other kind"
        when: ocpp.RelativeTimeIntervalType = {"start": interval.start}
        if interval.duration is not None:
            when["duration"] = interval.duration
        told: ocpp.SalesTariffEntryType = {"relativeTimeInterval": when}
        if isinstance(entry, iso2.SalesTariffEntryType) and entry.EPriceLevel is not None:
            told["ePriceLevel"] = entry.EPriceLevel
        entries.append(told)
    found: ocpp.SalesTariffType = {"id": tariff.SalesTariffID, "salesTariffEntry": entries}
    if tariff.SalesTariffDescription is not None:
        found["salesTariffDescription"] = tariff.SalesTariffDescription
    if tariff.NumEPriceLevels is not None:
        found["numEPriceLevels"] = tariff.NumEPriceLevels
    return found


def from_ocpp(told: ocpp.SalesTariffType) -> iso2.SalesTariffType:
    """The way back. Raises PeerError for what ISO 15118-2 has no room for, and for costs of consumption."""
    entries = told["salesTariffEntry"]
    if any("consumptionCost" in one for one in entries):
        raise PeerError("A sales tariff has costs of consumption; only price levels go to the vehicle.")
    levels = [one.get("ePriceLevel") for one in entries]
    if not 1 <= told["id"] <= 255 or any(level is not None and not 0 <= level <= 255 for level in levels):
        raise PeerError("A sales tariff has an id beyond 1 to 255, or a price level beyond 0 to 255.")
    return iso2.SalesTariffType(
        Id=tariff_id(told["id"]),
        SalesTariffID=told["id"],
        SalesTariffDescription=told.get("salesTariffDescription"),
        NumEPriceLevels=told.get("numEPriceLevels"),
        SalesTariffEntry=[
            _entry(one["relativeTimeInterval"]["start"], one["relativeTimeInterval"].get("duration"), level)
            for one, level in zip(entries, levels, strict=True)
        ],
    )


def _entry(start: int, duration: int | None, level: int | None) -> iso2.SalesTariffEntryType:
    interval = iso2.RelativeTimeIntervalType(start=start, duration=duration)
    return iso2.SalesTariffEntryType(TimeInterval=interval, EPriceLevel=level)


def detached(signature: ds.SignatureType, transaction: str) -> dict[str, Any]:
    """What is said of a signature where the tariffs themselves are told elsewhere."""
    return {
        TRANSACTION: transaction,
        "digests": {
            str(one.URI): base64.b64encode(one.DigestValue).decode("ascii") for one in signature.SignedInfo.Reference
        },
        "signatureValue": base64.b64encode(signature.SignatureValue.value).decode("ascii"),
    }


def attached(told: object) -> ds.SignatureType:
    """The signature (P-256 with SHA-256, V2G2-771) that ``told`` speaks of. Raises PeerError."""
    if not isinstance(told, Mapping):
        raise PeerError("A signature of sales tariffs is no JSON object.", kind="malformed")
    try:
        digests = {str(uri): _octets(value) for uri, value in told["digests"].items()}
        value = _octets(told["signatureValue"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PeerError(f"A signature of sales tariffs cannot be read: {error!r}.", kind="malformed") from None
    method, canonical = METHODS[P256], ds.TransformType(Algorithm=CANONICAL_EXI)
    info = ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm=CANONICAL_EXI),
        SignatureMethod=ds.SignatureMethodType(Algorithm=method.signature),
        Reference=[
            ds.ReferenceType(
                URI=uri,
                Transforms=ds.TransformsType(Transform=[canonical]),
                DigestMethod=ds.DigestMethodType(Algorithm=method.digest),
                DigestValue=digest,
            )
            for uri, digest in digests.items()
        ],
    )
    return ds.SignatureType(SignedInfo=info, SignatureValue=ds.SignatureValueType(value=value))


def _octets(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
