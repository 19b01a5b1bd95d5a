"""The screens there are, each made and imported when it is first opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from pncsim.simulator.dashboard.screens.view import View


class ScreenRow(Struct, frozen=True):
    """A screen: the key that opens it, what it is called in code and on screen, and what makes it when it is opened."""

    key: str
    called: str
    heading: str
    make: Callable[[], View]


def _live() -> View:
    from pncsim.simulator.dashboard.screens.live import LiveScreen

    return LiveScreen()


def _message() -> View:
    from pncsim.simulator.dashboard.screens.message import MessageScreen

    return MessageScreen()


def _pki() -> View:
    from pncsim.simulator.dashboard.screens.pki import PkiScreen

    return PkiScreen()


def _ecosystem() -> View:
    from pncsim.simulator.dashboard.screens.ecosystem import EcosystemScreen

    return EcosystemScreen()


def _scenarios() -> View:
    from pncsim.simulator.dashboard.screens.scenarios import ScenariosScreen

    return ScenariosScreen()


def _power() -> View:
    from pncsim.simulator.dashboard.screens.power import PowerScreen

    return PowerScreen()


def _by_hand() -> View:
    from pncsim.simulator.dashboard.screens.by_hand import ByHandScreen

    return ByHandScreen()


def _operator() -> View:
    from pncsim.simulator.dashboard.screens.operator import OperatorScreen

    return OperatorScreen()


def _log() -> View:
    from pncsim.simulator.dashboard.screens.log import LogScreen

    return LogScreen()


SCREENS = (
    ScreenRow("1", "live", "Live", _live),
    ScreenRow("2", "message", "Message", _message),
    ScreenRow("3", "pki", "PKI", _pki),
    ScreenRow("4", "scenarios", "Scenarios", _scenarios),
    ScreenRow("5", "by-hand", "By hand", _by_hand),
    ScreenRow("6", "power", "Power", _power),
    ScreenRow("7", "operator", "Operator", _operator),
    ScreenRow("8", "ecosystem", "Ecosystem", _ecosystem),
    ScreenRow("9", "log", "Log", _log),
)
"""Every screen, in the order of the keys. A new one is a row here and a module in ``screens``."""
