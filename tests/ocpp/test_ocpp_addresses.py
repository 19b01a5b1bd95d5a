"""Whom a CSMS asks for a station, and what it hands over: responders of issuers it knows, and their answers alone."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from ocpp_lab import IDENTITY, NOW, Lab, running, shared_pki, virtual

from pncsim.backend.csms.addresses import MEMORY, PROVEN, STRANGERS, Addresses
from pncsim.backend.pki.ocsp_client import OcspClient
from pncsim.secc.station.config import StationConfig
from pncsim.secc.station.station import Station
from pncsim.tls_certs.certid import build_request
from pncsim.tls_certs.hash_data import HashData, hash_data
from pncsim.tls_certs.ocsp_answers import UNAUTHORIZED, refusal
from pncsim.wire.clock import Clock
from pncsim.wire.errors import PeerError
from pncsim.wire.voice import Voice

PAGE = b"<html>internal page: secret=42</html>"
PLAIN = StationConfig(identity=IDENTITY, request_certificate=False, request_staples=False)


def leaf() -> HashData:
    chain = shared_pki().credentials("secc_leaf").chain
    return hash_data(chain[0], chain[1])


def invented(number: int = 0) -> dict[str, Any]:
    """Hash data of an issuer nobody knows."""
    made = {"issuerNameHash": "00" * 32, "issuerKeyHash": "11" * 32, "serialNumber": f"{number + 1:x}"}
    return {**leaf().ocsp_payload(), **made}


@asynccontextmanager
async def asking(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[Lab, Station, list[str]]]:
    """A station at a CSMS whose OCSP client knows the PKI's issuers, and what it asked; ``answer`` comes back."""
    lab, asked = Lab(), list[str]()

    async def fetch(url: str, request: bytes) -> bytes:
        asked.append(url)
        return answer(request)

    issuers = [authority.certificate for authority in lab.pki.authorities()]
    lab.services.revocation = OcspClient(lab.clock, Voice.on(lab.clock, lab.trace, "PKI"), fetch, issuers=issuers)
    async with running(lab.station(config=PLAIN)) as station:
        await station.wait_ready()
        yield lab, station, asked


async def status(station: Station, data: Mapping[str, Any]) -> dict[str, Any]:
    return await station.call("GetCertificateStatus", {"ocspRequestData": data})


@pytest.mark.parametrize("octets", [PAGE, b"", b"\x30\x03\x0a\x01\x00", refusal(UNAUTHORIZED)])
@virtual
async def test_what_is_no_answer_about_the_certificate_is_handed_to_nobody(octets: bytes) -> None:
    async with asking(lambda request: octets) as (_, station, asked):
        answer = await status(station, leaf().ocsp_payload())
        assert answer["status"] == "Failed" and not answer.get("ocspResult")
        assert answer["statusInfo"]["additionalInfo"] and "secret" not in str(answer)
        # One that refuses is asked once more, about one name of the certificate alone.
        assert asked in ([leaf().responder_url], [leaf().responder_url] * 2)


@virtual
async def test_another_certificates_answer_is_handed_to_nobody() -> None:
    pki = shared_pki()
    other = pki.credentials("contract_leaf").chain
    wrong = pki.answer_ocsp(build_request(other[0], other[1]), NOW)
    async with asking(lambda request: wrong) as (_, station, _asked):
        assert (await status(station, leaf().ocsp_payload()))["status"] == "Failed"


@virtual
async def test_a_good_answer_is_handed_over_as_it_came() -> None:
    pki = shared_pki()
    async with asking(lambda request: pki.answer_ocsp(request, NOW)) as (_, station, _asked):
        answer = await status(station, leaf().ocsp_payload())
        assert answer["status"] == "Accepted" and base64.b64decode(answer["ocspResult"])[0] == 0x30


@virtual
async def test_for_an_issuer_nobody_knows_no_address_is_asked() -> None:
    async with asking(lambda request: PAGE) as (_, station, asked):
        answer = await status(station, invented())
        assert answer["status"] == "Failed" and answer["statusInfo"]["additionalInfo"]
        token = {"idToken": "DEPNCC00000001A", "type": "eMAID"}
        refused = await station.call("Authorize", {"idToken": token, "iso15118CertificateHashData": [invented()]})
        assert refused["certificateStatus"] == "CertChainError"
        assert asked == []


@virtual
async def test_a_station_that_names_address_after_address_makes_the_csms_ask_a_few() -> None:
    async with asking(lambda request: PAGE) as (lab, station, asked):
        data = leaf().ocsp_payload()
        for number in range(STRANGERS + 12):
            await status(station, {**data, "responderURL": f"http://10.0.0.{number}:8080/admin"})
        assert len(asked) == STRANGERS
        token = {"idToken": "DEPNCC00000001A", "type": "eMAID"}
        hashes = [{**data, "responderURL": "http://10.0.1.1/admin"}]
        refused = await station.call("Authorize", {"idToken": token, "iso15118CertificateHashData": hashes})
        assert refused["certificateStatus"] == "CertChainError"
        assert len(asked) == STRANGERS
        await lab.clock.sleep(MEMORY)
        await status(station, {**data, "responderURL": "http://10.0.1.1/admin"})
        assert len(asked) == STRANGERS + 1


async def refuse() -> str:
    raise PeerError("no answer", kind="unreachable")


async def nobody_known() -> str:
    raise PeerError("not known", kind="no anchor")


async def agree() -> str:
    return "good"


async def test_an_address_that_gave_a_good_answer_to_one_station_is_asked_for_all() -> None:
    addresses = Addresses(Clock(NOW))
    for number in range(STRANGERS):
        with pytest.raises(PeerError, match="no answer"):
            await addresses.ask("CS1", f"http://a{number}/", refuse)
    with pytest.raises(PeerError) as caught:
        await addresses.ask("CS1", "http://good/ocsp", agree)
    assert caught.value.kind == "flood"
    assert await addresses.ask("CS2", "http://good/ocsp", agree) == "good"
    assert await addresses.ask("CS1", "http://GOOD/other", agree) == "good"


async def test_who_names_what_nobody_is_asked_about_loses_nothing_by_it() -> None:
    addresses = Addresses(Clock(NOW))
    for number in range(2 * STRANGERS):
        with pytest.raises(PeerError, match="not known"):
            await addresses.ask("CS1", f"http://a{number}/", nobody_known)
    assert await addresses.ask("CS1", "http://good/", agree) == "good"


async def test_proven_addresses_are_remembered_within_bounds() -> None:
    addresses = Addresses(Clock(NOW))
    for number in range(PROVEN + 10):
        assert await addresses.ask("CS1", f"http://a{number}/", agree) == "good"
    assert len(addresses._proven) == PROVEN
    assert await addresses.ask("CS1", "http://[::1", agree) == "good"
