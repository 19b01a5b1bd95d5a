"""How everybody stands: a box of two lines for each actor, as many beside each other as there is room for."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widgets import Static

from pncsim.simulator.dashboard.actors import Actor
from pncsim.wire.trace import ROLES

BOX = 26
"""Cells of a box at least, the gap behind it included."""
LINES = 3
"""Lines of boxes at most."""
_COLOURS = {"o": "$success", "!": "$warning", "x": "$error"}


class ActorBoxes(Static):
    """The boxes. They never take more than a third of a small screen; who finds no room is counted."""

    DEFAULT_CSS = "ActorBoxes { height: auto; padding: 0 1; }"

    def show(self, actors: Iterable[Actor], height: int) -> None:
        """Those that have spoken; ``height``: lines of the whole screen."""
        everybody = list(actors)
        width = max(BOX, self.size.width - 2)
        across = max(1, width // BOX)
        most = across * (LINES if height >= 40 else 2)
        shown = everybody[:most]
        if not shown:
            self.update(_nobody(width))
            return
        across = min(across, len(shown))
        room = width // across
        if len(everybody) > most:
            shown = shown[:-1]
        boxes = [_box(actor, room - 1) for actor in shown]
        if len(everybody) > most:
            boxes.append((Content(f"and {len(everybody) - len(shown)} more"), Content("")))
        lines = []
        for start in range(0, len(boxes), across):
            for part in (0, 1):
                cells = [_fit(box[part], room - 1) for box in boxes[start : start + across]]
                lines.append(Content(" ").join(cells))
        self.update(Content("\n").join(lines))


def _nobody(width: int) -> Content:
    told = ", ".join(f"{role}" for role in ROLES if role != "LAB")
    return Content.styled(f"Nobody has spoken yet. Waiting for {told}."[: width * 2], "$text-muted")


def _fit(content: Content, width: int) -> Content:
    if content.cell_length > width:
        content = content.truncate(width, ellipsis=True)
    return content.pad_right(width - content.cell_length)


def _box(actor: Actor, width: int) -> tuple[Content, Content]:
    first = [Content.styled(f"{actor.mark} ", _COLOURS[actor.mark]), Content.styled(actor.unit, "bold")]
    facts = []
    if actor.pilot:
        facts.append(f"CP {actor.pilot}")
    if actor.soc is not None:
        facts.append(f"{actor.soc:.0f} %")
    elif actor.role == "SECC" and actor.watts:
        facts.append(f"{actor.watts / 1000:.1f} kW")
    if actor.problems:
        facts.append(f"{actor.problems} x")
    if facts:
        first.append(Content.styled(f" {' '.join(facts)}", "$text-muted"))
    second = actor.state or actor.said or ROLES.get(actor.role, "")
    return Content("").join(first), Content.styled(second, "$text-muted")
