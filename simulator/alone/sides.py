"""One side alone, against somebody else's device: ``pnc secc`` and ``pnc ev``.

A lone station brings its own back end in memory (CSMS, pools, mobility operator with the folder's contract registered)
or speaks OCPP to a CSMS given by URL. Both end by themselves, a vehicle after its session and a station after as many
visits as it is told, with a verdict line and an exit code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from pncsim.backend.answers import TokenStatus
from pncsim.backend.ecosystem import Ecosystem
from pncsim.backend.mo import MobilityOperator
from pncsim.ev.battery import Battery
from pncsim.ev.config import AC_MODES, DC_MODES, DcLimits, PaymentPolicy, TlsPolicy, VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.shell import charge
from pncsim.ev.vehicle import Vehicle
from pncsim.ev.wheel import Wheel
from pncsim.secc.charge_point import ChargePoint, trusted_roots
from pncsim.secc.config import SeccConfig
from pncsim.secc.evse import EvsePlan
from pncsim.secc.station.config import StationConfig
from pncsim.simulator.alone.options import Current, Payment, StationOptions, VehicleOptions
from pncsim.simulator.alone.station_state import keeper, read_kept
from pncsim.simulator.alone.vehicle_verdict import vehicle_verdict
from pncsim.simulator.alone.verdicts import first_sentence, say_verdict
from pncsim.simulator.alone.visits import SayVerdict, Visits
from pncsim.simulator.attach.side import Handle
from pncsim.simulator.cars.profile import VehicleProfile, find_profile
from pncsim.simulator.lab.behind.cards import CARD
from pncsim.simulator.lab.region import open_back_end
from pncsim.simulator.lab.stations import network_at
from pncsim.simulator.plan import OtherSide, SecurityProfile
from pncsim.tls_certs.concerns import about_evse, about_roles, concerns
from pncsim.tls_certs.pki import Pki, create_pki, load_pki
from pncsim.tls_certs.reading import common_name
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PncError
from pncsim.wire.gate import LENIENT, STRICT
from pncsim.wire.ocpp.channel import Connector
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

STOPS = 3.0
"""Seconds a session may take to end in order, where somebody ends the vehicle."""


async def run_station(
    link: OtherSide,
    options: StationOptions,
    clock: Clock,
    trace: Trace,
    say: SayVerdict = say_verdict,
    handle: Handle | None = None,
) -> int:
    """Serve vehicles; the exit code. Raises LocalError when the options or the PKI folder are no good.

    ``handle`` gets the station, for whoever steers it.

    The verdict is the last line printed: nothing of the station is open any more then, and the CSMS has heard of the
    end of what was going on, also where somebody has ended the station before.
    """
    if options.pki is None and options.tls:
        _warn(clock, trace, "SECC", "no vehicle can trust the certificates made for this run")
    refuses = STRICT if options.strict else LENIENT
    back = await open_back_end(
        "memory", clock, trace, folder=options.pki, refuses=refuses, revocation=options.revocation
    )
    pki = back.pki
    _say_what_is_missing(pki, options, Voice.on(clock, trace, "SECC"))
    connect, password = back.connect, back.password
    if options.csms is not None:
        connect, password = _remote_csms(options.csms, pki, options.csms_certificate), options.csms_password or ""
    else:
        await back.csms.register.add(options.identity)
        await _sell(pki, back.ecosystem, trace, clock)
        back.services.operator = FolderOperator(back.ecosystem.mo)
    evse = EvsePlan(
        config=SeccConfig(
            evse_id=options.evse_id,
            energy_modes=_modes(options.current),
            contract=options.payment != "eim",
            external=options.payment != "pnc",
            central_validation=True,
            refuses=refuses,
            after_failed=options.after_failed,
        ),
        network=network_at(link, clock),
        secured=options.tls,
        contract=options.payment != "eim",
        assumed=True,
    )
    site = ChargePoint(
        clock,
        trace,
        StationConfig(
            identity=options.identity,
            secc_id=options.evse_id,
            security_profile=_profile(options),
            request_certificate=False,
            request_staples=options.ocsp != "off",
            refuses=refuses,
            card=CARD if options.payment != "pnc" else "",
        ),
        [evse],
        connect=connect,
        source=SYSTEM,
        password=password or None,
        roots=trusted_roots(pki),
        credentials=pki.credentials("secc_leaf") if options.tls else None,
        state=read_kept(options.state),
        keep=keeper(options.state),
    )
    if handle is not None:
        handle.on = site
    visits = Visits(site, options, clock, say)
    broken_off = True
    try:
        await visits.serve()
        broken_off = False
    finally:
        await site.close()
        await back.close()
        code = visits.conclude(broken_off=broken_off)
    return code


class FolderOperator(Struct, frozen=True):
    """The mobility operator of a PKI folder: it also stands by contracts it has sold in earlier runs.

    It keeps no books between runs. That an EMAID of its own really was sold is shown by the chain, which the station
    has validated up to the folder's root before it asks.
    """

    operator: MobilityOperator

    async def authorize(self, emaid: str) -> TokenStatus:
        """As the operator says; one of its own EMAIDs that it does not remember may charge."""
        status = await self.operator.authorize(emaid)
        if status.status == "Unknown" and emaid.startswith(self.operator.provider):
            return TokenStatus("Accepted", f"{emaid} was sold in an earlier run with this folder.")
        return status


async def _sell(pki: Pki, ecosystem: Ecosystem, trace: Trace, clock: Clock) -> None:
    """The folder's contract may charge, and its vehicle finds a contract to install."""
    if "contract_leaf" in pki.certificates:
        await ecosystem.mo.register("the driver", pki.certificate("contract_leaf"))
    if "oem_leaf" in pki.certificates and "mo_sub2" in pki.keys and "cps_leaf" in pki.keys:
        try:
            pcid = await ecosystem.oem.publish(pki.credentials("oem_leaf"), v2g_roots=pki.anchors("v2g_root"))
            await ecosystem.mo.subscribe("the driver", pcid)
        except PncError as error:
            what = f"No contract can be installed here: {error.sentence}"
            Voice.on(clock, trace, "MO", f"MO {ecosystem.mo.provider}").warning(what)


def _remote_csms(url: str, pki: Pki, certificate: Path | None) -> Connector:
    """How that CSMS is reached. Raises LocalError."""
    from pncsim.tls_certs.folder import credentials_in
    from pncsim.wire.ocpp.tls import client_context
    from pncsim.wire.ocpp.websocket import connector

    if not url.startswith("wss:"):
        if certificate is not None:
            raise LocalError(f"Without TLS no certificate is shown: {certificate} needs a CSMS at wss://.")
        return connector(url)
    shown = None if certificate is None else credentials_in(certificate, "the station's certificate")
    return connector(url, client_context(pki.anchors("csms_root"), shown))


def _profile(options: StationOptions) -> SecurityProfile:
    """By which security profile the station comes to its CSMS; one in this process is as behind TLS."""
    if options.csms_certificate is not None:
        return 3
    return 1 if options.csms is not None and options.csms.startswith("ws:") else 2


async def run_vehicle(
    link: OtherSide,
    options: VehicleOptions,
    clock: Clock,
    trace: Trace,
    say: SayVerdict = say_verdict,
    handle: Handle | None = None,
) -> int:
    """Charge at one station; the exit code. Raises LocalError when the options or the PKI folder are no good.

    ``handle`` gets the driver's wheel, for whoever steers it.

    A vehicle that is ended in the middle of a session stops it as its driver would, so that no contactor opens under
    load, and no station waits for who has gone; what has not ended after :data:`STOPS` is broken off.
    """
    pki = load_pki(options.pki) if options.pki is not None else create_pki(clock.now())
    if options.pki is None and options.tls:
        _warn(clock, trace, "EV", "the vehicle trusts no station's certificate but its own")
    if options.pki is not None:
        wanted = (["v2g_root"] if options.tls else []) + (
            ["contract_leaf", "oem_leaf"] if options.payment == "pnc" else []
        )
        voice = Voice.on(clock, trace, "EV")
        for what in (*concerns(pki, clock.now()), *about_roles(pki, wanted)):
            voice.warning(what)
    car = find_profile(options.vehicle_profile) if options.vehicle_profile is not None else None
    vehicle = Vehicle(
        config=_vehicle_config(options, car),
        battery=Battery() if car is None else car.cells(),
        v2g_roots=pki.anchors("v2g_root"),
        contract_roots=pki.anchors("mo_root"),
        provisioning=_credentials(pki, "oem_leaf", Voice.on(clock, trace, "EV")),
        contracts=_contracts(pki, options, Voice.on(clock, trace, "EV")),
    )
    wheel = Wheel()
    if handle is not None:
        handle.on = wheel
    session = asyncio.ensure_future(charge(network_at(link, clock), vehicle, clock, trace, wheel=wheel))
    try:
        outcome = await asyncio.shield(session)
    except asyncio.CancelledError:
        if wheel.stop():
            await asyncio.wait([session], timeout=STOPS)
        session.cancel()
        await asyncio.gather(session, return_exceptions=True)
        raise
    said = outcome.reason if outcome.ok or outcome.error is None else outcome.error.sentence
    verdict, line = vehicle_verdict(outcome, first_sentence(said), kwh=options.kwh, patience=options.patience)
    return say("ev", verdict, line)


def _vehicle_config(options: VehicleOptions, car: VehicleProfile | None) -> VehicleConfig:
    """What the options say, and of the rest what the car decides."""
    current = options.current
    own: dict[str, Any] = {"dc": DcLimits(), "loop_interval": 1.0}
    tls: TlsPolicy = "off" if not options.tls else "require" if options.payment == "pnc" else "prefer"
    if car is not None:
        current = car.seen[0] if current == "both" and len(car.seen) == 1 else current
        own |= car.wishes("dc" if current == "dc" else "ac")
        if options.payment == "eim" and not car.tls:
            tls = "off"
    own["dc"] = replace(own["dc"], check_voltage=not options.bench)
    if options.interval is not None:
        own["loop_interval"] = options.interval
    return VehicleConfig(
        energy_modes=_modes(current),
        payment=_PAYMENT[options.payment],
        tls=tls,
        ocsp=options.ocsp or ("require" if options.strict else "prefer"),
        install=options.install,
        stop_after_loops=None if options.kwh is not None else options.loops,
        energy_wish=options.kwh * 1000 if options.kwh is not None else None,
        refuses=STRICT if options.strict else LENIENT,
        patience=options.patience,
        **own,
    )


def _say_what_is_missing(pki: Pki, options: StationOptions, voice: Voice) -> None:
    """What the folder cannot be used for, of what the options want of it."""
    if options.pki is None:
        return
    wanted = (["v2g_root"] if options.tls else []) + (["mo_root"] if options.payment != "eim" else [])
    if options.payment != "eim" and options.csms is None:
        wanted += ["cps_leaf", "oem_leaf"]
    for what in (*about_roles(pki, wanted), *(about_evse(pki, options.evse_id) if options.tls else ())):
        voice.warning(what)


def _warn(clock: Clock, trace: Trace, actor: str, consequence: str) -> None:
    what = f"No PKI folder is given (--pki DIR): {consequence}."
    Voice.on(clock, trace, actor).warning(what)


def _contracts(pki: Pki, options: VehicleOptions, voice: Voice) -> ContractStore:
    """The folder of contracts if one is given, else the PKI's contract unless one shall be installed anew."""
    if options.contracts is not None:
        from pncsim.ev.contract_files import open_contract_folder

        return open_contract_folder(options.contracts)
    credentials = None if options.install == "always" else _credentials(pki, "contract_leaf", voice)
    return ContractStore([Contract(common_name(credentials.leaf), credentials)] if credentials is not None else [])


def _credentials(pki: Pki, role: str, voice: Voice) -> Credentials | None:
    """What the folder has for a role, if that can be used: who does without the role is not to be stopped by it."""
    if role not in pki.certificates or role not in pki.keys:
        return None
    try:
        return pki.credentials(role)
    except LocalError as error:
        voice.warning(f"{role} of the PKI folder is not used: {error.sentence}")
        return None


_PAYMENT: Mapping[Payment, PaymentPolicy] = {"pnc": "contract", "eim": "external", "both": "prefer-contract"}
_MODES: Mapping[Current, tuple[str, ...]] = {"ac": AC_MODES, "dc": DC_MODES, "both": (*AC_MODES, *DC_MODES)}


def _modes(current: Current) -> tuple[str, ...]:
    return _MODES[current]
