"""Where scenarios are found: those built in, those installed packages announce, and files of anybody's.

Built in are the modules of the folder ``scenarios`` beside this package, found there by path. Other packages announce
modules or packages by entry points of the group ``pncsim.scenarios``. A file is named by its path, with ``:NAME`` where
it holds several; of a folder that is named every file is looked at. What cannot be loaded is refused with a reason and
spoils nothing else; so is a name that is taken.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

from msgspec import Struct, field

import pncsim
from pncsim.simulator.meant import meant
from pncsim.simulator.scenario import Scenario
from pncsim.wire.errors import LocalError, PncError

GROUP = "pncsim.scenarios"
"""Entry points of this group name modules or packages with scenarios; the folder of that name is built in."""


class Found(Struct):
    """Scenarios by name, and why others were refused: one sentence each; ``taken``: those of names that were taken."""

    scenarios: dict[str, Scenario] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, declared: list[Scenario]) -> None:
        """Take what was declared at ``place``, names that are taken excepted."""
        for one in declared:
            if one.name in self.scenarios:
                sentence = f"{place} declares the scenario {one.name}, which {self._places[one.name]} has already."
                self.refused.append(sentence)
                self.taken[one.name] = sentence
            else:
                self.scenarios[one.name], self._places[one.name] = one, place


def discover(folders: Iterable[Path] = ()) -> Found:
    """Every scenario that is built in, announced, or in a file of ``folders``; the built-in ones first.

    Raises LocalError for a folder that is none.
    """
    found = Found()
    for name in _modules():
        _load(found, f"{GROUP}.{name}", partial(importlib.import_module, f"{GROUP}.{name}"))
    for place, load in _announced():
        _load(found, place, load)
    for folder in folders:
        for path in _files(folder):
            _load(found, str(path), partial(_module_at, path))
    return found


def _files(folder: Path) -> list[Path]:
    """The files of a folder that may declare scenarios; one that is called ``_…`` is for the others to import."""
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise LocalError(
            f"There are no scenarios in {folder}: {_why(error)}.", advice="--scenarios names a folder of .py files."
        ) from error
    return [path for path in inside if path.suffix == ".py" and not path.name.startswith((".", "_"))]


def all_scenarios() -> Mapping[str, Scenario]:
    """Every scenario by name."""
    return discover().scenarios


def find_scenario(word: str) -> Scenario:
    """The scenario a person means: a name, the id of its use case, ``./mine.py`` or ``./mine.py:NAME``.

    Only what is needed is loaded: of the built-in ones the module that is called like the scenario. Raises LocalError.
    """
    if looks_like_path(word):
        return _in_file(word)
    module = word.replace("-", "_")
    if module in _modules():
        for candidate in _declared(importlib.import_module(f"{GROUP}.{module}")):
            if candidate.name == word:
                return candidate
    found = discover()
    if word in found.scenarios:
        return found.scenarios[word]
    for one in found.scenarios.values():
        if word and one.shown == word:
            return one
    refused = "".join(f" {sentence}" for sentence in found.refused)
    told = meant(word, found.scenarios)
    known = f"{told}{' ' if told else ''}Known: {', '.join(found.scenarios)} (see `pnc list`).{refused}"
    raise LocalError(f"There is no scenario {word!r}.", advice=known)


def built_in() -> frozenset[str]:
    """The names of the built-in scenarios that are called like their modules, without loading any."""
    return frozenset(name.replace("_", "-") for name in _modules())


def looks_like_path(word: str) -> bool:
    """Whether a person means a file: it ends in .py, with or without a scenario's name behind it."""
    return word.partition(":")[0].endswith(".py")


def scenarios_in(path: Path | str) -> list[Scenario]:
    """What a file declares. Raises LocalError, which names it as it was named."""
    try:
        return _usable(_module_at(Path(path)))
    except (Exception, SystemExit) as error:
        raise LocalError(f"{path} cannot be used: {_why(error)}.") from error


def _in_file(word: str) -> Scenario:
    path, _, name = word.partition(":")
    declared = scenarios_in(path)
    names = ", ".join(one.name for one in declared)
    if not declared:
        raise LocalError(f"{path} declares no scenario.", advice="See docs/scenarios.md for what one looks like.")
    if not name and len(declared) > 1:
        raise LocalError(f"{path} declares several scenarios: {names}.", advice=f"Say which: {path}:{declared[0].name}")
    if len({one.name for one in declared}) < len(declared):
        raise LocalError(f"{path} declares two scenarios of one name: {names}.")
    chosen = declared[0] if not name else next((one for one in declared if one.name == name), None)
    if chosen is None:
        raise LocalError(f"{path} declares no scenario {name!r}; it declares {names}.")
    return chosen


def _module_at(path: Path) -> ModuleType:
    """The module in a file, under a name nobody else has; files beside it can be imported by it."""
    place = path.resolve(strict=True)
    name = f"pncsim_scenarios_of_{abs(hash(str(place)))}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None, "a .py file has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(place.parent))
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        sys.path.remove(str(place.parent))
    return module


def _modules() -> list[str]:
    folders = [str(Path(place) / "scenarios") for place in pncsim.__path__]
    return [module.name for module in pkgutil.iter_modules(folders)]


Load = Callable[[], ModuleType]


def _announced() -> Iterator[tuple[str, Load]]:
    """(who announces, how to load it) for each module that packages announce; a package stands for its modules."""
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP):
        yield entry.name, partial(importlib.import_module, entry.value)
        # Loaded by now, or refused: what is inside a package that cannot be loaded cannot be either.
        package = sys.modules.get(entry.value)
        for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
            inside = f"{entry.value}.{module.name}"
            yield f"{entry.name} ({module.name})", partial(importlib.import_module, inside)


def _load(found: Found, place: str, load: Load) -> None:
    """Take what can be taken. A file that ends the program while it is loaded ends nothing but itself."""
    try:
        declared = _usable(load())
    except (Exception, SystemExit) as error:
        found.refused.append(f"{place} cannot be used: {_why(error)}.")
        return
    found.add(place, declared)


def _declared(module: ModuleType) -> list[Scenario]:
    """What a module declares itself, not what it imports from another one."""
    return [one for one in vars(module).values() if isinstance(one, Scenario) and one.run.__module__ == module.__name__]


def _usable(module: ModuleType) -> list[Scenario]:
    """As :func:`_declared`; raises, too, for parameters that cannot be options."""
    declared = _declared(module)
    for one in declared:
        _ = one.options
        places = [name for name, word in inspect.signature(one.run).parameters.items() if word.kind in _PLACES]
        if len(places) != 1:
            what = f"{places[1]} has to stand behind a `*`" if places else "it takes no lab"
            raise TypeError(f"{one.name} cannot be called: {what}, as in `async def name(lab, *, kwh=1.0)`")
    return declared


_PLACES = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _why(error: BaseException) -> str:
    if isinstance(error, PncError):
        return str(error).rstrip(".")
    if isinstance(error, SystemExit):
        return f"it ends the program ({error.code})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    return f"{type(error).__name__}: {error}".rstrip(".")
