#!/usr/bin/env bash
# Debian plc-utils-extra 0.0.6+git20230504.1ba7d5a0-1 (Qualcomm's open-plc-utils), `pev`, against PyPI pyslac 0.8.3.
# Sure beforehand: Qualcomm's own vehicle emulator speaks SLAC as ISO 15118-3 has it: three CM_START_ATTEN_CHAR.IND, ten
# CM_MNBC_SOUND.IND of 71 octets (after the RunID eight reserved and sixteen random ones, as pyslac and scapy lay them
# out), a random RunID.
# What happens: one CM_START_ATTEN_CHAR.IND; ten sounds of 64 octets: after the RunID come 17 octets instead of 24
# (tshark 4.0.17 calls each of them malformed); the RunID is its own MAC and a counter. pyslac matches all the same: it
# slices at fixed places and is content with a shorter random value. So a tool that reads recorded SLAC must not refuse
# short sounds, and a RunID is no unpredictable value.
# Needs root: vehicle and station stand on a veth pair in a network namespace of their own, and a few lines of Python
# play the two powerline modems (they answer CM_SET_KEY.REQ and report an attenuation for each sound).
set -euo pipefail
version=0.0.6+git20230504.1ba7d5a0-1
if [ -z "${WORK:-}" ]; then  # outside: fetch, then start again without any network but one of our own
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
  (
    cd "$WORK"
    apt-get -qq download "plc-utils-extra=$version" 2>apt.log || { cat apt.log; echo "plc-utils $version is not to be had"; exit 1; }
    dpkg -x ./*.deb root
    python3 -m venv venv
    venv/bin/pip install -q pyslac==0.8.3 environs==9.5.0 marshmallow==3.26.2 2>pip.log || { cat pip.log; exit 1; }
  )
  WORK=$WORK unshare --net bash "$0" "$@"
  exit
fi
cd "$WORK"
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

cat >modems.py <<'PY'
import socket
import sys

vehicle, station = (bytes.fromhex(mac.replace(":", "")) for mac in sys.argv[1:3])
modem = bytes.fromhex("00b052000001")
ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
ear.bind(("evse", 0))
mouth = {}
for name, mac in (("pev", station), ("evse", vehicle)):  # what is sent into one end arrives at the other
    mouth[mac] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    mouth[mac].bind((name, 0))


def send(to: bytes, kind: str, body: bytes) -> None:
    mouth[to].send((to + modem + bytes.fromhex("88e101" + kind + "0000") + body).ljust(60, b"\0"))


print("ready", flush=True)
while True:
    frame = ear.recv(2000)
    if frame[12:14] != b"\x88\xe1" or frame[6:12] == modem:
        continue
    print(frame.hex(), flush=True)
    kind = frame[15:17].hex()
    if kind == "7660":  # CM_MNBC_SOUND.IND -> CM_ATTEN_PROFILE.IND, 58 groups
        send(station, "8660", frame[6:12] + bytes([58, 0]) + bytes(58 * [20]))
    if kind == "0860":  # CM_SET_KEY.REQ -> CM_SET_KEY.CNF
        send(frame[6:12], "0960", bytes.fromhex("0100000000") + frame[20:24] + bytes.fromhex("0400000000"))
PY
cat >station.py <<'PY'
import asyncio

from pyslac.environment import Config
from pyslac.session import SlacEvseSession


async def match() -> None:
    config = Config()
    config.load_envs()
    session = SlacEvseSession("DE*ABC*E1", "evse", config)
    session.nmk, session.nid = bytes(16), bytes(7)
    await session.evse_slac_parm()
    await session.cm_start_atten_charac()
    await session.cm_sounds_loop()
    await session.cm_atten_char()
    await session.cm_slac_match()


asyncio.run(asyncio.wait_for(match(), 15))
print("matched")
PY

ip link add pev type veth peer name evse
ip link set pev up
ip link set evse up
mac() { ip -br link show "$1" | awk '{print $3}'; }
python3 modems.py "$(mac pev)" "$(mac evse)" >frames &
until grep -q ready frames 2>/dev/null; do sleep 0.1; done
root/usr/bin/pev -c | sed 's/settle time = 10/settle time = 0/' >pev.ini
venv/bin/python station.py >station.log 2>&1 &
station=$!
sleep 2
timeout 10 root/usr/bin/pev -i pev -p pev.ini >pev.log 2>&1 || true
wait $station || true

python3 - "$(mac pev)" <<'PY'
import sys

frames = [bytes.fromhex(line) for line in open("frames") if line != "ready\n"]
of = lambda kind: [frame for frame in frames if frame[15:17].hex() == kind]
starts, sounds = of("6a60"), of("7660")
run_id = sounds[0][39:47].hex() if sounds else ""
lengths = sorted({len(frame) for frame in sounds})
matched = "matched" in open("station.log").read()
print(f"CM_START_ATTEN_CHAR.IND: {len(starts)}; CM_MNBC_SOUND.IND: {len(sounds)} of {lengths} octets; RunID {run_id}; matched: {matched}")
own = sys.argv[1].replace(":", "")
if (len(starts), len(sounds), lengths, run_id, matched) != (1, 10, [64], own + "0001", True):
    sys.exit("CHANGED: pev no longer sends one start and ten short sounds, or pyslac no longer matches with it")
PY
