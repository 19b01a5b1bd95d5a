"""What one version of OCPP-J is: everything in which versions differ, as a value.

Sessions, channels, schemas and sentences take the version from here, mostly through the channel that carries the frames
(:attr:`wire.ocpp.channel.FrameChannel.version`), which is where it is negotiated. The payloads' types for the type
checker are in ``wire/ocpp/types`` and the actions beside this file, both made from the same schemas.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
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
    ``digests``: the SHA-256 of each schema this house was built by, by its file's name; None takes what is there.
    """

    name: str
    subprotocol: str
    folder: str
    codes: Mapping[str, str]
    aliases: Mapping[str, str]
    digests: Callable[[], Mapping[str, str]] | None = None

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
        """The JSON schema of one payload. Raises LocalError where the package ocpp holds another than was built by.

        A release of the package that corrects a schema changes what peers may say: that is to be a decision of ours.
        """
        name = f"{action}{side}.json"
        octets = (self.schemas / name).read_bytes()
        if self.digests is not None and hashlib.sha256(octets).hexdigest() != self.digests().get(name):
            raise LocalError(
                f"The package ocpp that is installed has another {name} of {self} than pncsim was built by.",
                advice="Install the release of ocpp that pyproject.toml names.",
            )
        schema: dict[str, Any] = json.loads(octets.decode("utf-8-sig"))
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


def _v201_digests() -> Mapping[str, str]:
    from pncsim.wire.ocpp.types.v201_digests import DIGESTS

    return DIGESTS


V201 = OcppVersion("2.0.1", "ocpp2.0.1", "v201", CODES_OF_2, ALIASES_OF_2, _v201_digests)
