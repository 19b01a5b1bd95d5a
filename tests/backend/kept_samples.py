"""One maker for each kind of thing that the services keep: what the homes of their tables are tried with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from backend_world import NOW

from pncsim.backend.auth import AUDIENCES, CLIENTS, TOKEN_KEYS, Audience, Client, TokenKey
from pncsim.backend.auth.certificates import CLIENT_CERTIFICATES, ClientCertificate
from pncsim.backend.bundle import SignedContractData
from pncsim.backend.ccp import CONTRACTS, SEEN_REQUESTS, ContractEntry, SeenRequest, StoredContract
from pncsim.backend.ccp.kept_peers import PEERS
from pncsim.backend.ccp.peer import Peer
from pncsim.backend.cps.further import FURTHER_SIGNERS, FurtherSigner
from pncsim.backend.csms.register import STATIONS, RegisteredStation
from pncsim.backend.csms.transactions import TRANSACTIONS, MeterValue, Transaction
from pncsim.backend.mo import NOTICES, SUBSCRIPTIONS, DriverNotice, Subscription
from pncsim.backend.oem.consent_store import CONSENTS, OWNERS, PARTNERS, Consent, Partner, VehicleOwner
from pncsim.backend.oem.store import (
    ERRANDS,
    FLEET,
    FLEET_KEYS,
    SEEN_TRUST_LISTS,
    Errand,
    FleetKey,
    FleetVehicle,
    SeenTrustList,
)
from pncsim.backend.pcp import VEHICLES, ProvisionedVehicle
from pncsim.backend.pki.end_entities import END_ENTITIES, EndEntity
from pncsim.backend.pki.own import OWN_KEYS, OwnKey
from pncsim.backend.pki.store import ISSUED, IssuedCertificate
from pncsim.backend.rcp import ROOT_ACTIVITIES, ROOTS, Root, RootActivity, RootKind
from pncsim.backend.store import KeptKind
from pncsim.backend.webhooks import DELIVERIES, ENDPOINTS, Delivery, Endpoint
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.wire.credentials import KeySigner
from pncsim.wire.v2g import iso2, signature

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types.v201 import TransactionEventRequest


@cache
def pki() -> Pki:
    return create_pki(NOW)


@cache
def issued(number: int) -> Any:
    """One certificate for each number, so that a value is told from its replacement."""
    role = ("oem_leaf", "contract_leaf", "cps_leaf", "secc_leaf")[number % 4]
    return pki().certificate(role)


@cache
def bundle() -> SignedContractData:
    chain = chain_element(pki().credentials("contract_leaf").chain_der, id="id1")
    return SignedContractData(
        provisioning_chain=chain_element(pki().credentials("cps_leaf").chain_der),
        contract_chain=chain,
        encrypted_key=iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=bytes(48)),
        dh_public=iso2.DiffieHellmanPublickeyType(Id="id3", value=bytes(65)),
        emaid=iso2.EMAIDType(Id="id4", value="DEPNCC00000001"),
        signature=signature.sign([("ContractSignatureCertChain", chain)], KeySigner(pki().key("cps_leaf"))),
    )


def vehicle(number: int, version: int = 0) -> ProvisionedVehicle:
    return ProvisionedVehicle(pcid=f"PNCSIMVEHICLE{number:05}", chain=(issued(version),))


def contract(number: int, version: int = 0) -> StoredContract:
    entry = ContractEntry(
        emaid=f"DEPNCC{number:08}",
        pcid=f"PNCSIMVEHICLE{number % 2:05}",
        certificate=issued(version),
        root="00" * 32,
        default=False,
    )
    return StoredContract(entry=entry, bundle=bundle(), stored_at=NOW)


def seen_request(number: int, version: int = 0) -> SeenRequest:
    return SeenRequest(
        digest=f"{number:064}", pcid=f"PNCSIMVEHICLE{number % 2:05}", session="01", seen_at=NOW, replays=version
    )


def root(number: int, version: int = 0) -> Root:
    return Root(id=f"root {number}", kind=RootKind.V2G, certificate=issued(version), fingerprint=f"{number:064}")


def root_activity(number: int, version: int = 0) -> RootActivity:
    return RootActivity(
        id=f"{number}", time=NOW, action="added", by="admin", fingerprint=f"{number:064}", text=f"version {version}"
    )


def subscription(number: int, version: int = 0) -> Subscription:
    return Subscription(
        operator=("DEPNC", "FRABC")[number % 2],
        emaid=f"DEPNCC{number:08}",
        driver="Ada",
        pcid=None,
        certificate=issued(version),
        ends=NOW,
    )


def notice(number: int, version: int = 0) -> DriverNotice:
    return DriverNotice(
        operator=("DEPNC", "FRABC")[number % 2],
        driver="Ada",
        emaid=f"DEPNCC{number:08}",
        time=NOW,
        subject="renewed",
        text=f"version {version}",
    )


def issue(number: int, version: int = 0) -> IssuedCertificate:
    return IssuedCertificate(
        issuer=f"{number:064}", certificate=issued(0), issued_at=NOW, revoked_at=NOW + version if version else None
    )


STARTED: TransactionEventRequest = {
    "eventType": "Started",
    "timestamp": "2026-11-21T10:00:00.000Z",
    "triggerReason": "CablePluggedIn",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "transaction"},
}


def transaction(number: int, version: int = 0) -> Transaction:
    return Transaction(
        f"CS{number % 2:03}",
        f"transaction {number}",
        started=NOW,
        token_status="Accepted" if version else "",
        events={0: STARTED},
        meter_values=(MeterValue(NOW, "Energy.Active.Import.Register", 1.0, "Wh", "Sample.Periodic"),),
    )


def client(number: int, version: int = 0) -> Client:
    return Client(
        id=f"client {number}", name="", role="CPO", salt=b"salt", digest=b"digest", created_at=NOW, enabled=not version
    )


def token_key(number: int, version: int = 0) -> TokenKey:
    return TokenKey(id=f"key {number}", private=bytes([version]), created_at=NOW)


def own_key(number: int, version: int = 0) -> OwnKey:
    return OwnKey(role=f"role {number}", certificate=issued(version), private=bytes([version]))


def peer(number: int, version: int = 0) -> Peer:
    url = f"http://127.0.0.1:{9 + version}"
    return Peer(name=f"pool {number}", ccp=url, token=f"{url}/oauth/token", client_id="us", client_secret="agreed")


def further_signer(number: int, version: int = 0) -> FurtherSigner:
    return FurtherSigner(id=f"{number}", private=bytes([version]), chain=(issued(version),), root=issued(version))


def fleet_vehicle(number: int, version: int = 0) -> FleetVehicle:
    pcid = f"PNCSIMVEHICLE{number:05}"
    return FleetVehicle(
        vin=f"PNC{number:014}", pcid=pcid, wanted=pcid, owner=f"owner {number % 2}", chain=(issued(version),)
    )


def fleet_key(number: int, version: int = 0) -> FleetKey:
    return FleetKey(f"{number:064}", f"PNC{version:014}")


def errand(number: int, version: int = 0) -> Errand:
    text = f"version {version}"
    return Errand(id=f"{number}", vin=f"PNC{number % 2:014}", deed="renew", state="done", created_at=NOW, text=text)


def seen_trust_list(number: int, version: int = 0) -> SeenTrustList:
    return SeenTrustList(f"{number:064}", NOW + version)


def owner(number: int, version: int = 0) -> VehicleOwner:
    return VehicleOwner(name=f"owner {number}", maker="oem", salt=b"salt", digest=bytes([version]), created_at=NOW)


def partner(number: int, version: int = 0) -> Partner:
    return Partner(f"client {number}", (f"https://operator.example/{version}",))


def consent(number: int, version: int = 0) -> Consent:
    return Consent(
        id=f"{number}",
        owner=f"owner {number % 2}",
        client="mo",
        vin="",
        granted=False,
        decided_at=NOW,
        redirect_uri="",
        challenge="",
        withdrawn_at=NOW if version else None,
    )


def station(number: int, version: int = 0) -> RegisteredStation:
    return RegisteredStation(f"CS{number:03}", b"salt", b"digest", "Accepted" if version else "")


def endpoint(number: int, version: int = 0) -> Endpoint:
    return Endpoint(
        id=f"endpoint {number}",
        owner=f"client {number % 2}",
        role="OEM",
        name="",
        wmis=frozenset({"PNC"}),
        providers=frozenset(),
        url=f"http://localhost/{version}",
        events=("root.cert.added",),
        secret="secret",
        created_at=NOW,
    )


def delivery(number: int, version: int = 0) -> Delivery:
    return Delivery(
        event_id=f"event {number}",
        type="root.cert.added",
        endpoint=f"endpoint {number % 2}",
        created_at=NOW,
        emaid="",
        pcid="",
        body=bytes([version]),
    )


def client_certificate(number: int, version: int = 0) -> ClientCertificate:
    return ClientCertificate(
        fingerprint=f"{number:064x}",
        client=f"client-{version}",
        client_since=NOW + number,
        certificate=issued(version),
    )


def end_entity(number: int, version: int = 0) -> EndEntity:
    return EndEntity(holder=f"cpo-{number % 2}", common_name=f"cs{number}", said=bytes([version]))


SAMPLES: Mapping[str, tuple[KeptKind[Any], Callable[..., Any]]] = {
    "vehicles": (VEHICLES, vehicle),
    "contracts": (CONTRACTS, contract),
    "seen_requests": (SEEN_REQUESTS, seen_request),
    "roots": (ROOTS, root),
    "root_activities": (ROOT_ACTIVITIES, root_activity),
    "subscriptions": (SUBSCRIPTIONS, subscription),
    "notices": (NOTICES, notice),
    "issued": (ISSUED, issue),
    "transactions": (TRANSACTIONS, transaction),
    "stations": (STATIONS, station),
    "clients": (CLIENTS, client),
    "token_keys": (TOKEN_KEYS, token_key),
    "endpoints": (ENDPOINTS, endpoint),
    "deliveries": (DELIVERIES, delivery),
    "client_certificates": (CLIENT_CERTIFICATES, client_certificate),
    "audiences": (AUDIENCES, lambda number, version=0: Audience(f"http://pool{number}.example", NOW + version)),
    "own_keys": (OWN_KEYS, own_key),
    "peers": (PEERS, peer),
    "further_signers": (FURTHER_SIGNERS, further_signer),
    "end_entities": (END_ENTITIES, end_entity),
    "fleet": (FLEET, fleet_vehicle),
    "fleet_keys": (FLEET_KEYS, fleet_key),
    "errands": (ERRANDS, errand),
    "seen_trust_lists": (SEEN_TRUST_LISTS, seen_trust_list),
    "owners": (OWNERS, owner),
    "partners": (PARTNERS, partner),
    "consents": (CONSENTS, consent),
}
