"""Identifiers of Plug & Charge: EMAID (contract), PCID (vehicle), EVSEID (charging point); their forms and checks.

Every ``check_*`` returns the form to keep and raises :class:`IdentifierError` with a sentence. Who received a bad
identifier from a peer turns that into the answer its link owes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import count
from operator import add

from pncsim.wire.errors import LocalError
from pncsim.wire.gate import Tolerance, Tolerate

_EMAID = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[A-Z0-9]{9}[A-Z0-9]?", re.ASCII)
_EMAID_TYPED = re.compile(r"[A-Za-z]{2}-?[A-Za-z0-9]{3}-?[A-Za-z0-9]{9}-?[A-Za-z0-9]?", re.ASCII)
_PCID = re.compile(r"[A-Za-z0-9]{17,18}", re.ASCII)
_EVSEID = re.compile(r"[A-Za-z]{2}\*?[A-Za-z0-9]{3}\*?E[A-Za-z0-9][A-Za-z0-9*]{0,30}", re.ASCII)
_SECCID = re.compile(r"[A-Za-z]{2}-?[A-Za-z0-9]{3}-?S-?[A-Za-z0-9]{32,59}-?[A-Za-z0-9]?", re.ASCII)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

EVSEID_LENGTHS = range(7, 38)
"""Lengths of an EVSEID on the wire (ISO 15118-2, evseIDType)."""


class IdentifierError(LocalError, ValueError):
    """A text is not the identifier it was taken for."""


def normal_emaid(text: str) -> str:
    """The form in which EMAIDs are kept and compared: without hyphens, upper case. Does not check anything."""
    return text.replace("-", "").upper()


def same_emaid(one: str, other: str) -> bool:
    """Whether two EMAIDs name the same contract; hyphens and case do not count.

    The forms with and without check character are different strings and count as different contracts.
    """
    return normal_emaid(one) == normal_emaid(other)


def check_emaid(text: str) -> str:
    """The normal form of an EMAID: country (2), provider (3), instance (9), optionally a check character.

    Whether that one is right is for :func:`judge_check_character` to say. Raises IdentifierError. Source: ISO 15118-2
    annex H.1, Open Plug&Charge Protocol.
    """
    if not _EMAID_TYPED.fullmatch(text):
        raise IdentifierError(
            f"{_shown(text)} is not an EMAID: two letters, three and nine letters or digits and at most one check "
            "character are expected, parts optionally separated by hyphens.",
            clause="ISO 15118-2 H.1",
        )
    return normal_emaid(text)


def judge_check_character(emaid: str, gate: Tolerate) -> None:
    """Verify the check character of an EMAID in normal form, if it has one.

    A wrong one is a liberty for ``gate``: published examples carry them. Raises NotTolerated where the gate does.
    """
    if len(emaid) == 15 and not _is_zero(_sums(emaid)):
        right = emaid_check_character(emaid[:14])
        wrong = f"The EMAID {emaid} ends with the check character {emaid[14]}, {right} is right."
        gate(Tolerance.EMAID_CHECK(wrong, "ISO 15118-2 H.1.3"))


def emaid_provider(emaid: str) -> str:
    """Country and provider of an EMAID, five characters such as ``DEECD``: who owns the contract."""
    return normal_emaid(emaid)[:5]


def emaid_check_character(first14: str) -> str:
    """The check character for the first 14 characters of an EMAID (hyphens allowed). Raises IdentifierError.

    Each character is split into two binary and two ternary digits; position i multiplies them by the i-th power of one
    matrix over GF(2) and one over GF(3). The check character at position 15 makes both sums zero (ISO 15118-2 H.1.3).
    """
    text = normal_emaid(first14)
    if len(text) != 14 or not _EMAID.fullmatch(text):
        raise IdentifierError(
            f"A check character belongs to the first 14 characters of an EMAID, not to {_shown(first14)}.",
            clause="ISO 15118-2 H.1.3",
        )
    before = _sums(text)
    for candidate in _ALPHABET:
        if _is_zero(map(add, before, _weighted(candidate, 15))):
            return candidate
    raise AssertionError("the matrices are invertible: one of 36 characters always fits")


def _sums(text: str) -> tuple[int, ...]:
    """The weighted digits of all characters, added up."""
    return tuple(map(sum, zip(*map(_weighted, text, count(1)), strict=True)))


def _is_zero(sums: Iterable[int]) -> bool:
    q1, q2, r1, r2 = sums
    return not (q1 % 2 or q2 % 2 or r1 % 3 or r2 % 3)


@cache
def _weighted(character: str, position: int) -> tuple[int, int, int, int]:
    """The four digits of ``character`` times the ``position``-th powers of the matrices."""
    q, r = divmod(_ALPHABET.index(character), 9)
    (q1, q2), (r1, r2) = divmod(q, 2), divmod(r, 3)
    for _ in range(position):
        q1, q2 = q2, (q1 + q2) % 2  # row vector times [[0, 1], [1, 1]] over GF(2)
        r1, r2 = r2, (r1 + 2 * r2) % 3  # row vector times [[0, 1], [1, 2]] over GF(3)
    return q1, q2, r1, r2


def with_check_character(emaid: str) -> str:
    """The normal form of an EMAID, completed by its check character if it has none. Raises IdentifierError."""
    normal = check_emaid(emaid)
    return normal + emaid_check_character(normal) if len(normal) == 14 else normal


def check_pcid(text: str) -> str:
    """A PCID (provisioning certificate id) as it stands: 17 or 18 letters or digits. Raises IdentifierError.

    The first three characters are the manufacturer's WMI. The 18th is a check character whose algorithm is not
    public; it is not validated. Case is kept; compare with :func:`same_pcid`.
    """
    if not _PCID.fullmatch(text):
        raise IdentifierError(
            f"{_shown(text)} is not a PCID: 17 or 18 letters or digits are expected.", clause="VDE-AR-E 2802-100-1"
        )
    return text


def same_pcid(one: str, other: str) -> bool:
    """Whether two PCIDs name the same vehicle; case does not count."""
    return one.upper() == other.upper()


def check_evseid(text: str) -> str:
    """An EVSEID as it stands: country, operator, ``E``, outlet, optionally separated by ``*``. Raises IdentifierError.

    The DIN form (``+49*810*…``) belongs to DIN SPEC 70121 and is refused. Source: ISO 15118-2 H.2.
    """
    if not _EVSEID.fullmatch(text) or len(text) not in EVSEID_LENGTHS:
        raise IdentifierError(
            f"{_shown(text)} is not an EVSEID: two letters, three letters or digits, the letter E and an outlet of at "
            "most 31 letters, digits or * are expected, 7 to 37 characters in all.",
            clause="ISO 15118-2 H.2",
        )
    return text


def is_seccid(text: str) -> bool:
    """Whether a text has the form of a SECCID: country, operator, ``S``, controller, optionally a check character.

    As Open Plug&Charge has it; the check character's algorithm is in ISO 15118-20, and it is not validated.
    """
    return _SECCID.fullmatch(text) is not None


def _shown(text: str) -> str:
    """``text`` for a sentence: printable, and cut where a peer sent far too much."""
    return ascii(text) if len(text) <= 64 else f"{text[:64]!a}… ({len(text)} characters)"
