"""The message screen: one message in every form, what was selected in one highlighted in all; signature and moment."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Static

from pncsim.simulator.dashboard.anatomy import Anatomy, MessagePart, anatomy_of
from pncsim.simulator.dashboard.beside import (
    OtherRun,
    RunChoice,
    choices,
    loaded,
    rows_beside,
    rows_of,
    same_message,
)
from pncsim.simulator.dashboard.curl import curl_of, masked
from pncsim.simulator.dashboard.hexes import octets_of
from pncsim.simulator.dashboard.lines import clock, words
from pncsim.simulator.dashboard.moment import MessageMoment, moment_of
from pncsim.simulator.dashboard.screens.other_run import OtherRunScreen
from pncsim.simulator.dashboard.screens.view import View
from pncsim.simulator.dashboard.selection import Selection
from pncsim.simulator.dashboard.signatures import SignatureView, signature_of
from pncsim.simulator.dashboard.store import EventStore
from pncsim.simulator.dashboard.widgets.grid import Grid
from pncsim.simulator.dashboard.widgets.lines import OneLine
from pncsim.simulator.dashboard.widgets.part_tree import PartGrid
from pncsim.simulator.dashboard.widgets.text_pane import HexPane, TextPane
from pncsim.simulator.evidence.story import printable
from pncsim.wire.errors import LocalError
from pncsim.wire.trace import Event, HttpExchange, Judged, Problem, SdpDatagram, Secured, Tolerated, V2gMessage

ABOUT = """\
On the left are the elements of the message. Move in it: what is selected is marked in the XML, the JSON and the octets
of the EXI stream (an element may begin inside an octet: all octets it has a bit of are marked). The left arrow folds an
element, the right one opens it, z all of them. x, j and h choose what
stands beside the tree where there is no room for all; s the signature, w the moment.

The signature: every reference with the digest it names and the one computed here from what was received, who is held to
have signed, and whether it verifies.

The moment: the state the station was in, what may come in it (the rows of the table the station runs on; a row in
brackets is a liberty), how long each side took and had, and what was said of the message.

d holds the message against the same one in another run, an earlier one of this dashboard or a bundle: ≠ differs, + is
here alone, - is there alone, = is the same, and what is the same is folded. d again ends it, D takes another run.

[ and ] go to the message before and after, of any loop too; y copies the form that was chosen last (octets as
hex digits), c an HTTP request as the command that sends it again; Esc goes back to the table.
"""
FORMS = ("xml", "json", "hex", "signature", "moment")
TITLES = {
    "xml": "x XML",
    "json": "j JSON",
    "hex": "h Octets",
    "signature": "s Signature",
    "moment": "w Moment",
}


class MessageScreen(View):
    """See the module."""

    called, heading, about = "message", "Message", ABOUT
    BINDINGS = [
        Binding("left_square_bracket", "step_to(-1)", "Before", id="message.before", key_display="["),
        Binding("right_square_bracket", "step_to(1)", "After", id="message.after", key_display="]"),
        Binding("x", "form('xml')", "XML", id="message.xml"),
        # Ahead of the tree, where j goes down in every other list.
        Binding("j", "form('json')", "JSON", id="message.json", priority=True),
        Binding("h", "form('hex')", "Octets", id="message.hex"),
        Binding("s", "form('signature')", "Signature", id="message.signature"),
        Binding("w", "form('moment')", "Moment", id="message.moment"),
        Binding("d", "beside", "Other run", id="message.beside", tooltip="Beside the same message in another run"),
        Binding("D", "other", "Another run", id="message.other", show=False, tooltip="Choose another run for it"),
        Binding("c", "curl", "Copy curl", id="message.curl", show=False, tooltip="Copy an HTTP request as a command"),
        Binding("y", "copy", "Copy", id="message.copy", tooltip="Copy the form that was chosen last"),
        Binding("escape", "back", "Back to the table", id="message.back", show=False),
    ]
    DEFAULT_CSS = """
    MessageScreen #title { height: 1; padding: 0 1; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
    MessageScreen #upper { height: 1fr; }
    MessageScreen #lower { height: 13; }
    MessageScreen .box { width: 1fr; border: none; border-left: vkey $panel; }
    MessageScreen .name { height: 1; padding: 0 1; color: $text-muted; background: $panel; text-style: bold; }
    MessageScreen PartGrid { width: 1fr; }
    MessageScreen PartGrid.beside { width: 2fr; }
    """

    _form = "xml"
    _place: int | None = None
    _store: EventStore | None = None
    _theme = ""
    _anatomy: Anatomy | None = None
    _signature: SignatureView | None = None
    _moment: MessageMoment | None = None
    _other: OtherRun | None = None

    def body(self) -> Iterable[Widget]:
        yield OneLine(id="title")
        with Horizontal(id="upper"):
            yield PartGrid(id="tree")
            yield from (self._box(form) for form in ("xml", "json", "hex"))
            yield from (self._box(form, "-aside") for form in ("signature", "moment"))
        with Horizontal(id="lower"):
            yield from (self._box(form) for form in ("signature", "moment"))

    def _box(self, form: str, aside: str = "") -> Vertical:
        name = Static(TITLES[form], classes="name")
        pane = HexPane(id=form) if form == "hex" else TextPane(id=f"{form}{aside}")
        return Vertical(name, pane, classes="box", id=f"box-{form}{aside}")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(PartGrid).focus()

    def on_resize(self) -> None:
        super().on_resize()
        self._place = None

    def changed(self) -> None:
        place, store = self.dashboard.picked, self.scene.store
        if place is None or place >= len(store):
            place = _newest(store)
        self._room()
        # What is drawn once has its colours from then.
        seen = place, store, self.app.theme
        if seen != (self._place, self._store, self._theme):
            self._place, self._store, self._theme = seen
            self._load(place)

    def _room(self) -> None:
        """What stands beside the tree: as much as there is room for."""
        wide, high = self.size
        lower = high >= 34 and wide >= 110
        tree = self.query_one(PartGrid)
        tree.set_class(self._other is not None, "beside")
        beside = {"xml", "json", "hex"} if wide >= 190 else {"hex"} if wide >= 140 else set()
        if self._form not in (*beside, "hex") or not beside:
            beside = {*beside, self._form}
        elif len(beside) == 1:
            beside |= {"xml"}
        if lower and self._form in ("signature", "moment"):
            beside = {*beside, "xml"} - {self._form}
        if self._other is not None and wide < 140:
            beside = set()
        self.query_one("#lower").display = lower
        for form in FORMS:
            for box in self.query(f"#upper > #box-{form}, #upper > #box-{form}-aside"):
                box.display = form in beside

    # One message

    def _load(self, place: int | None) -> None:
        store = self.scene.store
        title = self.query_one("#title", Static)
        self._anatomy = self._signature = self._moment = None
        if place is None:
            title.update("No message yet: F5 runs the scenario, 1 shows the table, Enter opens a row of it.")
            self.query_one(PartGrid).show(())
            self._panes()
            return
        try:
            event = store.event(place)
        except LocalError as error:
            title.update(str(error))
            return
        title.update(_title(store, place, event))
        self._anatomy = anatomy_of(event)
        if isinstance(event, V2gMessage):
            self._moment = moment_of(store, place)
            if self._anatomy is not None:
                self._signature = signature_of(store, place, self._anatomy)
        self._tree(event)
        self._panes()

    def _tree(self, event: Event) -> None:
        """The elements, beside those of the same message in the other run if one was chosen."""
        grid, store, other = self.query_one(PartGrid), self.scene.store, self._other
        anatomy = self._anatomy
        if anatomy is None or other is None or self._place is None:
            grid.show(rows_of(anatomy.parts if anatomy is not None else tuple(_facts(event))))
            return
        try:
            place = same_message(store, self._place, other.store)
            there = anatomy_of(other.store.event(place)) if place is not None else None
        except LocalError as error:
            self.dashboard.say(f"{other.title}: {error}", bad=True)
            there = None
        if there is None:
            self.dashboard.say(f"{other.title} has no {_name(event)}.", bad=True)
            grid.show(rows_of(anatomy.parts))
            return
        grid.show(rows_beside(anatomy, there), beside=f"in {other.title}")
        many = sum(row.sign in ("+", "-") or (row.sign == "≠" and not row.part.parts) for row in grid.rows)
        self.dashboard.say(
            f"{many or 'No'} {'element differs' if many == 1 else 'elements differ'} from {other.title}."
        )

    def _panes(self) -> None:
        """What every pane shows of the message."""
        anatomy, event = self._anatomy, self._event()
        told = _told(event)
        self.query_one("#xml", TextPane).show([line.text for line in anatomy.xml] if anatomy is not None else told)
        self.query_one("#json", TextPane).show([line.text for line in anatomy.json] if anatomy is not None else told)
        self.query_one(HexPane).show(anatomy.octets if anatomy is not None else _octets(event))
        for aside in ("", "-aside"):
            for form, lines in (("signature", self._signature_lines), ("moment", self._moment_lines)):
                pane = self.query_one(f"#{form}{aside}", TextPane)
                pane.show(lines(pane))
        self._mark()

    def _mark(self) -> None:
        """Mark what is selected in the tree wherever it is shown."""
        grid, anatomy = self.query_one(PartGrid), self._anatomy
        if anatomy is None or not anatomy.parts:
            return
        part = grid.part
        if part is None or part.number < 0:
            return
        within = anatomy.within(part.number)
        for form, lines in (("xml", anatomy.xml), ("json", anatomy.json)):
            marked = [at for at, line in enumerate(lines) if line.part in within]
            self.query_one(f"#{form}", TextPane).mark(marked)
        self.query_one(HexPane).mark(octets_of(part.begins, part.ends))

    def _event(self) -> Event | None:
        return None if self._place is None else self.scene.store.event(self._place)

    def _signature_lines(self, pane: TextPane) -> list[str | Text]:
        view = self._signature
        if view is None:
            return [Text("This message carries no signature.", pane.style_of("quiet"))]
        good, bad = pane.style_of("good"), pane.style_of("problem")
        lines: list[str | Text] = []
        verdict = f"+ verifies, {view.algorithm}, SignedInfo in the grammar of {view.grammar}"
        lines.append(Text(f"x {view.verdict}", bad) if view.verdict else Text(verdict, good))
        for reference in view.references:
            mark = Text("+ ", good) if reference.ok else Text("x ", bad)
            lines.append(Text.assemble(mark, f"{reference.uri:<5} {reference.element or 'no such element'}"))
            lines.append(Text(f"    wanted   {reference.wanted}", pane.style_of("quiet")))
            lines.append(
                Text(f"    computed {reference.computed or '-'}", pane.style_of("quiet") if reference.ok else bad)
            )
        lines.append(f"signer, {view.from_where}:" if view.signers else "signer unknown")
        lines += [f"  {'└ ' if number else ''}{name}" for number, name in enumerate(view.signers)]
        return lines

    def _moment_lines(self, pane: TextPane) -> list[str | Text]:
        moment = self._moment
        if moment is None:
            event = self._event()
            return [words(event)] if event is not None else []
        quiet, bad = pane.style_of("quiet"), pane.style_of("problem")
        lines: list[str | Text] = []
        if moment.state:
            lines.append(Text.assemble("station: ", (moment.state, pane.style_of("accent"))))
        for spent in moment.spent:
            room = f"{spent.seconds * 1000:.0f} of {spent.limit * 1000:.0f} ms"
            sign = "T" if spent.late else "+"
            lines.append(
                Text(f"{sign} {spent.who:<4} {room}  {spent.what} [{spent.source}]", bad if spent.late else "")
            )
        if moment.allowed:
            lines.append(Text("may come then:", quiet))
        for allowed in moment.allowed:
            liberty = f" ({allowed.liberty})" if allowed.liberty else ""
            lines.append(Text.assemble(f"  {allowed.name}", (f"  {allowed.clause}{liberty}", quiet)))
        for said in moment.about:
            lines.append(_said(pane, said))
        return lines

    # Keys

    def on_grid_moved(self, event: Grid.Moved) -> None:
        self._mark()

    def action_form(self, form: str) -> None:
        self._form = form
        self._room()
        self.call_after_refresh(self._mark)

    def action_step_to(self, by: int) -> None:
        """The next event that is a message, a frame or a datagram, or the one before."""
        place = _next(self.scene.store, self._place if self._place is not None else -1, by)
        if place is None:
            self.dashboard.say("There is none.")
        else:
            self.dashboard.pick(place)
            self.renew()

    def action_beside(self) -> None:
        if self._other is None:
            self.action_other()
        else:
            self._hold_against(None)

    def action_other(self) -> None:
        runs = choices(self.scene, self.dashboard.evidence)
        if not runs:
            self.dashboard.say("There is no other run yet: F5 runs a scenario again, and evidence is kept in bundles.")
            return
        self.app.push_screen(OtherRunScreen(runs, self._choose))

    def _choose(self, choice: RunChoice) -> None:
        if choice.store is not None:
            self._hold_against(loaded(choice))
            return
        self.dashboard.say(f"{choice.title} is being read.")

        def read() -> None:
            try:
                other = loaded(choice)
            except LocalError as error:
                self.app.call_from_thread(self.dashboard.say, str(error), bad=True)
            else:
                self.app.call_from_thread(self._hold_against, other)

        self.run_worker(read, thread=True, exclusive=True, group="other run")

    def _hold_against(self, other: OtherRun | None) -> None:
        before, self._other = self._other, other
        if before is not None and all(one.store is not before.store for one in self.scene.earlier):
            before.store.close()
        self._place = None
        self.dashboard.say("")
        self.renew()

    def action_curl(self) -> None:
        event = self._event()
        if not isinstance(event, HttpExchange):
            self.dashboard.say("This is no HTTP request: those are in the table with ~~ and their method.")
            return
        command = curl_of(event)
        self.dashboard.copy(
            command, "a curl command, *** in it is to be replaced" if masked(command) else "a curl command"
        )

    def action_copy(self) -> None:
        """What was chosen last: XML, JSON, octets, signature or moment."""
        event, anatomy, form = self._event(), self._anatomy, self._form
        if event is None:
            self.dashboard.say("There is no message to copy yet: F5 runs the scenario.")
            return
        match form:
            case "hex":
                text = (anatomy.octets if anatomy is not None else _octets(event)).hex()
            case "json" if anatomy is not None:
                # The pane leaves out the outermost braces.
                text = "\n".join(("{", *(f"  {line.text}" for line in anatomy.json), "}"))
            case _:
                text = self.query_one(f"#{form}", TextPane).plain
        what = f"{TITLES[form].partition(' ')[2]} of {_name(event)}"
        if text:
            self.dashboard.copy(text, what)
        else:
            self.dashboard.say(f"There is nothing to copy: no {what}.")

    def action_back(self) -> None:
        self.dashboard.action_go("live")

    def lists(self) -> Iterable[Selection]:
        return ()


def _told(event: Event | None) -> list[str]:
    """An event that is no message in words; an HTTP request and its answer as they were said."""
    if isinstance(event, HttpExchange) and (event.request or event.response):
        said = b"\r\n".join((event.request, b"", event.response)).decode(errors="backslashreplace")
        return [printable(line) for line in said.splitlines()]
    return [words(event)] if event is not None else []


def _octets(event: Event | None) -> bytes:
    """What travelled, of an event that is not taken apart."""
    if isinstance(event, HttpExchange):
        return event.request + event.response
    if isinstance(event, V2gMessage):
        return event.payload
    return event.data if isinstance(event, SdpDatagram) else b""


def _name(event: Event) -> str:
    return getattr(event, "name", "") or getattr(event, "action", "") or type(event).__name__


def _title(store: EventStore, place: int, event: Event) -> str:
    octets = len(getattr(event, "payload", b"") or getattr(event, "frame", "") or getattr(event, "data", b""))
    direction = getattr(event, "direction", "")
    size = f" · {octets} octets" if octets else ""
    who = f"{direction} by {event.unit}" if direction else f"reported by {event.unit}"
    when = f"{clock(event.time - store.started)} s"
    session = f" · session {event.session}" if event.session else ""
    return f"#{event.seq} {_name(event)} · {who} · {when}{size}{session}"


def _said(pane: TextPane, event: Event) -> Text:
    match event:
        case Judged(what=what, ok=ok, reason=reason, clause=clause):
            text = f"{'+' if ok else 'x'} {event.unit}: {what}: {reason}{f' [{clause}]' if clause else ''}"
            return Text(text, pane.style_of("good" if ok else "problem"))
        case Tolerated(what=what, clause=clause):
            return Text(f"! {event.unit}: {what} [{clause}]", pane.style_of("accent"))
        case Problem():
            return Text(f"x {event.unit}: {words(event)}", pane.style_of("problem"))
    return Text(words(event))


def _facts(event: Event) -> Iterable[MessagePart]:
    """What an event that is no message says, field by field."""
    number = 0
    for name in type(event).__struct_fields__:
        value = getattr(event, name)
        if name in ("time", "seq", "run", "data", "payload") or value in ("", None, (), b""):
            continue
        told = value if isinstance(value, str) else f"{len(value)}" if isinstance(value, tuple | bytes) else str(value)
        yield MessagePart(name, 0, text=told.replace("\n", " "), number=number)
        number += 1
    if isinstance(event, Secured) and event.chain:
        from pncsim.tls_certs.reading import load, shown

        for der in event.chain:
            yield MessagePart("certificate", 1, text=shown(load(der).subject), number=number)
            number += 1


_SHOWN = ("V2gMessage", "OcppFrame", "SdpDatagram", "HttpExchange", "Secured", "OcppSecured", "Problem")


def _next(store: EventStore, place: int, by: int) -> int | None:
    from pncsim.simulator.dashboard.form import KINDS

    wanted = {number for number, kind in enumerate(KINDS) if kind.__name__ in _SHOWN}
    at = place + by
    while 0 <= at < len(store):
        if store.kinds[at] in wanted:
            return at
        at += by
    return None


def _newest(store: EventStore) -> int | None:
    return _next(store, len(store), -1)
