"""What one version of OCPP-J is: everything in which versions differ, as a value.

Sessions, channels, schemas and sentences take the version from here, mostly through the channel that carries the frames
(:attr:`wire.ocpp.channel.FrameChannel.version`), which is where it is negotiated. The payloads' types for the type
checker are in ``wire/ocpp/types`` and the actions beside this file, both made from the same schemas.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from pncsim.wire.errors import LocalError

Side = Literal["Request", "Response"]


class OcppVersion(Struct, frozen=True, eq=False, dict=True):
    """``name`` as people say it ("2.0.1"), ``subprotocol`` as WebSockets negotiate it, ``folder`` of the package ocpp.

    ``codes``: what a CALLERROR may say, and what that means (Part 4, 4.3); ``aliases``: spellings peers send instead.
    """

    name: str
    subprotocol: str
    folder: str
    codes: Mapping[str, str]
    aliases: Mapping[str, str]

    def __str__(self) -> str:
        return f"OCPP {self.name}"

    def clause(self, number: str) -> str:
        """A clause of the version's Part 4."""
        return f"OCPP-J {self.name} {number}"

    @cached_property
    def schemas(self) -> Path:
        """Where the version's JSON schemas are. Only files are read, the package's code is never imported (200 ms)."""
        # find_spec costs nothing, importlib.resources 9 ms.
        spec = find_spec("ocpp")
        if spec is None or not spec.submodule_search_locations:
            raise LocalError(
                "The package ocpp, which carries OCPP's JSON schemas, is not installed.", advice="Install pncsim anew."
            )
        return Path(spec.submodule_search_locations[0]) / self.folder / "schemas"

    @cached_property
    def actions(self) -> frozenset[str]:
        """Every action the version knows."""
        names = os.listdir(self.schemas)
        return frozenset(name.removesuffix("Request.json") for name in names if name.endswith("Request.json"))

    def schema(self, action: str, side: Side) -> dict[str, Any]:
        """The JSON schema of one payload."""
        schema: dict[str, Any] = json.loads((self.schemas / f"{action}{side}.json").read_text("utf-8-sig"))
        return schema


CODES_OF_2 = {
    "FormatViolation": "the payload's structure is wrong: a property that does not belong there",
    "GenericError": "any other error",
    "InternalError": "the receiver failed inside",
    "MessageTypeNotSupported": "the message type number is not known",
    "NotImplemented": "the action is not known to the receiver",
    "NotSupported": "the action is known, but not supported by the receiver",
    "OccurrenceConstraintViolation": "a required field is missing, or there are too many or too few items",
    "PropertyConstraintViolation": "a value is not allowed: not listed, too long, out of range",
    "ProtocolError": "the payload is incomplete",
    "RpcFrameworkError": "the frame is not a valid RPC request",
    "SecurityError": "the call is not allowed now",
    "TypeConstraintViolation": "a value has the wrong type",
}
ALIASES_OF_2 = {
    "OccurenceConstraintViolation": "OccurrenceConstraintViolation",
    "FormationViolation": "FormatViolation",
}
"""Spellings of earlier OCPP versions that peers still send."""

V201 = OcppVersion("2.0.1", "ocpp2.0.1", "v201", CODES_OF_2, ALIASES_OF_2)
