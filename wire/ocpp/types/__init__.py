"""What calls and answers carry, for the type checker: one module per version, made from OCPP's own schemas.

Import those modules under ``TYPE_CHECKING`` only: at run time a payload is a plain dict that its schema has accepted.
"""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]
"""A payload whose action is not known to the type checker."""
