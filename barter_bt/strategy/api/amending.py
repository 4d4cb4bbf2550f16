"""Amends of orders that are live, as a compiled strategy asks for them (rule 33)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT
from barter_bt.columns.marks import unit
from barter_bt.engine.amend import ask_amend, objection_to
from barter_bt.engine.fault import BAD_AMEND, BAD_NUMBER, fail
from barter_bt.engine.state.amending import count_in_flight
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE, has_tick, price_steps
from barter_bt.strategy.api.amounts import NOT_GIVEN
from barter_bt.strategy.asking import given_steps, is_given


def amend(
    s: EngineState,
    order: int,
    price: float = NOT_GIVEN,
    quantity: float = 0.0,
    trigger: float = NOT_GIVEN,
    trailing: float = 0.0,
    trailing_rate: float = 0.0,
    trailing_ticks: int = 0,
    activation: float = NOT_GIVEN,
) -> None:
    """Ask to give a live order other terms, by its number: ``amend(s, order, 99.5)``. What is 0.0 stays as it is.

    ``price`` is of a limit order, ``quantity``, without a sign, of the whole order, filled or not, ``trigger``
    of a stop or an order if touched, ``trailing``, ``trailing_rate`` or ``trailing_ticks`` the distance of a trailing
    stop, ``activation`` the price from which on it follows the market. An order that is closed, or being cancelled, is
    left alone, which stands in the table ``amends``.
    """
    _ask(s.whole, order, price, quantity, trigger, trailing, trailing_rate, trailing_ticks, activation)


def amends_in_flight(s: EngineState, order: int) -> int:
    """How many amends of an order are in flight, or their answers."""
    return count_in_flight(s.whole, order)


@unit
def _ask(
    s: EngineState,
    order: int,
    price: float,
    quantity: float,
    trigger: float,
    trailing: float,
    trailing_rate: float,
    trailing_ticks: int,
    activation: float,
) -> None:
    if not 0 <= order < len(s.orders):
        fail(s.fault, BAD_NUMBER, order)
        return
    i = s.orders.instrument[order]
    per_tick, noise = s.terms.ticks_per_unit[i], s.terms.tick_noise[i]
    ticks = price_steps(s.terms, i, price) if is_given(s, i, price) else 0
    held = price_steps(s.terms, i, trigger) if is_given(s, i, trigger) else 0
    starts = price_steps(s.terms, i, activation) if is_given(s, i, activation) else 0
    trail = given_steps(trailing, per_tick, noise)
    if trailing_ticks != 0:
        trail = trailing_ticks if trail == 0 and has_tick(s.terms, i) and trailing_ticks <= LIMIT else -1
    lots = given_steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    rate = given_steps(trailing_rate, float(RATE), 1.0) if trailing_rate < 1.0 else -1
    known = min(ticks, lots, held, trail, rate, starts) >= 0
    if not known or objection_to(s, order, ticks, lots, held, trail, rate, starts):
        fail(s.fault, BAD_AMEND, i)
        return
    ask_amend(s, order, ticks, lots, held, trail, rate, starts)
