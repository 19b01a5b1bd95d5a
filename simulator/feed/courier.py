"""Brings what a feed says to a broker and what comes from there to somebody, in a thread and on a loop of its own.

The run waits for nobody: its loop may be of virtual time, and a broker may be slow or gone. What the libraries keep to
themselves is watched here: aiomqtt does not tell whom a PUBACK refuses, and forgets what was underway when a
connection is lost.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import ssl
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from aiomqtt import Client, MqttCodeError, MqttError, ProtocolVersion, Will
from paho.mqtt.reasoncodes import ReasonCode

from pncsim.simulator.feed.options import Broker
from pncsim.simulator.feed.told import Publication
from pncsim.wire.errors import LocalError

WINDOW = 50
"""Messages that are underway at once. Mosquitto lets 20 be in flight, paho holds the rest. Who waits for the last of
some before the next are sent waits 40 ms for it, as TCP acknowledges."""
AGAIN = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts to reach a broker that is gone; the last one from then on."""

LOG = logging.getLogger("pncsim.mqtt")
"""Where the libraries write: nowhere, unless somebody asks for it."""
LOG.addHandler(logging.NullHandler())
LOG.propagate = False


class Courier:
    """Carries what ``take(most)`` gives, in order, at least once; ``carried(number)`` is told of what has arrived.

    ``afresh()`` is called where a connection begins: what was taken and has not arrived is to be given again.
    ``status(lost)`` makes the retained message that is said after each connection, where it has changed, and at the
    end; with ``lost`` the one that the broker says of who has gone without a word. ``heard(payload)`` is awaited with
    each message at ``orders``; it may answer a message to be published. ``name``: the client's, at the broker.
    """

    def __init__(
        self,
        broker: Broker,
        name: str,
        *,
        take: Callable[[int], list[tuple[int, Publication]]],
        carried: Callable[[int], None],
        afresh: Callable[[], None],
        status: Callable[[bool], Publication],
        orders: str,
        heard: Callable[[bytes], Awaitable[Publication | None]],
    ) -> None:
        self._broker, self._name = broker, name
        self._take, self._carried, self._afresh = take, carried, afresh
        self._status = status
        self._orders, self._heard = orders, heard
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._ending = self._reached = self._changed = False
        self._main: asyncio.Task[None] | None = None
        self._refused: set[str] = set()
        self._thread = threading.Thread(target=self._life, name="mqtt", daemon=True)
        self._first: Future[None] = Future()

    # Called from elsewhere

    def start(self) -> None:
        """Connect. Raises LocalError where that cannot be done."""
        self._tls = _tls(self._broker)
        self._thread.start()
        self._first.result()

    def announce(self) -> None:
        """The status has changed."""
        self._changed = True
        self.wake()

    def wake(self) -> None:
        """There is something to take."""
        if self._loop is not None and self._wake is not None:
            with suppress(RuntimeError):  # the loop is closed: who is over takes nothing
                self._loop.call_soon_threadsafe(self._wake.set)

    def finish(self) -> None:
        """End once all has been carried."""
        self._ending = True
        self.wake()

    def over(self, seconds: float) -> bool:
        """Whether it has ended by then."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """End now, whatever has not been carried."""
        if self._loop is not None and self._main is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(1)

    # On its own loop

    def _life(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        self._main = asyncio.current_task()
        attempt = 0
        while True:
            try:
                async with self._client() as client:
                    attempt = 0
                    await self._connected(client)
                    return
            except (MqttError, OSError) as error:
                if not self._first.done():
                    self._first.set_exception(self._unreachable(error))
                    return
                if self._reached:
                    self._reached = False
                    self._say(
                        f"the broker at {self._broker.name} is gone ({_why(error)}); what happens meanwhile waits."
                    )
            except BaseException as error:
                if not self._first.done():
                    self._first.set_exception(error)
                raise
            await asyncio.sleep(AGAIN[min(attempt, len(AGAIN) - 1)])
            attempt += 1

    def _client(self) -> Client:
        broker, (topic, payload) = self._broker, self._status(True)
        client = Client(
            broker.host,
            broker.port,
            username=broker.user,
            password=broker.password,
            identifier=self._name,
            protocol=ProtocolVersion.V5,
            clean_start=True,
            will=Will(topic, payload, qos=1, retain=True),
            tls_context=self._tls,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            logger=LOG,
        )
        client.pending_calls_threshold = 2 * WINDOW  # what it warns of
        self._watch_refusals(client)
        return client

    async def _connected(self, client: Client) -> None:
        """One connection, until all is carried or it is lost. Raises MqttError."""
        if why := refusal(await client.subscribe(self._orders, qos=1)):
            self._say_once(f"the broker at {self._broker.name} lets nobody command here: {self._orders}: {why}.")
        await self._publish(client, self._status(False), retain=True)
        if not self._first.done():
            self._first.set_result(None)
        elif not self._reached:
            self._say(f"the broker at {self._broker.name} is there again.")
        self._reached = True
        listening = asyncio.create_task(self._listen(client))
        carrying = asyncio.create_task(self._carry(client))
        try:
            await asyncio.wait({listening, carrying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, carrying):
                task.cancel()
            ends = await asyncio.gather(listening, carrying, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end

    async def _carry(self, client: Client) -> None:
        underway: deque[tuple[int, asyncio.Task[None]]] = deque()
        self._afresh()
        try:
            await self._go_on(client, underway)
        finally:
            tasks = [task for _, task in underway]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _go_on(self, client: Client, underway: deque[tuple[int, asyncio.Task[None]]]) -> None:
        assert self._wake is not None
        while True:
            self._wake.clear()
            ending = self._ending
            for number, message in self._take(WINDOW - len(underway)):
                underway.append((number, asyncio.create_task(self._publish(client, message))))
            if underway:
                number, task = underway[0]
                await task
                underway.popleft()
                self._carried(number)
            elif self._changed or ending:
                # Behind what happened before: who hears of a new state has heard what led to it.
                self._changed = False
                await self._publish(client, self._status(False), retain=True)
                if ending:
                    return
            else:
                await self._wake.wait()

    async def _listen(self, client: Client) -> None:
        underway: set[asyncio.Task[None]] = set()
        async for message in client.messages:
            payload = message.payload if isinstance(message.payload, bytes) else b""
            task = asyncio.create_task(self._answer(client, payload))
            underway.add(task)
            task.add_done_callback(underway.discard)

    async def _answer(self, client: Client, payload: bytes) -> None:
        answer = await self._heard(payload)
        if answer is not None:
            # Who has asked, and the broker is gone meanwhile, asks again: the answer is kept.
            with suppress(MqttError):
                await self._publish(client, answer)

    @staticmethod
    async def _publish(client: Client, message: Publication, *, retain: bool = False) -> None:
        topic, payload = message
        await client.publish(topic, payload, qos=1, retain=retain)

    # What the libraries pass over

    def _watch_refusals(self, client: Client) -> None:
        """Say, once for each reason, that the broker refuses what is published."""
        paho = client._client
        acknowledged: Any = paho.on_publish

        def on_publish(paho: Any, data: Any, number: int, reason: Any, properties: Any) -> None:
            if reason.is_failure:
                where = f"what is published below {self._broker.topic}"
                self._say_once(f"the broker at {self._broker.name} refuses {where}: {reason}.")
            acknowledged(paho, data, number, reason, properties)

        paho.on_publish = on_publish

    def _unreachable(self, error: Exception) -> LocalError:
        advice = "Is it running, and does it let this user in?"
        if isinstance(error, MqttCodeError):
            advice = f"Give its user and password: mqtt://USER@HOST and PNC_MQTT_PASSWORD. {advice}"
        return LocalError(f"The MQTT broker at {self._broker.name} cannot be used: {_why(error)}.", advice=advice)

    def _say_once(self, what: str) -> None:
        if what not in self._refused:
            self._refused.add(what)
            self._say(what)

    @staticmethod
    def _say(what: str) -> None:
        with suppress(OSError):  # nobody reads
            print(f"pnc: {what[0].upper()}{what[1:]}", file=sys.stderr, flush=True)


def refusal(answered: Sequence[object]) -> str:
    """Why a subscription was not granted, as a SUBACK says it (MQTT 5, 3.9.3); empty where it was."""
    return next((str(code) for code in answered if isinstance(code, ReasonCode) and code.is_failure), "")


def _why(error: Exception) -> str:
    """What the libraries say, without the numbers that they put in front."""
    return re.sub(r"^\[(Errno -?\d+|code:\d+)\] ", "", str(error)).removesuffix(".") or type(error).__name__


def _tls(broker: Broker) -> ssl.SSLContext | None:
    """What is trusted and shown at a broker with TLS. Raises LocalError."""
    if not broker.secured:
        return None
    try:
        context = ssl.create_default_context(cafile=broker.ca)
    except (OSError, ssl.SSLError) as error:
        raise LocalError(f"{broker.ca} is no file of certificates to trust: {_why(error)}.") from error
    if broker.certificate is not None:
        try:
            context.load_cert_chain(broker.certificate)
        except (OSError, ssl.SSLError) as error:
            raise LocalError(f"{broker.certificate} holds no certificate with its key: {_why(error)}.") from error
    return context
