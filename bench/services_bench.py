"""What the services cost beside bare handlers, and whether reading depends on how much is stored.

``python -m bench.services_bench [COUNT]`` compares with COUNT stored vehicles and contracts (by default 1,000,000, made
once and kept in the cache folder: 6 GB).
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bench.services_side import SAMPLES

FEW, MANY = 1_000, 1_000_000
ROUNDS, READS = 5, 400
SCHEMA = "urn:iso:15118:2:2013:MsgDef"

Call = tuple[str, str, bytes | None]
"""Method, path and body."""


class Side(NamedTuple):
    """A process that serves: what it said of itself, and how it is asked."""

    about: dict[str, Any]
    process: subprocess.Popen[str]

    def ask(self, what: str) -> Any:
        """What it answers on its standard output."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(what, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    @property
    def url(self) -> str:
        """Where it serves."""
        return str(self.about["url"] if "url" in self.about else self.about["services"]["pcp"])

    def token(self, client: str) -> str:
        """A bearer token for one of the demo clients."""
        if "token" in self.about:
            return str(self.about["token"])
        one = next(each for each in self.about["clients"] if each["id"] == client)
        body = {"grant_type": "client_credentials", "client_id": one["id"], "client_secret": one["secret"]}
        status, answer = _ask(_connection(self), ("POST", "/oauth/token", json.dumps(body).encode()), "")
        assert status == 200, answer
        return str(json.loads(answer)["access_token"])


@contextmanager
def _side(what: str, folder: Path) -> Iterator[Side]:
    command = [sys.executable, "-m", "bench.services_side", what, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield Side(json.loads(process.stdout.readline()), process)
        finally:
            process.stdin.close()
            process.wait()


def _connection(side: Side) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(side.url).netloc)


def _ask(connection: http.client.HTTPConnection, call: Call, token: str) -> tuple[int, bytes]:
    method, path, body = call
    connection.request(method, path, body, {"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


class Load:
    """Calls to one side, one after the other over one connection; each round takes the next of ``calls``."""

    def __init__(self, side: Side, calls: Sequence[Call], client: str = "", *, good: int = 200) -> None:
        self._side, self._calls, self._good = side, calls, good
        self._token = side.token(client) if client else ""
        self._connection = _connection(side)
        self._done = 0

    def __call__(self, count: int) -> float:
        """Milliseconds of CPU for each of ``count`` calls."""
        before = self._side.ask("cpu")["cpu"]
        for _ in range(count):
            call = self._calls[self._done % len(self._calls)]
            self._done += 1
            status, answer = _ask(self._connection, call, self._token)
            assert status == self._good, (call[:2], status, answer[:300])
        return float(self._side.ask("cpu")["cpu"] - before) / count * 1000


def alternately(*loads: Load, count: int, rounds: int = ROUNDS, warm: int = SAMPLES) -> tuple[float, ...]:
    """Medians of the cost of each, measured in turns."""
    for load in loads:
        if warm:
            load(warm)
    costs = [[load(count) for load in loads] for _ in range(rounds)]
    return tuple(median(row[place] for row in costs) for place in range(len(loads)))


def reads(samples: list[dict[str, str]]) -> dict[str, tuple[str, list[Call]]]:
    """The authorised lookups: who asks, and what."""
    asked = {
        "lookupVehicle": ("demo-mo", "/v1/oem/provCerts/lookupVehicle/{pcid}"),
        "getOEMProvCert": ("demo-mo", "/v1/oem/provCerts/{pcid}"),
        "lookupContract": ("demo-cpo", "/v1/ccp/lookupContract/{emaid}"),
    }
    return {
        name: (client, [("GET", path.format_map(one), None) for one in samples])
        for name, (client, path) in asked.items()
    }


def deliveries(samples: list[dict[str, str]]) -> list[Call]:
    """The requests of vehicles for their contracts."""
    bodies = [{"certificateInstallationReq": one["exi"], "xsdMsgDefNamespace": SCHEMA} for one in samples]
    return [("POST", "/v1/ccp/signedContractData", json.dumps(body).encode()) for body in bodies]


def _ocsp_requests(bodies: list[dict[str, str]]) -> list[Call]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import ocsp

    calls: list[Call] = []
    for body in bodies:
        leaf, issuer = (x509.load_der_x509_certificate(base64.b64decode(one)) for one in list(body.values())[:2])
        request = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, hashes.SHA1()).build()
        calls.append(("POST", "/ocsp", request.public_bytes(Encoding.DER)))
    return calls


def compare(folder: Path) -> None:
    """Print the services' costs beside those of bare handlers that do the same work once."""
    stored = json.loads((folder / "samples.json").read_text())
    samples, fresh = stored["samples"], stored["fresh"]
    print(f"{'the services, ms CPU a request':<44}{'ours':>9}{'bare':>9}{'ratio':>9}{'at most':>9}")
    with ExitStack() as stack:
        ours, bare = (stack.enter_context(_side(what, folder)) for what in ("ours", "bare"))
        plain = Load(bare, [("GET", f"/{one['pcid']}", None) for one in samples], "bench")
        for name, (client, calls) in reads(samples).items():
            own, other = alternately(Load(ours, calls, client), plain, count=READS)
            _row(name, own, other, 1.5)
        half = len(fresh) // 2
        published = [("PUT", "/v1/oem/provCerts", json.dumps(body).encode()) for body in fresh[:half]]
        inserted = [("PUT", f"/{number}", call[2]) for number, call in enumerate(published)]
        each = half // ROUNDS
        own, other = alternately(Load(ours, published, "demo-oem"), Load(bare, inserted, "bench"), count=each, warm=0)
        checks = ours.ask("checks") * 1000
        print(f"{'addOEMProvCert, all of it':<44}{own:>9.2f}   of it {checks:.2f} for the certificate checks")
        _row("addOEMProvCert without these checks", own - checks, other, 2.0)
        asked = _ocsp_requests(fresh)
        signed = Load(bare, [("POST", "/sign", call[2]) for call in asked], "bench")
        # Many short turns: each is signed once, and a busy moment must not be half of what is measured.
        turns = 4 * ROUNDS
        own, other = alternately(Load(ours, asked), signed, count=len(asked) // turns, rounds=turns, warm=0)
        _row("OCSP, an answer that is signed", own, other, 1.5)
        own, other = alternately(Load(ours, asked[:SAMPLES]), signed, count=READS)
        _row("OCSP, an answer that comes again", own, other, 1.5)


def grow(few: Path, many: Path, count: int) -> None:
    """Print the costs of reading and the memory over either amount of stored vehicles and contracts."""
    print(f"{'':<44}{f'{FEW:,}':>9}{f'{count:,}':>11}{'ratio':>9}{'at most':>9}")
    with ExitStack() as stack:
        sides = [stack.enter_context(_side("ours", folder)) for folder in (few, many)]
        stored = [json.loads((folder / "samples.json").read_text())["samples"] for folder in (few, many)]
        asked = [{**reads(one), "getSignedContractData": ("demo-cpo", deliveries(one))} for one in stored]
        for name in asked[0]:
            loads = [Load(side, each[name][1], each[name][0]) for side, each in zip(sides, asked, strict=True)]
            small, large = alternately(*loads, count=READS // 2)
            print(f"{name + ', ms CPU':<44}{small:>9.2f}{large:>11.2f}{large / small:>9.2f}{1.3:>9}")
        small, large = (side.ask("cpu")["rss"] for side in sides)
        print(f"{'resident memory, MiB':<44}{small:>9.0f}{large:>11.0f}{large / small:>9.2f}")


def _row(name: str, own: float, other: float, limit: float) -> None:
    print(f"{name:<44}{own:>9.2f}{other:>9.2f}{own / other:>9.2f}{limit:>9}")


def _seeded(folder: Path, count: int) -> Path:
    subprocess.run([sys.executable, "-m", "bench.services_side", "seed", str(folder), str(count)], check=True)
    return folder


def _kept(count: int) -> Path:
    """The data folder of so many, made if it is not there; a half-made one is made again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pncsim"
    folder = cache / f"bench-{count}"
    if not (folder / "whole").exists():
        print(f"(storing {count:,} vehicles and contracts in {folder}: once, some minutes)", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _seeded(folder, count)
        (folder / "whole").touch()
    return folder


def main(count: int = MANY) -> None:
    """Print what the services cost beside bare handlers, and beside themselves where ``count`` is stored."""
    with tempfile.TemporaryDirectory() as place:
        few = _seeded(Path(place) / "few", FEW)
        compare(few)
        print()
        grow(few, _kept(count), count)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
