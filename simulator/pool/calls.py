"""What each action of ``pnc pool`` asks of the services, and what it tells of the answer."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from pncsim.backend.refusal import Refused
from pncsim.simulator.commands.options import Arguments
from pncsim.simulator.evidence.story import printable
from pncsim.simulator.pool.backup import backup, restore
from pncsim.simulator.pool.client import KnownServices, Participant
from pncsim.tls_certs import reading
from pncsim.wire.clock import Clock
from pncsim.wire.errors import LocalError, PeerError
from pncsim.wire.files import replace_file
from pncsim.wire.urls import without_password


class Told(Struct, frozen=True):
    """What came of a call: the answer, sentences for people, and the exit code."""

    answer: Mapping[str, Any]
    lines: list[str]
    code: int = 0


async def run(arguments: Arguments, access: KnownServices, base: str) -> int:
    """Do ``arguments.work`` and tell it on standard output; the exit code. Raises PncError."""
    caller = Participant(
        Clock(), access.of(arguments.client), base, access.services, tls=trust(arguments.ca or access.root)
    )
    try:
        told = await WORK[arguments.work](caller, arguments)
    except Refused as error:
        if error.http_status == 401:
            raise Refused(
                error.sentence,
                kind=error.kind,
                http_status=401,
                clause=error.clause,
                advice=f"The secret is that of {access.file}; another file is named with --credentials.",
            ) from error
        # No rule of ours decided that: nothing answers there at all.
        if arguments.work.startswith("clients_") and error.http_status == 404 and not error.clause:
            raise Refused(
                f"No participants are kept at {without_password(access.services.get('admin', base))}.",
                kind=error.kind,
                advice="Pools on their own know them from their PKI: name its ready file or URL (pnc serve pki).",
                clause="ACC-2",
                http_status=404,
            ) from error
        raise
    except PeerError as error:
        if error.kind in ("unreachable", "silent"):
            # Nobody has said no: who asked whether something is there knows nothing.
            raise LocalError(error.sentence, advice=error.advice, clause=error.clause) from error
        raise
    finally:
        await caller.close()
    if arguments.json:
        print(json.dumps(told.answer, indent=1))
    else:
        for line in told.lines:
            print(printable(line))
    return told.code


async def _publish(caller: Participant, arguments: Arguments) -> Told:
    chain = [der for file in arguments.files for der in _certificates(file)]
    if len(chain) not in (2, 3):
        raise LocalError(
            f"Certificates found in {', '.join(map(str, arguments.files))}: {len(chain)}.",
            advice="A vehicle is published with its own and one or two Sub-CAs, in this order, without the root.",
        )
    body: dict[str, Any] = {"vehicleCertificate": _base64(chain[0]), "subCA1Certificate": _base64(chain[-1])}
    if len(chain) == 3:
        body["subCA2Certificate"] = _base64(chain[1])
    if arguments.v2g_root:
        roots = [reading.parsed(der) for file in arguments.v2g_root for der in _certificates(file)]
        body["v2gRootAuthorityKeyIdentifiers"] = [reading.key_identifier(root) for root in roots]
    if arguments.previous_pcid:
        body["previousPcid"] = arguments.previous_pcid
    answer = await caller.call("pcp", "PUT", "/v1/oem/provCerts", body)
    pcid = reading.common_name(reading.parsed(chain[0]))
    return Told(answer, [f"{pcid} is published, below {answer.get('rootIssuerDistinguishedName')}."])


async def _lookup(caller: Participant, arguments: Arguments) -> Told:
    try:
        await caller.call("pcp", "GET", f"/v1/oem/provCerts/lookupVehicle/{quote(arguments.pcid, safe='')}")
    except PeerError as error:
        if error.http_status != 404:
            raise
        return Told({"published": False}, [f"{arguments.pcid} is not published."], 1)
    return Told({"published": True}, [f"{arguments.pcid} is published."])


async def _contracts(caller: Participant, arguments: Arguments) -> Told:
    answer = await caller.call("ccp", "GET", f"/v1/ccp/signedContractData/{quote(arguments.pcid, safe='')}")
    found = answer.get("XMLContracts", [])
    lines = [
        f"{one['emaid']}  until {one['certValidTo']}{'  default' if one['defaultContract'] else ''}" for one in found
    ]
    return Told(answer, lines or [f"No contract waits for {arguments.pcid}."])


async def _roots(caller: Participant, arguments: Arguments) -> Told:
    wanted = f"?rootType={arguments.type}" if arguments.type else ""
    answer = await caller.call("rcp", "GET", f"/v1/root/rootCerts{wanted}")
    found = answer.get("RootCertificateCollection", {}).get("rootCertificates", [])
    lines = [f"{one['rootType']:<4} {one['distinguishedName']}  until {one['validTo'][:10]}" for one in found]
    if arguments.save is not None:
        for one in found:
            root = reading.parsed(base64.b64decode(one["caCertificate"]))
            file = arguments.save / f"{one['rootType'].lower()}_{one['fingerprint'][:16]}.pem"
            _write(file, reading.pem([root]).encode("ascii"))
        lines.append(f"{len(found)} roots are in {arguments.save}.")
    return Told(answer, lines)


async def _revoke(caller: Participant, arguments: Arguments) -> Told:
    der = _certificates(arguments.file)[0]
    body = {"certificate": _base64(der), "reason": arguments.reason}
    answer = await caller.call("admin", "POST", "/admin/certificates/revoke", body)
    name = reading.common_name(reading.parsed(der))
    return Told(answer, [f"{name} (serial {answer.get('serial')}) is revoked: {arguments.reason.replace('_', ' ')}."])


async def _backup(caller: Participant, arguments: Arguments) -> Told:
    count = await backup(caller, arguments.file)
    return Told(
        {"values": count}, [f"{count} values are in {arguments.file}; the PKI folder is to be copied beside it."]
    )


async def _restore(caller: Participant, arguments: Arguments) -> Told:
    count = await restore(caller, arguments.file)
    return Told({"values": count}, [f"{count} values of {arguments.file} are restored."])


async def _clients_list(caller: Participant, arguments: Arguments) -> Told:
    answer = await caller.call("admin", "GET", "/admin/clients")
    return Told(answer, [_client(one) for one in answer.get("clients", [])])


async def _clients_add(caller: Participant, arguments: Arguments) -> Told:
    body = {
        "id": arguments.id,
        "role": arguments.role,
        "name": arguments.name,
        "wmi": arguments.wmi,
        "providers": arguments.provider,
        "confirmation": arguments.confirmation,
    }
    return _with_secret(await caller.call("admin", "POST", "/admin/clients", body))


async def _clients_confirm(caller: Participant, arguments: Arguments) -> Told:
    body = {"confirmation": arguments.confirmation}
    answer = await caller.call("admin", "POST", f"/admin/clients/{quote(arguments.id, safe='')}/confirm", body)
    return Told(answer, [_client(answer)])


def _client_is(verb: str) -> Callable[[Participant, Arguments], Awaitable[Told]]:
    async def work(caller: Participant, arguments: Arguments) -> Told:
        answer = await caller.call("admin", "POST", f"/admin/clients/{quote(arguments.id, safe='')}/{verb}")
        return _with_secret(answer) if "secret" in answer else Told(answer, [_client(answer)])

    return work


async def _clients_remove(caller: Participant, arguments: Arguments) -> Told:
    answer = await caller.call("admin", "DELETE", f"/admin/clients/{quote(arguments.id, safe='')}")
    return Told(answer, [f"{arguments.id} is known no more."])


WORK: Mapping[str, Callable[[Participant, Arguments], Awaitable[Told]]] = {
    "publish": _publish,
    "lookup": _lookup,
    "contracts": _contracts,
    "roots": _roots,
    "revoke": _revoke,
    "backup": _backup,
    "restore": _restore,
    "clients_list": _clients_list,
    "clients_add": _clients_add,
    "clients_confirm": _clients_confirm,
    "clients_disable": _client_is("disable"),
    "clients_enable": _client_is("enable"),
    "clients_rotate": _client_is("rotate"),
    "clients_remove": _clients_remove,
}
"""By the name the command line gives them."""


def _client(one: Mapping[str, Any]) -> str:
    owns = " ".join((*one["wmi"], *one["providers"]))
    waits = one["providers"] and not one["confirmation"]
    state = "" if one["enabled"] else "  not confirmed" if waits else "  shut out"
    return f"{one['id']:<20} {one['role']:<17} {owns}{state}".rstrip()


def _with_secret(answer: Mapping[str, Any]) -> Told:
    waiting = [] if answer["enabled"] else ["It may call once its ids are confirmed: pnc pool clients confirm."]
    return Told(answer, [_client(answer), f"secret: {answer['secret']}", *waiting])


def _certificates(file: Path) -> list[bytes]:
    try:
        octets = file.read_bytes()
    except OSError as error:
        raise LocalError(f"{file} cannot be read: {error.strerror}.") from error
    try:
        return [reading.der(one) for one in reading.load_all(octets, str(file))]
    except reading.Unreadable as error:
        raise LocalError(
            f"{file} holds no certificate, or one that is damaged.", advice="Give certificates as PEM, or one as DER."
        ) from error


def trust(file: Path | None) -> ssl.SSLContext | None:
    """TLS that trusts the roots in ``file`` alone; None, the usual, without one. Raises LocalError."""
    if file is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(file))
    except (OSError, ssl.SSLError) as error:
        raise LocalError(f"{file} holds no certificates that can be trusted: {error}.") from error


def _write(file: Path, octets: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, octets)
    except OSError as error:
        raise LocalError(f"{file} cannot be written: {error.strerror}.") from error


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
