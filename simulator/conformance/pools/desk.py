"""A tester at services: who calls in whose name, vehicles and contracts to call about, and what has to be answered."""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from pncsim.backend.pki.est_client import ca_certificates, enrol
from pncsim.backend.rest.bodies import base64_text
from pncsim.backend.rest.client import HttpClient, HttpReply
from pncsim.simulator.conformance.pools.brought import OwnOperator, TestVehicle, a_new_emaid
from pncsim.simulator.conformance.pools.responder import good
from pncsim.simulator.conformance.pools.seen import Answered, Listening, Received, certificate, listed, message_in
from pncsim.simulator.conformance.unlike import Unlike
from pncsim.simulator.lab.desk import LONGEST
from pncsim.simulator.lab.elsewhere.callers import PATIENCE, Callers, open_callers
from pncsim.simulator.pool.client import ClientSecret, Participant
from pncsim.tls_certs import reading
from pncsim.tls_certs.issue import build_request
from pncsim.tls_certs.pki import Pki, create_pki
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.clock import Clock
from pncsim.wire.credentials import Credentials
from pncsim.wire.errors import PeerError
from pncsim.wire.source import SYSTEM
from pncsim.wire.trace import Trace
from pncsim.wire.v2g.registry import ISO2_NAMESPACE
from pncsim.wire.voice import Voice

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class TestDesk:
    """Calls services in the name of whoever has a role; what it has brought there it takes away again."""

    def __init__(self, clock: Clock, trace: Trace, callers: Callers, sockets: AsyncExitStack) -> None:
        self.clock, self.trace, self._callers, self._sockets = clock, trace, callers, sockets
        self._http = HttpClient(
            clock, whole=PATIENCE, body=LONGEST, tls=callers.tls, voice=Voice.on(clock, trace, "LAB", "tester")
        )
        sockets.push_async_callback(self._http.close)
        self._others: dict[str, Participant] = {}
        self._kept: list[x509.Certificate] = []

    def who(self, role: str) -> Participant:
        """The first client of a role; OEM and MO_EXTERNAL_PKI are those that own something. Raises LocalError."""
        return self._others.get(role) or self._callers.of(role)

    def url(self, service: str, path: str) -> str:
        """Where ``path`` of a service is."""
        return self._callers.url(service).rstrip("/") + path

    async def ask(
        self,
        role: str | None,
        method: str,
        service: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        **headers: str,
    ) -> Answered:
        """What is answered to ``role``, whatever it is; None: to somebody without a token. ``token`` instead of its."""
        octets = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if octets is not None:
            headers.setdefault("Content-Type", "application/json")
        url = self.url(service, path)

        async def once(held: str | None) -> HttpReply:
            said = headers if held is None else headers | {"Authorization": f"Bearer {held}"}
            return await self._http.request(f"The service at {url}", method, url, body=octets, headers=said)

        held = token if token is not None or role is None else await self.who(role).token()
        reply = await once(held)
        if reply.status == 401 and role is not None and token is None:
            # A token is good for a day; where time was moved a new one is needed, as every client fetches one then.
            reply = await once(await self.who(role).token(anew=True))
        return Answered(f"{method} {path} by {role or 'nobody'}", reply)

    async def second(self, role: str, **owns: tuple[str, ...]) -> str:
        """The name of another client of that role, which exists while the case runs; made by the administrator."""
        name = f"second-{role.lower().replace('_', '-')}-{''.join(SYSTEM.choice(_LETTERS) for _ in range(6)).lower()}"
        body = {
            "id": name,
            "role": role,
            "confirmation": "conformance test",
            **{key: list(value) for key, value in owns.items()},
        }
        made = (await self.ask("ADMIN", "POST", "admin", "/admin/clients", body)).given().members
        self._sockets.push_async_callback(self.ask, "ADMIN", "DELETE", "admin", f"/admin/clients/{name}")
        client = ClientSecret(name, str(made.get("secret", "")), role)
        self._others[name] = self._callers.as_client(client)
        return name

    # What cases are about

    def owned(self) -> tuple[str, str]:
        """A WMI and a provider id that clients own. Raises LocalError."""
        return self._callers.manufacturer()[1], self._callers.operator()[1]

    def pcid(self, wmi: str) -> str:
        """A PCID nobody has."""
        return f"{wmi}CNF{''.join(SYSTEM.choice(_LETTERS) for _ in range(12))}"

    async def vehicle(self, wmi: str = "", pcid: str = "", *, by: str = "") -> TestVehicle:
        """A vehicle with a new certificate, which is published nowhere yet."""
        oem, own = self._callers.manufacturer()
        pcid = pcid or self.pcid(wmi or own)
        key = SYSTEM.key()
        chain = await enrol(self.who(by) if by else oem, "oem", build_request(key, PROFILES["oem_leaf"], pcid))
        return TestVehicle(pcid, Credentials(chain, key))

    def vehicle_below(
        self, pki: Pki, *, wmi: str = "", pcid: str = "", begins: float = 0.0, ends: float = 365.0
    ) -> TestVehicle:
        """A vehicle of a manufacturer nobody knows, its certificate good from so many days from now to so many."""
        now, pcid = self.clock.now(), pcid or self.pcid(wmi or self.owned()[0])
        begun, over = now + begins * 86_400, now + ends * 86_400
        issued = pki.authority("oem_sub2").credentials(PROFILES["oem_leaf"], pcid, begun, not_after=over)
        return TestVehicle(pcid, issued)

    async def publish(self, vehicle: TestVehicle, role: str = "OEM", **more: Any) -> Answered:
        """What is answered to who publishes it; it is taken away again at the end."""
        answer = await self.ask(role, "PUT", "pcp", "/v1/oem/provCerts", vehicle.published(**more))
        if answer.status == 200:
            path = f"/v1/oem/provCerts/{vehicle.pcid}"
            self._sockets.push_async_callback(self.ask, role, "DELETE", "pcp", path)
        return answer

    async def published(self, **more: Any) -> TestVehicle:
        """A new vehicle that is published."""
        vehicle = await self.vehicle()
        (await self.publish(vehicle, **more)).given()
        return vehicle

    def emaid(self, provider: str = "") -> str:
        """An EMAID nobody has, of an operator that makes no certificates itself."""
        return a_new_emaid(provider or self.v2g_operator().providers[0])

    def v2g_operator(self) -> ClientSecret:
        """The operator whose certificates the services make. Raises LocalError."""
        return self._callers.client("MO_HUBJECT_PKI")

    def ordered(self, vehicle: TestVehicle, emaid: str, *, days: float = 30.0, begins: float = -1.0) -> dict[str, Any]:
        """The body that has a contract made for a vehicle, from so many days from now to so many."""
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        times = [f"{now + timedelta(days=one):%Y-%m-%dT%H:%M:%SZ}" for one in (begins, days)]
        return {
            "contractBegins": times[0],
            "contractEnds": times[1],
            "emaid": emaid,
            "pcid": vehicle.pcid,
            "xsdMsgDefNamespace": ISO2_NAMESPACE,
        }

    async def order(self, vehicle: TestVehicle, emaid: str, role: str = "MO_HUBJECT_PKI", **times: float) -> Answered:
        """What is answered to who has a contract made; it is taken away again at the end."""
        body = self.ordered(vehicle, emaid, **times)
        answer = await self.ask(role, "PUT", "cps", "/v1/cps/generate/signedContractData", body)
        if answer.status == 201:
            path = f"/v1/ccp/signedContractData/{emaid}"
            self._sockets.push_async_callback(self.ask, role, "DELETE", "ccp", path)
        return answer

    async def own_operator(self) -> OwnOperator:
        """An operator with an authority of its own, whose root is in the pool and whose responder says good."""
        pki = await self.certified()
        (await self.put_root(pki.root("mo_sub2"), "MO")).given()
        return OwnOperator(pki, self._callers.operator()[1])

    async def contract(self, vehicle: TestVehicle) -> str:
        """The EMAID of a new contract that waits for a vehicle."""
        emaid = self.emaid()
        (await self.order(vehicle, emaid)).given()
        return emaid

    async def waiting(self, vehicle: TestVehicle) -> list[dict[str, Any]]:
        """What the pool says waits for a vehicle, as its manufacturer sees it."""
        answer = await self.ask("OEM", "GET", "ccp", f"/v1/ccp/signedContractData/{vehicle.pcid}")
        if answer.status == 404:
            return []
        found = answer.given().members.get("XMLContracts", [])
        return [one for one in found if isinstance(one, dict)]

    async def roots(self, kind: str = "v2g") -> list[x509.Certificate]:
        """The roots of that kind in the pool."""
        answer = (await self.ask("OEM", "GET", "rcp", f"/v1/root/rootCerts?rootType={kind}")).given()
        return [certificate(one["caCertificate"]) for one in listed(answer)]

    async def put_root(self, root: x509.Certificate, kind: str, role: str = "ADMIN", **more: str) -> Answered:
        """What is answered to who adds a root; it is taken away again at the end."""
        body = {"caCertificate": base64_text(reading.der(root)), "rootType": kind, **more}
        answer = await self.ask(role, "PUT", "rcp", "/v1/root/rootCerts", body)
        if answer.status == 200:
            self._sockets.push_async_callback(self._take_root, root)
        return answer

    def keep_root(self, root: x509.Certificate) -> None:
        """Leave a root in the pool that was there before."""
        self._kept.append(root)

    async def _take_root(self, root: x509.Certificate) -> None:
        if root not in self._kept:
            await self.drop_root(root)

    async def drop_root(self, root: x509.Certificate, how: str = "") -> Answered | None:
        """What is answered to an administrator who removes a root; None where it is not there."""
        for one in listed((await self.ask("ADMIN", "GET", "rcp", "/v1/root/rootCerts")).given()):
            if one.get("caCertificate") == base64_text(reading.der(root)):
                path = f"/v1/root/rootCerts/{one['rootCertificateId']}{how}"
                return await self.ask("ADMIN", "DELETE", "rcp", path)
        return None

    def strangers(self, *, ocsp_url: str | None = None, made: float = 0.0) -> Pki:
        """A PKI nobody knows, complete; ``made`` so many days ago."""
        return create_pki(self.clock.now() - made * 86_400, ocsp_url=ocsp_url, organization="Conformance")

    async def revoke(self, one: x509.Certificate) -> None:
        """Have a certificate revoked by the authority that has issued it."""
        body = {"certificate": base64_text(reading.der(one)), "reason": "key_compromise"}
        (await self.ask("ADMIN", "POST", "admin", "/admin/certificates/revoke", body)).given()

    async def advance(self, days: float) -> None:
        """Let the services' time pass."""
        answer = await self.ask("ADMIN", "POST", "admin", "/admin/clock/advance", {"seconds": days * 86_400})
        if answer.status == 403:
            raise PeerError(
                "The services do not let their time be moved.",
                kind="refused",
                advice='Declare Clock = "fixed" in the PICS file, or give pnc serve --test-controls.',
            )
        answer.given()

    async def cleanse(self) -> None:
        """Have done at once what the services do once a day."""
        (await self.ask("ADMIN", "POST", "admin", "/admin/cleansing", {})).given()

    async def listen(self, status: int = 200, says: Callable[[bytes], bytes] = lambda octets: b"") -> Listening:
        """Somebody services can call, who answers with this status, and to a body with what he ``says``."""
        from pncsim.wire.listener import HttpListener
        from pncsim.wire.web import web

        listener, heard = HttpListener(), list[Received]()
        changed = asyncio.Event()

        async def answer(request: web.Request) -> web.StreamResponse:
            octets = await request.read()
            heard.append(Received(request.method, request.path, octets, dict(request.headers)))
            changed.set()
            return web.Response(status=status, body=says(octets))

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        await listener.start(app)
        self._sockets.push_async_callback(listener.stop)
        return Listening(listener.url, heard, changed)

    async def certified(self) -> Pki:
        """A PKI nobody knows, whose responder says good of everything."""
        made = list[Pki]()
        responder = await self.listen(says=lambda octets: good(octets, made[0], self.clock.now()))
        made.append(self.strangers(ocsp_url=f"{responder.url}/ocsp", made=30))
        return made[0]

    async def settled(self, role: str, heard: Listening) -> list[dict[str, Any]]:
        """The log of an endpoint's deliveries, once none is in the middle of an attempt."""
        path = f"/v1/webhook/endpoints/{heard.made[0]}/deliveries"
        async with asyncio.timeout(PATIENCE):
            while True:
                found = (await self.ask(role, "GET", "webhooks", path)).given().members.get("deliveries", [])
                if sum(len(one.get("attempts", ())) for one in found) >= len(heard.heard):
                    return list(found)

    async def subscribed(self, role: str, *events: str, answers: int = 200) -> Listening:
        """What has come of these events to an endpoint of ``role``, which is there while the case runs."""
        heard = await self.listen(answers)
        body = {"url": f"{heard.url}/events", "enabledEvents": list(events)}
        made = (await self.ask(role, "POST", "webhooks", "/v1/webhook/endpoints", body)).given().members
        path = f"/v1/webhook/endpoints/{made.get('id')}"
        self._sockets.push_async_callback(self.ask, role, "DELETE", "webhooks", path)
        heard.secret.append(str(made.get("secret", "")))
        heard.made.append(str(made.get("id", "")))
        return heard

    async def install(
        self, vehicle: TestVehicle, roots: Sequence[x509.Certificate] | None = None, **how: Any
    ) -> Answered:
        """What is answered to a station's operator whose vehicle asks for its contract, with these V2G roots."""
        asked = vehicle.installation(await self.roots() if roots is None else roots, **how)
        return await self.ask("CPO", "POST", "ccp", "/v1/ccp/signedContractData", asked)

    async def contract_chain(self, vehicle: TestVehicle, emaid: str) -> tuple[x509.Certificate, ...]:
        """The certificates of a contract that waits for a vehicle, as its manufacturer gets them."""
        path = f"/v1/ccp/provideSignedContractData/{emaid}/{vehicle.pcid}"
        answer = (await self.ask("OEM", "GET", "ccp", path)).given()
        body = message_in(base64.b64decode(str(answer.members.get("certificateInstallationRes", "")))).body
        chain = body.ContractSignatureCertChain
        above = chain.SubCertificates.Certificate if chain.SubCertificates is not None else []
        return tuple(reading.load(one) for one in (chain.Certificate, *above))

    async def status(self, chain: Sequence[x509.Certificate]) -> str:
        """What OCSP says of the first certificate of a chain: good, revoked, unknown."""
        return (await self.ocsp(chain[0], chain[1])).certificate_status.name.lower()

    async def ocsp(
        self,
        leaf: x509.Certificate,
        issuer: x509.Certificate,
        algorithm: hashes.HashAlgorithm | None = None,
        *,
        serial: int | None = None,
    ) -> ocsp.OCSPResponse:
        """The responder's answer about a certificate, or about the one of that ``serial`` of the same issuer.

        Asked without a token (RFC 6960). Raises Unlike for an answer that says nothing.
        """
        hashed = algorithm or hashes.SHA256()
        builder = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashed)
        asked = builder.build()
        if serial is not None:
            name, key = asked.issuer_name_hash, asked.issuer_key_hash
            asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, hashed).build()
        octets = asked.public_bytes(Encoding.DER)
        url = self._callers.named("ocsp") or reading.responder_url(leaf) or self.url("ocsp", "")
        headers = {"Content-Type": "application/ocsp-request"}
        reply = await self._http.request(f"The responder at {url}", "POST", url, body=octets, headers=headers)
        answer = Answered(f"POST {url} by nobody", reply)
        try:
            return reading.load_answer(answer.has(200).reply.body)
        except PeerError as error:
            raise Unlike(f"{answer}: {error.sentence}") from error

    async def revocation_list(self, vehicle: x509.Certificate) -> Answered:
        """What is answered to who fetches the list for a vehicle's certificate, where that says it is."""
        named = reading.list_addresses(vehicle)
        url = named[0] if named else self.url("crl", "/oem_sub2.crl")
        return Answered(f"GET {url} by nobody", await self._http.request(f"The list at {url}", "GET", url))

    async def above(self, label: str) -> tuple[x509.Certificate, ...]:
        """What stands above the leaves of an authority: Sub-CAs and root."""
        return await ca_certificates(self._callers.of("ADMIN"), label)


@asynccontextmanager
async def seated(target: str, credentials: Path | None) -> AsyncIterator[TestDesk]:
    """A desk at the services at ``target``; at new ones of ours where that is empty.

    Raises as :func:`simulator.lab.elsewhere.callers.open_callers`.
    """
    clock, trace = Clock(), Trace()
    async with AsyncExitStack() as stack:
        if not target:
            target, credentials = str(await _own(stack, clock, trace)), None
        callers = open_callers(clock, trace, target, credentials)
        stack.push_async_callback(callers.close)
        async with AsyncExitStack() as brought:
            yield TestDesk(clock, trace, callers, brought)


async def _own(stack: AsyncExitStack, clock: Clock, trace: Trace) -> Path:
    """The ready file of services of our own, which end with ``stack``."""
    from pncsim.simulator.serving.standing import ServeOptions, served

    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pnc-conformance-")))
    house = await stack.enter_async_context(served(ServeOptions(port=0, data=folder, test_controls=True), clock, trace))
    ready = folder / "ready.json"
    ready.write_text(json.dumps(house.ready()))
    return ready
