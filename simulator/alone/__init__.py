"""One side alone, against somebody else: `pnc secc` and `pnc ev`."""
