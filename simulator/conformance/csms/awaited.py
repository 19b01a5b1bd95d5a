"""A call of the CSMS that the tester's station waits for, and what it answers to those nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pncsim.simulator.conformance.unlike import Unlike
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.ocpp.actions import AndThen, Reply
from pncsim.wire.ocpp.errors import CallError


def _each(results: str, items: str, **says: Any) -> Callable[[Any], Any]:
    """An answer with one result for each item asked for."""
    return lambda request: {
        results: [{"component": one["component"], "variable": one["variable"], **says} for one in request[items]]
    }


def _says(**payload: Any) -> Callable[[Any], Any]:
    return lambda request: payload


AT_REST: Mapping[str, Callable[[Any], Any]] = {
    "GetVariables": _each("getVariableResult", "getVariableData", attributeStatus="UnknownVariable"),
    "SetVariables": _each("setVariableResult", "setVariableData", attributeStatus="Accepted"),
    "GetBaseReport": _says(status="NotSupported"),
    "GetReport": _says(status="NotSupported"),
    "TriggerMessage": _says(status="Rejected"),
    "Reset": _says(status="Rejected"),
    "ChangeAvailability": _says(status="Rejected"),
    "UnlockConnector": _says(status="UnlockFailed"),
    "RequestStartTransaction": _says(status="Rejected"),
    "RequestStopTransaction": _says(status="Rejected"),
    "GetTransactionStatus": _says(messagesInQueue=False),
    "ClearCache": _says(status="Rejected"),
    "SendLocalList": _says(status="Accepted"),
    "GetLocalListVersion": _says(versionNumber=0),
    "SetNetworkProfile": _says(status="Rejected"),
    "SetChargingProfile": _says(status="Rejected"),
    "GetChargingProfiles": _says(status="NoProfiles"),
    "ClearChargingProfile": _says(status="Unknown"),
    "GetCompositeSchedule": _says(status="Rejected"),
    "UpdateFirmware": _says(status="Rejected"),
    "GetLog": _says(status="Rejected"),
    "CustomerInformation": _says(status="Rejected"),
    "InstallCertificate": _says(status="Rejected"),
    "DeleteCertificate": _says(status="NotFound"),
    "GetInstalledCertificateIds": _says(status="NotFound"),
    "CertificateSigned": _says(status="Rejected"),
    "DataTransfer": _says(status="UnknownVendorId"),
}
"""What a station answers of which nothing is wanted: a CSMS may ask for more than its operator has let it."""


class CallDue:
    """The call of ``action`` that is due. ``unlike`` says how one differs from it, ``answer`` what it is answered."""

    def __init__(self, action: str, unlike: Callable[[Any], str], answer: Callable[[Any], Any]) -> None:
        self.action = action
        self._unlike, self._answer = unlike, answer
        self._others: list[str] = []
        self._came: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def meets(self, action: str, request: Any) -> bool:
        """Whether it is this call that is due; how another one of the same action differs is remembered."""
        if action != self.action or self._came.done():
            return False
        why = self._unlike(request)
        if why:
            self._others.append(why)
        return not why

    def take(self, request: Any) -> Reply[Any]:
        """Answer it; once the answer is on its way, it has come."""
        try:
            answer = self._answer(request)
        except CallError:
            self._come()
            raise

        async def come() -> None:
            self._come()

        return AndThen(answer, come)

    def _come(self) -> None:
        if not self._came.done():
            self._came.set_result(None)

    async def after(
        self, set_off: Callable[[], Awaitable[None]], clock: Clock, patience: float, *, by_itself: bool
    ) -> None:
        """``set_off`` the call, and wait for it ``patience`` seconds.

        Raises Unlike where it comes otherwise than it has to, or not at all though the CSMS has to send it
        ``by_itself``; PeerError where nothing comes that its operator was to let it send.
        """
        await set_off()
        try:
            async with clock.timeout(0 if self._others else patience):
                await self._came
        except TimeoutError:
            if self._others:
                raise Unlike(f"{self.action} came, but {self._others[-1]}.") from None
            text = f"The CSMS did not send {self.action} within {patience:g} s."
            raise Unlike(text) if by_itself else PeerError(text, kind="silent") from None
