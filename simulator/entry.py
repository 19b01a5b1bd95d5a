"""Where the command ``pnc`` begins. Nothing is imported before an interrupt can be answered."""

from __future__ import annotations


def main() -> None:
    """Import and run the command line; Ctrl-C during the imports ends like any other (130)."""
    try:
        from pncsim.simulator.commands.main import main as command

        command()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
