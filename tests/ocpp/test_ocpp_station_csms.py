"""Both ends in memory, in virtual time: what the station and the CSMS do together."""

from __future__ import annotations

import asyncio
import base64

import pytest
from ocpp_lab import IDENTITY, Lab, running, virtual

from secc.station.config import StationConfig
from wire.errors import PncError


@virtual
async def test_boot_certificate_and_staple() -> None:
    lab = Lab()
    async with running(lab.station()) as station:
        await station.wait_ready()
        assert lab.frames()[:4] == ["BootNotification", "StatusNotification", "SignCertificate", "CertificateSigned"]
        assert "GetCertificateStatus" in lab.frames()
        assert station.credentials is not None
        assert station.credentials.key.public_key() == station.credentials.leaf.public_key()
        assert len(station.credentials.chain) == 3
        assert station.staples[0] is not None and station.staples[1:] == (None, None)
        assert lab.csms.stations[IDENTITY].connectors == {(1, 1): "Available"}
        assert lab.problems() == []
