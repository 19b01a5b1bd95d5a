"""Source code of straight-line encoders, one function per type: ``e_Type(x, o) -> x``. Types given as ``inner`` are
written out in place.

``x`` is everything written so far as one integer under a leading 1, which keeps count of the bits: appending w bits is
``x << w | bits``. That costs as much as ``x`` is long, so neighbouring fields are appended in one go. Where an optional
element makes the state depend on the value, ``w`` is the width of the next event code and ``s`` the number its state
starts with; constants that come before that code are counted in.

Whatever the code does not expect ends in ``Rare`` (or in the error Python raises by itself), and the careful encoder
starts over: it writes what is merely rare and explains what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.wire.exi.generate_decode import LONG_LIST
from pncsim.wire.exi.plan import CoderPlan, Item, Range
from pncsim.wire.exi.schema import AttributeUse, Element, Type, Value


class EncoderSource:
    """Writes the encoder of one type."""

    def __init__(self, plan: CoderPlan, inner: Mapping[Type, CoderPlan]) -> None:
        self.plan, self.inner = plan, inner
        self.object = "o"
        self.lines: list[str] = []
        self.depth = 1
        self.run: list[tuple[int, int, str]] = []
        self.state: Range | None = None
        self.enumerations: set[str] = set()
        self.count = 0
        self.tables: list[str] = []
        self.name = plan.model.cls.__name__

    def source(self) -> str:
        """The function's source."""
        if self.plan.end is None or self.plan.model.cls.__abstract__:
            return f"def e_{self.name}(x, o):\n raise Rare\n"
        self._content()
        self.emit(f"return {self.taken()}")
        head = "".join(f"{table}\n" for table in self.tables)
        return f"{head}def e_{self.name}(x, o):\n" + "\n".join(self.lines) + "\n"

    def emit(self, line: str) -> None:
        """Add a line at the present depth."""
        self.lines.append(" " * self.depth + line)

    def put(self, width: int, value: int | str) -> None:
        """Append a constant or the value of an expression to the run."""
        self.run.append((width, value, "") if isinstance(value, int) else (width, 0, value))

    def flush(self) -> None:
        """Write the run collected so far."""
        if self.run:
            self.emit(f"x = {self.taken()}")

    def taken(self, *more: tuple[int, int, str]) -> str:
        """The expression for ``x`` with the run collected so far, which is at its end then, and ``more`` behind it."""
        run, self.run = [*self.run, *more], []
        total = left = sum(width for width, _, _ in run)
        if not total:
            return "x"
        constant = 0
        terms = [f"x << {total}"]
        for width, value, expression in run:
            left -= width
            constant |= value << left
            if expression:
                terms.append(f"{expression} << {left}" if left else expression)
        if constant:
            terms.append(str(constant))
        return " | ".join(terms)

    def fresh(self) -> str:
        """A local name not used before: runs use their names later than they are assigned."""
        self.count += 1
        return f"t{self.count}"

    # ---- the sequence -----------------------------------------------------------------------------------------

    def _content(self) -> None:
        self.emit(f"if {self.object}.__class__ is not {self.plan.model.cls.__name__}: raise Rare")
        if not self.plan.model.regular:
            self.emit(f"if {self.object}.items: raise Rare")
        self._items()

    def _items(self) -> None:
        plan = self.plan
        self.state = plan.state(0)
        for index, item in enumerate(plan.items):
            if isinstance(item.options[0], Value):
                self._code(item.first)
                self._value(item.options[0], f"{self.object}.value")
                self.put(1, 0)
                return
            if item.high != 1:
                self._list(index, item)
            elif len(item.fields) > 1:
                self._choice(index, item)
            elif item.low:
                self._occurrence(item, f"{self.object}.{item.fields[0]}")
                self.state = plan.state(index, 1)
            else:
                self._optional(index, item)
        assert plan.end is not None
        self._code(plan.end)

    def _code(self, number: int) -> None:
        """The event code of production ``number`` in the present state."""
        if self.state is not None:
            self.put(self.state.width, number - self.state.start)
        else:
            self.flush()
            self.emit(f"x = x << w | {number} - s")

    def _remember(self, state: Range) -> None:
        """Leave it to the next event code in ``state`` to write a run of constants, too."""
        if any(expression for _, _, expression in self.run):
            self.flush()
        width, start = state.width, state.start
        for bits, value, _ in reversed(self.run):
            start -= value << width
            width += bits
        self.run = []
        self.emit(f"w = {width}; s = {start}")

    def _optional(self, index: int, item: Item) -> None:
        name = self.fresh()
        before: list[tuple[int, int, str]] = []
        if self.state is not None:
            if any(expression for _, _, expression in self.run):
                self.flush()
            before = self.run
            self._remember(self.state)
        self.emit(f"{name} = {self.object}.{item.fields[0]}")
        self.emit(f"if {name} is not None:")
        self.depth += 1
        self.run = before
        self._occurrence(item, name)
        self._remember(self.plan.state(index, 1))
        self.depth -= 1
        self.state = None

    def _choice(self, index: int, item: Item) -> None:
        self.flush()
        present = " + ".join(f"({self.object}.{f} is not None)" for f in item.fields)
        self.emit(f"if {present} != 1: raise Rare")
        before = self.state
        for number, option in enumerate(item.options, item.first):
            assert isinstance(option, Element)
            self.emit(f"{'if' if number == item.first else 'elif'} {self.object}.{option.field} is not None:")
            self.depth += 1
            self.state = before
            self._code(number)
            self._element(option.type, f"{self.object}.{option.field}")
            self.flush()
            self.depth -= 1
        self.state = self.plan.state(index, 1)

    def _list(self, index: int, item: Item) -> None:
        if self.state is not None:
            self._remember(self.state)
        self.flush()
        self.state = None
        self.emit(f"a = {self.object}.{item.fields[0]}")
        self.emit("if a.__class__ is not list: raise Rare")
        high = "" if item.high is None else f" <= {item.high}"
        if item.low or high:
            self.emit(f"if not {item.low} <= len(a){high}: raise Rare")
        long = item.high is None or item.high > LONG_LIST
        if long:
            self.emit(f"p = [x] if len(a) > {LONG_LIST} else None")
        name = self.fresh()
        self.emit(f"for {name} in a:")
        self.depth += 1
        if long:
            self.emit("if p: x = 1")
        self._occurrence(item, name)
        self.flush()
        if long:
            self.emit("if p: p.append(x)")
        self._remember(self.plan.state(index, 1))
        self.depth -= 1
        if long:
            self.emit("if p: x = join(p)")
        if item.high is not None:
            self.emit(f"if len(a) == {item.high}:")
            self.depth += 1
            self._remember(self.plan.state(index, item.high))
            self.depth -= 1

    def _occurrence(self, item: Item, source: str) -> None:
        """One occurrence with its event code."""
        if len(item.options) > 1:
            numbered = enumerate(item.options, item.first)
            members = {o.type.__name__: n for n, o in numbered if isinstance(o, Element) and isinstance(o.type, type)}
            table = ", ".join(f"{name}: ({n}, 'e_{name}')" for name, n in members.items())
            constant = f"M{item.first}_{self.plan.model.cls.__name__}"
            self.tables.append(f"{constant} = {{{table}}}")
            self.flush()
            self.emit(f"t = {source}; i, f = {constant}[t.__class__]")
            code = f"{self.state.width} | i - {self.state.start}" if self.state is not None else "w | i - s"
            self.emit(f"x = ns[f](x << {code}, t)")
            return
        option = item.options[0]
        self._code(item.first)
        if isinstance(option, AttributeUse):
            self._value(option.type, source)
        elif isinstance(option, Element):
            self._element(option.type, source)

    def _element(self, type_: Type, source: str) -> None:
        if isinstance(type_, Value):
            self.put(1, 0)
            self._value(type_, source)
            self.put(1, 0)
            return
        if type_ in self.inner:
            self._written_out(self.inner[type_], source)
            return
        self.emit(f"x = e_{type_.__name__}({self.taken()}, {source})")

    def _written_out(self, inner: CoderPlan, source: str) -> None:
        outer = self.plan, self.object, self.state
        self.plan, self.object = inner, self.fresh()
        self.emit(f"{self.object} = {source}")
        self._content()
        self.plan, self.object, self.state = outer

    # ---- values -----------------------------------------------------------------------------------------------

    def _value(self, type_: Value, source: str) -> None:
        kind = type_.kind
        if kind == "boolean":
            self.put(1, f"B[{source}]")
        elif kind == "enumeration":
            assert type_.members is not None
            self.enumerations.add(type_.members.__name__)
            self.put(type_.bits, f"X_{type_.members.__name__}[{source}]")
        elif kind == "nbit":
            name = self.fresh()
            assert type_.low is not None and type_.high is not None
            minus = f" - {type_.low}" if type_.low > 0 else f" + {-type_.low}" if type_.low else ""
            self.emit(f"{name} = {source}{minus}")
            self.emit(f"if not 0 <= {name} <= {type_.high - type_.low}: raise Rare")
            self.put(type_.bits, name)
        elif kind in ("string", "binary"):
            self._octets(type_, source)
        else:
            self._integer(type_, source)

    def _integer(self, type_: Value, source: str) -> None:
        name = self.fresh()
        self.emit(f"{name} = {source}")
        if type_.low is not None and type_.high is not None:
            self.emit(f"if not {type_.low} <= {name} <= {type_.high}: raise Rare")
        else:
            self.emit(f"if not -LIMIT < {name} < LIMIT: raise Rare")
        if type_.kind == "integer":
            self.emit(f"if {name} < 0: {name} = -{name} - 1; z = 1")
            self.emit("else: z = 0")
            self.put(1, "z")
        self._groups(name)

    def _groups(self, name: str) -> None:
        run = self.run
        self.emit(f"if {name} < 128: x = {self.taken((8, 0, name))}")
        self.run = run
        self.emit(f"elif {name} < 16384: x = {self.taken((8, 0, f'({name} & 127 | 128)'), (8, 0, f'({name} >> 7)'))}")
        self.run = run
        self.emit(f"else: x = groups({self.taken()}, {name})")

    def _octets(self, type_: Value, source: str) -> None:
        text = type_.kind == "string"
        self.emit(f"t = {source}")
        self.emit(f"if t.__class__ is not {'str or not t.isascii()' if text else 'bytes'}: raise Rare")
        self.emit("n = len(t)")
        if type_.max_length is not None:
            self.emit(f"if not {type_.min_length} <= n <= {type_.max_length}: raise Rare")
        elif type_.min_length:
            self.emit(f"if n < {type_.min_length}: raise Rare")
        extra = 2 if text else 0
        octets = f"number({'t.encode()' if text else 't'}, 'big')"
        if type_.max_length is not None and type_.max_length + extra < 128:
            self.emit(f"x = ({self.taken((8, 0, 'n + 2' if text else 'n'))}) << (n << 3) | {octets}")
            return
        self.emit(f"g = n{' + 2' if text else ''}")
        self._groups("g")
        self.emit(f"x = x << (n << 3) | {octets}")
