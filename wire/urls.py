"""Addresses that carry a user and a password (RFC 3986 3.2.1): as they may be shown, and what they say."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

MASK = "***"

_USER_INFO = re.compile(r"(?<=://)[^\s\"'<>]*@")


def without_password(text: str) -> str:
    """``text`` with user and password of every address in it masked, safe to show.

    Up to the last @ of the address, for in a password that was not escaped stand slashes and @ signs, too.
    """
    return _USER_INFO.sub(f"{MASK}@", text) if "://" in text else text


class Opened(NamedTuple):
    """An address without its user and password, and these; None for what it does not name."""

    url: str
    user: str | None
    password: str | None


def opened(url: str) -> Opened:
    """Take ``url`` apart. Raises ValueError for one that is none; nothing of it is in the error's text."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("the address cannot be read") from None
    info, at, place = parts.netloc.rpartition("@")
    if not at:
        return Opened(url, None, None)
    user, colon, password = info.partition(":")
    return Opened(urlunsplit(parts._replace(netloc=place)), unquote(user), unquote(password) if colon else None)
