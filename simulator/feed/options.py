"""Which broker, as a person names it: an address, and with TLS what is trusted and what is shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Struct

from pncsim.simulator.parameters import Reads, Shown
from pncsim.wire.errors import LocalError
from pncsim.wire.urls import opened, without_password
from pncsim.wire.values import Discreet

PORTS = {"mqtt": 1883, "mqtts": 8883}
PASSWORD = "PNC_MQTT_PASSWORD"
"""The environment variable of a password that is not to stand in a list of processes."""


def broker_address(text: str) -> str:
    """Where a broker is, and below which topic. Raises ValueError, without a password that stands in ``text``."""
    shown = without_password(text)
    try:
        parts = urlsplit(opened(text).url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"{shown!r} names no host, or a port that is none") from None
    if parts.scheme not in PORTS:
        raise ValueError("a broker's address must begin with mqtt:// (or mqtts:// for TLS)")
    if not host or port == 0:
        raise ValueError(f"{shown!r} names no host, or a port that is none")
    if parts.query or parts.fragment or set(parts.path) & set("+$") or "//" in parts.path:
        raise ValueError(f"{shown!r} names no topic: levels between single slashes, without + # $ ?")
    return text


class FeedOptions(Discreet, Struct, frozen=True, kw_only=True):
    """Where events are published, if anywhere."""

    _hidden = ("mqtt",)

    mqtt: Annotated[
        str | None,
        "publish every event at this broker and take commands there (docs/feed.md): mqtt://HOST[:PORT][/TOPIC],"
        " or mqtts:// for TLS; a user's password is read from PNC_MQTT_PASSWORD",
        Reads(broker_address),
        Shown("URL"),
    ] = None
    mqtt_ca: Annotated[
        Path | None, "root of the broker's certificate at mqtts:// (default: those of the system)", Shown("PEM")
    ] = None
    mqtt_certificate: Annotated[
        Path | None, "certificate and key to show a broker at mqtts:// (PEM)", Shown("FILE")
    ] = None


class Broker(Discreet, Struct, frozen=True, kw_only=True):
    """A broker's address, taken apart. ``topic``: what all topics begin with. ``secured``: by TLS."""

    _hidden = ("password",)

    host: str
    port: int
    topic: str
    secured: bool = False
    user: str | None = None
    password: str | None = None
    ca: Path | None = None
    certificate: Path | None = None

    @property
    def name(self) -> str:
        """The broker as people are told of it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.secured else 'mqtt'}://{host}:{self.port}"


def broker_of(options: FeedOptions, side: str) -> Broker:
    """The broker of ``options``; ``side`` names the topic where they do not. Raises LocalError."""
    assert options.mqtt is not None
    url, user, password = opened(options.mqtt)
    parts = urlsplit(url)
    assert parts.hostname is not None
    secured = parts.scheme == "mqtts"
    if not secured and (options.mqtt_ca or options.mqtt_certificate):
        raise LocalError(
            "--mqtt-ca and --mqtt-certificate are for TLS: the broker's address begins with mqtts:// then."
        )
    return Broker(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        topic=parts.path.strip("/") or f"pncsim/{side}",
        secured=secured,
        user=user,
        password=os.environ.get(PASSWORD) if password is None else password,
        ca=options.mqtt_ca,
        certificate=options.mqtt_certificate,
    )
