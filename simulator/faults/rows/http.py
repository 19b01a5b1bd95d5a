"""HTTP between the parties: a pool that answers with an error or not to the end, and callers who must be refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pncsim.simulator.faults.answers import Reports
from pncsim.simulator.faults.demands import NO_CONTRACT, BadCaller, responds, status
from pncsim.simulator.faults.fault import Fault
from pncsim.simulator.faults.services import CutPool, FailingPool
from pncsim.simulator.parameters import Choices
from pncsim.tls_certs import reading
from pncsim.tls_certs.profiles import PROFILES
from pncsim.wire.values import replace
from pncsim.wire.voice import Voice

if TYPE_CHECKING:
    from pncsim.simulator.lab.desk import Caller
    from pncsim.simulator.lab.lab import Lab
    from pncsim.simulator.lab.plug_in import PlugIn

PUBLICATION = "/v1/oem/provCerts"

_BOTH = ("CertificateInstallationRes", "CertificateUpdateRes")
_REFUSED = (NO_CONTRACT, responds("no contract", *_BOTH), Reports("SECC", "no contract"))


def pool_answers(
    lab: Lab,
    where: str,
    /,
    *,
    status: Annotated[Literal["401", "403", "404", "409", "429", "500", "502", "503"], "The HTTP status."] = "503",
) -> None:
    """The pool answers with an HTTP error."""

    async def do(plug_in: PlugIn) -> None:
        plug_in.back.services.pool = FailingPool(int(status))

    lab.hooks.once("csms", where, do)


def pool_cut(lab: Lab, where: str, /) -> None:
    """The pool's answer ends in the middle."""

    async def do(plug_in: PlugIn) -> None:
        services = plug_in.back.services
        services.pool = CutPool(services.pool)

    lab.hooks.once("csms", where, do)


def bad_caller(
    lab: Lab, where: str, /, *, how: Annotated[str, "What is wrong.", Choices(get_args(BadCaller))] = "unknown-token"
) -> None:
    """The manufacturer publishes a vehicle as nobody may."""
    voice = Voice.on(lab.clock, lab.trace, "OEM")

    def change(caller: Caller) -> Caller:
        async def carry(method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
            if (method, path) != ("PUT", PUBLICATION):
                return await caller.carry(method, path, body, headers)
            said, head = _altered(how, body, dict(headers), others)
            if how in _NAMES:
                said = _published_as(lab, _NAMES[how], body)
            answered, content = await caller.carry(method, path, said, head)
            voice.http(method, path, answered)
            return answered, content

        if caller.name != "OEM":
            others.append(caller.authorization)
            return caller
        return replace(caller, carry=carry)

    others: list[str] = []
    lab.hooks.alter_calling(where, change)


_NAMES = {"foreign-vehicle": "WVWPNCVEHICLE00001", "wrong-name": "NO-PCID-AT-ALL-000"}
"""What provisioning certificates call vehicles that are another manufacturer's, or nobody's."""


def _published_as(lab: Lab, name: str, body: bytes) -> bytes:
    """The same publication of a vehicle called ``name``: the manufacturer's PKI knows no better."""
    assert lab.region.built is not None, "somebody has called"
    pki, profile = lab.region.built.pkis[""], PROFILES["oem_leaf"]
    leaf = pki.authority("oem_sub2").credentials(profile, name, lab.clock.now()).leaf
    return json.dumps(json.loads(body) | {"vehicleCertificate": base64.b64encode(reading.der(leaf)).decode()}).encode()


def _altered(how: str, body: bytes, headers: dict[str, str], others: list[str]) -> tuple[bytes, dict[str, str]]:
    match how:
        case "no-token":
            del headers["Authorization"]
        case "unknown-token":
            headers["Authorization"] = "Bearer " + "0" * 32
        case "wrong-role":
            headers["Authorization"] = others[0]
        case "cut-body":
            body = body[: len(body) // 2]
        case "no-json":
            body = b"\xff" * 20
    return body, headers


ROWS = (
    Fault(
        name="pool-status",
        title="the contract pool answers HTTP {status}",
        group="HTTP",
        place="pool",
        answer=_REFUSED,
        scenario="install-contract",
        deed=pool_answers,
    ),
    Fault(
        name="pool-cut",
        title="the contract pool's answer ends in the middle",
        group="HTTP",
        place="pool",
        answer=_REFUSED,
        scenario="install-contract",
        deed=pool_cut,
    ),
    Fault(
        name="bad-caller",
        title="a manufacturer publishes a vehicle as nobody may: {how}",
        group="HTTP",
        place="caller",
        answer=lambda how: (status(how, "OEM"),),
        scenario="vehicle-published",
        deed=bad_caller,
    ),
)
