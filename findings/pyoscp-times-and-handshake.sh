#!/usr/bin/env bash
# PyPI pyoscp 0.1.0 (OSCP 2.0, the grid operator's forecasts for charging sites), as a flexibility provider. It does not
# name dateutil among what it needs.
# Sure beforehand: its own description has Heartbeat.offline_mode_at as date-time and heartbeat_interval as optional; so
# it takes the RFC 3339 times of every other OSCP party, sends such times, and acknowledges a handshake in which the other
# side does not care for heartbeats.
# What happens: a heartbeat with an offset or Z is answered with 500 (ValueError), only "2026-11-29 04:00:00" is taken; it
# sends the same form, in the local time of its machine. The handshake is answered with 204, but the
# HandshakeAcknowledgement that has to follow never comes (KeyError, in a log). Forecasts with RFC 3339 times are fine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q pyoscp==0.1.0 python-dateutil==2.9.0.post0 setuptools==65.5.0 2>pip.log || { cat pip.log; exit 1; }
cat >party.py <<'PY'
import json
import logging
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from flask import Flask
from oscp import createBlueprint
from oscp.RegistrationManager import RegistrationDictMan

logging.disable(logging.CRITICAL)
told: list[tuple[str, dict]] = []


class CapacityProvider(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None: ...


class Forecasts:
    def handleUpdateGroupCapacityForecast(self, *args: object) -> None: ...


server = HTTPServer(("127.0.0.1", 0), CapacityProvider)
threading.Thread(target=server.serve_forever, daemon=True).start()
us = {"register": {"token": "ours", "base_url": f"http://127.0.0.1:{server.server_port}"}}
manager = RegistrationDictMan([{"version": "2.0", "base_url": "http://127.0.0.1/oscp/fp/2.0"}], "endpoints.json")
Path("endpoints.json").write_text(json.dumps({"theirs": us}))
app = Flask("lab")
blueprint = createBlueprint({"registrationmanager": manager, "flexibilityprovider": Forecasts()}, "fp")
app.register_blueprint(blueprint)


def post(path: str, body: dict) -> int:
    headers = {"Authorization": "Token theirs", "X-Request-ID": "1"}
    return app.test_client().post("/oscp/fp/2.0/" + path, headers=headers, json=body).status_code


forms = ["2026-11-29T04:00:00Z", "2026-11-29T04:00:00+00:00", "2026-11-29 04:00:00"]
beats = [post("heartbeat", {"offline_mode_at": form}) for form in forms]
block = {"capacity": 11, "phase": "ALL", "unit": "KW", "start_time": forms[0], "end_time": "2026-11-29T05:00:00Z"}
forecast = post("update_group_capacity_forecast", {"group_id": "g", "type": "CONSUMPTION", "forecasted_blocks": [block]})
shakes, own = [], []
for behaviour in ({"heartbeat_interval": 300}, {"measurement_configuration": ["CONTINUOUS"]}):
    told.clear()
    Path("endpoints.json").write_text(json.dumps({"theirs": us}))
    status = post("handshake", {"required_behaviour": behaviour})
    manager._background_job()  # what its thread does every five seconds
    shakes.append((status, [path for path, _ in told]))
    own = [body["offline_mode_at"] for path, body in told if path == "/heartbeat"] or own
ahead = datetime.strptime(own[0], "%Y-%m-%d %H:%M:%S") - datetime.utcnow()
print(f"heartbeats {beats}, forecast {forecast}, handshake with and without interval {shakes}; own heartbeat: {own[0]}")
if (beats, forecast) != ([500, 500, 204], 204):
    sys.exit("CHANGED: the times that are taken")
if shakes != [(204, ["/handshake_acknowledgment", "/heartbeat"]), (204, [])]:
    sys.exit("CHANGED: the handshake")
if not timedelta(hours=2) < ahead < timedelta(hours=2, minutes=16):  # 15 minutes ahead, two hours east of Greenwich
    sys.exit("CHANGED: the time it sends")
PY
TZ=UTC-2 venv/bin/python -W ignore party.py
