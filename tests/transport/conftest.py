"""What the TLS tests share: one throw-away chain, and handshakes with it."""

from __future__ import annotations

import pytest
from handshakes import Handshakes
from throwaway import Chain


@pytest.fixture(scope="session")
def chain() -> Chain:
    """Root, Sub-CAs and leaf."""
    return Chain()


@pytest.fixture
def tls(chain: Chain) -> Handshakes:
    """Handshakes in memory."""
    return Handshakes(chain)
