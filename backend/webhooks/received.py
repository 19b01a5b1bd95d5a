"""Events at the other end: what a subscriber's program does with a delivery before it believes it (EVT-2)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any

from pncsim.backend.refusal import Refused


def read_event(headers: Mapping[str, str], body: bytes, secrets: Collection[str]) -> tuple[str, Mapping[str, Any]]:
    """Type and payload of a delivery, if one of ``secrets`` has signed it: a pool draws one for each subscription.

    Raises Refused: 401 for a signature that is none, 400 for a body that is no event.
    """
    signed = headers.get("payload-signature", "").encode("utf-8", "surrogateescape")
    if not any(hmac.compare_digest(_digest(secret, body), signed) for secret in secrets):
        raise Refused("The event is not signed with the secret of a subscription.", clause="EVT-2", http_status=401)
    try:
        event = json.loads(body)
        type, payload = event["eventType"], event["payload"]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Refused(f"The event cannot be read: {error!r}.", clause="EVT-5") from None
    if not isinstance(type, str) or not isinstance(payload, dict):
        raise Refused("The event has no eventType and payload.", clause="EVT-5")
    return type, payload


def _digest(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode("ascii")
