#!/usr/bin/env bash
# PyPI ocpp 2.1.0 (ocpp.v21), npm ocpp-rpc 2.2.1 (protocols: ["ocpp2.1"]) and npm typed-ocpp 1.6.2 (OCPP21).
# Sure beforehand: what offers OCPP 2.1 reads its two new message types: 6, SEND, a message that is not answered
# (NotifyPeriodicEventStream, whose schema all three have), and 5, CALLRESULTERROR, by which a bad answer is complained of.
# What happens: none reads either. ocpp passes over both without a word, the handler of that action is never called;
# ocpp-rpc answers both, which nobody may, with a CALLERROR for the message "-1", MessageTypeNotSupported; typed-ocpp
# says they are invalid, and that the same payload in a CALL, which OCPP 2.1 has no answer to, is valid. So a station's
# event streams go nowhere here, and at ocpp-rpc each sample of one draws an error that belongs to no request.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q ocpp==2.1.0 2>pip.log || { cat pip.log; exit 1; }
npm install --silent --no-audit --no-fund --ignore-scripts ocpp-rpc@2.2.1 typed-ocpp@1.6.2 ws@8.23.0 >npm.log 2>&1 || { cat npm.log; exit 1; }
stream='{"id":1,"pending":0,"basetime":"2026-11-29T12:00:00Z","data":[{"t":0,"v":"21.4"}]}'
cat >messages.json <<JSON
{"SEND": [6, "s1", "NotifyPeriodicEventStream", $stream], "CALLRESULTERROR": [5, "c1", "InternalError", "", {}],
 "the same as CALL": [2, "c2", "NotifyPeriodicEventStream", $stream]}
JSON
cat >read.py <<'PY'
import asyncio
import json
import logging
import pathlib

from ocpp.routing import on
from ocpp.v21 import ChargePoint

logging.disable()


class Csms(ChargePoint):
    handled = False

    @on("NotifyPeriodicEventStream")
    async def stream(self, **payload):
        self.handled = True


class Socket:
    sent = None

    async def send(self, text):
        self.sent = json.loads(text)


for name, message in json.loads(pathlib.Path("messages.json").read_text()).items():
    if not name.startswith("the"):
        csms = Csms("CS1", socket := Socket())
        asyncio.run(csms.route_message(json.dumps(message)))
        print(f"ocpp, {name}: handled {csms.handled}, answer {socket.sent}")
PY
cat >read.mjs <<'JS'
import { once } from "node:events";
import { readFileSync } from "node:fs";
import ocppRpc from "ocpp-rpc";
import { OCPP21 } from "typed-ocpp";
import WebSocket from "ws";

const messages = Object.entries(JSON.parse(readFileSync("messages.json")));
for (const [name, message] of messages) console.log(`typed-ocpp, ${name}: valid ${OCPP21.validate(message)}`);

const csms = new ocppRpc.RPCServer({ protocols: ["ocpp2.1"], strictMode: false });
let handled = false;
csms.auth((accept) => accept());
csms.on("client", (client) => client.handle(() => ((handled = true), {})));
const listening = await csms.listen(0, "127.0.0.1");
const station = new WebSocket(`ws://127.0.0.1:${listening.address().port}/CS1`, ["ocpp2.1"]);
await once(station, "open");
for (const [name, message] of messages.slice(0, 2)) {
  station.send(JSON.stringify(message));
  const [answer] = await once(station, "message");
  console.log(`ocpp-rpc, ${name}: handled ${handled}, answer ${answer}`);
}
process.exit(0);
JS
seen=$(venv/bin/python read.py 2>/dev/null; timeout 30 node read.mjs)
echo "$seen"
kept='ocpp, SEND: handled False, answer None
ocpp, CALLRESULTERROR: handled False, answer None
typed-ocpp, SEND: valid false
typed-ocpp, CALLRESULTERROR: valid false
typed-ocpp, the same as CALL: valid true
ocpp-rpc, SEND: handled false, answer [4,"-1","MessageTypeNotSupported","Unrecognised message type",{}]
ocpp-rpc, CALLRESULTERROR: handled false, answer [4,"-1","MessageTypeNotSupported","Unrecognised message type",{}]'
[ "$seen" = "$kept" ] || { echo "CHANGED: who reads OCPP 2.1's message types 5 and 6"; exit 1; }
