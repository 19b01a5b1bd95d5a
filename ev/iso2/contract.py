"""Contract certificates: installation and update with the whole check of what comes back (8.4.3, PnC)."""

from __future__ import annotations

from pncsim.ev.contracts import Contract
from pncsim.ev.iso2.advice import ADVICE
from pncsim.ev.iso2.bundle import verify_bundle
from pncsim.ev.iso2.session import Iso2VehicleSession
from pncsim.ev.outcome import InstalledContract
from pncsim.ev.questions import StoreContract
from pncsim.tls_certs.chain_element import chain_element
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.session.initiator import Decision, End, Later, Say
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g import xmldsig as ds

SIGNED_ID = "id1"
RENEWAL_WINDOW = 21 * 86400.0
"""A contract with this many seconds or less left is updated (V2G2-690)."""

ContractRes = iso2.CertificateInstallationRes | iso2.CertificateUpdateRes


def update_wanted(s: Iso2VehicleSession, contract: Contract) -> bool:
    """Whether the vehicle wants a successor for ``contract``."""
    if s.vehicle.config.update == "if-needed":
        return contract.renew or contract.not_after - s.talk.now <= RENEWAL_WINDOW
    return s.vehicle.config.update == "always"


def install_request(s: Iso2VehicleSession) -> Decision:
    """CertificateInstallationReq, signed with the provisioning key; the certificate goes alone, without its chain."""
    provisioning = s.vehicle.provisioning
    assert provisioning is not None
    s.voice.story("The vehicle asks for a contract certificate with its provisioning certificate.")
    request = iso2.CertificateInstallationReq(
        Id=SIGNED_ID, OEMProvisioningCert=provisioning.chain_der[0], ListOfRootCertificateIDs=_roots(s)
    )
    return Say("contract wanted", request, provisioning.signer)


def update_request(s: Iso2VehicleSession) -> Decision:
    """CertificateUpdateReq, signed with the key of the contract that is to be replaced (V2G2-821)."""
    contract = s.contract
    assert contract is not None
    s.voice.story(f"The vehicle asks for a successor of contract {contract.emaid}.")
    request = iso2.CertificateUpdateReq(
        Id=SIGNED_ID,
        ContractSignatureCertChain=chain_element(contract.credentials.chain_der),
        eMAID=contract.emaid,
        ListOfRootCertificateIDs=_roots(s),
    )
    return Say("contract to be renewed", request, contract.credentials.signer)


def certificate_installation(s: Iso2VehicleSession, res: iso2.CertificateInstallationRes) -> Decision:
    """A contract came, or a refusal; it is kept only after every check has passed."""
    assert s.vehicle.provisioning is not None
    return _arrived(s, res, s.vehicle.provisioning, by_update=False)


def certificate_update(s: Iso2VehicleSession, res: iso2.CertificateUpdateRes) -> Decision:
    """The contract's successor came, or a refusal: then the old contract is used as long as it is valid."""
    assert s.contract is not None
    if res.ResponseCode.startswith("FAILED"):
        s.outcome.retry_update_after = res.RetryCounter
    return _arrived(s, res, s.contract.credentials, by_update=True)


def payment_details(s: Iso2VehicleSession) -> iso2.PaymentDetailsReq:
    """PaymentDetailsReq with the contract's EMAID and chain."""
    contract = s.contract
    assert contract is not None
    s.outcome.emaid = contract.emaid
    return iso2.PaymentDetailsReq(
        eMAID=contract.emaid, ContractSignatureCertChain=chain_element(contract.credentials.chain_der)
    )


def _arrived(s: Iso2VehicleSession, res: ContractRes, receiver: Credentials, *, by_update: bool) -> Decision:
    name = type(res).__name__
    if res.ResponseCode.startswith("FAILED"):
        code = str(res.ResponseCode)
        return _refused(
            s,
            name,
            PeerError(
                f"The station answered {name[:-3]}Req with {code}.",
                kind="refused",
                advice=ADVICE.get(code, ""),
                response_code=code,
            ),
        )
    try:
        contract = verify_bundle(s, res, receiver, s.received.signature)
    except PeerError as error:
        return _refused(s, name, error)
    return Later(StoreContract(contract), lambda s, answer: _stored(s, name, contract, answer, by_update))


def _stored(s: Iso2VehicleSession, name: str, contract: Contract, answer: object, by_update: bool) -> Decision:
    if isinstance(answer, LocalError):
        return _refused(s, name, answer)
    s.contract = contract
    issuer = contract.credentials.leaf.issuer.rfc4514_string()
    s.outcome.installed = InstalledContract(
        emaid=contract.emaid,
        issuer=issuer,
        not_before=contract.not_before,
        not_after=contract.not_after,
        by_update=by_update,
    )
    s.voice.story(f"Contract {contract.emaid} from {issuer} is verified and installed.")
    return Say("contract renewed" if by_update else "contract installed", payment_details(s))


def _refused(s: Iso2VehicleSession, name: str, error: LocalError | PeerError) -> Decision:
    """Without a new contract: go on with the one held (V2G2-557, -558), or end."""
    if s.contract is None:
        return End("refused, no contract held", error.sentence, error)
    s.problem(error)
    s.voice.story(f"The vehicle goes on with contract {s.contract.emaid}.")
    return Say("refused, contract held", payment_details(s))


def _roots(s: Iso2VehicleSession) -> iso2.ListOfRootCertificateIDsType:
    """The V2G roots the vehicle has, so that the CPS signs under one of them; at most 20 fit."""
    return iso2.ListOfRootCertificateIDsType(
        RootCertificateID=[
            ds.X509IssuerSerialType(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number)
            for root in s.vehicle.v2g_roots[:20]
        ]
    )
