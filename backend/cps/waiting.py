"""Contracts that wait in the pool under a certificate of the provisioning service that has a successor.

A vehicle verifies the signature when it gets them, and nobody may hand out what was signed with a revoked certificate:
what still waits then is signed again. The contract data are those that were checked when they came; nothing of the
contract changes, and so nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.ccp.store import CONTRACTS, StoredContract
from pncsim.backend.cps.service import CpsSigner, sign_again
from pncsim.backend.store import Change, Store, every
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice


async def sign_waiting_again(store: Store, voice: Voice, successors: Mapping[bytes, CpsSigner]) -> int:
    """Sign again what waits below the same V2G root; how many.

    ``successors``: who signs in place of a certificate (DER) of the provisioning service.
    """
    with voice.call("sign waiting contracts again") as call:
        done = 0
        async for contract in every(store.of(CONTRACTS)):
            signer = successors.get(contract.bundle.provisioning_certificates[0])
            if signer is None or signer.fingerprint != contract.entry.root:
                continue
            signed = replace(contract, bundle=sign_again(contract.bundle, signer))
            done += await _put(store, contract, signed)
        call.text = f"{done} contracts that wait have a new signature."
        return done


async def _put(store: Store, before: StoredContract, signed: StoredContract) -> bool:
    """Keep it in the place of ``before``, unless that has gone or was replaced meanwhile."""

    async def step(change: Change) -> bool:
        held = await change.of(CONTRACTS).get(before.entry.emaid)
        if held is None or held.bundle != before.bundle:
            return False
        await change.of(CONTRACTS).put(replace(signed, entry=held.entry))
        return True

    return await store.change(step)
