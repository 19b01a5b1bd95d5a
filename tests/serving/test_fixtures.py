"""`--fixtures FILE`: a known state at each start and after each reset, or a sentence about what of it cannot be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from serving_world import admin, options, token_for

from pncsim.simulator.serving.standing import served
from pncsim.tls_certs.pki import create_pki, load_pki, write_pki
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Trace

PCID = "PNCSIMVEHICLE00007"
EMAID = "DEPNCC000000017"
KNOWN = {
    "clients": [{"id": "acme", "role": "OEM", "wmi": ["ACM"], "secret": "an agreed secret"}],
    "roots": [{"type": "OEM", "file": "other/oem_root.pem"}],
    "vehicles": [{"pcid": "PNCSIMVEHICLE00001"}, {"pcid": PCID}],
    "contracts": [{"emaid": EMAID, "pcid": PCID, "driver": "Ada"}],
}


def written(folder: Path, what: object = KNOWN) -> Path:
    file = folder / "fixtures.json"
    file.write_text(json.dumps(what) if not isinstance(what, str) else what)
    return file


async def test_what_the_file_names_is_there_at_each_start_and_after_a_reset(tmp_path: Path) -> None:
    clock, data = Clock(), tmp_path / "data"
    write_pki(create_pki(clock.now()), tmp_path / "other")
    given = options(data, fixtures=written(tmp_path), test_controls=True)
    async with served(given, clock, Trace()) as house:
        assert (await token_for(house, "acme", "an agreed secret"))[0] == 200
        assert len(await house.ecosystem.roots.roots()) == 4
        assert (await house.ecosystem.vehicles.get("PNCSIMVEHICLE00001")).v2g_roots
        made = load_pki(data / "vehicles" / PCID).credentials("oem_leaf")
        assert (await house.ecosystem.vehicles.get(PCID)).leaf == made.leaf
        (contract,) = await house.ecosystem.pool.contracts(PCID)
        assert contract.emaid == EMAID
        await house.ecosystem.vehicles.delete(PCID)
        assert (await admin(house, "POST", "/admin/reset"))[0] == 200
        assert (await house.ecosystem.vehicles.get(PCID)).leaf == made.leaf
        (again,) = await house.ecosystem.pool.contracts(PCID)
        assert again.emaid == EMAID
    async with served(given, clock, Trace()) as house:
        (kept,) = await house.ecosystem.pool.contracts(PCID)
        assert kept.certificate == again.certificate
        assert (await token_for(house, "acme", "an agreed secret"))[0] == 200


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no JSON", "cannot be understood"),
        ({"cars": []}, "unknown field `cars`"),
        ({"vehicles": [{"pcid": "short"}]}, "the vehicle short cannot be had"),
        ({"roots": [{"type": "OEM", "file": "nowhere.pem"}]}, "the root nowhere.pem cannot be had: No such file"),
        ({"contracts": [{"emaid": EMAID, "pcid": PCID}]}, f"the contract {EMAID} cannot be had"),
        ({"clients": [{"id": "x y", "role": "CPO", "secret": "s"}]}, "the client x y cannot be had"),
        ({"clients": [{"id": "x", "role": "KING", "secret": "s"}]}, "Invalid enum value 'KING'"),
    ],
)
async def test_what_cannot_be_had_is_a_sentence(tmp_path: Path, what: object, said: str) -> None:
    with pytest.raises(LocalError) as refused:
        async with served(options(tmp_path / "data", fixtures=written(tmp_path, what)), Clock(), Trace()):
            pass
    assert said in refused.value.sentence and "fixtures.json" in refused.value.sentence


async def test_fixtures_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"fixtures in .*nothing\.json cannot be read"):
        async with served(options(tmp_path, fixtures=tmp_path / "nothing.json"), Clock(), Trace()):
            pass
