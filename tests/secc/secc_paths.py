"""How a plain vehicle gets a station into each state of the sequence table."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from secc_playbook import (
    T0,
    Playbook,
    ac_parameters,
    cable,
    dc_parameters,
    demand,
    hello,
    power,
    precharge,
    select,
    setup,
    stop,
    welding,
)

from pncsim.secc.config import DcSupply, SeccConfig
from pncsim.secc.questions import AuthorizationAnswer, ContractCertificateAnswer
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2.secc_sequence import State as S
from pncsim.wire.v2g.registry import codec
from pncsim.wire.values import replace

EMAID = "DEPNCC00000001A"
YES = AuthorizationAnswer(accepted=True, certificate_status="Accepted", token_status="Accepted", token="CARD-1")


@cache
def pki() -> Pki:
    """One set of certificates for all tests of this folder."""
    return create_pki(T0, ocsp_url=None, emaid=EMAID)


def config(**changes: Any) -> SeccConfig:
    """An EVSE with AC and DC that knows the MO's root and thinks about schedules without delay."""
    base = SeccConfig(
        energy_modes=("AC_three_phase_core", "AC_single_phase_core", "DC_extended"),
        contract_anchors=(pki().certificate("mo_root"),),
        dc=DcSupply(isolation_seconds=1.0),
    )
    return replace(base, **changes)


def chain() -> iso2.CertificateChainType:
    """The contract chain as it is sent."""
    leaf, *subs = pki().credentials("contract_leaf").chain_der
    return iso2.CertificateChainType(Certificate=leaf, SubCertificates=iso2.SubCertificatesType(Certificate=list(subs)))


def details(emaid: str = EMAID) -> iso2.PaymentDetailsReq:
    return iso2.PaymentDetailsReq(eMAID=emaid, ContractSignatureCertChain=chain())


def _roots() -> iso2.ListOfRootCertificateIDsType:
    from pncsim.wire.v2g import xmldsig as ds

    return iso2.ListOfRootCertificateIDsType(
        RootCertificateID=[ds.X509IssuerSerialType(X509IssuerName="CN=V2G root", X509SerialNumber=7)]
    )


def installation() -> iso2.CertificateInstallationReq:
    return iso2.CertificateInstallationReq(
        Id="id1",
        OEMProvisioningCert=pki().credentials("oem_leaf").chain_der[0],
        ListOfRootCertificateIDs=_roots(),
    )


def update() -> iso2.CertificateUpdateReq:
    return iso2.CertificateUpdateReq(
        Id="id1", ContractSignatureCertChain=chain(), eMAID=EMAID, ListOfRootCertificateIDs=_roots()
    )


def delivery(session: bytes, code: str = "OK", *, kind: type[Any] = iso2.CertificateInstallationRes) -> bytes:
    """What a back end answers to an installation or update request: a whole V2G_Message."""
    message = kind(
        ResponseCode=iso2.ResponseCodeType(code),
        SAProvisioningCertificateChain=chain(),
        ContractSignatureCertChain=chain(),
        ContractSignatureEncryptedPrivateKey=iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=bytes(48)),
        DHpublickey=iso2.DiffieHellmanPublickeyType(Id="id3", value=bytes(65)),
        eMAID=iso2.EMAIDType(Id="id4", value=EMAID),
    )
    header = iso2.MessageHeaderType(SessionID=session)
    return codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=message)))


def signed_authorization(p: Playbook, challenge: bytes) -> Any:
    """The first AuthorizationReq under Contract, answered by the station or waiting for the back end."""
    return p.ev(iso2.AuthorizationReq(Id="id1", GenChallenge=challenge), sign=pki().credentials("contract_leaf"))


def receipt(p: Playbook, response: Any, **changes: Any) -> iso2.MeteringReceiptReq:
    """The receipt a vehicle owes for a loop response."""
    fields = {"SessionID": p.session, "SAScheduleTupleID": response.SAScheduleTupleID, "MeterInfo": response.MeterInfo}
    return iso2.MeteringReceiptReq(Id="id1", **(fields | changes))


# ---- steps: each brings a playbook one state on --------------------------------------------------------------------


def _authorize(p: Playbook) -> None:
    if p.engine.state == S.DETAILS:
        signed_authorization(p, p.responses[-1].GenChallenge)
    else:
        p.ev(iso2.AuthorizationReq())
    p.answer(YES)


def _authorizing(p: Playbook) -> None:
    p.ev(iso2.AuthorizationReq())
    p.wait(2)


def _checked(p: Playbook) -> None:
    p.ev(cable())
    p.wait(1)


def _precharge(p: Playbook) -> None:
    p.ev(precharge())
    p.wait(1)


def _start(p: Playbook) -> None:
    p.ev(power("Start", p.engine.session.schedule.tuple_id))
    p.wait(0.5)


def _install(p: Playbook) -> None:
    p.ev(installation())
    p.answer(ContractCertificateAnswer(exi=delivery(p.session)))


def _cable_ongoing(p: Playbook) -> None:
    p.ev(cable())
    p.wait(1.3)


def _loop(request: Callable[[], Any]) -> Callable[[Playbook], None]:
    return lambda p: p.ev(request())


_TO: dict[S, tuple[S | None, Callable[[Playbook], Any]]] = {
    S.CONNECTED: (None, lambda p: None),
    S.NEGOTIATED: (S.CONNECTED, lambda p: p.ev(hello())),
    S.SESSION: (S.NEGOTIATED, lambda p: p.ev(setup())),
    S.SERVICES: (S.SESSION, lambda p: p.ev(iso2.ServiceDiscoveryReq())),
    S.CONTRACT: (S.SERVICES, lambda p: p.ev(select("Contract", (1, None), (2, 1)))),
    S.EXTERNAL: (S.SERVICES, lambda p: p.ev(select())),
    S.DELIVERED: (S.CONTRACT, _install),
    S.DETAILS: (S.CONTRACT, lambda p: p.ev(details())),
    S.AUTHORIZING: (S.EXTERNAL, _authorizing),
    S.AUTHORIZED: (S.DETAILS, _authorize),
    S.READY_AC: (S.AUTHORIZED, lambda p: p.ev(ac_parameters())),
    S.LOOP_AC: (S.READY_AC, _start),
    S.RECEIPT_AC: (S.LOOP_AC, lambda p: [p.ev(iso2.ChargingStatusReq()) for _ in range(2)]),
    S.RENEGOTIATING_AC: (S.LOOP_AC, lambda p: p.ev(power("Renegotiate"))),
    S.STOPPED_AC: (S.LOOP_AC, lambda p: p.ev(power("Stop"))),
    S.READY_DC: (S.AUTHORIZED, lambda p: p.ev(dc_parameters())),
    S.CABLE_CHECK: (S.READY_DC, _cable_ongoing),
    S.CABLE_CHECKED: (S.READY_DC, _checked),
    S.PRE_CHARGE: (S.CABLE_CHECKED, _precharge),
    S.LOOP_DC: (S.PRE_CHARGE, _start),
    S.RECEIPT_DC: (S.LOOP_DC, lambda p: [p.ev(demand()) for _ in range(2)]),
    S.RENEGOTIATING_DC: (S.LOOP_DC, lambda p: p.ev(power("Renegotiate"))),
    S.READY_AGAIN_DC: (S.RENEGOTIATING_DC, lambda p: p.ev(dc_parameters())),
    S.STOPPED_DC: (S.LOOP_DC, lambda p: p.ev(power("Stop"))),
    S.WELDING: (S.STOPPED_DC, lambda p: [p.ev(welding()), p.wait(1)]),
    S.ENDED: (S.STOPPED_AC, lambda p: p.ev(stop())),
}

_PLANNING: dict[S, tuple[S, Callable[[], iso2.BodyElement]]] = {
    S.PLANNING: (S.AUTHORIZED, ac_parameters),
    S.REPLANNING: (S.RENEGOTIATING_DC, dc_parameters),
}


def at(state: S, **changes: Any) -> Playbook:
    """A station in ``state``, reached by requests alone."""
    if state in _PLANNING:
        before, request = _PLANNING[state]
        p = at(before, **({"schedule_seconds": 5.0} if state is S.PLANNING else {}), **changes)
        if state is S.REPLANNING:
            p.engine.session.config = replace(p.engine.session.config, schedule_seconds=5.0)
        p.ev(request())
        p.wait(1.3)
    elif state is S.FAILED:
        p = at(S.SERVICES, after_failed="goodbye", **changes)
        p.ev(iso2.ServiceDetailReq(ServiceID=99))
    else:
        if state is S.CABLE_CHECK:
            changes = {"dc": DcSupply(isolation_seconds=5.0), **changes}
        before_state, step = _TO[state]
        if before_state is None:
            engine = {name: changes.pop(name) for name in ("dialects",) if name in changes}
            p = Playbook(config(**changes), **engine)
        else:
            p = at(before_state, **changes)
        step(p)
    assert p.engine.state == state, (state, p.engine.state, p.log, p.problems)
    p.take()
    return p
