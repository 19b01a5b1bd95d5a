"""A charging station made with the package ocpp from PyPI, on a real WebSocket: nothing in it is ours."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar, TypeVar

import aiohttp

Handler = TypeVar("Handler", bound=Callable[..., Any])

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    # To mypy the package is the folder of tests that is called as it is.
    from ocpp import messages, routing, v201  # type: ignore[attr-defined]

call, call_result = v201.call, v201.call_result
messages.ASYNC_VALIDATION = False
on: Callable[[str], Callable[[Handler], Handler]] = routing.on


class Gone(Exception):
    """The connection has ended."""


class Frames:
    """What the package wants of a connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def recv(self) -> str:
        """The next frame. Raises Gone."""
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise Gone
        return str(message.data)

    async def send(self, text: str) -> None:
        """Send a frame."""
        await self._socket.send_str(text)


class ForeignStation(v201.ChargePoint):  # type: ignore[misc]
    """One EVSE, a few variables, and connectors that can be taken out of service."""

    known: ClassVar[dict[tuple[str, str], str]] = {
        ("OCPPCommCtrlr", "OfflineThreshold"): "60",
        ("OCPPCommCtrlr", "HeartbeatInterval"): "300",
        ("AuthCtrlr", "AuthorizeRemoteStart"): "true",
        ("SecurityCtrlr", "SecurityProfile"): "1",
    }
    fixed: ClassVar[set[str]] = {"SecurityProfile"}

    def __init__(self, identity: str, connection: Frames) -> None:
        super().__init__(identity, connection, response_timeout=5)
        self.values = dict(self.known)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.status = "Available"

    def later(self, work: Any) -> None:
        """Do it once the answer is on its way: the package has no other way to call from within a handler."""
        task = asyncio.ensure_future(work)
        self.tasks.add(task)

    async def boots(self, reason: str) -> None:
        """Tell who it is, and how its connector is."""
        plate = {"model": "of ocpp", "vendor_name": "PyPI"}
        await self.call(call.BootNotification(charging_station=plate, reason=reason), suppress=False)
        await self.tells()

    async def tells(self) -> None:
        """StatusNotification."""
        await self.call(
            call.StatusNotification(
                timestamp="2026-01-01T00:00:00Z", connector_status=self.status, evse_id=1, connector_id=1
            ),
            suppress=False,
        )

    def _read(self, item: dict[str, Any]) -> dict[str, Any]:
        component, variable = item["component"]["name"], item["variable"]["name"]
        result = {"component": item["component"], "variable": item["variable"]}
        if "attribute_type" in item:
            result["attribute_type"] = item["attribute_type"]
        if component not in {one for one, _ in self.values}:
            status = "UnknownComponent"
        elif (component, variable) not in self.values:
            status = "UnknownVariable"
        elif item.get("attribute_type", "Actual") != "Actual":
            status = "NotSupportedAttributeType"
        else:
            status = "Accepted"
        return result | {"attribute_status": status}

    @on("GetVariables")
    def read(self, get_variable_data: list[Any], **_: Any) -> Any:
        found = []
        for item in get_variable_data:
            result = self._read(item)
            if result["attribute_status"] == "Accepted":
                result["attribute_value"] = self.values[item["component"]["name"], item["variable"]["name"]]
            found.append(result)
        return call_result.GetVariables(get_variable_result=found)

    @on("SetVariables")
    def write(self, set_variable_data: list[Any], **_: Any) -> Any:
        found = []
        for item in set_variable_data:
            result = self._read(item)
            name, value = item["variable"]["name"], item["attribute_value"]
            if result["attribute_status"] == "Accepted":
                number = self.values[item["component"]["name"], name].isdecimal()
                if name in self.fixed or (number and not value.isdecimal()):
                    result["attribute_status"] = "Rejected"
                else:
                    self.values[item["component"]["name"], name] = value
            found.append(result)
        return call_result.SetVariables(set_variable_result=found)

    @on("Reset")
    def reset(self, type: str, **_: Any) -> Any:
        self.later(self.boots("RemoteReset"))
        return call_result.Reset(status="Accepted")

    @on("TriggerMessage")
    def trigger(self, requested_message: str, **_: Any) -> Any:
        if requested_message != "Heartbeat":
            return call_result.TriggerMessage(status="NotImplemented")
        self.later(self.call(call.Heartbeat(), suppress=False))
        return call_result.TriggerMessage(status="Accepted")

    @on("ChangeAvailability")
    def change(self, operational_status: str, **_: Any) -> Any:
        wanted = "Available" if operational_status == "Operative" else "Unavailable"
        if wanted != self.status:
            self.status = wanted
            self.later(self.tells())
        return call_result.ChangeAvailability(status="Accepted")

    @on("DataTransfer")
    def data(self, **_: Any) -> Any:
        return call_result.DataTransfer(status="UnknownVendorId")

    @on("GetCompositeSchedule")
    def composite(self, evse_id: int, **_: Any) -> Any:
        return call_result.GetCompositeSchedule(status="Rejected" if evse_id == 77 else "Accepted")


@contextlib.asynccontextmanager
async def foreign_station(
    url: str, identity: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[list[ForeignStation]]:
    """A station that comes to ``url`` as soon as somebody listens there, and again whenever it was sent away."""
    there: list[ForeignStation] = []

    async def lives() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    socket = await session.ws_connect(
                        f"{url}/{identity}", protocols=("ocpp2.0.1",), ssl=True if tls is None else tls
                    )
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)
                    continue
                station = ForeignStation(identity, Frames(socket))
                there.append(station)
                with contextlib.suppress(Gone):
                    await station.start()
                await socket.close()
                for task in station.tasks:
                    task.cancel()
                await asyncio.gather(*station.tasks, return_exceptions=True)

    life = asyncio.create_task(lives())
    try:
        yield there
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
