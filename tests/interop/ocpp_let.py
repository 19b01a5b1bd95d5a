"""Let the CSMS of ocpp_csms.py send something: ``--csms-command "python tests/interop/ocpp_let.py PORT"``.

python tests/interop/ocpp_let.py PORT STATION ACTION PAYLOAD
"""

from __future__ import annotations

import sys
import urllib.request

if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    _, port, station, action, payload = sys.argv
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/let/{station}/{action}", payload.encode(), method="POST")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        print(answer.read().decode())
