"""CharIN 2.1.1.3.3: station and CSMS make sure of each other, by a password in TLS or by certificates of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.lab.doors import seen_by
from pncsim.simulator.lab.watch import asked
from pncsim.simulator.plan import CsmsPlan, Plan, StationPlan
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import common_name

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

BASIC, MUTUAL = "CSMS 2", "CSMS 3"
FIRST, SECOND = "CS001", "CS002"
NEW = "another one, drawn at random"
BAD, OUT = "bad_certificate", "HTTP 401"
UNCERTIFIED = ("certificate_required", "unknown_ca", "closed")


@scenario(
    "station-secured",
    title="a station is connected to its CSMS by security profiles 2 and 3, and nobody else is",
    clauses=("CharIN 2.1.1.3.3", "OCPP A00", "OCPP A01", "OCPP B01"),
    plan=Plan(
        csmss=(CsmsPlan(BASIC, security_profile=2), CsmsPlan(MUTUAL, security_profile=3)),
        stations=(StationPlan(FIRST, csms=BASIC), StationPlan(SECOND, csms=MUTUAL)),
    ),
    use_case=UseCase(
        id="2.1.1.3.3",
        actors=("CPO", "CSMS", "CS"),
        preconditions=("both speak TLS 1.2 or later, and the CSMS is the server", "the CSMS has a certificate"),
    ),
)
async def station_secured(lab: Lab) -> None:
    """One CSMS asks for a password within TLS, the other one for a certificate of the station's own.

    A station that finds a CSMS below another root leaves; one whose password is wrong, whose certificate is another
    operator's or another station's, or that has none, stays outside. A new password counts at once, and alone.
    """
    cs, csms = map(lab.expect.of, ("CS", "CSMS"))
    links, frames = lab.watch.links(), lab.watch.frames()
    station, basic = await lab.station(identity=FIRST), (await lab.region.back_end(BASIC)).entrance
    seen, there = seen_by(links, "CSMS"), FIRST in basic.csms.stations
    plain = there and seen.version >= "TLSv1.2" and not seen.shown
    csms.shows(
        "profile-2", "OCPP A00.FR.301", "profile 2 is TLS and a password", plain, f"{seen.version}, {seen.cipher}"
    )
    server = seen_by(links, "CS").shown
    cs.shows("server-verified", "OCPP A00.FR.309", "the station verifies the CSMS's certificate", bool(server), server)

    await lab.station(identity=SECOND)
    mutual, seen = (await lab.region.back_end(MUTUAL)).entrance, seen_by(links, "CSMS")
    own, there = mutual.stations[SECOND].leaf, SECOND in mutual.csms.stations
    certified = there and seen.shown == own.subject.rfc4514_string()
    csms.shows("profile-3", "OCPP A00.FR.402", "profile 3 is TLS with certificates of both", certified, seen.shown)
    booted = [call.payload["chargingStation"]["serialNumber"] for call in asked(frames, "BootNotification")]
    named = booted[-1] == common_name(own)
    cs.shows("serial-number", "OCPP B01.FR.11", "the station's names its serial number", named, booted[-1])
    profile = ("SecurityCtrlr", "SecurityProfile")
    told = [
        (await door.csms.get_variables(name, profile))[profile] for door, name in ((basic, FIRST), (mutual, SECOND))
    ]
    cs.shows("profiles-told", "OCPP A05", "each station says by which it came", told == ["2", "3"], told)

    root, stranger = mutual.others(booted[-1])
    became = await basic.knock(FIRST, basic.password, trusted=[root])
    cs.shows("wrong-root-refused", "OCPP A00.FR.309", "a CSMS below another root is left", became == BAD, became)
    became = await basic.knock(FIRST, "not the password of it")
    csms.shows("wrong-password-refused", "OCPP A00.FR.204", "a wrong password is refused", became == OUT, became)
    became = await mutual.knock(SECOND)
    csms.shows("certificate-demanded", "OCPP A00.FR.402", "so is who has no certificate", became in UNCERTIFIED, became)
    became = await mutual.knock(SECOND, shown=stranger)
    csms.shows("wrong-operator-refused", "OCPP A00.FR.404", "or another operator's", became in UNCERTIFIED, became)
    became = await mutual.knock(SECOND, shown=mutual.certify("SN0815"))
    csms.shows("wrong-station-refused", "OCPP A00.FR.406", "or another station's", became == OUT, became)

    changed = await basic.csms.change_password(FIRST, NEW)
    await station.station.wait_offline()
    await station.station.wait_ready()
    became, there = await basic.knock(FIRST, basic.password), FIRST in basic.csms.stations
    counts = changed == "Accepted" and there and became == OUT
    csms.shows("password-changed", "OCPP A01", "a new password counts, the old one no more", counts, became)
