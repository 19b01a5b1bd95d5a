"""The PCID as a QR code: made for the owner, read by somebody else's reader, and good for a contract."""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import zxingcpp
from backend_world import World
from face_world import b64
from fleet_world import FLEET, PCID, VIN, FleetWorld, open_fleet

from pncsim.backend.oem.code_http import qr_code
from pncsim.wire.identifiers import IdentifierError

QR = f"/v1/manufacturer/my/vehicles/{VIN}/qr"


@pytest_asyncio.fixture
async def fleet(world: World) -> AsyncIterator[FleetWorld]:
    async with open_fleet(world) as fleet:
        yield fleet


def shown(png: bytes) -> memoryview:
    """The pixels of a greyscale PNG of one bit, eight bits each, as a camera would have them."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, width, height = 8, b"", 0, 0
    while at < len(png):
        (size,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (1, 0)
        elif kind == b"IDAT":
            data += body
        at += size + 12
    rows, line = zlib.decompress(data), 1 + (width + 7) // 8
    pixels, above = bytearray(), bytes(line - 1)
    for row in range(height):
        filter, *octets = rows[row * line : (row + 1) * line]
        assert filter in (0, 2), "as they are, or as the difference to the line above"
        above = bytes((octet + before * (filter == 2)) % 256 for octet, before in zip(octets, above, strict=True))
        pixels += bytes(255 * int(bit) for bit in "".join(f"{octet:08b}" for octet in above)[:width])
    return memoryview(bytes(pixels)).cast("B", (height, width))


def read(png: bytes) -> str:
    """What another program reads in the picture."""
    (code,) = zxingcpp.read_barcodes(shown(png))
    assert code.format == zxingcpp.BarcodeFormat.QRCode
    text: str = code.text
    return text


@pytest.mark.rule("OEM-1", "MO-2")
async def test_an_owner_shows_a_code_and_the_operator_concludes_a_contract_with_what_is_in_it(
    world: World, fleet: FleetWorld
) -> None:
    await fleet.built()
    await fleet.faces.call("oem", "PUT", "/v1/manufacturer/owners/ada", {"password": "correct horse"})
    await fleet.faces.call("oem", "PUT", f"{FLEET}/{VIN}/owner", {"owner": "ada"})
    session, url = fleet.faces.session, fleet.faces.url
    ada = {"Authorization": "Basic " + b64(b"ada:correct horse")}
    async with session.get(url + QR, headers=ada) as answer:
        assert (answer.status, answer.content_type, answer.headers["Cache-Control"]) == (200, "image/png", "no-store")
        pcid = read(await answer.read())
    assert pcid == PCID
    contract = await fleet.faces.call("mo", "POST", "/v1/mo/contracts", {"customer": "Ada", "pcid": pcid})
    assert (contract.status, contract.body["pcid"]) == (201, PCID)
    async with session.get(url + QR.replace(VIN, "PNC00000000000009"), headers=ada) as answer:
        assert answer.status == 404
    async with session.get(url + QR) as answer:
        assert answer.status == 401


@pytest.mark.rule("ID-2")
def test_a_code_holds_a_pcid_as_it_is_written_and_nothing_else() -> None:
    for pcid in ("huboemprovcqa0615", "HUBOpenProvCert001"):
        assert read(qr_code(pcid)) == pcid
    with pytest.raises(IdentifierError):
        qr_code("https://operator.example/?pcid=HUBOpenProvCert001")
