"""Everything about one certificate, line by line, each with the style it is to be seen in. No screen in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from pncsim.simulator.dashboard.chains import ChainPlace, age, bar, left, path, verdict
from pncsim.simulator.dashboard.delivered import BroughtBy
from pncsim.simulator.dashboard.reports import CertificateTold, StatusHeard
from pncsim.tls_certs.profiles import DAY
from pncsim.tls_certs.reading import key_identifier, not_after, not_before, responder_url

StyledLine = tuple[str, str]
"""Style (of :class:`widgets.text_pane.Pane`, "" for none) and text."""


def moment(seconds: float) -> str:
    """Lab time as a person reads it."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def lines_of(
    place: ChainPlace,
    places: Sequence[ChainPlace],
    certificates: Iterable[CertificateTold],
    brought: BroughtBy | None,
    now: float,
) -> list[StyledLine]:
    """What is known of a certificate at lab time ``now``, the most telling first."""
    told, certificate = place.told, place.certificate
    held = f", held by {', '.join(told.holders)}" if told.holders else ""
    lines = [("accent", f"{place.title}: {place.role}{held}")]
    good, why = verdict(place, certificates, now)
    if why:
        lines.append(("good" if good else "problem", f"{'+' if good else 'x'} {why}"))
    lines += _brought(brought)
    lines += _validity(place, now)
    lines += _revocation(place, now)
    lines.append(("quiet", f"path      {' ← '.join(one.title for one in path(place, places))}"))
    lines += _points(place)
    lines += [
        ("quiet", f"subject   {certificate.subject.rfc4514_string()}"),
        ("quiet", f"issuer    {certificate.issuer.rfc4514_string()}"),
        ("quiet", f"serial    {certificate.serial_number:x}"),
        ("quiet", f"key id    {key_identifier(certificate) or 'none'}"),
        ("quiet", f"SHA-256   {place.print}"),
        ("quiet", f"OCSP at   {responder_url(certificate) or 'no address'}"),
    ]
    if told.pki:
        lines.append(("quiet", f"PKI       {told.pki}"))
    if told.said:
        lines.append(("quiet", f"commands know it as {told.name}"))
    return lines


def _brought(brought: BroughtBy | None) -> Iterator[StyledLine]:
    if brought is None:
        return
    yield "", f"installed by #{brought.seq} {brought.name} (b shows it)"
    signature = brought.signature
    if signature is None:
        yield "problem", "x which carries no signature"
    elif signature.verdict:
        yield "problem", f"x signed by {' ← '.join(signature.signers) or 'nobody known'}: {signature.verdict}"
    else:
        yield "good", f"+ signed by {' ← '.join(signature.signers)}: verifies"


def _validity(place: ChainPlace, now: float) -> Iterator[StyledLine]:
    certificate = place.certificate
    begins, ends = not_before(certificate), not_after(certificate)
    rest = left(certificate, now)
    style = "" if begins <= now <= ends else "problem"
    said = f"{rest} left" if style == "" else f"not valid: {rest}"
    yield style, f"valid     {bar(certificate, now, 24)} {said} of {(ends - begins) / DAY:.0f} d"
    yield "quiet", f"          {moment(begins)} to {moment(ends)} UTC"


def _revocation(place: ChainPlace, now: float) -> Iterator[StyledLine]:
    told = place.told
    if told.said == "revoked":
        yield "problem", f"OCSP      x its authority has revoked it at {moment(told.since)} UTC: {told.reason}"
    elif told.said:
        yield "", f"OCSP      {'+' if told.said == 'good' else '?'} its authority says {told.said}"
    else:
        yield "quiet", "OCSP      its authority is nobody here"
    for heard in told.heard:
        yield _heard(heard, told.said == "revoked", now)


def _heard(heard: StatusHeard, revoked: bool, now: float) -> StyledLine:
    told = f"{heard.by} an answer {age(now - heard.at)} old: {heard.status}"
    if heard.until <= now:
        return "quiet", f"          - {told}, which counts no more"
    if heard.status != "good":
        return "problem", f"          x {told}, counts until {moment(heard.until)}"
    if revoked:
        return "accent", f"          ! {told}, and is believed until {moment(heard.until)}"
    return "", f"          + {told}, counts until {moment(heard.until)}"


def _points(place: ChainPlace) -> Iterator[StyledLine]:
    points = place.points()
    wrong = [one for one in points if not one.ok]
    if not points:
        yield "quiet", "profile   nobody has said which role it has"
        return
    yield (
        ("accent", f"profile   ! {len(wrong)} of {len(points)} points are other than it says")
        if wrong
        else ("good", f"profile   + {len(points)} points are as it says")
    )
    for one in (*wrong, *(point for point in points if point.ok)):
        if one.ok:
            yield "quiet", f"  + {one.what:<16} {one.found}"
        else:
            yield "accent", f"  ! {one.what:<16} {one.found}; the profile says {one.wanted}"
