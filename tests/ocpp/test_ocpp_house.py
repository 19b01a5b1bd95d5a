"""What the OCPP rooms may import, and that their tables hold together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pncsim.backend.csms.authorization import CANCELLED, TOKEN_OF_CERTIFICATE
from pncsim.backend.csms.handlers import ANSWERS as CSMS_HANDLES
from pncsim.secc.station import registration
from pncsim.secc.station.blocks import BLOCKS
from pncsim.wire.ocpp import schema
from pncsim.wire.ocpp.versions import V201, Side

ROOT = Path(__file__).resolve().parents[2]


def test_a_memory_run_imports_no_sockets_and_no_foreign_session() -> None:
    script = (
        "import sys; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "import ocpp_lab, asyncio\n"
        "async def main():\n"
        "    lab = ocpp_lab.Lab()\n"
        "    async with ocpp_lab.running(lab.station()) as station:\n"
        "        await station.wait_ready()\n"
        "ocpp_lab.virtual(main)()\n"
        "heavy = {'aiohttp', 'ocpp.v201', 'ocpp.charge_point', 'OpenSSL', 'pydantic', 'jsonschema'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(ROOT), str(ROOT / "tests" / "ocpp")], capture_output=True, text=True
    )
    assert done.stdout == "[]\n", done.stderr


def test_handled_actions_are_ocpps() -> None:
    station = [action for block in BLOCKS for action, _ in block.handlers]
    assert set(CSMS_HANDLES) <= V201.actions and set(station) <= V201.actions
    assert len(station) == len(set(station)), "two blocks answer the same action"
    assert len(V201.actions) == 64


def test_every_schema_compiles_and_maps_to_a_callerror() -> None:
    for action in V201.actions:
        kinds: tuple[Side, ...] = ("Request", "Response")
        for kind in kinds:
            wrong = schema.violation(V201, action, kind, {"not in any schema": 1})
            assert wrong is not None and wrong.code in V201.codes


def test_the_boot_table_is_closed_and_every_state_is_reachable() -> None:
    assert set(registration.TABLE) == set(registration.MEANING)
    reached: set[registration.Registration] = {"Offline"}
    while True:
        more = {state for start in reached for state in registration.TABLE[start].values()} - reached
        if not more:
            break
        reached |= more
    assert reached == set(registration.TABLE)
    # From everywhere a closed connection leads to a state without one.
    assert {registration.follow(state, "closed") for state in registration.TABLE} == {"Offline", "Away"}


def test_the_coupling_of_statuses_has_a_row_for_each_certificate_fault() -> None:
    enum = {"SignatureError", "CertificateExpired", "CertificateRevoked", "NoCertificateAvailable", "CertChainError"}
    assert set(TOKEN_OF_CERTIFICATE) == enum
    assert "Accepted" not in CANCELLED
