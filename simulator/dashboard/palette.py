"""The command palette: whatever a key does on the screen that is open, and what can be asked of a lab, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape

from pncsim.simulator.dashboard.screens.view import View


class KeyCommands(Provider):
    """Every key of the screen and of the application, with what it does."""

    async def discover(self) -> Hits:
        for title, about, do in self._everything():
            yield DiscoveryHit(title, do, help=about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, about, do in self._everything():
            if (score := matcher.match(f"{title} {about}")) > 0:
                yield Hit(score, matcher.highlight(title), do, help=about)

    def _everything(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        view = self.screen
        for owner, space in ((view, "screen"), (self.app, "app")):
            told = set()
            for bindings in owner._bindings.key_to_bindings.values():
                for one in bindings:
                    if one.id is None or one.action in told:
                        continue
                    told.add(one.action)
                    where = view.heading if isinstance(view, View) and space == "screen" else "Run"
                    where = "Go to" if one.action.startswith("go(") else where
                    key = self.app.get_key_display(one)
                    about = escape(f"{one.tooltip or one.description} ({key})")
                    yield f"{where}: {one.description}", about, partial(self.app.run_action, f"{space}.{one.action}")
        if isinstance(view, View) and view.scene.hello is not None:
            for name, title in view.scene.hello.commands.items():
                yield f"Lab: {name}", escape(title), partial(view.dashboard.do_in_lab, name)
