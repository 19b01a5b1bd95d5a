"""Plain data: copies with other values, and what ``repr`` must not show."""

from __future__ import annotations

import pytest
from msgspec import Struct

from pncsim.wire.credentials import Credentials, KeySigner
from pncsim.wire.source import SYSTEM
from pncsim.wire.values import Discreet, replace


class Safe(Discreet, Struct, frozen=True):
    """Something with a secret in it."""

    _hidden = ("combination",)

    place: str
    combination: int = 4711


def test_what_is_discreet_shows_everything_but_its_secrets() -> None:
    assert repr(Safe("cellar")) == "Safe(place='cellar')"
    assert repr([Safe("cellar")]) == "[Safe(place='cellar')]"
    assert "4711" not in str(Safe("cellar"))


def test_what_is_discreet_is_plain_data_all_the_same() -> None:
    moved = replace(Safe("cellar", 1234), place="attic")
    assert moved == Safe("attic", 1234) != Safe("attic")
    with pytest.raises(AttributeError):
        moved.place = "roof"  # type: ignore[misc]


def test_credentials_and_signers_show_no_key() -> None:
    key = SYSTEM.key()
    for shown in repr(Credentials((), key)), repr(KeySigner(key)):
        assert "key" not in shown.lower().replace("keysigner", "")
