"""``python -m pncsim`` is ``pnc``."""

from pncsim.simulator.entry import main

main()
