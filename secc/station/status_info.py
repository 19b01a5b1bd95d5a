"""Why an answer says no (OCPP's StatusInfoType), in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


def because(reason: str, text: str = "") -> types.StatusInfoType:
    """The statusInfo of our refusal; ``reason`` is one of Appendix 5's codes, ``text`` a sentence."""
    info: types.StatusInfoType = {"reasonCode": reason}
    if text:
        info["additionalInfo"] = text[:512]
    return info


def said(answer: Mapping[str, Any]) -> str:
    """What the CSMS gave as the reason of its answer: its own words, else its code, else an empty string.

    Without a full stop at its end: it becomes part of a sentence.
    """
    info = answer.get("statusInfo", {})
    return str(info.get("additionalInfo") or info.get("reasonCode") or "").removesuffix(".")
