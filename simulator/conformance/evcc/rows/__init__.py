"""The cases: those of ISO 15118-4 that are public, under their own ids, and mirrored ones under ids of ours."""

from __future__ import annotations

from pncsim.simulator.conformance.evcc.rows import contracts, handshakes, mirrored, published

CASES = (*published.CASES, *mirrored.CASES, *contracts.CASES, *handshakes.CASES)
