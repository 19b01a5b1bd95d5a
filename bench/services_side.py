"""The processes that are measured: the services as ``pnc serve ecosystem`` runs them, and bare handlers beside them.

``python -m bench.services_side seed|ours|bare FOLDER [COUNT]``. A server says on standard output where it answers, then
answers ``cpu`` on standard input with the seconds of CPU it has used and the MiB it holds, until standard input ends.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import resource
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pncsim.simulator.entry import COLLECTOR

if TYPE_CHECKING:
    from aiohttp import web

    from pncsim.backend.ecosystem import Ecosystem
    from pncsim.simulator.serving.standing import Served
    from pncsim.wire.credentials import Credentials

SAMPLES = 50
"""Vehicles with a contract that are asked for; all others are there to be passed over."""
FRESH = 400
"""Vehicles that are not published yet."""
SESSION = bytes.fromhex("0102030405060708")


@asynccontextmanager
async def _services(folder: Path) -> AsyncIterator[Served]:
    from pncsim.simulator.serving.standing import ServeOptions, served
    from pncsim.wire.clock import Clock
    from pncsim.wire.trace import Trace

    async with served(ServeOptions(port=0, data=folder), Clock(), Trace()) as house:
        yield house


# Making what is stored


async def seed(folder: Path, count: int) -> None:
    """Make a data folder with ``count`` vehicles and as many contracts, and ``samples.json`` beside the database."""
    async with _services(folder) as house:
        samples = [await _sold(house.ecosystem, f"PNCSAMPLE{number:08}") for number in range(SAMPLES)]
        fresh = [_body(await _made(house.ecosystem, f"PNCFRESH{number:09}")) for number in range(FRESH)]
    (folder / "samples.json").write_text(json.dumps({"samples": samples, "fresh": fresh}))
    with sqlite3.connect(folder / "pnc.db") as file:
        file.execute("PRAGMA journal_mode=OFF")
        for kind in ("vehicles", "contracts"):
            told = file.execute(f"PRAGMA table_info(pnc_{kind})")
            columns = [name for _, name, *_ in told if name != "position"]
            (row,) = file.execute(f"SELECT {', '.join(columns)} FROM pnc_{kind} ORDER BY position LIMIT 1")
            marks = ", ".join("?" * len(columns))
            file.executemany(
                f"INSERT INTO pnc_{kind} ({', '.join(columns)}) VALUES ({marks})",
                (_renamed(row, samples[0], number) for number in range(count - SAMPLES)),
            )


def _renamed(row: tuple[Any, ...], sample: dict[str, str], number: int) -> tuple[Any, ...]:
    """A row of the first sample as another vehicle's: names of the same length in all its columns."""
    names = {sample["pcid"]: f"PNC{number:014}", sample["emaid"]: f"DEPNCF{number:0{len(sample['emaid']) - 6}}"}
    for old, new in names.items():
        row = tuple(
            one.replace(old, new) if isinstance(one, str) else one.replace(old.encode(), new.encode()) for one in row
        )
    return row


async def _made(ecosystem: Ecosystem, pcid: str) -> Credentials:
    from pncsim.wire.credentials import Credentials
    from pncsim.wire.source import SYSTEM

    key = SYSTEM.key()
    return Credentials(await ecosystem.ca.issue_provisioning(pcid, key.public_key()), key)


async def _sold(ecosystem: Ecosystem, pcid: str) -> dict[str, str]:
    """A vehicle that is published and has a contract, and the request with which it would fetch that."""
    from pncsim.wire.credentials import KeySigner
    from pncsim.wire.v2g import iso2, signature
    from pncsim.wire.v2g import xmldsig as ds
    from pncsim.wire.v2g.registry import codec

    vehicle, root = await _made(ecosystem, pcid), ecosystem.pki.root("v2g_root")
    await ecosystem.vehicles.publish(vehicle.chain_der)
    contract = await ecosystem.mo.subscribe("bench", pcid)
    listed = ds.X509IssuerSerialType(X509IssuerName=root.issuer.rfc4514_string(), X509SerialNumber=root.serial_number)
    body = iso2.CertificateInstallationReq(
        Id="id1",
        OEMProvisioningCert=vehicle.chain_der[0],
        ListOfRootCertificateIDs=iso2.ListOfRootCertificateIDsType(RootCertificateID=[listed]),
    )
    signed = signature.sign([("CertificateInstallationReq", body)], KeySigner(vehicle.key))
    header = iso2.MessageHeaderType(SessionID=SESSION, Signature=signed)
    exi = codec("iso2").encode(iso2.V2G_Message(Header=header, Body=iso2.BodyType(BodyElement=body)))
    return {"pcid": pcid, "emaid": contract.emaid, "exi": base64.b64encode(exi).decode()}


def _body(vehicle: Credentials) -> dict[str, str]:
    """What a manufacturer sends to publish a vehicle."""
    leaf, sub2, sub1 = (base64.b64encode(one).decode() for one in vehicle.chain_der)
    return {"vehicleCertificate": leaf, "subCA2Certificate": sub2, "subCA1Certificate": sub1}


# Serving


async def ours(folder: Path) -> None:
    """The services over the data folder; ``checks`` verifies what the publications of a bench have to verify."""
    gc.set_threshold(*COLLECTOR)  # as the command does
    async with _services(folder) as house:

        async def checks() -> float:
            return await _verified(house.ecosystem, json.loads((folder / "samples.json").read_text())["fresh"])

        await _serve(house.ready(), {"checks": checks})


async def _verified(ecosystem: Ecosystem, bodies: list[dict[str, str]]) -> float:
    """Seconds of CPU that reading and verifying one of these vehicles takes: half of them, the last ones."""
    from pncsim.tls_certs import reading
    from pncsim.tls_certs.validation import Use
    from pncsim.wire.gate import refuse

    chains = [[base64.b64decode(one) for one in body.values()] for body in bodies[len(bodies) // 2 :]]
    began = time.process_time()
    for chain in chains:
        await ecosystem.verifier.full([reading.load(one) for one in chain], Use.PROVISIONING, gate=refuse)
    return (time.process_time() - began) / len(chains)


async def bare(folder: Path) -> None:
    """Handlers with nothing around them: one select and one RS256 verification, one insert, one P-256 signature."""
    import jwt
    import sqlalchemy as sql
    from aiohttp import web
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from sqlalchemy import event
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'bare.db'}")

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        for setting in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {setting}")

    table = sql.Table(
        "kept", sql.MetaData(), sql.Column("key", sql.Text, primary_key=True), sql.Column("value", sql.LargeBinary)
    )
    samples = json.loads((folder / "samples.json").read_text())
    value = json.dumps(samples["fresh"][0]).encode()
    async with engine.begin() as connection:
        await connection.run_sync(table.metadata.drop_all)
        await connection.run_sync(table.metadata.create_all)
        rows = [{"key": one["pcid"], "value": value} for one in samples["samples"]]
        await connection.execute(sql.insert(table), rows)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    public, signer = key.public_key(), ec.generate_private_key(ec.SECP256R1())

    async def read(request: web.Request) -> web.Response:
        jwt.decode(request.headers["Authorization"].split()[1], public, algorithms=["RS256"], audience="bench")
        async with engine.connect() as connection:
            found = await connection.execute(sql.select(table.c.value).where(table.c.key == request.match_info["key"]))
            return web.Response(body=found.scalar_one(), content_type="application/json")

    async def write(request: web.Request) -> web.Response:
        body = await request.json()
        jwt.decode(request.headers["Authorization"].split()[1], public, algorithms=["RS256"], audience="bench")
        async with engine.begin() as connection:
            row = {"key": request.match_info["key"], "value": json.dumps(body).encode()}
            await connection.execute(sql.insert(table).values(row))
        return web.json_response(body)

    async def sign(request: web.Request) -> web.Response:
        return web.Response(body=signer.sign(await request.read(), ec.ECDSA(hashes.SHA256())) * 13)

    app = web.Application()
    app.router.add_get("/{key}", read)
    app.router.add_put("/{key}", write)
    app.router.add_post("/sign", sign)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    token = jwt.encode({"aud": "bench", "exp": time.time() + 3600}, key, algorithm="RS256")
    await _serve({"url": f"http://{host}:{port}", "token": token}, {})
    await runner.cleanup()
    await engine.dispose()


async def _serve(about: dict[str, Any], more: dict[str, Callable[[], Awaitable[object]]]) -> None:
    """Say ``about``, then answer what is asked on standard input until it ends."""

    async def cpu() -> object:
        return {"cpu": time.process_time(), "rss": _resident()}

    answers = {"cpu": cpu, **more}
    print(json.dumps(about), flush=True)
    while asked := (await asyncio.to_thread(sys.stdin.readline)).strip():
        print(json.dumps(await answers[asked]()), flush=True)


def _resident() -> float:
    """MiB this process holds in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1_048_576


def main() -> None:
    """Be one of the processes."""
    what, folder = sys.argv[1], Path(sys.argv[2])
    if what == "seed":
        asyncio.run(seed(folder, int(sys.argv[3])))
    else:
        asyncio.run({"ours": ours, "bare": bare}[what](folder))


if __name__ == "__main__":
    main()
