"""Programs of others that judge what is made here."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Openssl = Callable[..., subprocess.CompletedProcess[str]]
"""Runs the openssl program with some arguments, both outputs in ``stdout``."""
