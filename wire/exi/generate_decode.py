"""Source code of straight-line decoders, one function per type: ``d_Type(x, r) -> (object, r)``. Types given as
``inner`` are written out in place.

``x`` is the message as one integer, ``r`` the number of bits not read yet; reading w bits is ``r -= w; x >> r & mask``.
Bits consumed stay on top of ``x`` and never matter, so ``r`` is the whole state. Neighbouring fields of known width are
fetched in one shift, and all their event codes are compared at once. Reading past the end makes ``r`` negative, and
Python refuses to shift by it: that is the bounds check.

Whatever the code does not expect ends in ``Rare`` (or in the error Python raises by itself), and the careful decoder
starts over. So nothing here explains itself to a peer, and nothing unusual is accepted here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pncsim.wire.exi.plan import CoderPlan, Item, Range
from pncsim.wire.exi.schema import AttributeUse, Element, Type, Value

LONG = 256
"""Values that may be longer than this many octets, and lists longer than LONG_LIST: the part of ``x`` already read is
cut off behind them, so that a long message does not cost the square of its length."""

LONG_LIST = 64

Assign = Callable[[str], str]


class DecoderSource:
    """Writes the decoder of one type."""

    def __init__(self, plan: CoderPlan, inner: Mapping[Type, CoderPlan]) -> None:
        self.plan, self.inner = plan, inner
        self.object, self.count = "o", 0
        self.lines: list[str] = []
        self.depth = 1
        self.run: list[tuple[int, int, Callable[[str], list[str]] | None]] = []
        self.enumerations: set[str] = set()
        self.name = plan.model.cls.__name__

    def source(self) -> str:
        """The function's source."""
        if self.plan.end is None or self.plan.model.cls.__abstract__:
            return f"def d_{self.name}(x, r):\n raise Rare\n"
        self.emit(f"o = new({self.name})")
        self._items()
        return f"def d_{self.name}(x, r):\n" + "\n".join(self.lines) + "\n return o, r\n"

    # ---- lines and runs of bits -------------------------------------------------------------------------------

    def emit(self, line: str) -> None:
        """Add a line at the present depth."""
        self.lines.append(" " * self.depth + line)

    def expect(self, width: int, value: int) -> None:
        """These bits have to be ``value``."""
        self.run.append((width, value, None))

    def take(self, width: int, use: Callable[[str], list[str]]) -> None:
        """These bits are handed to ``use`` as an expression."""
        self.run.append((width, 0, use))

    def flush(self) -> None:
        """Fetch the run collected so far."""
        run, self.run = self.run, []
        total = sum(width for width, _, _ in run)
        if not total:
            return
        mask = wanted = 0
        uses: list[tuple[str, Callable[[str], list[str]]]] = []
        left = total
        for width, value, use in run:
            left -= width
            if use is None:
                mask |= ((1 << width) - 1) << left
                wanted |= value << left
            else:
                shifted = f"v >> {left}" if left else "v"
                uses.append((shifted if left + width == total else f"{shifted} & {(1 << width) - 1}", use))
        self.emit(f"r -= {total}")
        fetched = f"x >> r & {(1 << total) - 1}"
        if not uses:
            self.emit(f"if {fetched}{f' != {wanted}' if wanted else ''}: raise Rare")
            return
        if len(run) == 1:
            for line in uses[0][1](fetched):
                self.emit(line)
            return
        self.emit(f"v = {fetched}")
        if mask:
            self.emit(f"if v & {mask}{f' != {wanted}' if wanted else ''}: raise Rare")
        for expression, use in uses:
            for line in use(expression):
                self.emit(line)

    # ---- the sequence -----------------------------------------------------------------------------------------

    def _items(self) -> None:
        plan = self.plan
        known = self._read_code(plan.state(0))
        for index, item in enumerate(plan.items):
            if item.low:
                if known is None:
                    self.flush()
                    self._must_be(item)
                known = self._occurrences(index, item)
                continue
            self.flush()
            self.emit(self._is(item, "if {}:"))
            self.depth += 1
            known = self._occurrences(index, item)
            self.flush()
            if known is not None:
                self.emit(f"c = {known}")
                known = None
            self.depth -= 1
            if len(item.fields) == 1:
                self.emit(f"else: {self.object}.{item.fields[0]} = {'[]' if item.high != 1 else 'None'}")
        if plan.model.text is None:
            self.flush()
            if known is None:
                self.emit(f"if c != {plan.end}: raise Rare")
        for name, default in plan.model.cls.__defaults__.items():
            if name == "items" and not plan.model.regular and default is list:
                self.emit(f"{self.object}.items = []")
        self.flush()

    def _read_code(self, state: Range) -> int | None:
        """Read the next event code; a state with one production leaves no choice, and its number is returned."""
        if state.count == 1:
            self.expect(1, 0)
            return state.start
        plus = f" + {state.start}" if state.start else ""
        self.take(state.width, lambda bits: [f"c = ({bits}){plus}" if plus else f"c = {bits}"])
        self.flush()
        return None

    def _is(self, item: Item, form: str) -> str:
        last = item.first + len(item.options) - 1
        return form.format(f"c == {last}" if last == item.first else f"{item.first} <= c <= {last}")

    def _must_be(self, item: Item) -> None:
        last = item.first + len(item.options) - 1
        self.emit(
            f"if c != {last}: raise Rare" if last == item.first else f"if not {item.first} <= c <= {last}: raise Rare"
        )

    def _occurrences(self, index: int, item: Item) -> int | None:
        if isinstance(item.options[0], Value):
            self._value(item.options[0], self._field("value"))
            self.expect(1, 0)
            self.flush()
            return None
        if item.high == 1:
            self._one(item, self._field(item.fields[0]))
            return self._read_code(self.plan.state(index, 1))
        self.flush()
        self.emit(f"a = {self.object}.{item.fields[0]} = []")
        self.emit("while True:")
        self.depth += 1
        self._one(item, lambda e: f"a.append({e})")
        self.flush()
        if item.high is None or item.high > LONG_LIST:
            self.emit("x &= (1 << r) - 1")
        if item.high is not None:
            self.emit(f"if len(a) == {item.high}:")
            self.depth += 1
            self._set_code(self.plan.state(index, item.high))
            self.emit("break")
            self.depth -= 1
        self._set_code(self.plan.state(index, 1))
        self.emit(self._is(item, "if not {}: break"))
        self.depth -= 1
        return None

    def _set_code(self, state: Range) -> None:
        known = self._read_code(state)
        self.flush()
        if known is not None:
            self.emit(f"c = {known}")

    def _one(self, item: Item, assign: Assign) -> None:
        """One occurrence, its event code having been read."""
        if len(item.options) == 1:
            self._option(item.options[0], assign)
            return
        if len(item.fields) == 1:
            names = tuple(
                f"d_{o.type.__name__}" if isinstance(o, Element) and isinstance(o.type, type) else ""
                for o in item.options
            )
            at = f"c - {item.first}" if item.first else "c"
            self.emit(f"t, r = ns[{names!r}[{at}]](x, r)")
            self.emit(assign("t"))
            return
        self.emit(f"{' = '.join(f'{self.object}.{f}' for f in item.fields)} = None")
        for number, option in enumerate(item.options, item.first):
            self.emit(f"{'if' if number == item.first else 'elif'} c == {number}:")
            self.depth += 1
            assert isinstance(option, Element)
            self._option(option, self._field(option.field))
            self.flush()
            self.depth -= 1

    def _option(self, option: AttributeUse | Element | Value, assign: Assign) -> None:
        if isinstance(option, AttributeUse):
            self._value(option.type, assign)
        elif isinstance(option, Element):
            self._element(option.type, assign)

    def _element(self, type_: Type, assign: Assign) -> None:
        if isinstance(type_, Value):
            self.expect(1, 0)
            self._value(type_, assign)
            self.expect(1, 0)
            return
        self.flush()
        if type_ in self.inner:
            self._written_out(self.inner[type_], assign)
            return
        self.emit(f"t, r = d_{type_.__name__}(x, r)")
        self.emit(assign("t"))

    def _written_out(self, inner: CoderPlan, assign: Assign) -> None:
        outer = self.plan, self.object
        self.count += 1
        self.plan, self.object = inner, f"o{self.count}"
        self.emit(f"{self.object} = new({inner.model.cls.__name__})")
        self._items()
        self.emit(assign(self.object))
        self.plan, self.object = outer

    def _field(self, name: str) -> Assign:
        target = f"{self.object}.{name}"
        return lambda value: f"{target} = {value}"

    # ---- values -----------------------------------------------------------------------------------------------

    def _value(self, type_: Value, assign: Assign) -> None:
        kind = type_.kind
        if kind == "boolean":
            self.take(1, lambda e: [assign(f"{e} == 1")])
        elif kind == "enumeration":
            assert type_.members is not None
            name = type_.members.__name__
            self.enumerations.add(name)
            self.take(type_.bits, lambda e: [assign(f"T_{name}[{e}]")])
        elif kind == "nbit":
            self._nbit(type_, assign)
        elif kind in ("string", "binary"):
            self._octets(type_, assign)
        else:
            self._integer(type_, assign)

    def _nbit(self, type_: Value, assign: Assign) -> None:
        assert type_.low is not None and type_.high is not None
        span, low = type_.high - type_.low, type_.low
        plus = f" + {low}" if low > 0 else f" - {-low}" if low else ""
        if span + 1 == 1 << type_.bits:
            self.take(type_.bits, lambda e: [assign(f"({e}){plus}" if plus else e)])
        else:
            self.take(type_.bits, lambda e: [f"t = {e}", f"if t > {span}: raise Rare", assign(f"t{plus}")])

    def _integer(self, type_: Value, assign: Assign) -> None:
        signed = type_.kind == "integer"
        if signed:
            self.take(1, lambda e: [f"s = {e}"])
        self.take(8, lambda e: [f"g = {e}"])
        self.flush()
        self.emit("if g > 127:")
        self.emit(" r -= 8; h = x >> r & 255")
        self.emit(" if 0 < h < 128: g += (h << 7) - 128")
        self.emit(" else: g, r = more(x, r, g, h)")
        low, high = type_.low, type_.high
        if high is not None:
            limit = high if low is None or low == -high - 1 or low == 0 else min(high, -low - 1 if signed else high)
            self.emit(f"{' ' if limit >= 127 else ''}if g > {limit}: raise Rare")
        if not signed and low:
            self.emit(f"if g < {low}: raise Rare")
        self.emit(assign("-g - 1 if s else g" if signed else "g"))

    def _octets(self, type_: Value, assign: Assign) -> None:
        text = type_.kind == "string"
        extra = 2 if text else 0
        top = None if type_.max_length is None else type_.max_length + extra
        self.take(8, lambda e: [f"n = {e}"])
        self.flush()
        if top is None or top > 127:
            self.emit("if n > 127:")
            self.emit(" r -= 8; h = x >> r & 255")
            self.emit(" if not 0 < h < 128: raise Rare")
            self.emit(" n += (h << 7) - 128")
        bottom = type_.min_length + extra
        if top is not None and bottom:
            self.emit(f"if not {bottom} <= n <= {top}: raise Rare")
        elif top is not None:
            self.emit(f"if n > {top}: raise Rare")
        elif bottom:
            self.emit(f"if n < {bottom}: raise Rare")
        if text:
            self.emit("n -= 2")
        self.emit("k = n << 3; r -= k")
        octets = "(x >> r & (1 << k) - 1).to_bytes(n, 'big')"
        self.emit(assign(f"str({octets}, 'ascii')" if text else octets))
        if top is None or top > LONG:
            self.emit(f"if n > {LONG}: x &= (1 << r) - 1")
