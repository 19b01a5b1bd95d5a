"""Certificates that are odd in ways the library notices late or reports in kinds of its own; signed by nobody."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509

from pncsim.tls_certs import der

Parts = list[bytes]


def _version_9(parts: Parts) -> Parts:
    return [der.element(der.context(0), b"\x02\x01\x09"), *parts[1:]]


def _dates(text: bytes, tag: int = 0x17) -> Callable[[Parts], Parts]:
    dates = der.element(der.SEQUENCE, der.element(tag, text), der.element(tag, text))
    return lambda parts: [*parts[:4], dates, *parts[5:]]


def _extensions(parts: Parts) -> list[bytes]:
    return [one.encoding for one in der.children(der.read(der.read(parts[-1]).content).content)]


def _with_extensions(parts: Parts, *extensions: bytes) -> Parts:
    return [*parts[:-1], der.element(der.context(3), der.element(der.SEQUENCE, *extensions))]


def _extension_twice(parts: Parts) -> Parts:
    own = _extensions(parts)
    return _with_extensions(parts, *own, own[0])


def _extra(oid: str, value: bytes) -> Callable[[Parts], Parts]:
    extension = der.element(der.SEQUENCE, der.oid(oid), der.element(der.OCTET_STRING, value))
    return lambda parts: _with_extensions(parts, *_extensions(parts), extension)


def _instead(oid: str, value: bytes) -> Callable[[Parts], Parts]:
    extension = der.element(der.SEQUENCE, der.oid(oid), der.element(der.OCTET_STRING, value))
    return lambda parts: _with_extensions(
        parts, *(one for one in _extensions(parts) if der.oid(oid) not in one), extension
    )


def _replaced(old: str, new: str) -> Callable[[Parts], Parts]:
    return lambda parts: [part.replace(bytes.fromhex(old), bytes.fromhex(new)) for part in parts]


_EDI_PARTY = der.element(der.SEQUENCE, der.element(der.context(5), b""))
_X400 = der.element(der.SEQUENCE, der.element(der.context(3), b""))
_ODD_ACCESS = der.element(
    der.SEQUENCE,
    der.element(der.SEQUENCE, der.oid("1.3.6.1.5.5.7.48.1"), der.element(der.context(3), b"")),
)

CHANGES: dict[str, Callable[[Parts], Parts]] = {
    "version 9": _version_9,
    "year 0": _dates(b"00000101000000Z", 0x18),
    "month 13": _dates(b"991332000000Z"),
    "an extension twice": _extension_twice,
    "a party by EDI among its names": _extra("2.5.29.17", _EDI_PARTY),
    "an X.400 address among its names": _extra("2.5.29.17", _X400),
    "an OCSP responder by X.400": _instead("1.3.6.1.5.5.7.1.1", _ODD_ACCESS),
    "a key usage that is none": _instead("2.5.29.15", b"\x02\x01\x00"),
    "basic constraints that are none": _instead("2.5.29.19", b"\x04\x00"),
    "a curve nobody knows": _replaced("2a8648ce3d030107", "2a8648ce3d03017f"),
    "a key of no kind": _replaced("2a8648ce3d0201", "2a8648ce3d027f"),
    "a name that is no UTF-8": lambda parts: [*parts[:5], parts[5].replace(b"pncsim", b"pnc\xff\xfem"), *parts[6:]],
}
"""What is done to the parts of a certificate (its TBSCertificate) by name."""


def odd(certificate: x509.Certificate, change: str) -> bytes:
    """The certificate with a change of :data:`CHANGES`; its signature is that of the unchanged one."""
    parts = [element.encoding for element in der.children(der.read(certificate.tbs_certificate_bytes).content)]
    algorithm = parts[2]
    tbs = der.element(der.SEQUENCE, *CHANGES[change](parts))
    return der.element(der.SEQUENCE, tbs, algorithm, der.bit_string(certificate.signature))
