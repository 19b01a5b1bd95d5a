#!/usr/bin/env bash
# Debian plc-utils-extra 0.0.6+git20230504.1ba7d5a0-1 (Qualcomm's open-plc-utils), `pev` and `evse`, against tshark 4.0.17.
# Sure beforehand: CM_SET_KEY.CNF, by which a powerline modem takes the key of a SLAC match, has one Result: 0 is success
# and 1 failure, as HomePlug has it for this and other messages, and pyslac 0.8.3 in its comments (it does not look).
# What happens: both programs go on with 1 and end with 0 ("Can't set keys", "Device refused request"), while tshark calls
# the former "Failure" and the latter "Success". So who plays a modem for them answers 1, and who reads a recording takes
# neither value at its word: what follows tells whether the modem has the key.
# Needs root: a veth pair in a network namespace of its own; a few lines of Python play the modem.
set -euo pipefail
version=0.0.6+git20230504.1ba7d5a0-1
if [ -z "${WORK:-}" ]; then  # outside: fetch, then start again without any network but one of our own
  tshark --version 2>/dev/null | grep -q '^TShark.* 4\.0\.17' || { echo "tshark 4.0.17 is not here"; exit 1; }
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
cat >modem.py <<'PY'
import socket
import struct
import sys

name, result, capture = sys.argv[1], bytes([int(sys.argv[2])]), sys.argv[3]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88E1))
link.bind((name, 0))
print("ready", flush=True)
while True:
    frame = link.recv(2000)
    if frame[15:17].hex() == "0860":  # CM_SET_KEY.REQ
        nonces = bytes(4) + frame[20:24]
        body = result + nonces + bytes.fromhex("0400000000")
        answer = (frame[6:12] + bytes.fromhex("00b05200000188e10109600000") + body).ljust(60, b"\0")
        with open(capture, "wb") as file:
            file.write(struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1, 0, 0, 60, 60) + answer)
        link.send(answer)
PY
ip link add pev type veth peer name evse
ip link set pev up
ip link set evse up
seen=
for result in 0 1; do
  for program in pev evse; do
    root/usr/bin/$program -c | sed 's/settle time = 10/settle time = 0/' >$program.ini
    if [ $program = pev ]; then modem=evse; else modem=pev; fi
    python3 modem.py $modem $result set_key.pcap >modem.log &
    until grep -q ready modem.log 2>/dev/null; do sleep 0.1; done
    timeout 4 root/usr/bin/$program -i $program -p $program.ini >$program.log 2>&1 || true
    kill $!
    wait $! 2>/dev/null || true
    rm modem.log
    grep -q '<-- CM_SET_KEY.CNF' $program.log || { cat $program.log; echo "$program got no CM_SET_KEY.CNF"; exit 1; }
    if grep -qE 'Probing|Listening' $program.log; then does="goes on"; else does="ends: $(tail -1 $program.log)"; fi
    reads=$(tshark -r set_key.pcap -O homeplug-av 2>/dev/null | sed -n 's/.*= Result: \([A-Za-z]*\).*/\1/p')
    echo "Result $result, $program: $does; tshark: $reads"
    seen+="$result $program ${does%%:*} $reads;"
  done
done
[ "$seen" = "0 pev ends Success;0 evse ends Success;1 pev goes on Failure;1 evse goes on Failure;" ] || { echo "CHANGED: $seen"; exit 1; }
