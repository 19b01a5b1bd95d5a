"""What a station is: its identity, its plates, the times it keeps."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from msgspec import Struct

from pncsim.wire.gate import LENIENT, Tolerance

if TYPE_CHECKING:
    from pncsim.wire.ocpp.types import v201 as types


class StationConfig(Struct, frozen=True, kw_only=True):
    """One station. Times in seconds.

    ``identity``: how the CSMS knows it (at most 48 characters, no colon). ``connectors``: how many each EVSE has, the
    EVSEs being numbered from 1 in this order; ``evse_ids``: their ISO 15118 EVSEIDs (``secc_id`` where one is missing).
    ``secc_id`` becomes the CN of its V2G certificate. ``certificate_timeout`` must stay below the 4.5 s the SECC has
    for CertificateInstallationRes. ``staple_sub_cas``: fetch OCSP answers for the Sub-CAs too. ``card``: one that lies
    on the reader of every EVSE all the time. ``private_emaids``: the station stands in a private environment, where
    it lets these contracts charge and no others, asks nobody, and looks at no chain (CharIN 2.1.4); whoever owns it may
    go on writing in that list. ``commissioned``: Plug & Charge and the V2G certificate are switched on from the first
    boot; otherwise the CSMS does that. ``refuses``: liberties of the CSMS that are not let pass.
    """

    identity: str = "CS001"
    vendor: str = "pncsim"
    model: str = "Simulated AC/DC"
    serial_number: str = "SN0001"
    firmware: str = "1.0"
    secc_id: str = "DEPNCE100001"
    organization: str = "pncsim CPO"
    country: str = "DE"
    connectors: tuple[int, ...] = (1,)
    evse_ids: tuple[str, ...] = ()
    security_profile: int = 2
    request_certificate: bool = True
    request_staples: bool = True
    staple_sub_cas: bool = False
    card: str = ""
    card_kind: types.IdTokenEnumType = "ISO14443"
    private_emaids: Set[str] | None = None
    commissioned: bool = True
    call_timeout: float = 30.0
    certificate_timeout: float = 4.0
    authorize_timeout: float = 10.0
    boot_retry: float = 30.0
    refuses: frozenset[Tolerance] = LENIENT

    def iso15118_evse_id(self, evse: int) -> str:
        """The EVSEID vehicles are told at this EVSE."""
        return self.evse_ids[evse - 1] if evse <= len(self.evse_ids) else self.secc_id
