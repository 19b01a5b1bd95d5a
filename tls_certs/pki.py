"""A whole PKI: the certificates and keys of all roles, made at once, and what actors take from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct, field

from pncsim.tls_certs.authority import Authority, answer_request
from pncsim.tls_certs.folder import read_folders, write_folder
from pncsim.tls_certs.issue import ORGANIZATION, issue, subject_name
from pncsim.tls_certs.keys import CURVES, KeyKind
from pncsim.tls_certs.ledger import LEDGER, Ledger, issuer_name, new_list
from pncsim.tls_certs.profiles import DAY, OCPP_PROFILES, OCSP_PROFILES, PROFILES, V2G_PROFILES, NameKind, Profile
from pncsim.tls_certs.reading import der, fingerprint, is_ca, issued_by, list_addresses, responder_url
from pncsim.tls_certs.revocation import Registry, Status
from pncsim.wire.algorithms import AlgorithmId
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import Kind, LocalError
from pncsim.wire.identifiers import check_emaid, check_evseid, check_pcid
from pncsim.wire.source import SYSTEM, Source
from pncsim.wire.values import Discreet, replace

OCPP_ROLES = frozenset(profile.role for profile in OCPP_PROFILES)
"""Roles that live in a subfolder of their own, with a manifest of their own."""

KeyMaker = Callable[[str], ec.EllipticCurvePrivateKey]
"""Makes a key for a role, for instance in a token (:func:`tls_certs.hsm.key_maker`)."""

DEFAULT_PCID = "PNCSIMVEHICLE00001"
DEFAULT_EMAID = "DEPNCC00000001A"
DEFAULT_EVSE_ID = "DE*PNC*E100001"


class Pki(Discreet, Struct, eq=False):
    """Certificates and keys by role; what a role is, :data:`tls_certs.profiles.PROFILES` says.

    ``certificates`` holds one or more per role: a file of roots may carry several. ``further`` are CA certificates that
    came along in some file: they complete chains and are nobody's root. Keys are never shown by ``repr``.
    ``complete`` says whether the authorities know of every certificate they have ever issued; in a folder its
    ``ledger`` does. Keys and serial numbers are drawn from ``source``. ``keeper`` is who has the authorities' keys,
    where they are not here. ``algorithm``: what new certificates of ISO 15118 are made for.
    """

    _hidden = ("certificates", "keys", "_authorities")

    certificates: dict[str, tuple[x509.Certificate, ...]]
    keys: dict[str, ec.EllipticCurvePrivateKey]
    ocsp_url: str | None = None
    crl_url: str | None = None
    complete: bool = True
    folder: Path | None = None
    source: Source = SYSTEM
    further: tuple[x509.Certificate, ...] = ()
    ledger: Ledger | None = None
    keeper: str = ""
    algorithm: AlgorithmId = "P-256"
    _authorities: dict[str, Authority] = field(default_factory=dict)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles there are certificates for."""
        return tuple(self.certificates)

    def profile(self, role: str) -> Profile:
        """What a certificate of that role looks like here."""
        return replace(PROFILES[role], key=KeyKind(self.algorithm))

    def certificate(self, role: str) -> x509.Certificate:
        """The certificate of a role (the first one, where there are several). Raises LocalError."""
        found = self.certificates.get(role)
        if not found:
            raise LocalError(f"There is no certificate for the role {role} in {self._place()}.")
        return found[0]

    def key(self, role: str) -> ec.EllipticCurvePrivateKey:
        """The private key of a role. Raises LocalError."""
        found = self.keys.get(role)
        if found is None:
            kind: Kind = "elsewhere" if self.keeper else "configuration"
            raise LocalError(f"There is no key for the role {role} ({role}_key) in {self._place()}.", kind=kind)
        return found

    def _place(self) -> str:
        return f"the PKI folder {self.folder}" if self.folder else self.keeper or "this PKI"

    def anchors(self, *roles: str) -> tuple[x509.Certificate, ...]:
        """All certificates of the given root roles, for verifying; roles that are not there are left out."""
        return tuple(certificate for role in roles for certificate in self.certificates.get(role, ()))

    def chain(self, role: str) -> tuple[x509.Certificate, ...]:
        """The certificate of a role and its issuers, leaf first, without the root. Raises LocalError."""
        chain = [self.certificate(role)]
        while not _is_root(chain[-1]):
            issuer = self._issuer_of(chain[-1])
            if issuer is None and len(chain) == 1 and not is_ca(chain[0]):
                wanted = PROFILES[role].issuer if role in PROFILES else None
                raise LocalError(
                    f"The issuer of {role} ({chain[0].issuer.rfc4514_string()}) is not in {self._place()}.",
                    advice=f"Add the role {wanted}." if wanted else "",
                )
            if issuer is None or _is_root(issuer):
                break
            chain.append(issuer)
        return tuple(chain)

    def root(self, role: str) -> x509.Certificate:
        """The root above a role, or the role's own certificate if it is one. Raises LocalError."""
        top = self.chain(role)[-1]
        if _is_root(top):
            return top
        issuer = self._issuer_of(top)
        if issuer is None:
            name = top.issuer
            others = [one for one in self._all() if _names(one)[0] == name]
            which = ", ".join(fingerprint(der(one))[:16] for one in others)
            but = f": of that name there is another one (SHA-256 {which})" if others else ""
            raise LocalError(f"The root of {role} ({name.rfc4514_string()}) is not in {self._place()}{but}.")
        return issuer

    def credentials(self, role: str) -> Credentials:
        """The chain (leaf first, without root) and the key of a role. Raises LocalError."""
        return Credentials(self.chain(role), self.key(role))

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        return next((one for one in self._all() if _issued(one, certificate)), None)

    def _all(self) -> Iterator[x509.Certificate]:
        for certificates in self.certificates.values():
            yield from certificates
        yield from self.further

    def authority(self, role: str) -> Authority:
        """The authority of an issuing role; always the same object, with its memory. Raises LocalError."""
        authority = self._authorities.get(role)
        if authority is None:
            certificate = self.certificate(role)
            if not is_ca(certificate):
                raise LocalError(f"{role} is not a certificate authority and issues nothing.")
            authority = self._authorities[role] = Authority(
                role=role,
                certificate=certificate,
                chain=() if _is_root(certificate) else self.chain(role),
                key=self.keys.get(role),
                keeper=self.keeper,
                source=self.source.of(role),
                registry=self._registry(certificate),
                ocsp_url=None if role in OCPP_ROLES else self.ocsp_url,
                crl_url=f"{self.crl_url}/{role}.crl" if self.crl_url and role not in OCPP_ROLES else None,
            )
            signer = f"ocsp_{role}"
            if signer in self.certificates and signer in self.keys:
                authority.signer = Credentials((self.certificate(signer), *authority.chain), self.keys[signer])
        return authority

    def forget_authority(self, role: str) -> None:
        """Have the authority made anew when it is next asked for: it has another certificate and key by then."""
        self._authorities.pop(role, None)

    def _registry(self, issuer: x509.Certificate) -> Registry:
        issued = self._issued_by(issuer)
        if self.ledger is not None:
            return self.ledger.registry(issuer, issued)
        return Registry(complete=self.complete, issued=issued, issuer=issuer_name(issuer))

    def _issued_by(self, issuer: x509.Certificate) -> set[int]:
        return {certificate.serial_number for certificate in self._all() if _names(certificate)[1] == _names(issuer)[0]}

    def authorities(self) -> list[Authority]:
        """Every authority of the V2G chains, made where it was not yet asked for."""
        return [self.authority(role) for role in self.certificates if self._answers_ocsp(role)]

    def _answers_ocsp(self, role: str) -> bool:
        return role not in OCPP_ROLES and role in PROFILES and PROFILES[role].ca

    def answer_ocsp(self, request: bytes, now: float) -> bytes:
        """The OCSP response (DER) to a request (DER) about a certificate of any of the V2G chains."""
        return answer_request(request, self.authorities(), now)

    def issuer_authority(self, certificate: x509.Certificate) -> Authority:
        """The authority that has issued ``certificate``. Raises LocalError if none of this PKI has."""
        for role in self.certificates:
            if role in PROFILES and PROFILES[role].ca:
                authority = self.authority(role)
                if _issued(authority.certificate, certificate):
                    return authority
        raise LocalError(f"{certificate.subject.rfc4514_string()} was not issued by an authority of {self._place()}.")

    def status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Status:
        """What the PKI knows of a certificate; good where somebody else has issued it. Raises LocalError."""
        try:
            authority = self.issuer_authority(certificate)
        except LocalError:
            return Status.GOOD
        return authority.status(certificate)


def _is_root(certificate: x509.Certificate) -> bool:
    subject, issuer = _names(certificate)
    return subject == issuer


@lru_cache(maxsize=512)
def _names(certificate: x509.Certificate) -> tuple[x509.Name, x509.Name]:
    """Subject and issuer; kept, because a chain is looked for by name and every look parses both anew."""
    return certificate.subject, certificate.issuer


@lru_cache(maxsize=512)
def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether name and signature say so. That never changes, unlike validity, which is not asked here."""
    if _names(issuer)[0] != _names(certificate)[1]:
        return False
    return issued_by(certificate, issuer)


def create_pki(
    now: float,
    *,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
    pcid: str = DEFAULT_PCID,
    emaid: str = DEFAULT_EMAID,
    evse_id: str = DEFAULT_EVSE_ID,
    contract_ca: Literal["mo", "v2g"] = "mo",
    oem_ca: Literal["oem", "v2g"] = "oem",
    organization: str = ORGANIZATION,
    source: Source = SYSTEM,
    keys: KeyMaker | None = None,
    algorithm: AlgorithmId = "P-256",
) -> Pki:
    """All chains of an ISO 15118-2 ecosystem with fresh keys, valid from about ``now`` (lab seconds since the epoch).

    Keys and serial numbers are drawn from ``source``: with a seed, the same arguments give the same octets.
    ``ocsp_url`` and ``crl_url`` go into every certificate that is not a root (``crl_url`` is completed by
    ``/<issuing role>.crl``). ``contract_ca`` and ``oem_ca`` put the MO's and the OEM's Sub-CA 1 under a root of its own
    or under the V2G root. ``keys`` makes those of the authorities and of the provisioning service. ``algorithm``: what
    all of them are made for, but those of OCPP and HTTPS; of another than P-256 nothing is left of ISO 15118-2 but the
    form of its certificates (CharIN 2.3). Raises LocalError for a bad identifier or an address too long to fit.
    """
    names = {
        NameKind.PCID: check_pcid(pcid),
        NameKind.EMAID: check_emaid(emaid),
        NameKind.STATION: check_evseid(evse_id).replace("*", ""),
        NameKind.HOST: "localhost",
    }
    moved = {"mo_sub1": contract_ca == "v2g", "oem_sub1": oem_ca == "v2g"}
    pki = Pki({}, {}, ocsp_url=ocsp_url, crl_url=crl_url, source=source, algorithm=algorithm)
    for profile in (*V2G_PROFILES, *OCSP_PROFILES, *OCPP_PROFILES):
        wanted = replace(profile, issuer="v2g_root") if moved.get(profile.role) else profile
        _add(pki, wanted, names.get(profile.name, f"{organization} {profile.title}"), organization, now, keys)
    return pki


def add_authorities(pki: Pki, profiles: Iterable[Profile], now: float, keys: KeyMaker | None = None) -> list[str]:
    """Make those of ``profiles`` that the PKI lacks, each issuer before what it issues; the roles that were made.

    ``keys`` as for :func:`create_pki`.
    Raises LocalError where the key of an issuer is not there.
    """
    made = [profile for profile in profiles if profile.role not in pki.certificates]
    for profile in made:
        _add(pki, profile, f"{ORGANIZATION} {profile.title}", ORGANIZATION, now, keys)
    return [profile.role for profile in made]


def create_ocpp_pki(now: float, source: Source = SYSTEM) -> Pki:
    """What OCPP and HTTPS run on, alone: for a CSMS beside a PKI that holds only certificates of ISO 15118."""
    pki = Pki({}, {}, source=source)
    for profile in OCPP_PROFILES:
        name = "localhost" if profile.name is NameKind.HOST else f"{ORGANIZATION} {profile.title}"
        _add(pki, profile, name, ORGANIZATION, now)
    return pki


def _add(
    pki: Pki, profile: Profile, common_name: str, organization: str, now: float, keys: KeyMaker | None = None
) -> None:
    source = pki.source.of(profile.role)
    signs = (profile.ca or profile.role == "cps_leaf") and profile.role not in OCPP_ROLES
    curve = CURVES["P-256" if profile.role in OCPP_ROLES else pki.algorithm]
    key = source.key(curve) if keys is None or not signs else keys(profile.role)
    if profile.issuer is None:
        certificate = issue(
            profile,
            subject_name(profile, common_name, organization),
            key.public_key(),
            now,
            issuer=None,
            issuer_key=key,
            serial=source.serial(),
            not_before=now - DAY,
        )
    else:
        issuer = pki.authority(profile.issuer)
        certificate = issuer.issue(profile, common_name, key.public_key(), now, organization=organization)
        if profile.responder:
            issuer.signer = Credentials((certificate, *issuer.chain), key)
    pki.certificates[profile.role] = (certificate,)
    pki.keys[profile.role] = key


OCPP_FOLDER = "ocpp"
"""The subfolder of what OCPP and HTTPS run on."""


def write_pki(pki: Pki, directory: str | Path, *, force: bool = False) -> None:
    """Write a PKI folder: PEM files, the manifest ``pki.json``, and the same for OCPP and HTTPS in ``ocpp/``.

    Raises LocalError; without ``force`` also when any of the files is there already. See :func:`write_folder`.
    """
    parts: dict[str, tuple[dict[str, tuple[x509.Certificate, ...]], dict[str, ec.EllipticCurvePrivateKey]]] = {
        place: (
            {role: chain for role, chain in pki.certificates.items() if (role in OCPP_ROLES) == bool(place)},
            {role: key for role, key in pki.keys.items() if (role in OCPP_ROLES) == bool(place)},
        )
        for place in ("", OCPP_FOLDER)
    }
    complete = pki.ledger.complete if pki.ledger is not None else pki.complete
    authorities = (pki.authority(role) for role in pki.roles if is_ca(pki.certificate(role)))
    issued = new_list((authority.registry for authority in authorities), complete=complete)
    write_folder(Path(directory), parts, force=force, further={LEDGER: issued})


def load_pki(
    directory: str | Path,
    *,
    ocsp_url: str | None = None,
    crl_url: str | None = None,
    source: Source = SYSTEM,
    keeping: bool = False,
) -> Pki:
    """The PKI in a folder; roles may be missing, and are named when they are asked for. Raises LocalError.

    Expired certificates load: who uses them says so. Without ``ocsp_url`` and ``crl_url`` new certificates get the
    addresses that those in the folder carry. What its authorities issue and revoke stays in the folder if ``keeping``
    says so. Where it has no list of what was issued before, they call good what they do not know to be revoked.
    """
    folder = Path(directory)
    certificates, keys = read_folders(folder, OCPP_FOLDER)
    if ocsp_url is None:
        urls = (responder_url(chain[0]) for role, chain in certificates.items() if role not in OCPP_ROLES)
        ocsp_url = next((url for url in urls if url), None)
    if crl_url is None:
        crl_url = _where_lists_are(certificates)
    more = _take_sub_cas(certificates)
    return Pki(
        certificates,
        keys,
        ocsp_url=ocsp_url,
        crl_url=crl_url,
        complete=False,
        folder=folder,
        source=source,
        further=more,
        ledger=Ledger(folder, writing=keeping),
    )


def _where_lists_are(certificates: Mapping[str, Sequence[x509.Certificate]]) -> str | None:
    """What :func:`create_pki` was told as ``crl_url``, if it was."""
    for role, chain in certificates.items():
        issuer = PROFILES[role].issuer if role in PROFILES else None
        for address in list_addresses(chain[0]) if issuer is not None else ():
            if address.endswith(f"/{issuer}.crl"):
                return address.removesuffix(f"/{issuer}.crl")
    return None


def _take_sub_cas(certificates: dict[str, tuple[x509.Certificate, ...]]) -> tuple[x509.Certificate, ...]:
    """Leave roots alone in the files of roots, and return what else was there: a bundle of CAs makes none an anchor."""
    taken: list[x509.Certificate] = []
    for role in [role for role in certificates if role in PROFILES and PROFILES[role].issuer is None]:
        roots = tuple(one for one in certificates[role] if _is_root(one))
        taken += (one for one in certificates[role] if one not in roots)
        if roots:
            certificates[role] = roots
        else:
            del certificates[role]
    return tuple(taken)
