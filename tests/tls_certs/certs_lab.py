"""The lab time and addresses of this room's tests."""

from __future__ import annotations

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
OCSP_URL = "http://127.0.0.1:40404/ocsp"
