"""A message of our own: the signature of sales tariffs, for which OCPP 2.0.1 has no place (its content: see
:func:`wire.v2g.iso2.tariffs.detached`). It is sent before the SetChargingProfile that brings the tariffs."""

from __future__ import annotations

VENDOR, MESSAGE = "org.pncsim", "SignedSalesTariffs"
"""vendorId and messageId of the DataTransfer."""

TRANSACTION = "transactionId"
"""The member of its data that says which transaction's tariffs are meant."""
