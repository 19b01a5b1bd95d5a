"""The table of what others' devices came to, in docs/interop.md, from the records that are kept here.

    python tests/interop/table.py

writes it anew. A record is kept by keep.py; held.py and ocpp_csms.py say how one comes about.
"""

from __future__ import annotations

from pathlib import Path

from pncsim.simulator.conformance.compared import compared, held_devices

KEPT = Path(__file__).with_name("kept")
PAGE = Path(__file__).parents[2] / "docs" / "interop.md"
DEVICES = {
    "iso15118-secc.jsonl": "iso15118 0.31.2",
    "iso15118-evcc.jsonl": "iso15118 0.31.2",
    "ocpp-csms.jsonl": "a CSMS made of ocpp 2.1.0",
}
"""Record -> whose it is."""
BEGINS, ENDS = (
    "<!-- written by tests/interop/table.py from tests/interop/kept -->",
    "<!-- what tests/interop/table.py has written ends here -->",
)


def table() -> str:
    """As it has to stand in the page."""
    words = [f"{name}={KEPT / file}" for file, name in DEVICES.items() if (KEPT / file).exists()]
    return f"{BEGINS}\n\n{compared(held_devices(words))}\n{ENDS}"


def written() -> str:
    """As it stands there."""
    text = PAGE.read_text()
    return text[text.index(BEGINS) : text.index(ENDS) + len(ENDS)]


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().replace(written(), table()))
