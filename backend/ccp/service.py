"""Storing bundles, deleting them, and answering vehicles (rules CCP-PUB-1 to CCP-CLEAN-2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from cryptography import x509

from pncsim.backend import certificates
from pncsim.backend.answers import PoolAnswer
from pncsim.backend.bundle import NAMESPACE, NO_SESSION, SignedContractData
from pncsim.backend.ccp import replays, steps
from pncsim.backend.ccp.delivery import BundleDelivery, BundlePolicy
from pncsim.backend.ccp.directory import ContractDirectory
from pncsim.backend.ccp.requests import read_emaid, read_pcid, read_request, unknown_emaid
from pncsim.backend.ccp.responses import ContractRequest, negative, positive, refusal
from pncsim.backend.ccp.store import CONTRACTS, ContractEntry, StoredContract, manufacturer_key, of_vehicle
from pncsim.backend.events.facts import CertificateRevoked, RootRemoved, VehicleDeleted, VehicleReplaced
from pncsim.backend.ports import RenewalPort, RevocationPort, VehiclePort
from pncsim.backend.refusal import Refused
from pncsim.backend.store import Store, every
from pncsim.backend.verification import StatusError, Verifier
from pncsim.tls_certs import reading
from pncsim.tls_certs.validation import ChainError, Use
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PncError
from pncsim.wire.gate import NotTolerated
from pncsim.wire.identifiers import normal_emaid
from pncsim.wire.v2g import iso2, signature
from pncsim.wire.v2g.registry import codec
from pncsim.wire.voice import CallReport, Voice

PATIENCE = 3.5
"""Seconds the pool gives itself to answer a vehicle, which waits 5 s at its station."""

_MAX_SESSION_ID = 8
_HERE_ONLY = " No other pool was to be asked (broadcast)."


class ContractPool:
    """The pool's operations, each with the signature its HTTP client has too.

    ``renewals`` answers CertificateUpdateReq, ``revocation`` revokes what this operator's own authority issued; either
    may be absent. ``policy`` says which of several contracts a vehicle gets. ``directory``: the pools that are asked
    for a contract that is not here.
    """

    def __init__(
        self,
        clock: Clock,
        voice: Voice,
        store: Store,
        *,
        verifier: Verifier,
        vehicles: VehiclePort,
        renewals: RenewalPort | None = None,
        revocation: RevocationPort | None = None,
        policy: BundlePolicy = "default-first",
        patience: float = PATIENCE,
        directory: ContractDirectory | None = None,
    ) -> None:
        self._clock = clock
        self._voice = voice
        self._verifier = verifier
        self._vehicles = vehicles
        self._store = store
        self._revocation = revocation
        self._patience = patience
        self._leaving: set[str] = set()
        self._directory = directory
        self._delivery = BundleDelivery(
            clock,
            self._voice,
            verifier=verifier,
            vehicles=vehicles,
            store=store,
            renewals=renewals,
            policy=policy,
        )

    def prefer(self, policy: BundlePolicy) -> None:
        """Change which of several contracts a vehicle gets."""
        self._delivery.policy = policy

    async def provide(self, exi: bytes, schema: str = NAMESPACE, *, local: bool = False) -> PoolAnswer:
        """Answer a CertificateInstallationReq or CertificateUpdateReq (a whole EXI V2G message, as received).

        A request that can be read gets an EXI answer, positive or negative. ``local``: no other pool is asked for what
        is not here. Raises Refused (400) when it cannot be read or the schema is not served.
        """
        with self._voice.call("provide contract") as call:
            call.asked = exi
            answer = await self._answer(exi, schema, call, local=local)
            call.answered = answer.exi or b""
            return answer

    async def _answer(self, exi: bytes, schema: str, call: CallReport, *, local: bool) -> PoolAnswer:
        """As :meth:`provide`; ``call`` is told what came of it."""
        began = self._clock.now()
        message, request = read_request(exi, schema, gate=self._voice.tolerate)
        session_id = message.Header.SessionID
        try:
            async with self._clock.timeout(self._patience):
                if isinstance(request, iso2.CertificateUpdateReq):
                    bundle = await self._delivery.update(request, message.Header.Signature)
                else:
                    bundle = await self._delivery.install(request, message.Header)
        except PncError as error:
            found = await self._elsewhere(request, exi, schema, began, error, local=local)
            if found is not None:
                call.text = f"Contract {found.emaid} handed out, which another pool had."
                return found
            code = refusal(request, error.kind)
            call.ok, call.text = False, f"{code}: {error}{_HERE_ONLY if local else ''}"
            return PoolAnswer(negative(request, session_id, code, error.sentence), "Accepted", call.text, code)
        except TimeoutError:
            call.ok, call.text = False, f"FAILED: nobody could say more within {self._patience:g} s."
            return PoolAnswer(negative(request, session_id, "FAILED", call.text), "Accepted", call.text, "FAILED")
        emaid = bundle.emaid.value
        call.text = f"Contract {emaid} handed out.{_HERE_ONLY if local else ''}"
        stored = await self._store.of(CONTRACTS).get(read_emaid(emaid))
        if stored is not None:
            await steps.delivered(self._store, stored.entry, "station", self._clock.now())
        root = stored.entry.root if stored is not None else None
        return PoolAnswer(positive(request, session_id, bundle), "Accepted", call.text, "OK", emaid, root)

    async def _elsewhere(
        self, request: ContractRequest, exi: bytes, schema: str, began: float, why: PncError, *, local: bool
    ) -> PoolAnswer | None:
        """The answer of another pool to a vehicle that has signed its request and has no contract here (POOL-2)."""
        if self._directory is None or local or why.kind != "no contract":
            return None
        if isinstance(request, iso2.CertificateUpdateReq):
            return None  # that is its operator's, who is not here
        pcid = reading.common_name(reading.parsed(request.OEMProvisioningCert))
        left = began + self._patience - self._clock.now()
        try:
            async with self._clock.timeout(max(left, 0)):
                return await self._directory.provide(pcid, exi, schema)
        except TimeoutError:
            self._voice.warning(f"No other pool had a contract for {pcid} within {self._patience:g} s.")
            return None

    async def provide_to_oem(self, emaid: str, pcid: str, session_id: bytes = NO_SESSION) -> PoolAnswer:
        """The positive installation response for the manufacturer's own link; verifying is its duty (CCP-OEM-1)."""
        with self._voice.call("provide contract to manufacturer") as call:
            if len(session_id) > _MAX_SESSION_ID:
                raise Refused(
                    f"The SessionID has {len(session_id)} octets, at most 8 are allowed.",
                    clause="OPCP provideSignedContractData",
                    message="Invalid SessionID format, make sure the length is maximum 8 characters and it is "
                    "represented in HEX binary",
                )
            # Looked for among the vehicle's own: whether others have the EMAID shows in nothing.
            wanted, own = read_emaid(emaid), of_vehicle(self._store, read_pcid(pcid))
            contract = next((one for one in [one async for one in own] if one.entry.emaid == wanted), None)
            if contract is None:
                raise unknown_emaid(emaid)
            await steps.delivered(self._store, contract.entry, "manufacturer", self._clock.now())
            exi = codec("iso2").encode(contract.bundle.installation_response(session_id or NO_SESSION))
            call.text = f"Contract {contract.entry.emaid} handed to the manufacturer of {contract.entry.pcid}."
            return PoolAnswer(exi, "Accepted", call.text, "OK", contract.entry.emaid, contract.entry.root)

    async def add(self, pcid: str, bundle: SignedContractData) -> None:
        """Store a bundle after its signature and both chains were verified; the same EMAID overwrites (CCP-UPD-1)."""
        with self._voice.call("store contract") as call:
            emaid = read_emaid(bundle.emaid.value)
            leaf = certificates.load(bundle.contract_certificates[0], "contractCertificate")
            if read_emaid(reading.common_name(leaf)) != emaid:
                raise Refused(
                    f"The bundle is for {emaid}, its certificate for {reading.common_name(leaf)}.", clause="CPS-5"
                )
            if reading.not_after(leaf) < self._clock.now():
                raise Refused(
                    f"The contract certificate of {emaid} ended at {leaf.not_valid_after_utc}.",
                    clause="CCP-PUB-3",
                    message="The validUntil date of contract certificate is in the past.",
                )
            vehicle = await self._vehicles.find(read_pcid(pcid))
            if vehicle is None:
                raise Refused(f"The provisioning pool knows no vehicle {pcid}.", clause="CPS-5", http_status=404)
            steps.check_tuple(await self._store.of(CONTRACTS).get(emaid), vehicle)
            root = await self._check_bundle(bundle, max(self._clock.now(), reading.not_before(leaf)))
            entry = ContractEntry(emaid=emaid, pcid=vehicle.pcid, certificate=leaf, root=root, default=False)
            await steps.keep(
                self._store, StoredContract(entry=entry, bundle=bundle, stored_at=self._clock.now()), vehicle
            )
            call.text = f"Contract {emaid} waits for {vehicle.pcid}."

    async def lookup(self, emaid: str, *, wmis: Collection[str] | None = None) -> ContractEntry:
        """The contract's entry. Raises Refused, 404 if there is none.

        ``wmis``: the manufacturer codes whose vehicles' contracts the caller may see, None means any. Another one's is
        not there for the caller: neither what is said nor how long it takes tells that it is.
        """
        if wmis is None:
            return (await self._known(emaid)).entry
        name, contracts = read_emaid(emaid), self._store.of(CONTRACTS)
        for wmi in sorted(wmis):
            for contract in (await contracts.page(("manufacturer", manufacturer_key(name, wmi)), limit=1)).values:
                return contract.entry
        raise unknown_emaid(emaid)

    async def contracts(self, pcid: str) -> list[ContractEntry]:
        """Every contract of a vehicle, in the order they were first stored."""
        return [contract.entry async for contract in of_vehicle(self._store, read_pcid(pcid))]

    async def set_default(self, pcid: str, emaid: str) -> None:
        """Make this contract the only default of its vehicle (CCP-DEF-1)."""
        with self._voice.call("set default contract") as call:
            chosen, pcid = read_emaid(emaid), read_pcid(pcid)
            if not await steps.choose_default(self._store, pcid, chosen):
                raise unknown_emaid(emaid)
            call.text = f"{chosen} is the default contract of {pcid}."

    async def delete(self, emaid: str, *, skip_revocation: bool = False) -> None:
        """Delete a contract; its certificate, if of our own authority, is revoked first, or all stays (CCP-DEL-2)."""
        with self._voice.call("delete contract") as call:
            call.text = await self._delete(await self._known(emaid), "withdrawn", revoke=not skip_revocation)

    async def vehicle_deleted(self, fact: VehicleDeleted) -> None:
        """Drop the contracts of a vehicle that went, and revoke our own (PCP-DEL-1, PCP-DEL-2)."""
        why: steps.Why = "factory reset" if fact.why == "factory reset" else "vehicle deleted"
        await self._drop(fact.pcid, why, revoke=True)
        await replays.forget(self._store, fact.pcid)

    async def vehicle_replaced(self, fact: VehicleReplaced) -> None:
        """Drop the contracts of a vehicle whose key changed: it cannot unwrap them any more (PCP-UPD-3)."""
        if fact.new_key:
            await self._drop(fact.pcid, "vehicle key changed", revoke=False)

    async def certificate_revoked(self, fact: CertificateRevoked) -> None:
        """Drop at once what leads through a revoked certificate: one contract, or all of an authority (CCP-CLEAN-2)."""
        certificate = reading.parsed(fact.certificate)
        async for contract in self._of(certificate):
            going = contract.entry.emaid in self._leaving
            if not going and fact.certificate in contract.bundle.contract_certificates:
                await steps.forget(self._store, contract.entry, "revoked", self._clock.now())

    async def _of(self, certificate: x509.Certificate) -> AsyncIterator[StoredContract]:
        """The contracts ``certificate`` may be part of."""
        contracts = self._store.of(CONTRACTS)
        if reading.is_ca(certificate):
            async for contract in every(contracts):
                yield contract
        elif (one := await contracts.get(normal_emaid(reading.common_name(certificate)))) is not None:
            yield one

    async def root_removed(self, fact: RootRemoved) -> None:
        """With a purge, drop every bundle signed or issued below the root (RCP-9)."""
        if not fact.purge:
            return
        root = reading.parsed(fact.certificate)
        async for contract in every(self._store.of(CONTRACTS)):
            below = reading.issued_by(reading.parsed(contract.bundle.contract_certificates[-1]), root)
            if below or contract.entry.root == fact.fingerprint:
                await steps.forget(self._store, contract.entry, "root purged", self._clock.now())

    async def cleanse(self) -> list[str]:
        """Delete expired and revoked contracts and say which (CCP-CLEAN-1). Unreachable responders leave them be."""
        gone = []
        async for contract in every(self._store.of(CONTRACTS)):
            emaid = contract.entry.emaid
            try:
                await self._verifier.full(
                    contract.bundle.contract_certificates,
                    Use.CONTRACT,
                    gate=self._voice.tolerate,
                    at=max(self._clock.now(), contract.entry.valid_from),
                )
            except (ChainError, StatusError) as error:
                if error.kind in {"expired", "not yet valid", "revoked"}:
                    await steps.forget(self._store, contract.entry, "cleansed", self._clock.now())
                    gone.append(emaid)
                else:
                    self._voice.judged(f"contract {emaid}", False, str(error))
            except PncError as error:
                self._voice.judged(f"contract {emaid}", False, str(error))
        return gone

    async def _drop(self, pcid: str, why: steps.Why, *, revoke: bool) -> None:
        """Delete all contracts of a vehicle; one that cannot be does not keep the others."""
        contracts = [contract async for contract in of_vehicle(self._store, pcid)]
        for contract in contracts:
            try:
                with self._voice.call("delete contract") as call:
                    call.text = await self._delete(contract, why, revoke=revoke)
            except PncError as error:
                self._voice.problem(error)

    async def _delete(self, contract: StoredContract, why: steps.Why, *, revoke: bool) -> str:
        # Its revocation is told before it is gone, and must not be taken for the reason.
        emaid = contract.entry.emaid
        self._leaving.add(emaid)
        try:
            revoked = revoke and await self._revoke(contract)
            await steps.forget(self._store, contract.entry, why, self._clock.now())
        finally:
            self._leaving.discard(emaid)
        return f"Contract {emaid} is gone{', its certificate revoked' if revoked else ''}."

    async def _check_bundle(self, bundle: SignedContractData, begins: float) -> str:
        """CCP-PUB-2: signed by a provisioning service below a V2G root we trust; the fingerprint of that root.

        A contract may begin later than now: its chain has to hold at ``begins``.
        """
        signer = certificates.load(bundle.provisioning_certificates[0], "cpsCertificate")
        key = reading.p256_key(signer)
        try:
            if key is None:
                raise Refused("The provisioning service's certificate has no P-256 key.", clause="V2G2-007")
            signature.verify(bundle.signature, bundle.parts, key, gate=self._voice.tolerate)
            validated = await self._verifier.full(bundle.provisioning_certificates, Use.CPS, gate=self._voice.tolerate)
            await self._verifier.full(bundle.contract_certificates, Use.CONTRACT, gate=self._voice.tolerate, at=begins)
        except (signature.SignatureError, NotTolerated, ChainError, StatusError, Refused) as error:
            raise Refused(
                f"The bundle for {bundle.emaid.value} is not to be trusted: {error.sentence}",
                clause="CCP-PUB-2",
                advice=error.advice,
            ) from None
        except PncError as error:
            raise Refused(
                f"The bundle for {bundle.emaid.value} cannot be verified: {error.sentence}",
                clause="CCP-PUB-2",
                http_status=502,
                advice=error.advice,
            ) from None
        self._voice.judged(
            f"bundle of {bundle.emaid.value}",
            True,
            f"signed by {reading.common_name(signer)} below {reading.common_name(validated.anchor)}",
            "CCP-PUB-2",
        )
        return reading.fingerprint(reading.der(validated.anchor))

    async def _revoke(self, contract: StoredContract) -> bool:
        """Whether the certificate was ours and is revoked now; failure keeps the contract and is a 500."""
        if self._revocation is None:
            return False
        try:
            return await self._revocation.revoke_certificate(contract.entry.certificate, "cessation_of_operation")
        except PncError as error:
            raise Refused(
                f"The certificate of {contract.entry.emaid} could not be revoked, so the contract stays: "
                f"{error.sentence}",
                clause="CCP-DEL-2",
                http_status=500,
            ) from None

    async def _known(self, emaid: str) -> StoredContract:
        contract = await self._store.of(CONTRACTS).get(read_emaid(emaid))
        if contract is None:
            raise unknown_emaid(emaid)
        return contract
