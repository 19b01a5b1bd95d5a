#!/usr/bin/env bash
# PyPI pyslac 0.8.3, CM_SLAC_MATCH.REQ and .CNF.
# Sure beforehand: MVFLength (0x3E in the request, 0x56 in the confirmation; little-endian, as all of HomePlug) is
# written and read alike, so what the package packs it reads back.
# What happens: the confirmation is written little-endian and read big-endian (86 comes back as 22016), the request is
# written AND read big-endian (62 stands on the wire as 00 3e, where vehicles send 3e 00, read as 15872). Nothing
# compares the field, so stations work with it; who builds vehicles' requests with this class sends a wrong length.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q pyslac==0.8.3 environs==9.5.0 marshmallow==3.26.2 2>pip.log || { cat pip.log; exit 1; }
venv/bin/python - <<'PY'
import sys

from pyslac.messages import MatchCnf, MatchReq

header = bytes(19)  # Ethernet 14 and HomePlug 5 octets, which from_bytes skips
vehicle, station, run_id = bytes.fromhex("020000000001"), bytes.fromhex("020000000002"), bytes.fromhex("1122334455667788")
ids = bytes(17) + vehicle + bytes(17) + station + run_id + bytes(8)
read_request = MatchReq.from_bytes(header + bytes.fromhex("0000" "3e00") + ids).mvf_length
written_request = bytes(MatchReq(pev_mac=vehicle, evse_mac=station, run_id=run_id).pack_big())[2:4].hex()
confirmation = bytes(MatchCnf(pev_mac=vehicle, evse_mac=station, run_id=run_id, nid=bytes(7), nmk=bytes(16)).pack_big())
read_confirmation = MatchCnf.from_bytes(header + confirmation).mvf_length
print(f"request: a vehicle's 3e00 is read as {read_request}, own one written as {written_request}; "
      f"confirmation: written as {confirmation[2:4].hex()}, read back as {read_confirmation}")
if (read_request, written_request, confirmation[2:4].hex(), read_confirmation) != (15872, "003e", "5600", 22016):
    sys.exit("CHANGED: pyslac reads and writes MVFLength otherwise now")
PY
