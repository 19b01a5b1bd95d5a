"""A station made of canned answers: responses in, the vehicle's next request out. Time is what the test says it is."""

from __future__ import annotations

from functools import cache
from typing import Any

from pncsim.ev.battery import Battery
from pncsim.ev.config import VehicleConfig
from pncsim.ev.contracts import Contract, ContractStore
from pncsim.ev.engine import EvccEngine
from pncsim.ev.questions import StoreContract
from pncsim.ev.vehicle import Vehicle
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.wire.errors import LocalError
from pncsim.wire.session.outputs import Ask, Close, Output, PassTime, Send, Wait
from pncsim.wire.trace import Event, Judged, Problem, StateEntered, Tolerated, V2gMessage
from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.registry import EXI, codec
from pncsim.wire.v2g.signature import sign
from pncsim.wire.v2g.v2gtp import pack
from pncsim.wire.values import replace

NOW = 1_795_000_000.0
SESSION = bytes.fromhex("0123456789abcdef")
CHALLENGE = bytes(range(16))
EMAID = "DEABCC123ABC56"
OK = iso2.ResponseCodeType.OK
_A, _V, _W = (iso2.UnitSymbolType[unit] for unit in ("A", "V", "W"))


@cache
def pki() -> Pki:
    return create_pki(NOW, emaid=EMAID)


def contract(**changes: Any) -> Contract:
    return replace(Contract(EMAID, pki().credentials("contract_leaf")), **changes)


def vehicle(*, contracts: tuple[Contract, ...] = (), battery: Battery | None = None, **wishes: Any) -> Vehicle:
    return Vehicle(
        config=VehicleConfig(**{"loop_interval": 30.0, **wishes}),
        battery=battery or Battery(),
        v2g_roots=(pki().certificate("v2g_root"),),
        contract_roots=(pki().certificate("mo_root"),),
        provisioning=pki().credentials("oem_leaf"),
        contracts=ContractStore(contracts),
    )


class Playbook:
    """Plays the station for one engine and keeps what came out of it."""

    def __init__(self, car: Vehicle, *, tls: bool = True, now: float = NOW, **engine: Any) -> None:
        self.vehicle, self.now, self.session = car, now, SESSION
        self.engine = EvccEngine(car, tls=tls, plugged_in=now, **engine)
        self.events: list[Event] = []
        self.questions: list[object] = []
        self.close: Close | None = None
        self.documents: list[Any] = []
        self.answers = True
        self.pending: Ask | None = None
        self._take(self.engine.start(now))

    @property
    def request(self) -> Any:
        """The vehicle's last request, without its envelope."""
        document = self.documents[-1]
        return document.Body.BodyElement if isinstance(document, iso2.V2G_Message) else document

    @property
    def names(self) -> list[str]:
        """Every request so far, by name."""
        return [e.name for e in self.of(V2gMessage) if e.direction == "sent"]

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if type(event) is kind]

    def hear(self, body: Any, *, signature: Any = None, session: bytes | None = None, after: float = 0.01) -> Any:
        """The station answers ``body``; answers the vehicle's next request, or its Close."""
        document = body
        if isinstance(body, iso2.BodyElement):
            document = iso2.V2G_Message(
                Header=iso2.MessageHeaderType(SessionID=session or self.session, Signature=signature),
                Body=iso2.BodyType(BodyElement=body),
            )
        return self.octets(codec("iso2" if isinstance(body, iso2.BodyElement) else "app").encode(document), after=after)

    def octets(self, payload: bytes, *, after: float = 0.01) -> Any:
        """The station answers with this EXI, or what should be EXI."""
        return self.raw(pack(EXI, payload), after=after)

    def raw(self, data: bytes, *, after: float = 0.01) -> Any:
        """These bytes come from the station."""
        self.now += after
        self._take(self.engine.receive(data, self.now))
        return self.close or self.request

    def wait(self, seconds: float) -> Close | None:
        """Nothing comes for ``seconds``; the engine is woken when it wants to be."""
        end = self.now + seconds
        while (limit := self.engine.deadline) is not None and limit <= end:
            self.now = limit
            self._take(self.engine.wake(self.now))
        self.now = end
        return self.close

    def until(self, *bodies: Any) -> Any:
        """Several answers in a row."""
        for body in bodies:
            result = self.hear(body)
        return result

    def _take(self, outputs: list[Output]) -> None:
        for output in outputs:
            assert self.close is None, "nothing may follow a Close"
            if isinstance(output, Event):
                self.events.append(output)
                if isinstance(output, V2gMessage) and output.direction == "sent":
                    self.documents.append(output.value)
            elif isinstance(output, Send):
                assert output.frame[:4] == b"\x01\xfe\x80\x01"
            elif isinstance(output, Close):
                self.close = output
            elif isinstance(output, Ask):
                self.questions.append(output.question)
                self.pending = output
                if self.answers:
                    self.answer()

    def answer(self) -> None:
        """Answer the open question as a shell would; time passes without any waiting."""
        assert self.pending is not None
        ask, self.pending, result = self.pending, None, None
        if isinstance(ask.question, PassTime | Wait):
            self.now += ask.question.seconds
        elif isinstance(ask.question, StoreContract):
            try:
                self.vehicle.contracts.install(ask.question.contract)
            except LocalError as error:
                result = error
        self._take(self.engine.answered(ask.id, result, self.now))

    @property
    def error(self) -> Any:
        assert self.close is not None, "the session is still open"
        return self.close.error

    @property
    def verdicts(self) -> list[tuple[str, bool]]:
        return [(event.what, event.ok) for event in self.of(Judged)]

    @property
    def tolerated(self) -> list[str]:
        return [event.what for event in self.of(Tolerated)]

    @property
    def problems(self) -> list[str]:
        return [event.text for event in self.of(Problem)]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.of(StateEntered)]


# The station's answers -------------------------------------------------------------------------------------------


def agreed(**changes: Any) -> app.SupportedAppProtocolRes:
    values = {"ResponseCode": app.ResponseCodeType.OK_SuccessfulNegotiation, "SchemaID": 1, **changes}
    return app.SupportedAppProtocolRes(**values)


def session_setup(code: str = "OK_NewSessionEstablished") -> iso2.SessionSetupRes:
    return iso2.SessionSetupRes(ResponseCode=iso2.ResponseCodeType(code), EVSEID="DE*PNX*E1*1")


def services(
    *modes: str, payment: tuple[str, ...] = ("Contract", "ExternalPayment"), certificate: bool = True
) -> iso2.ServiceDiscoveryRes:
    offered = [iso2.EnergyTransferModeType(mode) for mode in modes or ("AC_three_phase_core", "DC_extended")]
    extra = iso2.ServiceType(
        ServiceID=2, ServiceCategory=iso2.ServiceCategoryType.ContractCertificate, FreeService=True
    )
    return iso2.ServiceDiscoveryRes(
        ResponseCode=OK,
        PaymentOptionList=iso2.PaymentOptionListType(PaymentOption=[iso2.PaymentOptionType(p) for p in payment]),
        ChargeService=iso2.ChargeServiceType(
            ServiceID=1,
            ServiceCategory=iso2.ServiceCategoryType.EVCharging,
            FreeService=False,
            SupportedEnergyTransferMode=iso2.SupportedEnergyTransferModeType(EnergyTransferMode=offered),
        ),
        ServiceList=iso2.ServiceListType(Service=[extra]) if certificate else None,
    )


def detail(**sets: int) -> iso2.ServiceDetailRes:
    """``Installation=1, Update=2``: the parameter sets of the certificate service."""
    listed = [
        iso2.ParameterSetType(ParameterSetID=number, Parameter=[iso2.ParameterType(Name="Service", stringValue=name)])
        for name, number in sets.items()
    ]
    return iso2.ServiceDetailRes(
        ResponseCode=OK,
        ServiceID=2,
        ServiceParameterList=iso2.ServiceParameterListType(ParameterSet=listed) if listed else None,
    )


def selected(code: str = "OK") -> iso2.PaymentServiceSelectionRes:
    return iso2.PaymentServiceSelectionRes(ResponseCode=iso2.ResponseCodeType(code))


def details(code: str = "OK", challenge: bytes = CHALLENGE) -> iso2.PaymentDetailsRes:
    return iso2.PaymentDetailsRes(
        ResponseCode=iso2.ResponseCodeType(code), GenChallenge=challenge, EVSETimeStamp=int(NOW)
    )


def authorized(processing: str = "Finished", code: str = "OK") -> iso2.AuthorizationRes:
    return iso2.AuthorizationRes(
        ResponseCode=iso2.ResponseCodeType(code), EVSEProcessing=iso2.EVSEProcessingType(processing)
    )


def ac_status(notification: str = "None", rcd: bool = False) -> iso2.AC_EVSEStatusType:
    return iso2.AC_EVSEStatusType(
        NotificationMaxDelay=0, EVSENotification=iso2.EVSENotificationType(notification), RCD=rcd
    )


def dc_status(code: str = "EVSE_Ready", notification: str = "None", isolation: str = "Valid") -> iso2.DC_EVSEStatusType:
    return iso2.DC_EVSEStatusType(
        NotificationMaxDelay=0,
        EVSENotification=iso2.EVSENotificationType(notification),
        EVSEIsolationStatus=iso2.IsolationLevelType(isolation) if isolation else None,
        EVSEStatusCode=iso2.DC_EVSEStatusCodeType(code),
    )


def pmax(*steps: tuple[int, float], tuple_id: int = 1) -> iso2.SAScheduleTupleType:
    """A schedule of (start in seconds, W) steps."""
    return iso2.SAScheduleTupleType(
        SAScheduleTupleID=tuple_id,
        PMaxSchedule=iso2.PMaxScheduleType(
            PMaxScheduleEntry=[
                iso2.PMaxScheduleEntryType(
                    TimeInterval=iso2.RelativeTimeIntervalType(start=start), PMax=iso2.physical(watts, _W)
                )
                for start, watts in steps
            ]
        ),
    )


def parameters(*tuples: iso2.SAScheduleTupleType, dc: bool = False, amperes: float = 16.0) -> Any:
    offered: iso2.EVSEChargeParameterType
    if dc:
        offered = iso2.DC_EVSEChargeParameterType(
            DC_EVSEStatus=dc_status("EVSE_NotReady"),
            EVSEMaximumCurrentLimit=iso2.physical(200, _A),
            EVSEMaximumPowerLimit=iso2.physical(50_000, _W),
            EVSEMaximumVoltageLimit=iso2.physical(500, _V),
            EVSEMinimumCurrentLimit=iso2.physical(0, _A),
            EVSEMinimumVoltageLimit=iso2.physical(150, _V),
            EVSEPeakCurrentRipple=iso2.physical(1, _A),
        )
    else:
        offered = iso2.AC_EVSEChargeParameterType(
            AC_EVSEStatus=ac_status(),
            EVSENominalVoltage=iso2.physical(230, _V),
            EVSEMaxCurrent=iso2.physical(amperes, _A),
        )
    return iso2.ChargeParameterDiscoveryRes(
        ResponseCode=OK,
        EVSEProcessing=iso2.EVSEProcessingType.Finished,
        SASchedules=iso2.SAScheduleListType(SAScheduleTuple=list(tuples) or [pmax((0, 150_000 if dc else 11_000))]),
        EVSEChargeParameter=offered,
    )


def planning() -> iso2.ChargeParameterDiscoveryRes:
    res: iso2.ChargeParameterDiscoveryRes = parameters()
    res.EVSEProcessing, res.SASchedules = iso2.EVSEProcessingType.Ongoing, None
    return res


def delivered(dc: bool = False, code: str = "OK") -> iso2.PowerDeliveryRes:
    return iso2.PowerDeliveryRes(
        ResponseCode=iso2.ResponseCodeType(code), EVSEStatus=dc_status() if dc else ac_status()
    )


def meter(reading: int) -> iso2.MeterInfoType:
    return iso2.MeterInfoType(MeterID="meter-1", MeterReading=reading)


def charging(*, receipt: bool = False, reading: int | None = 0, **status: Any) -> iso2.ChargingStatusRes:
    return iso2.ChargingStatusRes(
        ResponseCode=OK,
        EVSEID="DE*PNX*E1*1",
        SAScheduleTupleID=1,
        MeterInfo=None if reading is None else meter(reading),
        ReceiptRequired=receipt,
        AC_EVSEStatus=ac_status(**status),
    )


def receipt_taken(dc: bool = False) -> iso2.MeteringReceiptRes:
    return iso2.MeteringReceiptRes(ResponseCode=OK, EVSEStatus=dc_status() if dc else ac_status())


def cable_checked(processing: str = "Finished", **status: Any) -> iso2.CableCheckRes:
    return iso2.CableCheckRes(
        ResponseCode=OK, DC_EVSEStatus=dc_status(**status), EVSEProcessing=iso2.EVSEProcessingType(processing)
    )


def pre_charged(volts: float, **status: Any) -> iso2.PreChargeRes:
    return iso2.PreChargeRes(
        ResponseCode=OK, DC_EVSEStatus=dc_status(**status), EVSEPresentVoltage=iso2.physical(volts, _V)
    )


def current(
    volts: float, amperes: float, *, receipt: bool | None = None, reading: int = 0, **status: Any
) -> iso2.CurrentDemandRes:
    return iso2.CurrentDemandRes(
        ResponseCode=OK,
        DC_EVSEStatus=dc_status(**status),
        EVSEPresentVoltage=iso2.physical(volts, _V),
        EVSEPresentCurrent=iso2.physical(amperes, _A),
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        EVSEPowerLimitAchieved=False,
        EVSEID="DE*PNX*E1*1",
        SAScheduleTupleID=1,
        MeterInfo=meter(reading),
        ReceiptRequired=receipt,
    )


def welding(volts: float) -> iso2.WeldingDetectionRes:
    return iso2.WeldingDetectionRes(
        ResponseCode=OK, DC_EVSEStatus=dc_status(), EVSEPresentVoltage=iso2.physical(volts, _V)
    )


def stopped(code: str = "OK") -> iso2.SessionStopRes:
    return iso2.SessionStopRes(ResponseCode=iso2.ResponseCodeType(code))


# The provisioning service's answers ------------------------------------------------------------------------------

PARTS = ("ContractSignatureCertChain", "ContractSignatureEncryptedPrivateKey", "DHpublickey", "eMAID")


def bundle(kind: Any = iso2.CertificateInstallationRes, *, receiver: Any = None, code: str = "OK") -> Any:
    """What the CPS makes for a vehicle whose public key is ``receiver`` (default: the provisioning key)."""
    public = pki().key("oem_leaf").public_key() if receiver is None else receiver
    wrapped = wrap(pki().key("contract_leaf"), public)
    return kind(
        ResponseCode=iso2.ResponseCodeType(code),
        SAProvisioningCertificateChain=chain("cps_leaf"),
        ContractSignatureCertChain=replace(chain("contract_leaf"), Id="id1"),
        ContractSignatureEncryptedPrivateKey=iso2.ContractSignatureEncryptedPrivateKeyType(
            Id="id2", value=wrapped.encrypted
        ),
        DHpublickey=iso2.DiffieHellmanPublickeyType(Id="id3", value=wrapped.dh_public),
        eMAID=iso2.EMAIDType(Id="id4", value=EMAID),
    )


def signed(res: Any, role: str = "cps_leaf") -> Any:
    """The four-part signature over a bundle."""
    return sign([(name, getattr(res, name)) for name in PARTS], pki().credentials(role).signer)


def chain(role: str) -> iso2.CertificateChainType:
    leaf, *subs = pki().credentials(role).chain_der
    return iso2.CertificateChainType(
        Certificate=leaf, SubCertificates=iso2.SubCertificatesType(Certificate=subs) if subs else None
    )


# Whole chapters --------------------------------------------------------------------------------------------------


def to_services(play: Playbook) -> Any:
    return play.until(agreed(), session_setup())


def to_charging_ac(play: Playbook) -> Any:
    """An external payment in AC up to the first ChargingStatusReq."""
    to_services(play)
    return play.until(services(payment=("ExternalPayment",)), selected(), authorized(), parameters(), delivered())


def to_contract_charging_ac(play: Playbook) -> Any:
    """A contract in AC up to the first ChargingStatusReq."""
    to_services(play)
    return play.until(services(certificate=False), selected(), details(), authorized(), parameters(), delivered())


def to_charging_dc(play: Playbook) -> Any:
    """An external payment in DC up to the first CurrentDemandReq."""
    to_services(play)
    play.until(services("DC_extended", payment=("ExternalPayment",)), selected(), authorized(), parameters(dc=True))
    return play.until(cable_checked(), pre_charged(play.vehicle.battery.voltage), delivered(dc=True))
