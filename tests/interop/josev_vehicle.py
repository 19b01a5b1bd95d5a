"""The vehicle of the PyPI package iso15118 (Josev), as a case of ``pnc conformance evcc`` wants it.

    python tests/interop/josev_vehicle.py PYTHON LAYOUT INTERFACE ac|dc external|contract [install]

PYTHON has the package, LAYOUT is made by josev_layout.py. This is what ``--ev-command`` names, up to the interface.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

MODES = {"ac": "AC_three_phase_core", "dc": "DC_extended"}


def main(python: str, layout: str, interface: str, energy: str, payment: str, *delivery: str) -> int:
    """Be that vehicle, in a folder that goes with it; its exit code."""
    secured = payment == "contract"
    wishes = {
        "supportedProtocols": ["ISO_15118_2"],
        "energyTransferMode": MODES[energy],
        "useTls": secured,
        "enforceTls": secured,
        "isCertInstallNeeded": "install" in delivery,
        "chargeLoopCycle": 20,
    }
    with tempfile.TemporaryDirectory(prefix="josev") as work:
        config = Path(work) / "evcc.json"
        config.write_text(json.dumps(wishes))
        environment = {"PATH": os.environ["PATH"], "HOME": work, "NETWORK_INTERFACE": interface}
        # It reads .env of the folder it is started in.
        return subprocess.run(
            (python, "-m", "iso15118.evcc.main", str(config)),
            cwd=work,
            env=environment | {"PKI_PATH": f"{layout}/", "LOG_LEVEL": "WARNING"},
            check=False,
        ).returncode


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    # The vehicle is ended then, and its folder goes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(*sys.argv[1:]))
