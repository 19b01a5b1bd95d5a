"""Cases of the source that nobody can run from here, each with the reason."""

from __future__ import annotations

from pncsim.simulator.conformance.case import Case

AUTHOR = "the author of the public port of ISO 15118-4, not ISO"
_WIRE = (
    "It needs hardware on the control pilot that shorts or opens wires; the model of a pilot here knows states alone."
)
_ENDURANCE = "An endurance run: it has no step of its own. `--retry` and a loop around the suite do what it does."


def _case(name: str, title: str, why: str) -> Case:
    return Case(
        id=f"TC_SECC_{name}",
        title=title,
        group=name.split("_")[2],
        source=AUTHOR,
        precondition="The vehicle charges.",
        stimulus=title,
        expectation="A safe state, and the connection is closed.",
        unsuited=why,
    )


CASES = (
    _case("CMN_VTB_Abnormal_001", "The diode is missing before SLAC", _WIRE),
    _case("AC_VTB_Abnormal_001", "The control pilot is shorted to PE in the loop", _WIRE),
    _case("AC_VTB_Abnormal_002", "PE is lost in the loop", _WIRE),
    _case("DC_VTB_Abnormal_001", "The control pilot is shorted to PE in the loop", _WIRE),
    _case("DC_VTB_Abnormal_002", "PE is lost in the loop", _WIRE),
    _case("DC_VTB_SessionStop_010", "The good case is repeated many times, in state C", _ENDURANCE),
    _case("AC_VTB_SessionStop_011", "The good case is repeated many times", _ENDURANCE),
)
