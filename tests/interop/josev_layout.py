"""A PKI folder of ``pnc certs create`` in the layout the PyPI package iso15118 (Josev) reads.

    python tests/interop/josev_layout.py PKI_DIR OUT_DIR

OUT_DIR is then its PKI_PATH. Keys are written unencrypted, with the empty password files it insists on.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

CERTIFICATES = {
    "v2g_root": "v2gRootCACert",
    "cpo_sub1": "cpoSubCA1Cert",
    "cpo_sub2": "cpoSubCA2Cert",
    "secc_leaf": "seccLeafCert",
    "mo_root": "moRootCACert",
    "mo_sub1": "moSubCA1Cert",
    "mo_sub2": "moSubCA2Cert",
    "contract_leaf": "contractLeafCert",
    "cps_sub1": "cpsSubCA1Cert",
    "cps_sub2": "cpsSubCA2Cert",
    "cps_leaf": "cpsLeafCert",
    "oem_root": "oemRootCACert",
    "oem_sub1": "oemSubCA1Cert",
    "oem_sub2": "oemSubCA2Cert",
    "oem_leaf": "oemLeafCert",
}
KEYS = {
    "secc_leaf": ("seccLeaf.key", "seccLeafPassword.txt"),
    "contract_leaf": ("contractLeaf.key", "contractLeafPassword.txt"),
    "cps_leaf": ("cpsLeaf.key", "cpsLeafPassword.txt"),
    "oem_leaf": ("oemLeaf.key", "oemLeafPassword.txt"),
    "mo_sub2": ("moSubCA2.key", "moSubCA2LeafPassword.txt"),
}
CHAINS = {
    "cpoCertChain.pem": ("secc_leaf", "cpo_sub2", "cpo_sub1"),
    "oemCertChain.pem": ("oem_leaf", "oem_sub2", "oem_sub1"),
}


def write_layout(folder: Path, out: Path) -> None:
    """Write the certificates and keys of ``folder`` below ``out``."""
    manifest = json.loads((folder / "pki.json").read_text())
    certs, keys = out / "iso15118_2" / "certs", out / "iso15118_2" / "private_keys"
    certs.mkdir(parents=True)
    keys.mkdir(mode=0o700)
    pem = {role: (folder / manifest[role]).read_bytes() for role in CERTIFICATES}
    for role, name in CERTIFICATES.items():
        (certs / f"{name}.pem").write_bytes(pem[role])
        (certs / f"{name}.der").write_bytes(x509.load_pem_x509_certificate(pem[role]).public_bytes(Encoding.DER))
    for name, roles in CHAINS.items():
        (certs / name).write_bytes(b"".join(pem[role] for role in roles))
    for role, (name, password) in KEYS.items():
        shutil.copy(folder / manifest[f"{role}_key"], keys / name)
        (keys / password).write_text("\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_layout(Path(sys.argv[1]), Path(sys.argv[2]))
