"""What can befall an ecosystem: coroutines over the lab; :mod:`simulator.faults.table` gives them names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pncsim.simulator.faults.disturbances import (
    DeadPool,
    DeadResponder,
    SlowPool,
    SlowResponder,
    Stranger,
    TamperingPool,
    body,
    forged,
    on,
    other_contract,
    signed_by,
    wrong_key,
    wrong_signature,
)
from pncsim.simulator.lab.back_end import KnownCards
from pncsim.tls_certs.pki import create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.tls_certs.reading import common_name
from pncsim.wire.errors import LocalError

if TYPE_CHECKING:
    from pncsim.ev.contracts import Contract
    from pncsim.simulator.lab.lab import Lab
    from pncsim.wire.credentials import Credentials

SLOW = 30.0
"""Seconds after which slow services answer: longer than anybody waits."""

MONTH = 30 * 86_400.0


def foreign(lab: Lab, role: str) -> Credentials:
    """Credentials of ``role`` in another ecosystem, whose authorities bear the same names."""
    return create_pki(lab.clock.now()).credentials(role)


def expired(lab: Lab, role: str) -> Credentials:
    """Credentials of ``role`` in this ecosystem that ran out a minute ago: its authorities are not much older."""
    pki, now, profile = lab.back.pki, lab.clock.now(), PROFILES[role]
    assert profile.issuer is not None
    name = common_name(pki.certificate(role))
    return pki.authority(profile.issuer).credentials(profile, name, now, not_after=now - 60)


def _contract(lab: Lab) -> Contract:
    contract = lab.in_use.contracts.default
    if contract is None:
        raise LocalError(
            "The vehicle has no contract yet that could be disturbed.",
            advice="Use a scenario that begins with an installed contract, such as pnc-ac.",
        )
    return contract


# The station's certificate


async def staple_missing(lab: Lab) -> None:
    """The station staples nothing."""
    lab.site.presented.staples = ()


async def staple_stale(lab: Lab) -> None:
    """The station staples an answer that ran out a month ago."""
    held = lab.site.station.credentials
    assert held is not None, "a station is ready only with its certificate"
    authority = lab.back.pki.issuer_authority(held.leaf)
    lab.site.presented.staples = (authority.staple(held.leaf, lab.clock.now() - MONTH),)


async def station_foreign(lab: Lab) -> None:
    """The station is one of another ecosystem."""
    lab.site.presented.credentials = foreign(lab, "secc_leaf")


async def station_expired(lab: Lab) -> None:
    """The station's certificate has run out."""
    lab.site.presented.credentials, lab.site.presented.staples = expired(lab, "secc_leaf"), ()


async def station_forged(lab: Lab) -> None:
    """The station's certificate was not signed by its issuer."""
    lab.site.presented.credentials = forged(lab.back.pki.credentials("secc_leaf"))
    lab.site.presented.staples = ()


# The vehicle's certificates


async def contract_foreign(lab: Lab) -> None:
    """The vehicle shows the contract of another ecosystem."""
    lab.alter_vehicle(on("PaymentDetailsReq", body(other_contract(foreign(lab, "contract_leaf")))))


async def contract_expired(lab: Lab) -> None:
    """The vehicle shows a contract that has run out."""
    lab.alter_vehicle(on("PaymentDetailsReq", body(other_contract(expired(lab, "contract_leaf")))))


async def contract_revoked(lab: Lab) -> None:
    """The contract certificate is revoked at its CA."""
    await lab.back.ecosystem.ca.revoke_certificate(_contract(lab).credentials.leaf, "key_compromise")


async def provisioning_revoked(lab: Lab) -> None:
    """The vehicle's provisioning certificate is revoked at its CA."""
    await lab.back.ecosystem.ca.revoke_certificate(lab.back.pki.certificate("oem_leaf"), "key_compromise")


# The mobility operator and the CSMS's cards


async def contract_blocked(lab: Lab) -> None:
    """The mobility operator blocks the contract."""
    await lab.back.ecosystem.mo.block(_contract(lab).emaid)


async def contract_unknown(lab: Lab) -> None:
    """The mobility operator has never heard of any contract."""
    lab.services.operator = Stranger()


async def card_unknown(lab: Lab) -> None:
    """The CSMS knows no card any more."""
    lab.services.tokens = KnownCards({})


# The contract pool


async def pool_dead(lab: Lab) -> None:
    """Nobody answers at the pool."""
    lab.services.pool = DeadPool()


async def pool_slow(lab: Lab) -> None:
    """The pool takes its time."""
    lab.services.pool = SlowPool(lab.services.pool, lab, SLOW)


async def pool_empty(lab: Lab) -> None:
    """The pool holds no contract for the vehicle."""
    pool = lab.back.ecosystem.pool
    for entry in await pool.contracts(common_name(lab.back.pki.certificate("oem_leaf"))):
        await pool.delete(entry.emaid, skip_revocation=True)


async def bundle_key(lab: Lab) -> None:
    """The encrypted key is altered on its way."""
    lab.services.pool = TamperingPool(lab.services.pool, wrong_key)


async def bundle_signature(lab: Lab) -> None:
    """The provisioning service's signature is altered on its way."""
    lab.services.pool = TamperingPool(lab.services.pool, wrong_signature)


async def bundle_foreign(lab: Lab) -> None:
    """The contract is signed by the provisioning service of another ecosystem."""
    lab.services.pool = TamperingPool(lab.services.pool, signed_by(foreign(lab, "cps_leaf")))


# The OCSP responder


async def responder_dead(lab: Lab) -> None:
    """Nobody answers at the responder."""
    lab.services.revocation = DeadResponder()


async def responder_slow(lab: Lab) -> None:
    """The responder takes its time."""
    lab.services.revocation = SlowResponder(lab.services.revocation, lab, SLOW)


# The CSMS


async def csms_dead(lab: Lab) -> None:
    """The CSMS goes away; the station notices."""
    await lab.back.stop_csms()
    await lab.site.station.wait_offline()


async def csms_away(lab: Lab) -> None:
    """The connection to the CSMS is lost for a minute."""
    await lab.cut_csms(60.0)
