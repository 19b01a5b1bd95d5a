"""A back end for each test."""

from __future__ import annotations

import pytest
from backend_world import World, open_world


@pytest.fixture
async def world() -> World:
    """Fresh PKI, fresh services."""
    return await open_world()
