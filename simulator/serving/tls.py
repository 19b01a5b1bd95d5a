"""HTTPS for served services: a certificate below the operator's own root, and one for each demo client to show."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pncsim.backend.auth.certificates import CLIENT, SERVER, ClientCertificates
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.files import NewFile, replace_file, replace_together
from pncsim.wire.https import furnish
from pncsim.wire.source import SYSTEM


class TlsFiles:
    """In the data folder: ``root``, which a client of the services has to trust, and what the demo clients show."""

    def __init__(self, folder: Path) -> None:
        self.root, self.clients = folder / "tls_root.pem", folder / "clients"

    def files(self, id: str) -> tuple[Path, Path]:
        """A client's certificate, and its key."""
        return self.clients / f"{id}.pem", self.clients / f"{id}_key.pem"

    async def prepare(
        self,
        context: ssl.SSLContext,
        certificates: ClientCertificates,
        authorities: Iterable[x509.Certificate],
        host: str,
    ) -> None:
        """Let ``context`` answer for ``host``, and take certificates of clients, and those issued by ``authorities``.

        The latter are for their own renewal.
        """
        root = await certificates.own.root()
        credentials = await certificates.own.credentials(SERVER, hosts=() if _is_any(host) else (host,))
        furnish(context, credentials, (root, *authorities))
        replace_file(self.root, reading.pem([root]).encode("ascii"), 0o600)

    async def certify(self, certificates: ClientCertificates, ids: Iterable[str]) -> None:
        """A certificate and a key for each client; what is there and good stays."""
        _make(self.clients)
        for id in ids:
            shown, key_file = self.files(id)
            before = _read(shown, key_file)
            if before is not None and await certificates.grant(before) is not None:
                continue
            key = SYSTEM.key()
            made = await certificates.certify(id, build_request(key, PROFILES[CLIENT], id))
            octets = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            replace_together(
                [NewFile(key_file, octets, 0o600), NewFile(shown, reading.pem([made]).encode("ascii"), 0o600)]
            )


def _make(folder: Path) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)


def _read(certificate: Path, key: Path) -> bytes | None:
    """The certificate (DER) in a file, if it is there and its key, too."""
    try:
        found = reading.load_all(certificate.read_bytes())
    except (OSError, reading.Unreadable):
        return None
    return reading.der(found[0]) if key.exists() else None


def _is_any(host: str) -> bool:
    """Whether it names no machine, but all addresses of this one."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False
