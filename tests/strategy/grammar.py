"""Random strategies, as source text: what they read, ask for and remember is drawn from the public API.

One text is a compiled strategy, which calls :mod:`barter_bt.strategy.api`, and, with functions of the same names that
go through :class:`~barter_bt.strategy.view.State` and requests, a strategy in Python (:mod:`tests.strategy.spoken`).
"""

from __future__ import annotations

from barter_bt.testing.scenario import Source
from barter_bt.testing.scenario.source import chance

FLOATS, WHOLES = ("f0", "f1", "f2"), ("k0", "k1")  # variables; k0 counts the calls
OWN = ("seen", "bias")  # columns by instrument
HISTORY = 3
MOST_CALLS = 120
STRANGE = ('float("nan")', 'float("inf")', '-float("inf")', "-0.0", "1e300", "5e-324", "True", "1 << 40")
OF_INSTRUMENT = (
    *("price", "bid_price", "ask_price", "bid_amount", "ask_amount", "position", "working", "entry_average", "mark"),
    *("unrealised", "realised", "fees", "cash", "free_cash", "buying_power", "margin_aside"),
)
OF_CANDLE = ("candle_open", "candle_high", "candle_low", "candle_close", "candle_volume")
OF_ORDER = ("order_quantity", "order_leaves", "order_price", "order_trigger")
COMPARED = ("<", "<=", ">", ">=", "==", "!=")
STEPS = 3_000_000_000, 1_000_000_000, 500_000_001, 0, -1  # how much later than now, in ns


class Writer:
    """Writes one strategy.

    Parameters
    ----------
    source
        Of the choices.
    count
        How many instruments there are.
    """

    def __init__(self, source: Source, count: int) -> None:
        self._source, self._count = source, count
        self._lines: list[str] = []
        self._i = "0"  # the instrument that is spoken of
        self._order = ""  # the order, where there is one

    def text(self) -> str:
        """The whole function."""
        self._add(0, "def generate(s, my):")
        self._add(1, "v, own = my.variables, my.per_instrument")
        self._add(1, "v.k0[0] += 1")
        self._add(1, f"if v.k0[0] > {MOST_CALLS}:")  # what asks at each answer would never come to an end
        self._add(2, "return")
        self._add(1, "at, much, asked, other = 0.0, 0.0, -1, -1")
        for _ in self._source.several(2, 4):
            self._i = str(self._source.integer(0, self._count - 1))
            self._block(1, 3)
        return "\n".join(self._lines) + "\n"

    def _add(self, depth: int, line: str) -> None:
        self._lines.append("    " * depth + line)

    def _pick(self, *options: str) -> str:
        return self._source.pick(options)

    # What is written where a number stands

    def _number(self, depth: int) -> str:
        """A float."""
        if depth == 0:
            return self._leaf()
        one, other = self._number(depth - 1), self._number(depth - 1)
        match self._source.integer(0, 6):
            case 0:
                return f"({one} {self._pick('+', '-', '*')} {other})"
            case 1:
                return f"({one} / (1.5 + abs({other})))"
            case 2:
                return f"{self._pick('min', 'max')}({one}, {other})"
            case 3:
                return f"({one} if {self._truth(depth - 1)} else {other})"
            case 4:
                return f"(-{one})"
            case _:
                return self._leaf()

    def _leaf(self) -> str:
        match self._source.integer(0, 6):
            case 0:
                return self._pick(*STRANGE) if chance(self._source, 30) else self._pick("0.5", "2.0", "7.0", "100.0")
            case 1:
                return f"v.{self._pick(*FLOATS)}[0]"
            case 2:
                return f"own.{self._pick(*OWN)}[{self._i}]"
            case 3:
                return f"{self._pick(*OF_CANDLE)}(s, {self._i}, {self._source.integer(0, HISTORY - 1)})"
            case 4 if self._order:
                return f"{self._pick(*OF_ORDER)}(s, {self._order})"
            case 5:
                return self._pick("equity(s)", "float(next_order(s))", f"balance(s, {self._source.integer(0, 1)})")
            case _:
                return f"{self._pick(*OF_INSTRUMENT)}(s, {self._i})"

    def _whole(self) -> str:
        """A whole number of moderate size: larger ones wrap in compiled code."""
        match self._source.integer(0, 4):
            case 0:
                return f"v.k{self._source.integer(0, 1)}[0]"
            case 1:
                return "now(s) // 500000000"
            case 2:
                return f"candle_count(s, {self._i})"
            case 3:
                return f"{self._pick('is_trading(s)', 'next_order(s)', f'first_order(s, {self._i})')}"
            case _:
                return f"s.{self._pick('instruments.quantity', 'instruments.last', 'terms.num')}[{self._i}]"

    def _truth(self, depth: int) -> str:
        match self._source.integer(0, 4):
            case 0:
                return f"{self._whole()} % {self._source.integer(2, 5)} == {self._source.integer(0, 1)}"
            case 1 if depth > 0:
                return f"({self._truth(depth - 1)} {self._pick('and', 'or')} {self._truth(depth - 1)})"
            case 2:
                return f"not {self._number(0)} {self._pick(*COMPARED)} {self._number(depth)}"
            case _:
                return f"{self._number(depth)} {self._pick(*COMPARED)} {self._number(0)}"

    # Statements

    def _block(self, depth: int, most: int) -> None:
        for _ in self._source.several(1, most):
            self._statement(depth)

    def _statement(self, depth: int) -> None:
        kind = self._source.integer(0, 9)
        if kind < 4 or depth > 4:
            self._ask(depth)
        elif kind == 4:
            self._add(depth, f"v.{self._pick(*FLOATS)}[0] = {self._number(2)}")
        elif kind == 5:
            self._add(depth, f"v.k1[0] = ({self._whole()} * 3 + v.k1[0]) % 1009")
        elif kind == 6:
            self._add(depth, f"own.{self._pick(*OWN)}[{self._i}] {self._pick('=', '+=')} {self._number(1)}")
        elif kind == 7:
            self._add(depth, f"if {self._truth(1)}:")
            self._block(depth + 1, 3)
            if chance(self._source, 40):
                self._add(depth, "else:")
                self._block(depth + 1, 2)
        elif kind == 8 and self._i != "i":
            before, self._i = self._i, "i"
            self._add(depth, "for i in range(len(s.instruments)):")
            self._block(depth + 1, 2)
            self._i = before
        else:
            self._orders_at_work(depth)

    def _orders_at_work(self, depth: int) -> None:
        """A loop over the orders of an instrument."""
        before, self._order = self._order, f"order{depth}"
        self._add(depth, f"{self._order} = first_order(s, {self._i})")
        self._add(depth, f"while {self._order} >= 0:")
        self._add(depth + 1, f"if {self._truth(1)}:")
        if chance(self._source, 40):
            self._add(depth + 2, f"cancel(s, {self._order})")
        elif chance(self._source, 50):
            self._amend(depth + 2)
        else:
            self._add(depth + 2, f"v.{self._pick(*FLOATS)}[0] = {self._number(1)}")
        self._add(depth + 1, f"{self._order} = order_after(s, {self._order})")
        self._order = before

    def _amend(self, depth: int) -> None:
        """Another price, quantity, or trigger of what has one."""
        order, i = self._order, self._i
        if chance(self._source, 50):
            self._add(depth, f"at = round_price(s, {i}, order_price(s, {order}) * {self._pick('0.99', '1.02', '1.0')})")
            self._add(depth, f"if s.orders.price[{order}] > 0 and at > 0.0:")
            self._add(depth + 1, f"amend(s, {order}, at)")
        elif chance(self._source, 50):
            self._add(depth, f"if s.orders.parent[{order}] < 0:")
            self._add(depth + 1, f"amend(s, {order}, quantity=abs(order_quantity(s, {order})) * 2.0)")
        else:
            self._add(depth, f"at = round_price(s, {i}, order_trigger(s, {order}) * {self._pick('0.98', '1.01')})")
            self._add(depth, f"if s.orders.trigger[{order}] > 0 and at > 0.0:")
            self._add(depth + 1, f"amend(s, {order}, trigger=at)")

    # Orders

    def _ask(self, depth: int) -> None:
        """An order, or what ends some; mostly with a quantity and a price that can be."""
        i = self._i
        self._add(depth, f"if v.k0[0] % {self._source.integer(1, 5)} == 0 and next_order(s) < 40:")
        kind, depth = self._source.integer(0, 9), depth + 1
        if kind == 0:
            if chance(self._source, 40):
                self._add(depth, f"if abs(price(s, {i})) > 0.0:")  # in Python a position is closed without a price, too
                self._add(depth + 1, f"close_position(s, {i})")
            else:
                self._add(depth, self._pick(f"cancel_all(s, {i})", "enable_trading(s)"))
            return
        lots = self._source.integer(1, 6)
        self._add(depth, f"much = {lots} / s.terms.lots_per_unit[{i}]")
        self._add(
            depth, f"much = round_quantity(s, {i}, much + {'abs(' + self._number(1) + ')' if kind == 1 else '0.0'})"
        )
        self._add(
            depth, f"at = round_price(s, {i}, price(s, {i}) * {self._pick('0.97', '0.99', '1.0', '1.01', '1.04')})"
        )
        self._add(depth, "if much > 0.0 and at > 0.0:" if not chance(self._source, 3) else "if much == much:")
        self._order_of(depth + 1)
        if chance(self._source, 20):
            self._add(depth + 1, "other = asked")
            self._order_of(depth + 1)
            both = self._pick("one_cancels_other", "one_triggers_other")
            self._add(depth + 1, "if other >= 0 and asked >= 0:")
            self._add(depth + 2, f"{both}(s, other, asked)")

    def _order_of(self, depth: int) -> None:
        i, away = self._i, f"round_price(s, {self._i}, at * {self._pick('0.98', '1.02', '0.9', '1.1')})"
        side = self._pick("buy", "sell")
        force = self._pick("GTC", "IOC", "FOK")
        kind = self._source.integer(0, 9)
        match kind:
            case 0 | 1:
                call = f"{side}(s, {i}, much)"
            case 2:
                call = f"{side}(s, {i}, much, {self._protection(side)})"
            case 3 | 4:
                post_only = int(force == "GTC" and chance(self._source, 30))
                call = f"limit_{side}(s, {i}, much, at, {force}, {post_only})"
            case 5:
                call = f"stop_{side}(s, {i}, much, {away})"
            case 6:
                call = f"{side}_if_touched(s, {i}, much, {away}, at)"
            case 7:
                call = f"trailing_stop_{side}(s, {i}, much, rate={self._pick('0.01', '0.05')})"
            case 8:
                call = f"bracket(s, {i}, {'-' if side == 'sell' else ''}much, 0.02, 0.03, unit=FRACTION)"
            case _:
                signed = f"{'-' if side == 'sell' else ''}{self._pick('much', '0.0', 'much * 2.0')}"
                call = self._pick(
                    f"order_target(s, {i}, {signed})",
                    f"target_value(s, {i}, {signed} * at)",
                    f"order_target_value(s, {i}, {signed} * at, 1)",
                )
        self._add(depth, f"asked = {call}")
        if chance(self._source, 35):
            later = self._source.pick(STEPS)
            self._add(
                depth,
                self._pick(
                    f"asked = good_till(s, asked, now(s) + {later})",
                    f"asked = good_after(s, asked, now(s) + {later})",
                    "asked = reduce_only(s, asked)",
                    f"asked = candle_fill(s, asked, {self._pick('NEXT_OPEN', 'NEXT_CLOSE', 'THIS_CLOSE')})",
                    f"asked = trigger_by(s, asked, {self._pick('LAST', 'QUOTE', 'MARK')})",
                ),
            )
        elif kind not in (2, 8) and chance(self._source, 20):  # an order is protected once
            self._add(depth, f"asked = protect(s, asked, {self._protection(side)})")

    def _protection(self, side: str) -> str:
        down, up = ("0.97", "1.03") if side == "buy" else ("1.03", "0.97")
        far, near = f"round_price(s, {self._i}, at * {down})", f"round_price(s, {self._i}, at * {up})"
        return self._pick(
            f"{far}, {near}",
            "0.02, 0.04, 0.0, FRACTION",
            "0.05, 0.0, 0.03, FRACTION",
            f"{far}, 0.0, 0.0, PRICE",
            "3.0, 2.0, 0.0, TICKS",
            "0.0, 0.0, 4.0, TICKS, 1.0",
        )
