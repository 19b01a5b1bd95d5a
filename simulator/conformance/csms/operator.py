"""Who lets a CSMS send something: its operator. Ours has one in this process; somebody's is a command, or a person.

``--csms-command COMMAND`` is run with the station's identity, an action of OCPP and a payload in JSON behind it
(``COMMAND CS001 Reset '{"type": "OnIdle"}'``), and has to have the CSMS send that; it may wait for the answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from pncsim.backend.csms.csms import Csms
from pncsim.simulator.conformance.beside import Command, person_does
from pncsim.wire.errors import LocalError, PeerError

COMMAND_PATIENCE = 60.0
"""Seconds a command may take: it may wait for the station's answer."""


class CsmsOperator(Protocol):
    """``patience``: for how many seconds a call may still come after :meth:`let` has returned."""

    patience: float

    async def let(self, identity: str, action: str, payload: Mapping[str, Any], words: str) -> None:
        """Have the CSMS call a station; ``words`` describe the payload. Raises LocalError where nobody can."""


class OperatorHere:
    """The operator of a CSMS of ours. A call whose answer is no has been made all the same."""

    patience = 1.0

    def __init__(self, csms: Csms) -> None:
        self._csms = csms

    async def let(self, identity: str, action: str, payload: Mapping[str, Any], words: str) -> None:
        """As :class:`CsmsOperator`; what has a meaning for the CSMS itself is done by the method that knows it."""
        with suppress(PeerError):
            password = _new_password(action, payload)
            if password is not None:
                await self._csms.change_password(identity, password)
            elif action == "SetNetworkProfile":
                slot, data = payload["configurationSlot"], payload["connectionData"]
                await self._csms.set_network_profile(identity, slot, data)
            else:
                await self._csms.call(identity, action, payload)


def _new_password(action: str, payload: Mapping[str, Any]) -> str | None:
    if action != "SetVariables":
        return None
    named = {one["variable"]["name"]: one["attributeValue"] for one in payload["setVariableData"]}
    return named.get("BasicAuthPassword")


class OperatorByCommand:
    """A command of the user's."""

    patience = 2.0

    def __init__(self, command: str) -> None:
        self._command = Command(command, "lets the CSMS send something", COMMAND_PATIENCE)

    async def let(self, identity: str, action: str, payload: Mapping[str, Any], words: str) -> None:
        """As :class:`CsmsOperator`. Raises LocalError where the command fails or takes too long."""
        await asyncio.to_thread(self._command.run, identity, action, json.dumps(payload))


class OperatorAtTerminal:
    """Whoever sits at the terminal."""

    patience = 2.0

    async def let(self, identity: str, action: str, payload: Mapping[str, Any], words: str) -> None:
        """As :class:`CsmsOperator`. Raises LocalError where there is no terminal."""
        await person_does(f"Let the CSMS send {action} {words} to {identity}")


class NoOperator:
    """No way was given."""

    patience = 0.0

    async def let(self, identity: str, action: str, payload: Mapping[str, Any], words: str) -> None:
        """Raises LocalError."""
        raise LocalError(
            f"Nobody lets the CSMS send {action}.",
            advice="Give --manual or --csms-command COMMAND, or leave it out of Sends in the PICS file.",
        )
