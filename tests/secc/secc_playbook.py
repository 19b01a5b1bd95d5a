"""A playbook: says what the vehicle sends and the time that passes, and shows what the station made of it.

``p.ev(request)`` sends a request and returns the decoded response (None while there is none). ``p.log`` reads like a
protocol trace; ``p.take()`` returns what was logged since the last call.
"""

from __future__ import annotations

import itertools
from typing import Any

from pncsim.secc.config import SeccConfig
from pncsim.secc.engine import SeccEngine
from pncsim.secc.power import EvsePower
from pncsim.wire import trace
from pncsim.wire.gate import told_before
from pncsim.wire.session.outputs import Ask, Close, Notice, Output, Send
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2, registry, signature, v2gtp
from pncsim.wire.v2g.registry import codec

T0 = 1_795_221_000.0
ISO2 = "urn:iso:15118:2:2013:MsgDef"
V, A, W, WH = iso2.UnitSymbolType.V, iso2.UnitSymbolType.A, iso2.UnitSymbolType.W, iso2.UnitSymbolType.Wh


class Playbook:
    """One vehicle at one engine."""

    def __init__(
        self,
        config: SeccConfig | None = None,
        *,
        tls: bool = True,
        power: EvsePower | None = None,
        now: float = T0,
        **engine: Any,
    ) -> None:
        counter = itertools.count(1)
        self.power = power or EvsePower()
        self.engine = SeccEngine(
            config or SeccConfig(),
            power=self.power,
            tls=tls,
            random=lambda n: next(counter).to_bytes(n, "big"),
            **engine,
        )
        self.now = now
        self.session = bytes(8)
        self.log: list[str] = []
        self.events: list[trace.Event] = []
        self.notices: list[Any] = []
        self.asked: list[Ask] = []
        self.responses: list[Any] = []
        self.frames: list[bytes] = []
        self.end: Close | None = None
        self._taken = 0
        self._do(self.engine.start(self.now))

    @property
    def question(self) -> Any:
        """What the station asked last."""
        return self.asked[-1].question

    # ---- the vehicle -----------------------------------------------------------------------------------------------

    def ev(self, message: Any, *, session: bytes | None = None, sign: Any = None) -> Any:
        """Send a request; with ``sign`` (credentials) it is signed as a whole."""
        name = type(message).__name__
        if isinstance(message, app.SupportedAppProtocolReq):
            return self.raw(codec("app").encode(message), name)
        header = iso2.MessageHeaderType(SessionID=self.session if session is None else session)
        if sign is not None:
            header.Signature = signature.sign([(name, message)], sign.signer)
        root = iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=message))
        return self.raw(codec("iso2").encode(root), name)

    def raw(self, payload: bytes, name: str = "octets", *, frame: bool = True) -> Any:
        """Send octets as the payload of a V2GTP message, or as they are."""
        self.log.append(f"EV {name}")
        before = len(self.responses)
        data = v2gtp.pack(registry.EXI, payload) if frame else payload
        self._do(self.engine.receive(data, self.now))
        return self.responses[-1] if len(self.responses) > before else None

    def hang_up(self) -> None:
        self._do(self.engine.closed(self.now))

    # ---- the station and time --------------------------------------------------------------------------------------

    def answer(self, answer: object) -> Any:
        """Answer the last question."""
        before = len(self.responses)
        self._do(self.engine.answered(self.asked[-1].id, answer, self.now))
        return self.responses[-1] if len(self.responses) > before else None

    def wait(self, seconds: float) -> Any:
        """Let time pass, ringing the engine at each deadline; returns the last response that came meanwhile."""
        until = self.now + seconds
        before = len(self.responses)
        while (deadline := self.engine.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self._do(self.engine.wake(self.now))
        self.now = until
        return self.responses[-1] if len(self.responses) > before else None

    def station(self, command: str, *args: Any) -> None:
        """request_stop, request_renegotiation or abort."""
        self._do(getattr(self.engine, command)(*args, self.now))

    # ---- what came out ---------------------------------------------------------------------------------------------

    def _do(self, outputs: list[Output]) -> None:
        assert self.end is None or not outputs, "the engine spoke after Close"
        for output in outputs:
            if isinstance(output, Send):
                self._received(output.frame)
            elif isinstance(output, Ask):
                self.asked.append(output)
                self.log.append(f"?? {type(output.question).__name__}")
            elif isinstance(output, Notice):
                self.notices.append(output.content)
                self.log.append(f"!! {type(output.content).__name__}")
            elif isinstance(output, Close):
                self.end = output
                self.log.append("-- close" if output.error is None else "-- close after failure")
            elif isinstance(output, trace.Event):
                self.events.append(output)

    def _received(self, frame: bytes) -> None:
        (one,) = v2gtp.V2gtpReader().feed(frame)
        self.frames.append(one.payload)
        told = next(e for e in reversed(self.events) if isinstance(e, trace.V2gMessage))
        assert (told.direction, told.payload) == ("sent", one.payload)
        document = codec("app" if told.name.startswith("Supported") else "iso2").decode(one.payload, gate=told_before)
        if isinstance(document, iso2.V2G_Message):
            message: Any = document.Body.BodyElement
            self.session = document.Header.SessionID
        else:
            message = document
        self.responses.append(message)
        self.log.append(f"SE {type(message).__name__} {message.ResponseCode}")

    def take(self) -> list[str]:
        """The log since the last call."""
        new, self._taken = self.log[self._taken :], len(self.log)
        return new

    def seen(self, kind: type[Any]) -> list[Any]:
        """Events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def problems(self) -> str:
        """All problems told, joined."""
        return " | ".join(event.text for event in self.seen(trace.Problem))

    @property
    def liberties(self) -> str:
        """All liberties let pass, joined."""
        return " | ".join(event.what for event in self.seen(trace.Tolerated))


# ---- requests a plain vehicle sends --------------------------------------------------------------------------------


def hello(*namespaces: tuple[str, int, int]) -> app.SupportedAppProtocolReq:
    """A SupportedAppProtocolReq; without arguments for ISO 15118-2 alone."""
    offers = namespaces or ((ISO2, 2, 0),)
    return app.SupportedAppProtocolReq(
        AppProtocol=[
            app.AppProtocolType(
                ProtocolNamespace=name,
                VersionNumberMajor=major,
                VersionNumberMinor=minor,
                SchemaID=i + 7,
                Priority=i + 1,
            )
            for i, (name, major, minor) in enumerate(offers)
        ]
    )


def setup() -> iso2.SessionSetupReq:
    return iso2.SessionSetupReq(EVCCID=bytes.fromhex("020000000001"))


def select(payment: str = "ExternalPayment", *services: tuple[int, int | None]) -> iso2.PaymentServiceSelectionReq:
    chosen = services or ((1, None),)
    return iso2.PaymentServiceSelectionReq(
        SelectedPaymentOption=iso2.PaymentOptionType(payment),
        SelectedServiceList=iso2.SelectedServiceListType(
            SelectedService=[iso2.SelectedServiceType(ServiceID=i, ParameterSetID=s) for i, s in chosen]
        ),
    )


def ac_parameters(
    mode: str = "AC_three_phase_core", amperes: float = 32, departure: int | None = None, entries: int | None = None
) -> iso2.ChargeParameterDiscoveryReq:
    return iso2.ChargeParameterDiscoveryReq(
        MaxEntriesSAScheduleTuple=entries,
        RequestedEnergyTransferMode=iso2.EnergyTransferModeType(mode),
        EVChargeParameter=iso2.AC_EVChargeParameterType(
            DepartureTime=departure,
            EAmount=iso2.physical(20_000, WH),
            EVMaxVoltage=iso2.physical(400, V),
            EVMaxCurrent=iso2.physical(amperes, A),
            EVMinCurrent=iso2.physical(6, A),
        ),
    )


def dc_status(soc: int = 40) -> iso2.DC_EVStatusType:
    return iso2.DC_EVStatusType(EVReady=True, EVErrorCode=iso2.DC_EVErrorCodeType.NO_ERROR, EVRESSSOC=soc)


def dc_parameters(
    mode: str = "DC_extended", volts: float = 450, amperes: float = 200
) -> iso2.ChargeParameterDiscoveryReq:
    return iso2.ChargeParameterDiscoveryReq(
        RequestedEnergyTransferMode=iso2.EnergyTransferModeType(mode),
        EVChargeParameter=iso2.DC_EVChargeParameterType(
            DC_EVStatus=dc_status(),
            EVMaximumCurrentLimit=iso2.physical(amperes, A),
            EVMaximumVoltageLimit=iso2.physical(volts, V),
        ),
    )


def power(progress: str, tuple_id: int = 1, profile: list[tuple[int, float]] | None = None) -> iso2.PowerDeliveryReq:
    return iso2.PowerDeliveryReq(
        ChargeProgress=iso2.ChargeProgressType(progress),
        SAScheduleTupleID=tuple_id,
        ChargingProfile=iso2.ChargingProfileType(
            ProfileEntry=[
                iso2.ProfileEntryType(
                    ChargingProfileEntryStart=start, ChargingProfileEntryMaxPower=iso2.physical(watts, W)
                )
                for start, watts in profile
            ]
        )
        if profile
        else None,
    )


def cable() -> iso2.CableCheckReq:
    return iso2.CableCheckReq(DC_EVStatus=dc_status())


def precharge(volts: float = 400) -> iso2.PreChargeReq:
    return iso2.PreChargeReq(
        DC_EVStatus=dc_status(), EVTargetVoltage=iso2.physical(volts, V), EVTargetCurrent=iso2.physical(1, A)
    )


def demand(volts: float = 400, amperes: float = 100, soc: int = 41) -> iso2.CurrentDemandReq:
    return iso2.CurrentDemandReq(
        DC_EVStatus=dc_status(soc),
        EVTargetCurrent=iso2.physical(amperes, A),
        ChargingComplete=False,
        EVTargetVoltage=iso2.physical(volts, V),
    )


def welding() -> iso2.WeldingDetectionReq:
    return iso2.WeldingDetectionReq(DC_EVStatus=dc_status())


def stop(how: str = "Terminate") -> iso2.SessionStopReq:
    return iso2.SessionStopReq(ChargingSession=iso2.ChargingSessionType(how))
