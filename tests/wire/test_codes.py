"""Kinds of error and the ResponseCodes of ISO 15118-2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pncsim.wire.errors import KINDS, Kind
from pncsim.wire.v2g import iso2
from pncsim.wire.v2g.iso2 import codes, timing

ROOT = Path(__file__).parents[2]
Code = iso2.ResponseCodeType


def test_every_kind_of_the_table_exists_and_every_failed_code_is_some_kind_s() -> None:
    assert set(codes.CODES) <= KINDS
    failed = {code for code in Code if code.startswith("FAILED")}
    assert {*codes.CODES.values(), Code.FAILED} == failed


def test_every_response_has_its_codes_and_every_code_a_response() -> None:
    assert set(codes.ALLOWED) == {f"{name}Res" for name in timing.MESSAGES} - {"SupportedAppProtocolRes"}
    assert {*codes.ALWAYS, *(code for allowed in codes.ALLOWED.values() for code in allowed)} == {
        code for code in Code if code.startswith("FAILED")
    }


@pytest.mark.parametrize(
    ("kind", "response", "code"),
    [
        ("revoked", "PaymentDetailsRes", "FAILED_CertificateRevoked"),
        ("revoked", "AuthorizationRes", "FAILED_CertificateRevoked"),
        ("expired", "AuthorizationRes", "FAILED"),
        ("no anchor", "CertificateUpdateRes", "FAILED_CertChainError"),
        ("no anchor", "CertificateInstallationRes", "FAILED"),
        ("sequence", "CurrentDemandRes", "FAILED_SequenceError"),
        ("silent", "CertificateInstallationRes", "FAILED"),
        ("unspecific", "SessionStopRes", "FAILED"),
    ],
)
def test_a_response_says_it_as_well_as_it_may(kind: Kind, response: str, code: str) -> None:
    assert codes.answer(kind, response) == code


def test_nobody_who_raises_an_error_says_how_iso_15118_2_answers_it() -> None:
    """Only what a peer has answered is a response_code; ours follow from kinds, in one table."""
    written = re.compile(r"response_code=\"|FAILED_\w+")
    offences = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for room in ("wire", "tls_certs", "secc", "backend")
        for path in (ROOT / room).rglob("*.py")
        if path.name not in ("codes.py", "enumerations.py", "secc_sequence.py")
        for line in path.read_text().splitlines()
        if written.search(line)
    ]
    assert offences == []
