"""A contract that comes by another way than a charging station: the same message, judged in the same way."""

from __future__ import annotations

from msgspec import Struct

from pncsim.ev.contracts import Contract
from pncsim.ev.iso2.bundle import verify_bundle
from pncsim.ev.vehicle import Vehicle
from pncsim.wire.errors import PeerError
from pncsim.wire.exi.errors import ExiDecodeError
from pncsim.wire.gate import Liberty
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.registry import codec
from pncsim.wire.voice import Voice


class _Arrival(Struct, frozen=True):
    """Where it arrives, as :class:`ev.iso2.bundle.BundleJudge`."""

    vehicle: Vehicle
    now: float
    voice: Voice

    def tolerate(self, liberty: Liberty) -> None:
        self.voice.tolerate(liberty)


def unpack_contract(vehicle: Vehicle, exi: bytes, now: float, voice: Voice) -> Contract:
    """The contract in a CertificateInstallationRes (a whole EXI V2G message); nothing is kept yet.

    Raises PeerError naming the first check that failed (V2G2-814 to -823), as in a charging session.
    """
    if vehicle.provisioning is None:
        raise PeerError(
            "The vehicle has no provisioning certificate to unwrap a contract key with.", kind="no contract"
        )
    try:
        message = codec("iso2").decode(exi, gate=voice.tolerate)
    except ExiDecodeError as error:
        raise PeerError(f"The contract that came cannot be read: {error}.", kind="malformed") from None
    response = message.Body.BodyElement
    if not isinstance(response, iso2.CertificateInstallationRes) or response.ResponseCode.startswith("FAILED"):
        what = getattr(response, "ResponseCode", None) or type(response).__name__
        raise PeerError(f"Not a contract has come, but {what}.", kind="unexpected answer")
    arrival = _Arrival(vehicle, now, voice)
    return verify_bundle(arrival, response, vehicle.provisioning, message.Header.Signature)
