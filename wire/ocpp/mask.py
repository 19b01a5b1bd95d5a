"""Frames as they may be shown: passwords and keys replaced, everything else untouched."""

from __future__ import annotations

import json
from typing import Any

from pncsim.wire.urls import MASK, without_password

_SECRET_ACTIONS = frozenset({"SetVariables", "SetNetworkProfile", "UpdateFirmware", "GetLog", "PublishFirmware"})
"""Actions whose payload can hold a password; only these are taken apart."""

_SECRET_FIELDS = frozenset({"apnPassword", "simPin", "password", "key", "basicAuthPassword"})
_SECRET_VARIABLES = frozenset({"basicauthpassword"})
"""Lower case: OCPP compares names without case."""


def masked(text: str, action: str, payload: Any) -> str:
    """``text`` of a frame of ``action``, safe to show. ``payload`` is its payload as decoded, None for unreadable text.

    A CALLERROR to an action with secrets, and unreadable text that mentions a password, are withheld: some stacks echo
    the payload they refuse.
    """
    if action in _SECRET_ACTIONS:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return f"(unreadable text of {len(text)} characters, withheld: it answers {action})"
        if isinstance(frame, list) and frame and frame[0] == 4:
            frame = [*frame[:3], MASK, {}]
        return json.dumps(_clean(frame), ensure_ascii=False, separators=(",", ":"))
    if payload is None and "assword" in text:
        return f"(unreadable text of {len(text)} characters, withheld: it mentions a password)"
    return text


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str):
        return without_password(value)
    if not isinstance(value, dict):
        return value
    cleaned = {key: MASK if key in _SECRET_FIELDS else _clean(item) for key, item in value.items()}
    variable = value.get("variable")
    if (
        isinstance(variable, dict)
        and str(variable.get("name")).lower() in _SECRET_VARIABLES
        and "attributeValue" in value
    ):
        cleaned["attributeValue"] = MASK
    return cleaned
