"""An order as a strategy in Python reads it."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import (
    BUY,
    CANDLE_FILLS,
    LIMIT,
    NO_GROUP,
    NO_PARENT,
    NO_TIME,
    STATUSES,
    TIMES_IN_FORCE,
    TRIGGER_PRICES,
)
from barter_bt.engine.state.amending import count_in_flight
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE
from barter_bt.strategy.api.amounts import natural, price_of


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """What the engine knows of an order now, in natural units; None for what it does not have.

    ``quantity`` is signed, ``leaves`` what is not filled of it; ``status`` is one of ``"open_in_flight"``, ``"open"``,
    ``"cancel_in_flight"``, ``"filled"``, ``"cancelled"``, ``"expired"``, ``"rejected"``, ``"refused"``. ``trigger`` is
    where a stop or an order if touched waits, ``trailing`` and ``trailing_rate`` how far a trailing stop stays behind,
    ``activation`` the price from which on it follows the market: None without one, and while that is a distance from an
    entry that has not filled. The engine is not told when that is reached.
    ``good_till`` and ``good_after`` are in ns. An order for the day, at the open or at the close shows what that was
    settled to. ``amends_in_flight`` counts the amends of it that are not answered yet. ``group`` is the number of the
    first order of its group, ``trigger_by`` and ``candle_fill`` are its own choice, None as its exchange has it.
    """

    number: int
    instrument: str
    quantity: float
    leaves: float
    price: float | None
    trigger: float | None
    time_in_force: str
    status: str
    parent: int | None
    good_till: int | None
    trailing: float | None
    trailing_rate: float | None
    post_only: bool
    reduce_only: bool
    good_after: int | None
    amends_in_flight: int = 0
    activation: float | None = None
    group: int | None = None
    trigger_by: str | None = None
    candle_fill: str | None = None


def read_order(s: EngineState, number: int, name: str) -> OpenOrder:
    """Read one row of the orders."""
    o, i = s.orders, s.orders.instrument[number]
    per_lot, per_tick = s.terms.lots_per_unit[i], s.terms.ticks_per_unit[i]
    sign = 1 if o.side[number] == BUY else -1
    price, trigger, parent = o.price[number], o.trigger[number], o.parent[number]
    till, after = o.good_till[number], o.good_after[number]
    return OpenOrder(
        number,
        name,
        sign * natural(o.quantity[number], per_lot),
        sign * natural(o.quantity[number] - o.filled[number], per_lot),
        price_of(s, i, price) if o.kind[number] == LIMIT and price > 0 else None,
        price_of(s, i, trigger) if trigger > 0 else None,
        TIMES_IN_FORCE[o.time_in_force[number]],
        STATUSES[o.status[number]],
        None if parent == NO_PARENT else parent,
        None if till == NEVER else till,
        natural(o.trail[number], per_tick) if o.trail[number] > 0 else None,
        o.trail_rate[number] / RATE if o.trail_rate[number] > 0 else None,
        bool(o.post_only[number]),
        bool(o.reduce_only[number]),
        None if after == NO_TIME else after,
        count_in_flight(s, number),
        price_of(s, i, o.activation[number]) if o.activation[number] > 0 and not o.activation_by[number] else None,
        None if o.group[number] == NO_GROUP else o.group[number],
        TRIGGER_PRICES[o.trigger_by[number]] or None,
        CANDLE_FILLS[o.candle_fill[number]] or None,
    )
