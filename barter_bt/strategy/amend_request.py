"""Amends as strategies in Python ask for them (rule 33)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from barter_bt.data.moment import moment
from barter_bt.engine.amend import (
    DOES_NOT_TRAIL,
    IS_PROTECTION,
    NO_ACTIVATION,
    NO_LIMIT,
    NO_TRIGGER_YET,
    NOTHING_GIVEN,
    TWO_DISTANCES,
    ask_amend,
    objection_to,
)
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE, Terms, price_steps, steps
from barter_bt.errors import StrategyError
from barter_bt.strategy.triggers import DISTANCES, counted_ticks

AMENDABLE = ("price", "quantity", "trigger", *DISTANCES, "activation")
HINTS = {
    NOTHING_GIVEN: ("gives nothing", f"allowed: {', '.join(AMENDABLE)}; None stays as it is"),
    NO_LIMIT: ("gives a price to an order that is no limit", "cancel it, and send a limit order"),
    IS_PROTECTION: ("gives a quantity to what protects an entry", "it has that which its entry has filled"),
    NO_TRIGGER_YET: ("gives a trigger to an order that has none", "cancel it, and send a stop"),
    DOES_NOT_TRAIL: ("gives a distance to an order that does not trail", "cancel it, and send a trailing stop"),
    TWO_DISTANCES: ("gives two distances", f"give one of {', '.join(DISTANCES)}"),
    NO_ACTIVATION: (
        "gives an activation to an order that has none",
        "cancel it, and send a trailing stop that has one",
    ),
}


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """New terms of an order that is live, returned among the orders to open; what is None stays as it is (rule 33).

    Parameters
    ----------
    order
        Number of the order, as in ``State.open_orders``.
    price
        Of a limit order.
    quantity
        Of the whole order, filled or not, with its sign or without. At most what is filled, the order is cancelled.
    trigger
        Of a stop or an order if touched.
    trailing, trailing_rate, trailing_ticks
        Distance of a trailing stop, in price, as a fraction of it, or in ticks: one of them.
    activation
        Price from which on a trailing stop that has yet to reach it follows the market (rule 103).

    Examples
    --------
    >>> AmendRequest(3, price=99.5).price
    99.5
    """

    order: int
    price: float | None = None
    quantity: float | None = None
    trigger: float | None = None
    trailing: float | None = None
    trailing_rate: float | None = None
    trailing_ticks: int | None = None
    activation: float | None = None


def amend_terms(
    terms: Terms, i: int, side: int, where: str, asked: Mapping[str, Any]
) -> tuple[int, int, int, int, int, int]:
    """What an amend of an order of instrument ``i`` gives by the names of ``AMENDABLE``, in ticks, lots and 1e-9.

    These are price, quantity, trigger, a distance, or else that as a rate, and activation; 0 stays.

    Raises
    ------
    StrategyError
        Something is no number, not positive, or off the grid. It says of whom: ``where``.
    """
    given = {name: asked[name] for name in AMENDABLE if asked.get(name) is not None}
    if len(given.keys() & {*DISTANCES}) > 1:
        what, hint = HINTS[TWO_DISTANCES]
        raise StrategyError(f"{where} {what}", hint)
    found = dict.fromkeys(AMENDABLE, 0)
    found |= {name: _steps(terms, i, side, where, name, value) for name, value in given.items()}
    distance = found["trailing"] or found["trailing_ticks"]
    limit, quantity, trigger = found["price"], found["quantity"], found["trigger"]
    return limit, quantity, trigger, distance, found["trailing_rate"], found["activation"]


def _steps(terms: Terms, i: int, side: int, where: str, name: str, value: Any) -> int:
    if not isinstance(value, Real | Decimal) or isinstance(value, bool):
        raise StrategyError(f"{where}: {name} is {value!r}; it must be a number")
    amount = float(value)
    if name == "trailing_rate":
        rate = round(amount * RATE) if math.isfinite(amount) else 0
        if not 0 < rate < RATE:
            raise StrategyError(f"{where}: trailing_rate is {value}", "it is a fraction: 2 % is 0.02")
        return rate
    if name == "trailing_ticks":
        return counted_ticks(terms, i, f"{where}:", name, amount)
    if name == "quantity":
        amount = amount * side if amount < 0 else amount
        count = steps(amount, terms.lots_per_unit[i], terms.lot_noise[i])
    else:
        is_distance = name == "trailing"
        per_unit, noise = terms.ticks_per_unit[i], terms.tick_noise[i]
        count = steps(amount, per_unit, noise) if is_distance else price_steps(terms, i, amount)
    if count <= 0:
        raise StrategyError(
            f"{where}: {name} is {value}: not positive, or off the instrument's grid",
            "use round_price and round_quantity; to end an order, cancel it",
        )
    return count


def ask_for_amend(s: EngineState, request: AmendRequest) -> None:
    """Add what a request asks for to the actions.

    Raises
    ------
    StrategyError
        There is no such order, or it cannot be given that.
    """
    where, order = f"{request} at {moment(s.engine.time[0])}", request.order
    if not isinstance(order, Integral) or isinstance(order, bool) or not 0 <= order < len(s.orders):
        raise StrategyError(
            f"{where}: there is no order {order!r:.60}",
            "numbers come from open_orders; an order that is asked for now cannot be amended before it is sent",
        )
    o = s.orders
    asked = {name: getattr(request, name) for name in AMENDABLE}
    found = amend_terms(s.terms, o.instrument[order], o.side[order], where, asked)
    objection = objection_to(s, order, *found)
    if objection:
        what, hint = HINTS[objection]
        raise StrategyError(f"{where} {what}", hint)
    ask_amend(s, int(order), *found)
