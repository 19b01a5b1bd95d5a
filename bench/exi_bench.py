"""How long the codec takes for typical messages: medians in microseconds, in one process, after warm-up.

python -m bench.exi_bench
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median

from pncsim.wire.v2g import appprotocol as app
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds
from pncsim.wire.v2g.registry import codec

U = iso2.UnitSymbolType
OK = iso2.ResponseCodeType.OK
EVSEID = "DE*PNX*E12345*1"
CERTIFICATE = bytes(range(256)) * 2 + bytes(100)  # 612 octets, as long as a P-256 V2G certificate


def _signature() -> ds.SignatureType:
    exi = "http://www.w3.org/TR/canonical-exi/"
    reference = ds.ReferenceType(
        URI="#ID1",
        Transforms=ds.TransformsType(Transform=[ds.TransformType(Algorithm=exi)]),
        DigestMethod=ds.DigestMethodType(Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"),
        DigestValue=bytes(range(32)),
    )
    info = ds.SignedInfoType(
        CanonicalizationMethod=ds.CanonicalizationMethodType(Algorithm=exi),
        SignatureMethod=ds.SignatureMethodType(Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
        Reference=[reference],
    )
    return ds.SignatureType(SignedInfo=info, SignatureValue=ds.SignatureValueType(value=bytes(range(64))))


def _message(body: iso2.BodyElement, signature: ds.SignatureType | None = None) -> iso2.V2G_Message:
    header = iso2.MessageHeaderType(SessionID=bytes(range(1, 9)), Signature=signature)
    return iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body))


def _chain(identifier: str | None) -> iso2.CertificateChainType:
    subs = iso2.SubCertificatesType(Certificate=[CERTIFICATE, CERTIFICATE])
    return iso2.CertificateChainType(Id=identifier, Certificate=CERTIFICATE, SubCertificates=subs)


def messages() -> dict[str, tuple[str, iso2.V2G_Message | app.SupportedAppProtocolReq]]:
    """Ten messages as a session has them: name -> (schema set, message)."""
    volts, amperes, watts = (partial(iso2.physical, unit=unit) for unit in (U.V, U.A, U.W))
    meter = iso2.MeterInfoType(MeterID="M1", MeterReading=123456, TMeter=1_700_000_000)
    ac_status = iso2.AC_EVSEStatusType(
        NotificationMaxDelay=0, EVSENotification=iso2.EVSENotificationType.None_, RCD=False
    )
    dc_status = iso2.DC_EVSEStatusType(
        NotificationMaxDelay=0,
        EVSENotification=iso2.EVSENotificationType.None_,
        EVSEIsolationStatus=iso2.IsolationLevelType.Valid,
        EVSEStatusCode=iso2.DC_EVSEStatusCodeType.EVSE_Ready,
    )
    schedule = iso2.PMaxScheduleType(
        PMaxScheduleEntry=[
            iso2.PMaxScheduleEntryType(TimeInterval=iso2.RelativeTimeIntervalType(start=n * 900), PMax=watts(11000))
            for n in range(24)
        ]
    )
    parameters = iso2.ChargeParameterDiscoveryRes(
        ResponseCode=OK,
        EVSEProcessing=iso2.EVSEProcessingType.Finished,
        SASchedules=iso2.SAScheduleListType(
            SAScheduleTuple=[iso2.SAScheduleTupleType(SAScheduleTupleID=1, PMaxSchedule=schedule)]
        ),
        EVSEChargeParameter=iso2.AC_EVSEChargeParameterType(
            AC_EVSEStatus=ac_status, EVSENominalVoltage=volts(230), EVSEMaxCurrent=amperes(32)
        ),
    )
    demand = iso2.CurrentDemandReq(
        DC_EVStatus=iso2.DC_EVStatusType(EVReady=True, EVErrorCode=iso2.DC_EVErrorCodeType.NO_ERROR, EVRESSSOC=50),
        EVTargetCurrent=amperes(120),
        EVMaximumVoltageLimit=volts(450),
        EVMaximumCurrentLimit=amperes(200),
        EVMaximumPowerLimit=watts(100_000),
        BulkChargingComplete=False,
        ChargingComplete=False,
        RemainingTimeToFullSoC=iso2.physical(3600, U.s),
        RemainingTimeToBulkSoC=iso2.physical(1200, U.s),
        EVTargetVoltage=volts(410),
    )
    supply = iso2.CurrentDemandRes(
        ResponseCode=OK,
        DC_EVSEStatus=dc_status,
        EVSEPresentVoltage=volts(400),
        EVSEPresentCurrent=amperes(120.5),
        EVSECurrentLimitAchieved=False,
        EVSEVoltageLimitAchieved=False,
        EVSEPowerLimitAchieved=False,
        EVSEMaximumVoltageLimit=volts(920),
        EVSEMaximumCurrentLimit=amperes(500),
        EVSEMaximumPowerLimit=watts(350_000),
        EVSEID=EVSEID,
        SAScheduleTupleID=1,
        MeterInfo=meter,
        ReceiptRequired=False,
    )
    status = iso2.ChargingStatusRes(
        ResponseCode=OK,
        EVSEID=EVSEID,
        SAScheduleTupleID=1,
        EVSEMaxCurrent=amperes(32),
        MeterInfo=meter,
        ReceiptRequired=True,
        AC_EVSEStatus=ac_status,
    )
    installation = iso2.CertificateInstallationRes(
        ResponseCode=OK,
        SAProvisioningCertificateChain=_chain(None),
        ContractSignatureCertChain=_chain("id1"),
        ContractSignatureEncryptedPrivateKey=iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=bytes(48)),
        DHpublickey=iso2.DiffieHellmanPublickeyType(Id="id3", value=bytes(65)),
        eMAID=iso2.EMAIDType(Id="id4", value="DE8AA1A2B3C4D59"),
    )
    protocol = app.AppProtocolType(
        ProtocolNamespace="urn:iso:15118:2:2013:MsgDef",
        VersionNumberMajor=2,
        VersionNumberMinor=0,
        SchemaID=1,
        Priority=1,
    )
    return {
        "supportedAppProtocolReq": ("app", app.SupportedAppProtocolReq(AppProtocol=[protocol])),
        "SessionSetupRes": ("iso2", _message(iso2.SessionSetupRes(ResponseCode=OK, EVSEID=EVSEID))),
        "PaymentDetailsReq": (
            "iso2",
            _message(iso2.PaymentDetailsReq(eMAID="DE8AA1A2B3C4D59", ContractSignatureCertChain=_chain(None))),
        ),
        "AuthorizationReq, signed": (
            "iso2",
            _message(iso2.AuthorizationReq(Id="ID1", GenChallenge=bytes(16)), _signature()),
        ),
        "ChargeParameterDiscoveryRes, 24 entries": ("iso2", _message(parameters)),
        "CurrentDemandReq": ("iso2", _message(demand)),
        "CurrentDemandRes": ("iso2", _message(supply)),
        "ChargingStatusReq": ("iso2", _message(iso2.ChargingStatusReq())),
        "ChargingStatusRes": ("iso2", _message(status)),
        "CertificateInstallationRes, signed": ("iso2", _message(installation, _signature())),
    }


def measure(rounds: int = 15, seconds: float = 0.01) -> dict[str, tuple[int, float, float]]:
    """name -> (octets, median µs to encode, median µs to decode)."""
    results: dict[str, tuple[int, float, float]] = {}
    for name, (set_name, message) in messages().items():
        coder = codec(set_name)
        stream = coder.encode(message)
        if coder.decode(stream) != message:
            raise RuntimeError(f"{name} does not survive its round trip")
        encode = _median(partial(coder.encode, message), rounds, seconds)
        decode = _median(partial(coder.decode, stream), rounds, seconds)
        results[name] = (len(stream), encode, decode)
    return results


def _median(call: Callable[[], object], rounds: int, seconds: float) -> float:
    began = time.perf_counter()
    call()
    repeat = max(1, int(seconds / max(time.perf_counter() - began, 1e-6)))
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(repeat):
            call()
        taken.append((time.perf_counter() - began) / repeat * 1e6)
    return median(taken)


def main() -> None:
    """Print the table."""
    print(f"{'message':<42}{'octets':>8}{'encode µs':>12}{'decode µs':>12}")
    for name, (octets, encode, decode) in measure().items():
        print(f"{name:<42}{octets:>8}{encode:>12.1f}{decode:>12.1f}")


if __name__ == "__main__":
    main()
