"""What an order waits for, as asked for: a stop, an order if touched, a trailing stop (rules 28 and 34)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from barter_bt.engine.action.protect import BY_DISTANCE, BY_FRACTION, BY_PRICE, NO_UNIT
from barter_bt.engine.order import ANY_PRICE, IF_TOUCHED, STOP, TRIGGER_PRICES
from barter_bt.engine.terms import RATE, Terms, price_steps, steps
from barter_bt.errors import StrategyError

TOGETHER = "allowed: stop, or if_touched, or trailing or trailing_rate, these two with a stop to start at"
ALLOWED = (
    {"stop"},
    {"if_touched"},
    {"trailing"},
    {"trailing_rate"},
    {"stop", "trailing"},
    {"stop", "trailing_rate"},
)
ProtectBy = Literal["price", "distance", "fraction"]
PROTECTION = ("stop_loss", "take_profit", "trailing_stop")
UNITS_OF_PROTECTION = {"price": BY_PRICE, "distance": BY_DISTANCE, "fraction": BY_FRACTION}
TRIGGER_COLUMNS = ("trigger_kind", "trigger", "trail", "trail_rate")
TRIGGERS = ("stop", "if_touched", "trailing", "trailing_rate")
NO_STOP = "it says which prices a trigger, or a stop that protects, looks at: give a stop, or leave it out"
WRONG_SIDE = "protects an entry on the wrong side of its own price"
RIGHT_SIDE = "a purchase's stop loss lies below its limit, or trigger, its take profit above; a sale's the other way"
ON_GRID = "prices and distances are whole ticks; use round_price"


def trigger_terms(
    terms: Terms, i: int, where: object, asked: Mapping[str, float | None], *, post_only: bool
) -> dict[str, int]:
    """Columns of the terms of an order of instrument ``i`` from what was asked for by the names of ``TRIGGERS``.

    Raises
    ------
    StrategyError
        More is asked for than can be, a price or distance is off the grid, or a rate is not between 0 and 1. It says
        of whom: ``where``.
    """
    given = {name: asked.get(name) for name in TRIGGERS}
    names = [name for name, value in given.items() if value is not None]
    if not names:
        return {}
    if set(names) not in ALLOWED:
        raise StrategyError(f"{where} has {' and '.join(names)}", TOGETHER)
    if post_only:
        raise StrategyError(f"{where} has {names[0]} and is post_only", "what is triggered takes: leave post_only out")
    found = {"trigger_kind": STOP if given["if_touched"] is None else IF_TOUCHED}
    for name, column in (("stop", "trigger"), ("if_touched", "trigger"), ("trailing", "trail")):
        value = given[name]
        if value is not None:
            found[column] = _ticks(terms, i, float(value), is_price=column == "trigger")
            if found[column] <= 0:
                raise StrategyError(f"{where} has {name} {value}: not positive, or off the grid", ON_GRID)
    rate = given["trailing_rate"]
    if rate is not None:
        found["trail_rate"] = round(rate * RATE) if math.isfinite(rate) else 0
        if not 0 < found["trail_rate"] < RATE:
            raise StrategyError(f"{where} has trailing_rate {rate}", "it is a fraction: 2 % is 0.02")
    return found


def _ticks(terms: Terms, i: int, value: float, *, is_price: bool) -> int:
    """A price, or a distance of prices, in ticks."""
    return price_steps(terms, i, value) if is_price else steps(value, terms.ticks_per_unit[i], terms.tick_noise[i])


def trigger_by_code(asked: object, where: object, *, has_stop: bool) -> int:
    """Which prices the trigger of an order, and those of what protects it, look at (rule 28).

    Raises
    ------
    StrategyError
        It is none of them, or the order has no trigger (``has_stop``). It says of whom: ``where``.
    """
    if asked is None:
        return ANY_PRICE
    if asked not in TRIGGER_PRICES[1:]:
        raise StrategyError(f"{where}: trigger_by is {asked!r}; allowed: {', '.join(TRIGGER_PRICES[1:])}")
    if not has_stop:
        raise StrategyError(f"{where}: trigger_by is {asked!r}, and nothing has a trigger", NO_STOP)
    return TRIGGER_PRICES.index(str(asked))


def check_protect_by(by: str) -> None:
    """Refuse a unit of protection that is none."""
    if by not in UNITS_OF_PROTECTION:
        raise StrategyError(f"protect_by is {by!r}; allowed: {', '.join(UNITS_OF_PROTECTION)}")


def protection_terms(
    terms: Terms, i: int, where: object, asked: Mapping[str, float | None], by: str
) -> tuple[int, int, int, int]:
    """Unit and amounts of what protects an entry, from what was asked for by the names of ``PROTECTION``.

    Raises
    ------
    StrategyError
        The unit is unknown, an amount is not positive or off the grid, or no fraction below 1.
    """
    check_protect_by(by)
    amounts = []
    for name in PROTECTION:
        value, amount = asked.get(name), 0
        if value is not None and by == "fraction":
            amount = round(value * RATE) if math.isfinite(value) else 0
            if amount <= 0 or (amount >= RATE and name != "take_profit"):
                raise StrategyError(f"{where} has {name} {value}", "it is a fraction of the price: 2 % is 0.02")
        elif value is not None:
            amount = _ticks(terms, i, float(value), is_price=by == "price" and name != "trailing_stop")
            if amount <= 0:
                raise StrategyError(f"{where} has {name} {value}: not positive, or off the grid", ON_GRID)
        amounts.append(amount)
    stop_loss, take_profit, trailing_stop = amounts
    return UNITS_OF_PROTECTION[by] if any(amounts) else NO_UNIT, stop_loss, take_profit, trailing_stop
