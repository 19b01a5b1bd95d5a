"""Contract data as an operator with a PKI of its own sends them to be signed (CharIN 2.1.2.2)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from pncsim.ev.vehicle import Vehicle
from pncsim.simulator.lab.around import named
from pncsim.tls_certs import reading
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Source
from pncsim.wire.v2g.key_transport import wrap
from pncsim.wire.v2g.registry import ISO2_NAMESPACE
from pncsim.wire.values import Discreet

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

SIGNED = "/v1/cps/contractData/signed"
"""Where an operator puts them (Open Plug&Charge Protocol)."""


class IssuedContract(Discreet, Struct, frozen=True):
    """A contract that is in no vehicle and no pool: its operator has issued the certificate, and knows it."""

    _hidden = ("credentials", "source")

    emaid: str
    credentials: Credentials
    source: Source

    def packed(self, vehicle: Vehicle, pcid: str) -> dict[str, Any]:
        """The request that has it signed and kept for ``pcid``, its key wrapped for ``vehicle``.

        Nobody who signs or keeps it can see whether those two belong together. Raises LocalError for a vehicle without
        a provisioning key.
        """
        receiver = None if vehicle.provisioning is None else reading.p256_key(vehicle.provisioning.leaf)
        if receiver is None:
            raise LocalError(f"{vehicle.name} has no provisioning key that a contract could be wrapped for.")
        wrapped = wrap(self.credentials.key, receiver, source=self.source)
        leaf, *sub_cas = map(_text, self.credentials.chain_der)
        data = {
            "contractCertificate": leaf,
            "contractSubCa1Certificate": sub_cas[-1],
            "contractSignatureEncryptedPrivateKey": _text(wrapped.encrypted),
            "dHpublickey": _text(wrapped.dh_public),
        }
        if len(sub_cas) > 1:
            data["contractSubCa2Certificate"] = sub_cas[0]
        return {"xsdMsgDefNamespace": ISO2_NAMESPACE, "pcid": pcid, "contractData": data}


async def issue_contract(lab: Lab, pcid: str) -> IssuedContract:
    """A contract for the vehicle ``pcid`` in its operator's books, and a certificate of the operator's own PKI for it.

    What the operator has made for it before has left the pool. Raises LocalError where the key of its Sub-CA 2 is not
    here.
    """
    parties = await lab.region.parties()
    pki = named(parties.pkis, "")
    issuer = pki.authority("mo_sub2")
    emaid = await parties.subscribe(pcid, operator="")
    await parties.empty(pcid)
    credentials = issuer.credentials(PROFILES["contract_leaf"], emaid, lab.clock.now())
    return IssuedContract(emaid, credentials, pki.source.of("packing"))


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
