"""The functions of a compiled strategy as a strategy in Python says the same: by its state, and by requests."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import fields
from math import isnan
from types import SimpleNamespace
from typing import Any

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.strategy.grammar import HISTORY, OF_CANDLE

BY_STATE = {
    "bid_price": "bid",
    "ask_price": "ask",
    **{
        name: name
        for name in (
            *("price", "bid_amount", "ask_amount", "position", "working", "entry_average", "mark", "unrealised"),
            *("realised", "fees", "cash", "free_cash", "buying_power", "margin_aside", "balance"),
            *("round_price", "round_quantity"),
        )
    },
}
UNITS = {api.PRICE: "price", api.DISTANCE: "distance", api.FRACTION: "fraction", api.TICKS: "ticks"}
FORCES = ("gtc", "ioc", "fok")
CANDLE_FILLS = {api.NEXT_OPEN: "next_open", api.NEXT_CLOSE: "next_close", api.THIS_CLOSE: "this_close"}
TRIGGERS = {api.LAST: "last", api.QUOTE: "quote", api.MARK: "mark"}
NAN = float("nan")


class Spoken:
    """A strategy in Python made of the text of a compiled one."""

    candle_history = HISTORY

    def __init__(
        self, text: str, wake: Any, variables: Mapping[str, float], own: Mapping[str, float], count: int
    ) -> None:
        self.wake = wake
        names: dict[str, Any] = {name: getattr(api, name) for name in api.__all__ if name.isupper()}
        names |= {name: getattr(self, name) for name in dir(self) if not name.startswith("_")}
        names |= {name: self._read(method) for name, method in BY_STATE.items()}
        names |= {name: self._candle(name.removeprefix("candle_")) for name in OF_CANDLE}
        exec(compile(text, "spoken", "exec"), names)
        self._generate = names["generate"]
        self.my = SimpleNamespace(
            variables=SimpleNamespace(**{name: _column(value, 1) for name, value in variables.items()}),
            per_instrument=SimpleNamespace(**{name: _column(value, count) for name, value in own.items()}),
        )

    def generate_algo_orders(self, state: Any) -> Any:
        self._state, self._cancels, self._asked, self._amends = state, [], [], []
        self._generate(state.raw, self.my)
        requests: list[OrderRequest] = []
        for terms in self._asked:
            after = terms.pop("after", None)
            requests.append(OrderRequest(**terms, after=None if after is None else requests[after]))
        return self._cancels, [*self._amends, *requests]

    # What is read

    def _read(self, method: str) -> Any:
        return lambda s, *given: getattr(self._state, method)(*given)

    def _candle(self, name: str) -> Any:
        def read(s: Any, i: int, back: int) -> float:
            column = getattr(self._state.candles(i), name)
            return float(column[-1 - back]) if back < len(column) else NAN

        return read

    def candle_count(self, s: Any, i: int) -> int:
        return len(self._state.candles(i))

    def equity(self, s: Any) -> float:
        return self._state.equity

    def now(self, s: Any) -> int:
        return self._state.time

    def next_order(self, s: Any) -> int:
        return self._state.next_order

    def is_trading(self, s: Any) -> int:
        return int(self._state.trading)

    def first_order(self, s: Any, i: int) -> int:
        return next(iter(self._state.open_orders(i)), -1)

    def order_after(self, s: Any, order: int) -> int:
        others = self._state.open_orders(s.orders.instrument[order])
        return next((other for other in others[others.index(order) + 1 :]), -1)

    def order_quantity(self, s: Any, order: int) -> float:
        return self._state.read_order(order).quantity

    def order_leaves(self, s: Any, order: int) -> float:
        return self._state.read_order(order).leaves

    def order_price(self, s: Any, order: int) -> float:
        return self._or_none(s, order, self._state.read_order(order).price)

    def order_trigger(self, s: Any, order: int) -> float:
        return self._or_none(s, order, self._state.read_order(order).trigger)

    def _or_none(self, s: Any, order: int, price: float | None) -> float:
        return price if price is not None else NAN if s.terms.zero[s.orders.instrument[order]] else 0.0

    # What is asked for

    def enable_trading(self, s: Any) -> None:
        self._state.set_trading(True)

    def cancel(self, s: Any, order: int) -> None:
        self._cancels.append(order)

    def cancel_all(self, s: Any, i: int) -> None:
        self._cancels += self._state.cancel_all(i)

    def amend(self, s: Any, order: int, price: float = NAN, quantity: float = 0.0, trigger: float = NAN) -> None:
        i = s.orders.instrument[order]
        given = {"price": self._price(s, i, price), "quantity": quantity or None, "trigger": self._price(s, i, trigger)}
        self._amends.append(bt.AmendRequest(order, **given))

    def _price(self, s: Any, i: int, price: float) -> float | None:
        """A price that is given; 0.0 is one where prices can be negative."""
        return None if isnan(price) or (price == 0.0 and not s.terms.zero[i]) else price

    def _ask(self, i: int, quantity: float, **terms: Any) -> int:
        self._asked.append({"instrument": i, "quantity": quantity, **terms})
        return len(self._asked) - 1

    def _entry(self, s: Any, sign: int, i: int, quantity: float, *protection: Any) -> int:
        asked = self._ask(i, sign * quantity)
        is_there = any(self._price(s, i, one) is not None for one in protection[:3])
        return self.protect(s, asked, *protection) if is_there else asked

    def buy(self, s: Any, *given: Any) -> int:
        return self._entry(s, 1, *given)

    def sell(self, s: Any, *given: Any) -> int:
        return self._entry(s, -1, *given)

    def bracket(self, s: Any, i: int, quantity: float, stop_loss: float, take_profit: float, unit: int = 0) -> int:
        return self.protect(s, self._ask(i, quantity), stop_loss, take_profit, 0.0, unit)

    def limit_buy(self, s: Any, i: int, quantity: float, at: float, force: int, post_only: int) -> int:
        return self._ask(i, quantity, price=at, time_in_force=FORCES[force], post_only=bool(post_only))

    def limit_sell(self, s: Any, i: int, quantity: float, at: float, force: int, post_only: int) -> int:
        return self.limit_buy(s, i, -quantity, at, force, post_only)

    def stop_buy(self, s: Any, i: int, quantity: float, at: float) -> int:
        return self._ask(i, quantity, stop=at)

    def stop_sell(self, s: Any, i: int, quantity: float, at: float) -> int:
        return self.stop_buy(s, i, -quantity, at)

    def buy_if_touched(self, s: Any, i: int, quantity: float, at: float, limit: float) -> int:
        return self._ask(i, quantity, if_touched=at, price=self._price(s, i, limit))

    def sell_if_touched(self, s: Any, i: int, quantity: float, at: float, limit: float) -> int:
        return self.buy_if_touched(s, i, -quantity, at, limit)

    def trailing_stop_buy(self, s: Any, i: int, quantity: float, rate: float) -> int:
        return self._ask(i, quantity, trailing_rate=rate)

    def trailing_stop_sell(self, s: Any, i: int, quantity: float, rate: float) -> int:
        return self._ask(i, -quantity, trailing_rate=rate)

    def _made(self, requests: list[OrderRequest]) -> int:
        if not requests:
            return -1
        terms = {one.name: getattr(requests[0], one.name) for one in fields(OrderRequest)}
        self._asked.append({name: value for name, value in terms.items() if value is not None})
        return len(self._asked) - 1

    def order_target(self, s: Any, i: int, quantity: float) -> int:
        return self._made(self._state.order_target(i, quantity))

    def order_target_value(self, s: Any, i: int, value: float, at_fill: int = 0) -> int:
        return self._made(self._state.order_target_value(i, value, at_fill=bool(at_fill)))

    target_value = order_target_value

    def close_position(self, s: Any, i: int) -> int:
        return self._made(self._state.close(i))

    # What is said of it

    def _say(self, asked: int, **terms: Any) -> int:
        if asked >= 0:
            self._asked[asked] |= terms
        return asked

    def good_till(self, s: Any, asked: int, time: int) -> int:
        return self._say(asked, good_till=time)

    def good_after(self, s: Any, asked: int, time: int) -> int:
        return self._say(asked, good_after=time)

    def reduce_only(self, s: Any, asked: int) -> int:
        return self._say(asked, reduce_only=True)

    def candle_fill(self, s: Any, asked: int, which: int) -> int:
        return self._say(asked, candle_fill=CANDLE_FILLS[which])

    def trigger_by(self, s: Any, asked: int, which: int) -> int:
        return self._say(asked, trigger_by=TRIGGERS[which])

    def protect(
        self,
        s: Any,
        asked: int,
        stop_loss: float,
        take_profit: float = 0.0,
        trailing_stop: float = 0.0,
        unit: int = api.PRICE,
        trailing_activation: float = NAN,
    ) -> int:
        if asked < 0:
            return asked
        prices = {"stop_loss": stop_loss, "take_profit": take_profit, "trailing_activation": trailing_activation}
        if unit == api.PRICE:
            given = {name: self._price(s, self._asked[asked]["instrument"], one) for name, one in prices.items()}
        else:
            given = {name: one for name, one in prices.items() if one != 0.0 and not isnan(one)}
        if not trailing_stop and not any(one is not None for one in given.values()):
            raise StrategyError("nothing protects")
        return self._say(asked, **given, trailing_stop=trailing_stop or None, protect_by=UNITS[unit])

    def one_cancels_other(self, s: Any, first: int, other: int) -> int:
        label = self._asked[first].setdefault("group", first)
        return self._say(other, group=label)

    def one_triggers_other(self, s: Any, first: int, then: int) -> int:
        return self._say(then, after=first)


def _column(value: float, count: int) -> array[Any]:
    return array("q" if isinstance(value, int) else "d", [value]) * count
