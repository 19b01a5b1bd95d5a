"""What can be chosen is declared once, with its type: scenarios, faults and lone sides alike become options from it."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Struct

from pncsim.simulator.alone.options import SideOptions, StationOptions, VehicleOptions
from pncsim.simulator.commands import ev, secc
from pncsim.simulator.commands.options import add_options, taken
from pncsim.simulator.parameters import Bounds, Flag, Parameter, Reads, Shown, Switches, parameters_of
from pncsim.simulator.plan import OtherSide
from pncsim.simulator.runs.discovery import all_scenarios

NOT_TYPED = {"csms_password"}
"""Fields that come from elsewhere: a password is no option."""
RECORDING = {"evidence", "no_evidence", "keylog"}
"""What a run leaves behind: options every command that runs something has."""
WATCHING = {"no_attach", "dashboard", "mqtt", "mqtt_ca", "mqtt_certificate"}
"""Who looks on from elsewhere: options of what runs for long."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One of each kind."""

    yes: Annotated[bool, "on or off"] = True
    plain: Annotated[bool, "not secured", Flag("--plain")] = False
    many: Annotated[int, "how many", Bounds(0, 5)] = 3
    amount: Annotated[float | None, "how much", Shown("KWH")] = None
    colour: Annotated[Literal["red", "blue"], "which"] = "red"
    way: Annotated[Literal["up", "down", "both"], "", Switches({"up": "upwards", "down": "downwards"})] = "both"
    place: Annotated[Path | None, "where"] = None
    even: Annotated[int, "an even number", Reads(lambda text: int(text) // 2 * 2)] = 2
    hidden: str = "not chosen by a person"


def read(declared: type, *words: str) -> Any:
    """The dataclass as typed."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, declared)
    return taken(declared, parser.parse_args(words))


def test_a_dataclass_becomes_options_and_comes_back() -> None:
    assert read(Sample) == Sample()
    typed = ("--no-yes", "--plain", "--many", "0", "--amount", "1.5", "--colour", "blue", "--up", "--even", "7")
    assert read(Sample, *typed, "--place", "here") == Sample(
        yes=False, plain=True, many=0, amount=1.5, colour="blue", way="up", place=Path("here"), even=6
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--many", "6"), "'6' is no whole number from 0 to 5"),
        (("--many", "1.5"), "'1.5' is no whole number from 0 to 5"),
        (("--amount", "0"), "'0' is no number above 0"),
        (("--amount", "nan"), "'nan' is no number above 0"),
        (("--colour", "green"), "invalid choice: 'green'"),
        (("--up", "--down"), "not allowed with"),
    ],
)
def test_what_is_not_allowed_is_refused_in_the_words_of_the_parameter(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=sentence):
        read(Sample, *words)


@pytest.mark.parametrize(("command", "declared"), [(secc, StationOptions), (ev, VehicleOptions)])
def test_every_field_of_a_lone_side_is_an_option_and_every_option_a_field(command: Any, declared: type[Struct]) -> None:
    parser = argparse.ArgumentParser()
    command.fill(parser)
    options = {action.dest for action in parser._actions} - {"help", "verbose"} - RECORDING - WATCHING
    declared_fields = {name for kind in (OtherSide, declared) for name in kind.__struct_fields__}
    assert options == declared_fields - NOT_TYPED
    defaults = parser.parse_args([])
    assert taken(declared, defaults) == declared()
    assert all(action.help for action in parser._actions)


def test_both_sides_share_what_they_share() -> None:
    assert {"pki", "tls", "payment", "current", "strict"} == set(SideOptions.__struct_fields__)


def test_every_parameter_of_a_scenario_says_what_it_is() -> None:
    found = [parameter for one in all_scenarios().values() for parameter in one.options]
    assert found and all(isinstance(one, Parameter) and one.help and one.default is not None for one in found)


def test_what_nobody_can_read_from_a_command_line_is_a_mistake_in_the_declaration() -> None:
    def declared(lab: object, *, odd: Annotated[dict[str, str], "A mapping."] = {}) -> None:  # noqa: B006
        """Odd."""

    with pytest.raises(TypeError, match="odd"):
        parameters_of(declared)
