"""In whose name a lab calls services that are elsewhere: one participant of each role, with a token of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from urllib.parse import quote

from msgspec import convert

from pncsim.simulator.pool.calls import trust
from pncsim.simulator.pool.client import ClientSecret, KnownServices, Participant, read_access
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError
from pncsim.wire.source import Source
from pncsim.wire.trace import Trace
from pncsim.wire.urls import without_password
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

NEEDED = ("token", "rcp", "pcp", "ccp", "mo", "est", "admin")
_UNPUBLISHED = ("ocsp", "crl")
PATIENCE = 10.0
"""Seconds a service may take to answer; who stands behind a waiting vehicle allows less."""
_SPEAKS = {"OEM": "OEM", "CPO": "CSMS", "ADMIN": "LAB"}
"""Whose voice tells of a role's calls; an operator's is "MO"."""


class Callers:
    """Participants of the services ``known``, made as they are needed; :meth:`close` them at the end.

    ``base`` is where a service is that ``known`` does not name.
    """

    def __init__(self, clock: Clock, trace: Trace, known: KnownServices, base: str) -> None:
        self._clock, self._trace, self._known, self._base = clock, trace, known, base.rstrip("/")
        root = known.root or known.file.with_name("tls_root.pem")
        secured = self.url("token").lower().startswith("https:")
        self.tls = trust(root) if secured and root.exists() else None
        self._made: dict[str, Participant] = {}
        self._taken_in: dict[str, ClientSecret] = {}

    @property
    def where(self) -> str:
        """The services, as sentences name them."""
        return without_password(self.url("rcp"))

    def url(self, service: str) -> str:
        """The base of a service, before its published path; what has none stands below its name, as at pnc serve."""
        return self.named(service) or (f"{self._base}/{service}" if service in _UNPUBLISHED else self._base)

    def named(self, service: str) -> str:
        """Where a ready file says that a service is; "" where there is none."""
        return self._known.services.get(service, "")

    @property
    def pki(self) -> Path | None:
        """The folder with the keys of the services' authorities, where a ready file names it."""
        return self._known.pki

    @property
    def database(self) -> str | None:
        """The URL of what the services keep in, where a ready file names it."""
        return self._known.database

    @property
    def responder(self) -> str:
        """Where OCSP is answered, as far as it is known: with https on another port than the rest."""
        secured = self._base.lower().startswith("https:")
        return self._known.services.get("ocsp", "" if secured else f"{self._base}/ocsp")

    def manufacturer(self, wmi: str = "") -> tuple[Participant, str]:
        """A manufacturer that owns ``wmi`` ("": any), and the WMI. Raises LocalError."""
        what = f"owns the WMI {wmi}" if wmi else "has the role OEM"
        client = self._chosen(what, lambda one: one.role == "OEM" and (wmi in one.wmi if wmi else bool(one.wmi)))
        return self.as_client(client), wmi or client.wmi[0]

    def operator(self, provider: str = "") -> tuple[Participant, str]:
        """A mobility operator that owns ``provider`` ("": one with a PKI of its own), and the id. Raises LocalError."""
        what = f"owns the provider id {provider}" if provider else "has the role MO_EXTERNAL_PKI"

        def fits(one: ClientSecret) -> bool:
            return provider in one.providers if provider else one.role == "MO_EXTERNAL_PKI" and bool(one.providers)

        client = self._chosen(what, fits)
        return self.as_client(client), provider or client.providers[0]

    def of(self, role: str) -> Participant:
        """The first client of a role. Raises LocalError."""
        return self.as_client(self.client(role))

    def client(self, role: str) -> ClientSecret:
        """The first client of a role, as it is known. Raises LocalError."""
        return self._chosen(f"has the role {role}", lambda one: one.role == role)

    def station_operator(self) -> Participant:
        """The operator of charging stations. Raises LocalError."""
        return self.of("CPO")

    def administrator(self) -> Participant:
        """An administrator of the services. Raises LocalError."""
        return self.of("ADMIN")

    async def take_in(
        self, source: Source, *, operators: Iterable[str] = (), manufacturers: Iterable[str] = ()
    ) -> None:
        """Have the administrator take in who owns these provider ids and WMIs, and is nobody whose secret is known.

        They stay until :meth:`dismiss`. Without an administrator nobody is taken in. Raises PncError.
        """
        known = [*self._known.clients, *self._taken_in.values()]
        wanted = [("MO_EXTERNAL_PKI", "providers", one) for one in operators]
        wanted += [("OEM", "wmi", one) for one in manufacturers]
        for role, what, owned in wanted:
            if any(one.secret and owned in (*one.providers, *one.wmi) for one in known):
                continue
            if not any(one.secret and one.role == "ADMIN" for one in known):
                return
            id = f"run-{owned.lower()}-{source.of(owned).token(6).lower()}"
            body = {"id": id, "role": role, what: [owned], "confirmation": "the plan of a run of pncsim"}
            made = await self.administrator().call("admin", "POST", "/admin/clients", body)
            self._taken_in[id] = convert({**made, "role": role}, ClientSecret)

    async def dismiss(self) -> None:
        """Have the administrator remove whom it has taken in. Raises PncError."""
        for id in tuple(self._taken_in):
            await self.administrator().call("admin", "DELETE", f"/admin/clients/{quote(id, safe='')}")
            del self._taken_in[id]

    async def close(self) -> None:
        """Close the connections."""
        for one in self._made.values():
            await one.close()

    def _chosen(self, what: str, fits: Callable[[ClientSecret], bool]) -> ClientSecret:
        able = [one for one in (*self._known.clients, *self._taken_in.values()) if one.secret]
        found = next(filter(fits, able), None)
        if found is None:
            raise LocalError(
                f"{self._known.file} holds the secret of no client that {what}, only of {_listed(able)}.",
                advice="Name another ready file or clients.json with --credentials.",
            )
        return found

    def as_client(self, client: ClientSecret) -> Participant:
        """Whoever calls with this secret, one for each client."""
        if client.id not in self._made:
            voice = Voice.on(self._clock, self._trace, _SPEAKS.get(client.role, "MO"))
            self._made[client.id] = Participant(
                self._clock, client, self._base, self._known.services, tls=self.tls, voice=voice, whole=PATIENCE
            )
        return self._made[client.id]


def open_callers(clock: Clock, trace: Trace, ecosystem: str, credentials: Path | None) -> Callers:
    """Callers of the services at ``ecosystem``, as :func:`known_services` has them. Raises LocalError."""
    return Callers(clock, trace, known_services(ecosystem, credentials), ecosystem if "://" in ecosystem else "")


def known_services(ecosystem: str, credentials: Path | None) -> KnownServices:
    """Where services are and who may call them: ``ecosystem`` is a URL, or the ready file that names theirs.

    ``credentials``: the ready file or ``clients.json`` with the secrets; unless told, the ready file, or that of the
    usual folder. Raises LocalError.
    """
    if "://" not in ecosystem:
        known = read_access(Path(ecosystem), "")
        if missing := [name for name in NEEDED if name not in known.services]:
            raise LocalError(
                f"{ecosystem} is no ready file of all services: it names no {', '.join(missing)}.",
                advice="pnc serve ecosystem --ready-file writes one.",
            )
        if credentials is None:
            return known
        secrets = read_access(credentials, "")
        return replace(known, clients=secrets.clients, file=credentials, root=known.root or secrets.root)
    if not ecosystem.lower().startswith(("http://", "https://")):
        raise LocalError(f"{without_password(ecosystem)} is no address of services: http:// and https:// are.")
    if credentials is None:
        from pncsim.simulator.serving.data_folder import default_folder

        credentials = default_folder() / "clients.json"
    return read_access(credentials, ecosystem)


def _listed(clients: Collection[ClientSecret]) -> str:
    return ", ".join(f"{one.id} ({one.role or 'no role'})" for one in clients) or "nobody"
