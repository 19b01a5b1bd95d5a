"""Signing contract data (rules CPS-1 to CPS-14)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from cryptography import x509
from msgspec import Struct

from pncsim.backend import certificates
from pncsim.backend.bundle import ContractData, SignedContractData
from pncsim.backend.pcp import ProvisionedVehicle
from pncsim.backend.ports import ContractPoolPort, ProvisioningPort
from pncsim.backend.refusal import Refused
from pncsim.backend.verification import StatusError, Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.chain_element import chain_element
from pncsim.tls_certs.validation import ChainError, Use
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PncError
from pncsim.wire.gate import NotTolerated, Tolerance
from pncsim.wire.identifiers import IdentifierError, check_emaid, check_pcid
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.key_transport import WrappedKey
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

_ENCRYPTED, _POINT = 48, 65


class CpsSigner(Struct, frozen=True):
    """A signing identity below one V2G root; ``credentials.chain`` is the CPS leaf and its Sub-CAs."""

    credentials: Credentials
    root: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the V2G root (``cpsV2GRootCertificateFingerprint``)."""
        return reading.fingerprint(reading.der(self.root))


class UnknownVehicle(Refused):
    """The provisioning pool has no such vehicle (404; some operations publish a 400 for it)."""


Further = Callable[[], Awaitable[Sequence[CpsSigner]]]
"""Tells signers of a service that are kept elsewhere and may be others the next time."""


async def no_others() -> Sequence[CpsSigner]:
    """No signers but a service's own."""
    return ()


class ProvisioningService:
    """The service's operations. ``signers``: one for each V2G root served, the default first; ``further``: others."""

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        *,
        signers: Sequence[CpsSigner],
        verifier: Verifier,
        vehicles: ProvisioningPort,
        pool: ContractPoolPort,
        further: Further = no_others,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._signers = tuple(signers)
        self._verifier = verifier
        self._vehicles = vehicles
        self._pool = pool
        self._further = further

    @property
    def signers(self) -> tuple[CpsSigner, ...]:
        """Its own signers."""
        return self._signers

    async def all_signers(self) -> tuple[CpsSigner, ...]:
        """Who can sign here (``GET /cps/signer``)."""
        return (*self._signers, *await self._further())

    def replace_signers(self, signers: Sequence[CpsSigner]) -> None:
        """Sign with these from now on: certificates of a provisioning service last 90 days."""
        self._signers = tuple(signers)

    async def sign(
        self, data: ContractData, *, pcid: str | None = None, roots: Sequence[str] = ()
    ) -> SignedContractData:
        """Check ``data`` and sign it; with a ``pcid`` the bundle is also stored in the contract pool (CPS-4).

        ``roots``: fingerprints of the V2G roots the signature may lead to, empty if the service shall choose: a root
        the vehicle is known to hold, else the default. Raises Refused (400); nothing is stored then.
        """
        bundle, _ = await self.sign_below(data, pcid=pcid, roots=roots)
        return bundle

    async def sign_below(
        self, data: ContractData, *, pcid: str | None = None, roots: Sequence[str] = (), store: bool = True
    ) -> tuple[SignedContractData, CpsSigner]:
        """As :meth:`sign`; the bundle, and who signed it. Without ``store`` a ``pcid`` is only checked.

        A contract may begin later than now: its chain has to hold by then.
        """
        with self._voice.call("sign contract data") as call:
            self._check_form(data)
            chain = certificates.load_chain(data.chain, "contractCertificate")
            # The normal form is signed: an eMAID on the wire has room for 15 characters, none for hyphens.
            data = replace(data, emaid=self._check_emaid(data, chain[0]))
            self._check_end(chain[0])
            vehicle = await self._vehicle(pcid)
            await self._check_tuple(data.emaid, vehicle)
            data = replace(data, chain=await self._check_chain(data, chain[0]))
            self._check_lifetime(chain[0], vehicle)
            signer = await self._choose(roots, vehicle)
            bundle = sign_contract(data, signer)
            stored = ""
            if vehicle is not None and store:
                await self._pool.add(vehicle.pcid, bundle)
                stored = f" and stored for {vehicle.pcid}"
            call.text = (
                f"{data.emaid} signed by {reading.common_name(signer.credentials.leaf)} below "
                f"{reading.common_name(signer.root)}{stored}."
            )
            return bundle, signer

    async def prospects(
        self, emaid: str, pcid: str, *, roots: Sequence[str] = (), among: Collection[str]
    ) -> tuple[ProvisionedVehicle, CpsSigner]:
        """The vehicle of a contract that is still to be made, and who of those below ``among`` is to sign it.

        ``roots`` as for :meth:`sign`, ``among`` fingerprints of V2G roots. Raises Refused (CPS-10, CPS-6, CPS-3).
        """
        vehicle = await self._vehicle(pcid)
        assert vehicle is not None, "there is a PCID"
        await self._check_tuple(emaid, vehicle)
        return vehicle, await self._choose(roots, vehicle, among)

    def _check_form(self, data: ContractData) -> None:
        """CPS-7 and CPS-8: everything there, of the right size."""
        if len(data.chain) not in (2, 3):
            raise Refused(
                f"The contract chain has {len(data.chain)} certificates; expected are leaf and one or two Sub-CAs.",
                clause="CPS-7",
            )
        for field, octets, size in (
            ("contractSignatureEncryptedPrivateKey", data.wrapped.encrypted, _ENCRYPTED),
            ("dHpublickey", data.wrapped.dh_public, _POINT),
        ):
            if len(octets) != size:
                raise Refused(f"{field} has {len(octets)} octets, expected are {size}.", clause="CPS-8")

    def _check_emaid(self, data: ContractData, leaf: x509.Certificate) -> str:
        """CPS-5: the EMAID is the contract certificate's CN. Its normal form."""
        try:
            emaid, name = check_emaid(data.emaid), check_emaid(reading.common_name(leaf))
        except IdentifierError as error:
            raise Refused(
                error.sentence,
                clause="CPS-5",
                message='emaid : must match "^[A-Za-z]{2}[-]?\\w{3}[-]?\\w{9}[-]?(\\w{1})?$"',
            ) from None
        if emaid != name:
            raise Refused(f"The contract data are for {emaid}, their certificate is for {name}.", clause="CPS-5")
        return emaid

    def _check_end(self, leaf: x509.Certificate) -> None:
        """CPS-10."""
        if reading.not_after(leaf) < self._clock.now():
            raise Refused(
                f"The contract certificate ended at {leaf.not_valid_after_utc}.",
                clause="CPS-10",
                message="The given contractEnds date is in the past.",
            )

    async def _vehicle(self, pcid: str | None) -> ProvisionedVehicle | None:
        """CPS-5 and CPS-10: the provisioning certificate exists."""
        if pcid is None:
            return None
        try:
            return await self._vehicles.get(check_pcid(pcid))
        except IdentifierError as error:
            raise Refused(error.sentence, clause="CPS-5", message='pcid : must match "^[a-zA-Z0-9]{17,18}$"') from None
        except Refused as error:
            if (error.http_status or 400) >= 500:
                raise
            unknown = error.http_status == 404
            raise (UnknownVehicle if unknown else Refused)(
                error.sentence,
                clause="CPS-10",
                http_status=404 if unknown else 400,
                message="The OEM provisioning certificate with the given PCID is not available.",
            ) from None

    async def _check_tuple(self, emaid: str, vehicle: ProvisionedVehicle | None) -> None:
        """CPS-6: one EMAID belongs to one vehicle."""
        if vehicle is None:
            return
        try:
            stored = await self._pool.lookup(emaid)
        except Refused as error:
            if error.http_status == 404:
                return
            raise
        if stored.pcid.upper() != vehicle.pcid.upper():
            raise Refused(
                f"{emaid} is installed for {stored.pcid}, not for {vehicle.pcid}.",
                clause="CPS-6",
                # The published text of this answer, its spelling included.
                message="Invalid Tupple - EMAID is already used by other PCID.",
            )

    async def _check_chain(self, data: ContractData, leaf: x509.Certificate) -> tuple[bytes, ...]:
        """CPS-7: to an operator's or a V2G root, nothing revoked. The chain in the order of that path, to be signed."""
        begins = max(self._clock.now(), reading.not_before(leaf))
        try:
            verified = await self._verifier.full(data.chain, Use.CONTRACT, gate=self._voice.tolerate, at=begins)
            return tuple(map(reading.der, verified.chain))
        except (ChainError, StatusError) as error:
            raise Refused(
                f"The contract chain of {data.emaid} does not hold: {error.sentence}",
                clause="CPS-7",
                advice=error.advice,
            ) from None
        except PncError as error:
            raise Refused(
                f"The status of the contract chain of {data.emaid} cannot be had: {error.sentence}",
                clause="CPS-7",
                http_status=502,
                advice=error.advice,
            ) from None

    def _check_lifetime(self, leaf: x509.Certificate, vehicle: ProvisionedVehicle | None) -> None:
        """CPS-9: a contract should not outlive the provisioning certificate."""
        if vehicle is None or reading.not_after(leaf) <= reading.not_after(vehicle.leaf):
            return
        sentence = (
            f"The contract certificate ends at {leaf.not_valid_after_utc}, after the provisioning certificate of "
            f"{vehicle.pcid} at {vehicle.leaf.not_valid_after_utc}."
        )
        try:
            self._voice.tolerate(Tolerance.CONTRACT_OUTLIVES(sentence, "CPS-9"))
        except NotTolerated as refusal:
            raise Refused(refusal.sentence, clause=refusal.clause, advice=refusal.advice) from refusal

    async def _choose(
        self, roots: Sequence[str], vehicle: ProvisionedVehicle | None, among: Collection[str] | None = None
    ) -> CpsSigner:
        """CPS-2, CPS-3, CPS-14: what was asked for, else what the vehicle holds, else the default; if still good."""
        wanted = {root.replace(":", "").lower() for root in roots}
        held = vehicle.v2g_roots if vehicle else ()
        signers = [signer for signer in await self.all_signers() if among is None or signer.fingerprint in among]
        candidates = [signer for signer in signers if not wanted or signer.fingerprint in wanted]
        if not wanted and held:
            candidates = [s for s in candidates if _is_held(s.root, held)] or candidates
        reasons = []
        for signer in candidates:
            try:
                await self._verifier.full(signer.credentials.chain, Use.CPS, gate=self._voice.tolerate)
            except (ChainError, StatusError) as error:
                reasons.append(error.sentence)
                continue
            return signer
        raise Refused(
            "No signer of the provisioning service leads to a wanted V2G root"
            + (f": {' '.join(reasons)}" if reasons else f" ({', '.join(sorted(wanted))})."),
            clause="CPS-3",
            kind="no contract",
        )


def sign_again(bundle: SignedContractData, signer: CpsSigner) -> SignedContractData:
    """The same contract data with another signer's signature and chain."""
    wrapped = WrappedKey(bundle.encrypted_key.value, bundle.dh_public.value)
    data = ContractData(emaid=bundle.emaid.value, chain=bundle.contract_certificates, wrapped=wrapped)
    return sign_contract(data, signer)


def _is_held(root: x509.Certificate, key_identifiers: Sequence[str]) -> bool:
    own = reading.key_identifier(root)
    return any(reading.same_key_identifier(own, held) for held in key_identifiers)


def sign_contract(data: ContractData, signer: CpsSigner) -> SignedContractData:
    """CPS-12: four references, each to its own Id; the signer's own chain is not signed."""
    contract_chain = chain_element(data.chain, id="id1")
    encrypted = iso2.ContractSignatureEncryptedPrivateKeyType(Id="id2", value=data.wrapped.encrypted)
    point = iso2.DiffieHellmanPublickeyType(Id="id3", value=data.wrapped.dh_public)
    emaid = iso2.EMAIDType(Id="id4", value=data.emaid)
    return SignedContractData(
        provisioning_chain=chain_element(signer.credentials.chain_der),
        contract_chain=contract_chain,
        encrypted_key=encrypted,
        dh_public=point,
        emaid=emaid,
        signature=signature.sign(
            [
                ("ContractSignatureCertChain", contract_chain),
                ("ContractSignatureEncryptedPrivateKey", encrypted),
                ("DHpublickey", point),
                ("eMAID", emaid),
            ],
            signer.credentials.signer,
        ),
    )
