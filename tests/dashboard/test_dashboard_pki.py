"""The PKI around a lab: told by the lab or read from a bundle, shown as chains, and changed by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from accepted_screens import Accepted
from screens import SIZES, Seen, dashboard
from seen_runs import PlayedBack, around_run, recorded
from textual.binding import Binding
from watched import Watched

from pncsim.simulator.dashboard.certificate_lines import lines_of
from pncsim.simulator.dashboard.chains import ChainPlace, age, bar, left, path, placed, verdict
from pncsim.simulator.dashboard.lab_commands import COMMANDS, hello_of
from pncsim.simulator.dashboard.recorded import RecordedRun
from pncsim.simulator.dashboard.reports import AroundTold, DoInLab, HoldRun, RequestDone, StartRun, StepRun
from pncsim.simulator.dashboard.screens.message import MessageScreen
from pncsim.simulator.dashboard.screens.pki import PkiScreen
from pncsim.simulator.dashboard.widgets.chains import PoolGrid
from pncsim.simulator.dashboard.widgets.text_pane import TextPane
from pncsim.simulator.runs.discovery import find_scenario
from pncsim.simulator.runs.loop import run_on_loop
from pncsim.simulator.runs.run import Run
from pncsim.simulator.settings import RunSettings
from pncsim.tls_certs.profiles import DAY, YEAR
from pncsim.tls_certs.reading import not_after
from pncsim.wire.values import replace


@pytest.fixture
def watched() -> Iterator[Watched]:
    one = Watched()
    yield one
    one.lab.close()


def installed() -> AroundTold:
    return around_run("install-contract")


def held(around: AroundTold, who: str, role: str) -> ChainPlace:
    """The certificate of this role that ``who`` holds."""
    places = placed(around.certificates, everything=True)
    return next(one for one in places if who in one.told.holders and one.told.role == role)


def said(place: ChainPlace, around: AroundTold, now: float) -> str:
    places = placed(around.certificates)
    return "\n".join(text for _, text in lines_of(place, places, around.certificates, None, now))


# Chains


def test_every_certificate_stands_below_its_issuer_and_those_of_ocsp_and_ocpp_only_where_all_are_wanted() -> None:
    around = installed()
    every = placed(around.certificates, everything=True)
    assert len(every) == len(around.certificates) > 30
    for one in every:
        above = path(one, every)
        assert len(above) == one.depth + 1 and above[-1].certificate.issuer == above[-1].certificate.subject
        for lower, upper in itertools.pairwise(above):
            lower.certificate.verify_directly_issued_by(upper.certificate)
    few = placed(around.certificates)
    assert {one.told.role for one in every} - {one.told.role for one in few} == {
        one.told.role for one in every if one.told.role.startswith("ocsp_")
    } | {"csms_root", "csms_server", "station_client", "https_server"}


def test_a_certificate_names_all_who_hold_it() -> None:
    around = installed()
    contract = held(around, "EV-1", "contract_leaf")
    assert {"EV-1", "CCP", "MO DEPNC"} <= set(contract.told.holders)
    assert held(around, "CS001", "secc_leaf").told.name == "CS001", "commands know it by its station"
    assert {line.pool for line in around.pools} == {"RCP", "PCP", "CCP", "CPS", "MO DEPNC"}
    [waiting] = [line for line in around.pools if line.pool == "CCP"]
    assert (waiting.name, waiting.certificate) == (contract.title, contract.print)


def test_validity_is_that_of_the_labs_clock() -> None:
    around = installed()
    station = held(around, "CS001", "secc_leaf")
    ends = not_after(station.certificate)
    assert station.sign(around.now) == "+" and left(station.certificate, around.now) == "89 d"
    assert bar(station.certificate, ends - 45 * DAY, 8) == "████····"
    assert station.sign(ends - 20 * DAY) == "!", "21 days before its end it is worth a look"
    assert station.sign(ends + 1) == "x" and bar(station.certificate, ends + 1, 4) == "████"
    assert left(station.certificate, ends + 3 * DAY) == "ended 3 d"
    assert left(station.certificate, ends - 100 * DAY).startswith("in 9 d")
    assert "not valid: ended 3 d" in said(station, around, ends + 3 * DAY)
    good, why = verdict(station, around.certificates, around.now)
    assert good and why == "good for SECC below pncsim V2G root."
    good, why = verdict(station, around.certificates, ends + 3 * DAY)
    assert not good and "expired" in why


@pytest.mark.parametrize(
    ("seconds", "told"), [(59, "59 s"), (130, "2 min"), (7200, "2 h"), (3 * DAY, "3 d"), (729 * DAY, "729 d")]
)
def test_spans_of_time_are_told_in_their_greatest_unit(seconds: float, told: str) -> None:
    assert age(seconds) == told
    assert age(40 * YEAR) == "40 y"


def test_what_an_authority_has_revoked_is_seen_and_so_is_who_still_goes_by_an_older_answer() -> None:
    around = installed()
    station = held(around, "CS001", "secc_leaf")
    assert station.revocation(around.now).startswith("good ")
    revoked = replace(station.told, said="revoked", reason="key compromise", since=around.now)
    place = ChainPlace(revoked, station.certificate, station.depth, station.issuer)
    assert place.sign(around.now) == "x" and place.revocation(around.now) == "revoked !"
    text = said(place, around, around.now)
    assert "its authority has revoked it" in text and "key compromise" in text
    assert "! CS001 staples an answer 5 min old: good, and is believed until" in text
    assert "which counts no more" in said(place, around, around.now + 30 * DAY)
    known = [revoked if one.der == revoked.der else one for one in around.certificates]
    assert verdict(place, known, around.now) == (False, f"{place.title} is revoked.")


# What a lab tells


def step_until(watched: Watched, number: int, name: str) -> tuple[AroundTold, int]:
    """Step until commands know a certificate by this name."""
    while True:
        told = [one for one in watched.seen if isinstance(one, AroundTold)]
        if told and any(one.name == name for one in told[-1].certificates):
            return told[-1], number
        watched.lab.ask(StepRun(id=number))
        assert not watched.done(number).error
        number += 1


def last_around(watched: Watched) -> AroundTold:
    return [one for one in watched.seen if isinstance(one, AroundTold)][-1]


def test_a_lab_tells_its_pki_as_it_begins_after_each_command_and_at_its_end(watched: Watched) -> None:
    watched.lab.ask(StartRun(scenario="install-contract", seed="7", held=True, id=1))
    watched.until(lambda one: isinstance(one, AroundTold) and bool(one.certificates))
    around, number = step_until(watched, 2, "EV-1")
    [contract] = [one for one in around.certificates if one.name == "EV-1"]

    def do(command: str, **arguments: str) -> RequestDone:
        nonlocal number
        number += 1
        watched.lab.ask(DoInLab(command, arguments, id=number))
        return watched.done(number)

    assert "certificate, which waits in the contract pool" in str(do("renew", whose="EV-1").brought)
    [waiting] = [one for one in last_around(watched).pools if one.pool == "CCP"]
    assert waiting.certificate != held(around, "EV-1", "contract_leaf").print
    assert "is revoked: superseded" in str(do("revoke", whose="EV-1", reason="superseded").brought)
    [revoked] = [one for one in last_around(watched).certificates if one.der == contract.der]
    assert (revoked.said, revoked.reason) == ("revoked", "superseded")
    pcid = held(around, "EV-1", "oem_leaf")
    assert str(do("ocsp-status", whose=pcid.print[:12]).brought) == f"The responder says of {pcid.title}: good."
    assert "keeps its key" in str(do("renew", whose="mo_sub2").brought)
    assert len([one for one in last_around(watched).certificates if one.role == "mo_sub2"]) == 2
    assert "cannot be certified anew from here" in do("renew", whose="csms_server").error
    renewed = {"no": "with the same key; it is published", "yes": "with another key; it is published"}
    for new_key, told in renewed.items():
        before = held(last_around(watched), "EV-1", "oem_leaf")
        assert told in str(do("renew", whose=before.told.name, new_key=new_key).brought)
        own = held(last_around(watched), "PCP", "oem_leaf")
        assert "EV-1" in own.told.holders and own.title == before.title and own.print != before.print
        same = own.certificate.public_key() == before.certificate.public_key()
        assert same == (new_key == "no"), "the pool has the new one and no other"
    assert "signs with a new certificate" in str(do("renew", whose="cps_leaf").brought)
    assert "no longer in the root pool. What" in str(do("remove-root", whose="mo_root", purge="yes").brought)
    assert [one.about for one in last_around(watched).pools if one.pool in ("RCP", "CCP")] == ["V2G root", "OEM root"]
    assert "was asked to get a new V2G certificate" in str(do("renew", whose="CS001").brought)
    assert "DE*PNC*E100001 has expired" in str(do("expire", whose="CS001").brought)
    assert last_around(watched).now > around.now + 89 * DAY
    assert "expired already" in do("expire", whose="secc_leaf").error
    watched.lab.ask(HoldRun(False, id=999))
    watched.ended()
    assert isinstance(watched.seen[-2], AroundTold)


def test_a_bundle_shows_the_pki_of_its_certificate_files(tmp_path: Path) -> None:
    settings = RunSettings(transport="memory", seed="7", evidence=tmp_path)
    run_on_loop("memory", lambda: Run(find_scenario("install-contract"), settings=settings).done())
    [folder] = tmp_path.iterdir()
    (folder / "certs" / "odd.pem").write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")
    source = RecordedRun(folder)
    [around] = [one for one in source.take(100.0) if isinstance(one, AroundTold)]
    live = {one.der: one for one in installed().certificates}
    assert {one.der for one in around.certificates} <= set(live)
    assert all(one.role == live[one.der].role for one in around.certificates), "files say the roles the PKI knows"
    station = held(around, "SECC", "secc_leaf")
    [staple] = station.told.heard
    assert staple.by == "The station stapled" and staple in [
        replace(one, by=staple.by) for one in live[station.told.der].heard
    ]
    for role, who in (("secc_leaf", "SECC"), ("contract_leaf", "EV"), ("cps_leaf", "CPS")):
        assert verdict(held(around, who, role), around.certificates, around.now)[0]
    assert placed(around.certificates)[0].told.role == "v2g_root"


# The screen


def source() -> PlayedBack:
    return PlayedBack(hello_of("lab", "", COMMANDS), *recorded("installed"))


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_the_pki_screen_at_each_size(size: tuple[int, int], accepted: Accepted) -> None:
    name = f"{size[0]}x{size[1]}"
    empty = PlayedBack()
    async with dashboard(empty, size) as seen:
        await seen.press("3", "r", "b", "y")
        accepted(f"pki-nothing-{name}", seen.text)
        empty.reports += source().reports
        await seen.tick()
        await seen.press("home", *["down"] * 4)
        accepted(f"pki-{name}", seen.text)
        await seen.press("p")
        accepted(f"pki-pools-{name}", seen.text)


def pki(seen: Seen) -> PkiScreen:
    screen = seen.app.view
    assert isinstance(screen, PkiScreen)
    return screen


async def test_the_certificate_that_was_installed_and_who_signed_it_are_found_by_keys_that_are_shown() -> None:
    async with dashboard(source()) as seen:
        assert " 3 PKI " in seen.text
        await seen.press("3")
        assert " p Pools " in seen.text
        await seen.press("p")
        while "CCP" not in cursor_line(seen):
            await seen.press("down")
        contract = cursor_line(seen).split()[1]
        await seen.press("enter")
        assert f"{contract}: contract certificate, held by EV-1" in seen.text
        told = pki(seen).query_one("#details", TextPane).plain
        assert "installed by #" in told and "CertificateInstallationRes (b shows it)" in told
        assert "+ signed by pncsim CPS certificate ← pncsim CPS Sub-CA 2 ← pncsim CPS Sub-CA 1: verifies" in told
        assert "+ good for contract below pncsim MO root" in told
        await seen.press("b")
        assert isinstance(seen.app.view, MessageScreen)
        assert "CertificateInstallationRes · sent by CS001/1" in seen.text
        assert "+ verifies, ecdsa-sha256" in seen.text


def cursor_line(seen: Seen) -> str:
    """What the line of the pools that the cursor is on says."""
    grid = pki(seen).query_one(PoolGrid)
    return " ".join(str(cell) for cell in grid.cells(grid.cursor))


async def test_keys_ask_the_lab_about_the_certificate_the_cursor_is_on_and_nothing_is_done_without_enter() -> None:
    async with dashboard(source()) as seen:
        await seen.press("3", "down", "down")
        asked = seen.app.scene.source.asked  # type: ignore[attr-defined]
        await seen.press("r")
        assert "Revoke a certificate" in seen.text and "cpo_sub2" in seen.text
        await seen.press("escape")
        assert not asked
        await seen.press("x", "enter")
        assert (asked[-1].command, asked[-1].arguments) == ("expire", {"whose": "cpo_sub2"})
        await seen.press("up", "up", "R", "enter")
        assert (asked[-1].command, asked[-1].arguments) == ("remove-root", {"whose": "v2g_root"})
        await seen.press("m", "2", "4", "enter")
        assert (asked[-1].command, asked[-1].arguments) == ("move-clock", {"hours": "24"})
    wanted = ("revoke", "expire", "renew", "remove-root", "move-clock", "ocsp-status")
    keys = {
        one.key: one.action for one in PkiScreen.BINDINGS if isinstance(one, Binding) and one.action.startswith("lab(")
    }
    assert keys == {key: f"lab('{command}')" for key, command in zip("rxnRmo", wanted, strict=True)}
    assert set(wanted) < set(COMMANDS)


async def test_a_station_alone_tells_of_no_pki_and_the_screens_say_so() -> None:
    async with dashboard(PlayedBack(hello_of("secc", "", {}, around=False))) as seen:
        await seen.press("3")
        assert "A device alone knows of no PKI." in seen.text
        await seen.press("8")
        assert "A device alone knows of no services." in seen.text


async def test_all_certificates_are_shown_on_demand_and_one_is_copied_as_pem() -> None:
    async with dashboard(source(), (160, 50)) as seen:
        await seen.press("3")
        assert "17 of 32 certificates" in seen.text and "OCSP signer" not in seen.text
        await seen.press("a")
        assert "32 of 32 certificates" in seen.text and "OCSP signer of the CPO Sub-CA 2" in seen.text
        await seen.press("y")
        assert seen.app.clipboard.startswith("-----BEGIN CERTIFICATE-----")
        assert seen.last.startswith("Copied: the certificate of pncsim V2G root")


async def test_what_a_later_report_says_is_shown_and_the_cursor_stays() -> None:
    around = installed()
    async with dashboard(source()) as seen:
        await seen.press("3", *["down"] * 4)
        place = pki(seen).place
        assert place is not None
        later = tuple(
            replace(one, said="revoked", reason="superseded", since=around.now) if one.der == place.told.der else one
            for one in around.certificates
        )
        seen.app.scene.source.reports.append(replace(around, certificates=later[::-1]))  # type: ignore[attr-defined]
        await seen.tick()
        now = pki(seen).place
        assert now is not None and now.told.der == place.told.der
        assert "revoked !" in seen.text
        assert "1 x cannot be used" in seen.text and "superseded" in seen.text
