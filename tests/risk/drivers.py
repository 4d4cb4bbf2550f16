"""The same orders from each of the drivers: a schedule, a compiled function, a Python object."""

from __future__ import annotations

from typing import Any, NamedTuple

import barter_bt as bt
from barter_bt.strategy import Python
from barter_bt.strategy.api import buy, limit_buy, limit_sell, now, sell
from tests.engine.tiny import A, B, S, quotes, run, schedule

NAME = "orders"
NAMES = ("a_usd", "b_usd")
SLOTS = 4
MARGIN = bt.Venue(account="margin")


class Ask(NamedTuple):
    """An order: at a whole second, a positive quantity buys, without a price it is a market order."""

    at: int
    quantity: int
    price: float | None = None
    on: int = 0


def as_schedule(*asks: Ask) -> bt.Schedule:
    rows = []
    for ask in asks:
        row: dict[str, Any] = {"at": ask.at, "on": NAMES[ask.on]}
        row["buy" if ask.quantity > 0 else "sell"] = abs(ask.quantity)
        if ask.price is not None:
            row["limit"] = ask.price
        rows.append(row)
    return schedule(*rows, name=NAME)


def one_order(s: Any, at: int, i: int, quantity: float, price: float) -> None:
    """At its time: a market order without a price."""
    if now(s) != at * 1_000_000_000:
        return
    if price == 0.0:
        if quantity > 0.0:
            buy(s, i, quantity)
        elif quantity < 0.0:
            sell(s, i, -quantity)
    elif quantity > 0.0:
        limit_buy(s, i, quantity, price)
    else:
        limit_sell(s, i, -quantity, price)


def some_orders(s: Any, my: Any) -> None:
    """Up to four orders, which stand in the parameters: one compilation serves all tests."""
    p = my.parameters
    one_order(s, p.at0[0], p.i0[0], p.q0[0], p.p0[0])
    one_order(s, p.at1[0], p.i1[0], p.q1[0], p.p1[0])
    one_order(s, p.at2[0], p.i2[0], p.q2[0], p.p2[0])
    one_order(s, p.at3[0], p.i3[0], p.q3[0], p.p3[0])


def as_compiled(*asks: Ask) -> bt.Compiled:
    assert len(asks) <= SLOTS
    parameters: dict[str, float] = {}
    for k in range(SLOTS):
        ask = asks[k] if k < len(asks) else Ask(-1, 0)
        parameters |= {f"at{k}": ask.at, f"i{k}": ask.on, f"q{k}": float(ask.quantity), f"p{k}": ask.price or 0.0}
        parameters[f"p{k}"] = float(parameters[f"p{k}"])
    return bt.Compiled(some_orders, parameters, wake="timer:1s", name=NAME)


class Orders:
    """A plain Python strategy."""

    wake = "timer:1s"

    def __init__(self, *asks: Ask) -> None:
        self._asks = asks

    def generate_algo_orders(self, state: Any) -> Any:
        due = [ask for ask in self._asks if ask.at * S == state.time]
        return (), [bt.OrderRequest(NAMES[ask.on], ask.quantity, ask.price) for ask in due]


DRIVERS: dict[str, Any] = {
    "schedule": as_schedule,
    "compiled": as_compiled,
    "python": lambda *asks: Python(Orders(*asks), NAME),
}


def steady(seconds: int = 9, price: int = 100) -> bt.data.Stream:
    """Both instruments at one price, the mid of quotes at each second from 1."""
    book = (price - 1, 1000, price + 1, 1000)
    return quotes(*((k, *book, name) for k in range(1, seconds + 1) for name in NAMES))


def go(driver: str, asks: tuple[Ask, ...], limits: bt.Limits | None, **options: Any) -> bt.Result:
    """Run on the steady market, in a margin account."""
    options = {"venues": MARGIN, "risk": limits} | options
    return run(options.pop("data", steady()), DRIVERS[driver](*asks), [A, B], **options)
