"""Each defence around a contract is seen by the check about it: without the defence the use case fails there."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from test_use_cases import run_once

from pncsim.backend.bundle import SignedContractData
from pncsim.backend.ccp import http as ccp_http
from pncsim.backend.ccp.delivery import BundleDelivery
from pncsim.backend.ccp.service import ContractPool
from pncsim.backend.cps.service import ProvisioningService
from pncsim.backend.mo import packing
from pncsim.backend.mo.customers import Customers
from pncsim.backend.mo.desks import Desks
from pncsim.backend.oem.deliveries import Deliveries
from pncsim.backend.oem.store import ERRANDS
from pncsim.backend.pki.authorities import Authorities
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.backend.rest.access import ROLES
from pncsim.backend.webhooks import outbox
from pncsim.ev import shell
from pncsim.ev.contracts import ContractStore
from pncsim.ev.iso2 import bundle as vehicle_bundle
from pncsim.ev.screen import VehicleScreen
from pncsim.simulator.result import Verdict
from pncsim.tls_certs import reading
from pncsim.wire.v2g import key_transport
from pncsim.wire.values import replace

_WRAP, _MESSAGE, _RESPONSE = key_transport.wrap, ccp_http._message, SignedContractData.installation_response
_INSTALL, _END_ALL = ContractStore.install, Customers._end_all
_ONE_KEY = ec.derive_private_key(7, ec.SECP256R1())
_LEAKED = list[bytes]()


def _nothing(*_: object, **__: object) -> None:
    """Where something would be done."""


async def _nothing_later(*_: object, **__: object) -> None:
    """As :func:`_nothing`, where it is awaited."""


async def _yes(*_: object, **__: object) -> bool:
    return True


def _for_nobody(key: Any, receiver: Any, **how: Any) -> Any:
    return _WRAP(key, key.public_key(), **how)


def _with_one_ephemeral_key(key: Any, receiver: Any, **how: Any) -> Any:
    return _WRAP(key, receiver, ephemeral=_ONE_KEY, **how)


def _remembered(key: Any, receiver: Any, **how: Any) -> Any:
    _LEAKED.append(key.private_numbers().private_value.to_bytes(32, "big"))
    return _WRAP(key, receiver, **how)


def _told_all(answer: Any) -> dict[str, str]:
    return {**_MESSAGE(answer), "debug": base64.b64encode(_LEAKED[-1]).decode()}


async def _the_first(self: ProvisioningService, *_: object) -> Any:
    return self.signers[0]


async def _any_root(*_: object) -> str:
    return "0" * 64


def _any_chain(s: object, chain: Any, *_: object) -> Any:
    return tuple(one if not isinstance(one, bytes) else reading.load(one) for one in chain)


def _no_session(self: SignedContractData, *_: object) -> Any:
    return _RESPONSE(self)


async def _renewed_anyway(self: Customers, contract: Any) -> None:
    await self.renew(contract.emaid)


def _only_the_first(self: ContractStore, contract: Any, *, default: bool = True) -> None:
    if self.get(contract.emaid) is None:
        _INSTALL(self, contract, default=default)


async def _decided_by_anybody(self: Deliveries, owner: str, id: str, *, approved: bool) -> Any:
    errand = await self._store.of(ERRANDS).get(id)
    assert errand is not None
    await self._store.of(ERRANDS).put(replace(errand, state="ready"))
    return replace(errand, state="ready")


async def _given_to_anybody(self: Deliveries, vehicle: Any, id: str) -> bytes:
    errand = await self._errand(vehicle, id)
    return (await self._contracts.provide_to_oem(errand.emaid, vehicle.pcid)).exi or b""


def _as_it_is_by_then(of: Any, **changes: Any) -> Any:
    return of if "config" in changes else replace(of, **changes)


async def _one_of_them(self: Customers, contracts: Any) -> Any:
    return await _END_ALL(self, list(contracts)[:1])


_UNTOLD = (outbox, "types_of", lambda fact: ())
_NO_CHAIN = (BundleDelivery, "_check_provisioning_chain", _nothing_later)
_NOT_REVOKED = (Authorities, "revoke_certificate", _yes)
Broken = tuple[object, str, Callable[..., object]]
BROKEN: tuple[tuple[str, dict[str, str], tuple[Broken, ...], str], ...] = (
    ("bundle-prepared", {}, ((packing, "wrap", _for_nobody),), "unwraps"),
    ("bundle-prepared", {}, ((key_transport, "_session_key", lambda own, other: bytes(16)),), "for-one-only"),
    ("bundle-prepared", {}, ((packing, "wrap", _remembered), (ccp_http, "_message", _told_all)), "key-hidden"),
    ("bundle-prepared", {}, ((packing, "wrap", _with_one_ephemeral_key),), "ephemeral"),
    ("bundle-signed", {}, ((ProvisioningService, "_choose", _the_first),), "verifies"),
    ("bundle-signed", {}, ((ProvisioningService, "_choose", _the_first),), "several-roots"),
    ("bundle-signed", {}, ((ProvisioningService, "_choose", _the_first),), "no-signer"),
    ("bundle-signed", {}, ((vehicle_bundle, "_trusted", _any_chain),), "opens-1"),
    ("bundle-stored", {}, ((ContractPool, "_check_bundle", _any_root),), "tampered-refused"),
    ("bundle-stored", {}, ((ccp_http, "_only", lambda *roles: ROLES),), "refused-to-others"),
    ("bundle-stored", {}, (_UNTOLD,), "told"),
    ("bundle-stored", {}, ((SignedContractData, "installation_response", _no_session),), "exi-at-request"),
    ("contract-renewed", {}, ((Customers, "_near_its_end", _renewed_anyway),), "opt-out"),
    ("contract-renewed", {}, ((Desks, "look_after", _nothing_later),), "overwritten"),
    ("contract-renewed", {}, ((ContractStore, "install", _only_the_first),), "old-superseded"),
    ("installed-by-telematics", {}, ((Deliveries, "bundle", _given_to_anybody),), "approved-first"),
    ("installed-by-telematics", {}, (_UNTOLD,), "delivered-told"),
    ("installed-at-station", {}, ((SignedContractData, "installation_response", _no_session),), "same-session"),
    ("installed-at-station", {"asks": "wrong-key"}, ((BundleDelivery, "_check_signature", _nothing),), "refusals"),
    (
        "installed-at-station",
        {"asks": "expired"},
        (_NO_CHAIN, (BundleDelivery, "_check_dates", _nothing)),
        "refusals",
    ),
    ("installed-at-station", {"asks": "revoked"}, (_NO_CHAIN,), "refusals"),
    ("installed-at-station", {"asks": "foreign-issuer"}, (_NO_CHAIN,), "refusals"),
    ("plug-and-charge-set", {}, ((VehicleScreen, "plug_and_charge", _nothing),), "off"),
    ("plug-and-charge-set", {}, ((shell, "replace", _as_it_is_by_then),), "plugged"),
    ("installation-mode", {}, ((VehicleScreen, "installation", _nothing),), "only-in-mode"),
    ("contracts-managed", {}, ((ContractStore, "prefer", _nothing),), "switched"),
    ("contracts-managed", {}, ((Deliveries, "_prefer", _yes),), "default-told"),
    ("unapproved-contract", {}, ((Deliveries, "decide", _decided_by_anybody),), "unapproved"),
    ("unapproved-contract", {}, ((Deliveries, "decide", _decided_by_anybody),), "nobody-else"),
    ("unapproved-contract", {}, ((Deliveries, "let_go", _nothing_later),), "sold"),
    (
        "unsubscribed",
        {},
        ((Customers, "_clear", _nothing_later), (ContractPool, "certificate_revoked", _nothing_later)),
        "deleted",
    ),
    ("unsubscribed", {}, (_NOT_REVOKED,), "revoked"),
    ("unsubscribed", {}, ((OcspClient, "certificate_revoked", _nothing_later),), "refused"),
    ("unsubscribed", {}, (_UNTOLD,), "told"),
    ("unsubscribed", {}, ((Deliveries, "_remove", _nothing_later),), "left-vehicle"),
    ("customer-terminated", {"when": "now"}, ((Customers, "_end_all", _one_of_them),), "all-revoked"),
    ("customer-terminated", {}, ((Desks, "look_after", _nothing_later),), "end-date"),
    ("customer-terminated", {}, ((Deliveries, "_remove", _nothing_later),), "left-vehicles"),
)
"""A use case, its options, what is broken in the services or in the vehicle, and the item that has to show it."""


@pytest.mark.parametrize(
    ("name", "options", "broken", "item"), BROKEN, ids=lambda value: value if type(value) is str else ""
)
def test_without_a_defence_the_item_about_it_fails(
    name: str, options: dict[str, str], broken: tuple[Broken, ...], item: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, what, instead in broken:
        monkeypatch.setattr(where, what, instead)
    result = run_once(name, tuple(options.items()))
    assert result.verdict is Verdict.FAIL, result.error
    assert item in {check.id.partition("/")[2] for check in result.checks if not check.ok}
