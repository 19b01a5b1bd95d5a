"""The XML signature of a message in plain view: each reference with both digests, the signer, whether it verifies."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from pncsim.simulator.dashboard.anatomy import Anatomy
from pncsim.simulator.dashboard.form import read_value
from pncsim.simulator.dashboard.moment import earlier
from pncsim.simulator.dashboard.store import EventStore
from pncsim.tls_certs.reading import load, shown
from pncsim.wire.errors import PncError
from pncsim.wire.trace import V2gMessage
from pncsim.wire.v2g.signature import ISO2_BY_KEY, digest_of, verify


class SignedReference(Struct, frozen=True):
    """A reference: the ``element`` with that Id ("" if there is none), the digest it names and the one computed."""

    uri: str
    element: str
    wanted: str
    computed: str
    part: int = -1

    @property
    def ok(self) -> bool:
        """Whether both digests are the same."""
        return bool(self.computed) and self.wanted == self.computed


class SignatureView(Struct, frozen=True):
    """``signers``: subjects of the chain that is held to have signed, leaf first. ``verdict``: empty if it verifies.

    ``grammar``: the message set in whose grammar SignedInfo verified. ``from_where``: where the chain was shown.
    """

    algorithm: str
    references: tuple[SignedReference, ...]
    signers: tuple[str, ...]
    from_where: str
    grammar: str
    verdict: str


_CHAINS = {
    "CertificateInstallationRes": ("SAProvisioningCertificateChain", ""),
    "CertificateUpdateRes": ("SAProvisioningCertificateChain", ""),
    "CertificateUpdateReq": ("ContractSignatureCertChain", ""),
    "AuthorizationReq": ("ContractSignatureCertChain", "PaymentDetailsReq"),
    "MeteringReceiptReq": ("ContractSignatureCertChain", "PaymentDetailsReq"),
}
"""Where the chain of who signed stands: the field, and the earlier message that had it if it is not this one."""


def signature_of(store: EventStore, place: int, anatomy: Anatomy) -> SignatureView | None:
    """The signature of the message at ``place``; None where there is none."""
    event = store.event(place)
    value: Any = read_value(event).value if isinstance(event, V2gMessage) else None
    signature = getattr(getattr(value, "Header", None), "Signature", None)
    if signature is None:
        return None
    body = value.Body.BodyElement
    by_id = {part.said.Id: part for part in anatomy.parts if getattr(part.said, "Id", None)}
    info = signature.SignedInfo
    references, signed = [], []
    for reference in info.Reference:
        part = by_id.get((reference.URI or "").removeprefix("#"))
        computed = ""
        if part is not None:
            name = part.name
            signed.append((name, part.said))
            try:
                computed = digest_of(name, part.said, info.SignatureMethod.Algorithm, ISO2_BY_KEY).hex()
            except PncError:
                computed = ""
        references.append(
            SignedReference(
                str(reference.URI or ""),
                part.name if part is not None else "",
                reference.DigestValue.hex(),
                computed,
                part.number if part is not None else -1,
            )
        )
    chain, where = _chain(store, place, event.name if isinstance(event, V2gMessage) else "", body)
    grammar, verdict, signers = "", "", tuple[str, ...]()
    try:
        certificates = [load(der) for der in chain]
        signers = tuple(shown(certificate.subject) for certificate in certificates)
        if certificates:
            grammar = verify(signature, signed, certificates[0].public_key(), rules=ISO2_BY_KEY, gate=_pass_over)
        else:
            verdict = "The certificate of who signed was not seen in this session."
    except PncError as error:
        verdict = str(error)
    method = str(info.SignatureMethod.Algorithm).rpartition("#")[2]
    return SignatureView(method, tuple(references), signers, where, grammar, verdict)


def _chain(store: EventStore, place: int, name: str, body: Any) -> tuple[list[bytes], str]:
    if name == "CertificateInstallationReq":
        return [body.OEMProvisioningCert], "in this message"
    field, before = _CHAINS.get(name, ("", ""))
    where = f"in {before}" if before else "in this message"
    if before:
        said = earlier(store, place, before)
        value: Any = None if said is None else said.value
        body = None if value is None else value.Body.BodyElement
    held = getattr(body, field, None) if field else None
    if held is None:
        return [], ""
    below = held.SubCertificates.Certificate if held.SubCertificates is not None else []
    return [held.Certificate, *below], where


def _pass_over(liberty: object) -> None:
    """What was let pass is told by an event of its own."""
