#!/usr/bin/env bash
# PyPI ocpp 2.1.0, handlers of a ChargePoint made from a table.
# Sure beforehand: an attribute of the class that @on("Heartbeat") has decorated handles Heartbeat, whatever the function
# below it was called when it was written.
# What happens: handlers are looked up by the __name__ that the function had when it was decorated, in a list that all
# classes of a process share. One that sits under another name of the class is passed over without a word and the peer is
# told NotImplemented; once any other class has decorated a function called as the attribute is, it handles.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ocpp==2.1.0
cat >handlers.py <<'PY'
import asyncio
import json
import logging

from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result

logging.disable()


def answering(action, answer):
    async def handler(self, **payload):
        return answer

    return on(action)(handler)


HEARTBEAT = call_result.Heartbeat(current_time="2026-11-29T09:00:00Z")
FromTable = type("FromTable", (ChargePoint,), {"on_heartbeat": answering("Heartbeat", HEARTBEAT)})


class Socket:
    async def send(self, text):
        self.sent = json.loads(text)


async def asked():
    socket = Socket()
    await FromTable("CS1", socket).route_message('[2,"1","Heartbeat",{}]')
    return socket.sent[:1] + socket.sent[2:3]


print("alone:", asyncio.run(asked()))


class Somebodys(ChargePoint):
    @on("BootNotification")
    async def on_heartbeat(self, **payload):
        """Named as our attribute is; it handles something else."""


print("beside another class:", asyncio.run(asked()))
PY
seen=$(venv/bin/python handlers.py 2>/dev/null)
echo "$seen"
kept="alone: [4, 'NotImplemented']"$'\n'"beside another class: [3, {'currentTime': '2026-11-29T09:00:00Z'}]"
[ "$seen" = "$kept" ] || { echo "CHANGED: how ocpp finds handlers"; exit 1; }
