"""The vehicle of the PyPI package iso15118 (Josev), as a case of ``pnc conformance evcc`` wants it.

    python tests/interop/josev_vehicle.py PYTHON LAYOUT INTERFACE ac|dc external|contract [install]

PYTHON has the package, LAYOUT is made by josev_layout.py. This is what ``--ev-command`` names, up to the interface.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

MODES = {"ac": "AC_three_phase_core", "dc": "DC_extended"}


def main(python: str, layout: str, interface: str, energy: str, payment: str, *delivery: str) -> None:
    """Become that vehicle."""
    secured = payment == "contract"
    wishes = {
        "supportedProtocols": ["ISO_15118_2"],
        "energyTransferMode": MODES[energy],
        "useTls": secured,
        "enforceTls": secured,
        "isCertInstallNeeded": "install" in delivery,
        "chargeLoopCycle": 20,
    }
    work = Path(tempfile.mkdtemp(prefix="josev"))
    (work / "evcc.json").write_text(json.dumps(wishes))
    # It reads .env of the folder it is started in.
    os.chdir(work)
    environment = {"PATH": os.environ["PATH"], "HOME": str(work), "NETWORK_INTERFACE": interface}
    os.execve(
        python,
        (python, "-m", "iso15118.evcc.main", str(work / "evcc.json")),
        environment | {"PKI_PATH": f"{layout}/", "LOG_LEVEL": "WARNING"},
    )


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
