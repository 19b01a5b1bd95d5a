#!/usr/bin/env bash
# Debian plc-utils-extra 0.0.6+git20230504.1ba7d5a0-1 (Qualcomm's open-plc-utils), `evse -K`.
# Sure beforehand: CM_ATTEN_CHAR.IND of a station that heard 58 groups carries 58 values: 129 octets, which is what
# pyslac sends.
# What happens: the frame has 326 octets. NumGroups says 58, but all 255 places of the program's own array are sent, the
# last 197 zero. A reader must go by NumGroups, never by the frame's length.
# Needs root: a veth pair in a network namespace of its own; Python plays the vehicle and its modem, as ISO 15118-3 says.
set -euo pipefail
version=0.0.6+git20230504.1ba7d5a0-1
if [ -z "${WORK:-}" ]; then  # outside: fetch, then start again without any network but one of our own
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
  (
    cd "$WORK"
    apt-get -qq download "plc-utils-extra=$version" 2>apt.log || { cat apt.log; echo "plc-utils $version is not to be had"; exit 1; }
    dpkg -x ./*.deb root
  )
  WORK=$WORK unshare --net bash "$0" "$@"
  exit
fi
cd "$WORK"
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
ip link add pev type veth peer name evse
ip link set pev up
ip link set evse up
root/usr/bin/evse -c >evse.ini
timeout 10 root/usr/bin/evse -i evse -K -l -p evse.ini >evse.log 2>&1 &
sleep 1
python3 - "$(ip -br link show pev | awk '{print $3}')" "$(ip -br link show evse | awk '{print $3}')" <<'PY' || { cat evse.log; exit 1; }
import socket
import sys
import time

vehicle, station = (bytes.fromhex(mac.replace(":", "")) for mac in sys.argv[1:3])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88E1))
link.bind(("pev", 0))
link.settimeout(5)
run_id = bytes.fromhex("1122334455667788")


def send(to: bytes, source: bytes, kind: str, body: bytes) -> None:
    link.send((to + source + bytes.fromhex("88e101" + kind + "0000") + body).ljust(60, b"\0"))


def receive(kind: str) -> bytes:
    while True:
        frame = link.recv(2000)
        if frame[15:17].hex() == kind:
            return frame


everyone = b"\xff" * 6
send(everyone, vehicle, "6460", bytes(2) + run_id)
receive("6560")
for _ in range(3):
    send(everyone, vehicle, "6a60", bytes([0, 0, 10, 6, 1]) + vehicle + run_id)
for left in reversed(range(10)):
    time.sleep(0.02)
    send(everyone, vehicle, "7660", bytes(19) + bytes([left]) + run_id + bytes(8) + bytes(range(16)))
    send(station, bytes.fromhex("00b052000001"), "8660", vehicle + bytes([58, 0]) + bytes(58 * [20]))
frame = receive("6e60")
groups, values = frame[70], frame[71:]
filled = len(values.rstrip(bytes(1)))
print(f"CM_ATTEN_CHAR.IND: {len(frame)} octets, NumGroups {groups}, {len(values)} values, {filled} of them not zero")
if (len(frame), groups, filled) != (326, 58, 58):
    sys.exit("CHANGED: evse no longer sends 255 places for 58 groups")
PY
