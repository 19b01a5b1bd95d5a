"""What a dashboard that has attached can ask of services."""

from __future__ import annotations

from pathlib import Path

import pytest
from serving_world import options

from pncsim.simulator.attach.steering import ONLY_WATCHED, steering_of
from pncsim.simulator.dashboard.lab_commands import command_on, hello_of
from pncsim.simulator.serving import served
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace


async def test_certificates_are_asked_about_revoked_and_renewed_and_time_moves_where_it_may(tmp_path: Path) -> None:
    commands = steering_of("serve-ecosystem").commands
    async with served(options(tmp_path, test_controls=True), Clock(), Trace()) as house:

        async def done(name: str, **arguments: str) -> str:
            return str(await command_on(house, name, arguments, commands))

        assert (await done("ocsp-status")).endswith("contract_leaf: good.")
        assert "superseded" in await done("revoke", reason="superseded")
        assert (await done("ocsp-status")).endswith("contract_leaf: revoked.")
        assert "renewed" in await done("renew-authorities")
        with pytest.raises(LocalError, match="Did you mean mo_sub2"):
            await done("revoke", whose="mo_sub")
        assert "UTC here" in await done("move-clock", hours="2")
        house.clock = None
        with pytest.raises(LocalError, match="--test-controls"):
            await done("move-clock")


def test_what_is_served_says_what_it_understands() -> None:
    assert set(hello_of("serve", "1", steering_of("serve-pools").commands).fields) == {"move-clock"}
    assert steering_of("serve-operator") is ONLY_WATCHED
