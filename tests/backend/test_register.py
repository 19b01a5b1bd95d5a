"""The stations a CSMS knows: identities, passwords as salted hashes, and what their last boot was answered."""

from __future__ import annotations

import pytest

from pncsim.backend.csms.register import STATIONS, Register
from pncsim.backend.store import MemoryStore
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Seeded

PASSWORD, OTHER = "a password of length", "another one of length"


async def test_a_station_is_let_in_with_its_own_password_only() -> None:
    register = Register(MemoryStore())
    await register.add("CS001", PASSWORD)
    assert await register.check("CS001", "CS001", PASSWORD) == "welcome"
    assert await register.check("CS001", "CS001", OTHER) == "unauthorized"
    assert await register.check("CS001", "CS002", PASSWORD) == "unauthorized"
    assert await register.check("CS001", None, None) == "unauthorized"
    assert await register.check("CS002", "CS002", PASSWORD) == "unknown"


async def test_a_drawn_password_is_checked_as_strictly_and_a_given_one_replaces_it() -> None:
    store, drawn = MemoryStore(), Seeded(1).token(24)
    register = Register(store)
    await register.add("CS001", drawn, drawn=True)
    assert await register.check("CS001", "CS001", drawn) == "welcome"
    assert await register.check("CS001", "CS001", OTHER) == "unauthorized"
    [kept] = (await store.of(STATIONS).page()).values
    assert drawn.encode() not in kept.salt + kept.digest
    await register.change("CS001", OTHER)
    assert await register.check("CS001", "CS001", OTHER) == "welcome"
    assert await register.check("CS001", "CS001", drawn) == "unauthorized"


@pytest.mark.parametrize("drawn", [True, False])
async def test_a_password_with_a_nul_behind_it_is_another_password(drawn: bool) -> None:
    register = Register(MemoryStore())
    await register.add("CS001", PASSWORD, drawn=drawn)
    for wrong in (PASSWORD + "\0", PASSWORD + "\0" * 20, "\0" + PASSWORD, PASSWORD + " "):
        assert await register.check("CS001", "CS001", wrong) == "unauthorized"
    await register.change("CS001", PASSWORD + "\0")
    assert await register.check("CS001", "CS001", PASSWORD) == "unauthorized"


async def test_what_a_boot_was_answered_outlives_connection_and_process() -> None:
    store = MemoryStore()
    register = Register(store)
    await register.add("CS001", PASSWORD)
    await register.booted("CS001", "Pending")
    await register.change("CS001", OTHER)
    found = await Register(store).find("CS001")
    assert found is not None and found.registration == "Pending"
    assert await Register(store).check("CS001", "CS001", OTHER) == "welcome"


async def test_a_boot_registers_nobody() -> None:
    register = Register(MemoryStore())
    await register.booted("CS666", "Accepted")
    assert await register.check("CS666", None, None) == "unknown"


async def test_no_password_is_kept_and_equal_ones_do_not_show() -> None:
    store = MemoryStore()
    register = Register(store, Seeded(1))
    await register.add("CS001", PASSWORD)
    await register.add("CS002", PASSWORD)
    one, two = (await store.of(STATIONS).page()).values
    assert PASSWORD.encode() not in one.salt + one.digest
    assert one.digest != two.digest


@pytest.mark.parametrize(("identity", "password"), [("", None), ("x" * 49, None), ("a:b", None), ("CS001", "short")])
async def test_what_cannot_be_an_identity_or_a_password_is_refused(identity: str, password: str | None) -> None:
    with pytest.raises(LocalError):
        await Register(MemoryStore()).add(identity, password)
