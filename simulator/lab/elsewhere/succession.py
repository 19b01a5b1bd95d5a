"""A V2G root of running services that is followed by another one, for as long as a run lasts."""

from __future__ import annotations

import base64
from urllib.parse import quote

from cryptography import x509

from pncsim.simulator.lab.elsewhere.callers import Callers
from pncsim.simulator.lab.roots import ROOTS, fingerprint
from pncsim.tls_certs import reading


class Succession:
    """The successor, if there is one; services that nobody else needs set it up (``--test-controls``)."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._successor: x509.Certificate | None = None

    async def begin(self, *, new_key: bool) -> x509.Certificate:
        """Have the services certify below another root from now on, which their root pool does not know. Raises
        PncError."""
        administrator = self._callers.administrator()
        answer = await administrator.call("admin", "POST", "/admin/pki/root", {"newKey": new_key})
        self._successor = reading.load(base64.b64decode(str(answer.get("certificate", ""))), "The new root")
        return self._successor

    async def end(self) -> None:
        """Have them go on with the root they had. Raises PncError."""
        if self._successor is None:
            return
        administrator, wanted = self._callers.administrator(), fingerprint(self._successor)
        listed = (await administrator.call("rcp", "GET", ROOTS)).get("RootCertificateCollection", {})
        for one in listed.get("rootCertificates", ()):
            if one.get("fingerprint") == wanted:
                await administrator.call("rcp", "DELETE", f"{ROOTS}/{quote(one['rootCertificateId'], safe='')}")
        await administrator.call("admin", "POST", "/admin/restore/end")
        self._successor = None
