"""What an order waits for, as asked for: a stop, an order if touched, a trailing stop (rules 28 and 34)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from barter_bt.engine.action.protect import BY_DISTANCE, BY_FRACTION, BY_PRICE, NO_UNIT
from barter_bt.engine.order import ANY_PRICE, IF_TOUCHED, STOP, TRIGGER_PRICES
from barter_bt.engine.terms import RATE, Terms, has_tick, price_steps, steps
from barter_bt.errors import StrategyError

DISTANCES = ("trailing", "trailing_rate", "trailing_ticks")
TOGETHER = f"allowed: stop, or if_touched, or one of {', '.join(DISTANCES)}, perhaps with a stop to start at"
ALLOWED = ({"stop"}, {"if_touched"}, *({each} for each in DISTANCES), *({"stop", each} for each in DISTANCES))
ProtectBy = Literal["price", "distance", "fraction", "ticks"]
PROTECTION = ("stop_loss", "take_profit", "trailing_stop", "trailing_activation")
ONE_OF_PROTECTION = f"allowed with it: {', '.join(PROTECTION)}"
GAINS = ("take_profit", "trailing_activation")  # on the side of a gain, which may be more than the price
UNITS_OF_PROTECTION = {"price": BY_PRICE, "distance": BY_DISTANCE, "fraction": BY_FRACTION, "ticks": BY_DISTANCE}
TRIGGER_COLUMNS = ("trigger_kind", "trigger", "trail", "trail_rate", "activation", "activation_by")
TRIGGERS = ("stop", "if_touched", *DISTANCES, "activation")
NO_STOP = "it says which prices a trigger, or a stop that protects, looks at: give a stop, or leave it out"
WRONG_SIDE = "protects an entry on the wrong side of its own price"
RIGHT_SIDE = (
    "a purchase's stop loss lies below its limit, or trigger, its take profit and trailing_activation above; "
    "a sale's the other way"
)
ON_GRID = "prices and distances are whole ticks; use round_price"
WHOLE_TICKS = "ticks are whole numbers from 1"
NO_TICK = "give it a price_increment, or a distance in price"
ONLY_TRAILING = f"it is of a stop that trails: give it {DISTANCES[0]}, or leave it out; of what protects, trailing_stop"
ACTIVATION_SIDE = "what sells is activated above its stop, what buys below"


def trigger_terms(
    terms: Terms, i: int, where: object, asked: Mapping[str, float | None], *, side: int, post_only: bool
) -> dict[str, int]:
    """Columns of the terms of an order of instrument ``i`` from what was asked for by the names of ``TRIGGERS``.

    Raises
    ------
    StrategyError
        More is asked for than can be, a price or distance is off the grid, a rate is not between 0 and 1, or an
        activation is not beyond the stop. It says of whom: ``where``.
    """
    given = {name: asked.get(name) for name in TRIGGERS}
    names = [name for name, value in given.items() if value is not None]
    if not names:
        return {}
    if "activation" in names and not set(DISTANCES) & set(names):
        raise StrategyError(f"{where} has an activation of {given['activation']}, and does not trail", ONLY_TRAILING)
    if {*names} - {"activation"} not in ALLOWED:
        raise StrategyError(f"{where} has {' and '.join(names)}", TOGETHER)
    if post_only:
        raise StrategyError(f"{where} has {names[0]} and is post_only", "what is triggered takes: leave post_only out")
    found = {"trigger_kind": STOP if given["if_touched"] is None else IF_TOUCHED}
    columns = {"stop": "trigger", "if_touched": "trigger", "trailing": "trail", "activation": "activation"}
    for name, column in columns.items():
        value = given[name]
        if value is not None:
            found[column] = _ticks(terms, i, float(value), is_price=name != "trailing")
            if found[column] <= 0:
                raise StrategyError(f"{where} has {name} {value}: not positive, or off the grid", ON_GRID)
    if given["trailing_ticks"] is not None:
        found["trail"] = counted_ticks(terms, i, where, "trailing_ticks", given["trailing_ticks"])
    if "activation" in found and "trigger" in found and side * (found["trigger"] - found["activation"]) <= 0:
        raise StrategyError(f"{where} has stop {given['stop']} and activation {given['activation']}", ACTIVATION_SIDE)
    rate = given["trailing_rate"]
    if rate is not None:
        found["trail_rate"] = round(rate * RATE) if math.isfinite(rate) else 0
        if not 0 < found["trail_rate"] < RATE:
            raise StrategyError(f"{where} has trailing_rate {rate}", "it is a fraction: 2 % is 0.02")
    return found


def _ticks(terms: Terms, i: int, value: float, *, is_price: bool) -> int:
    """A price, or a distance of prices, in ticks."""
    return price_steps(terms, i, value) if is_price else steps(value, terms.ticks_per_unit[i], terms.tick_noise[i])


def counted_ticks(terms: Terms, i: int, where: object, name: str, value: float) -> int:
    """A distance that is given in ticks.

    Raises
    ------
    StrategyError
        It is no whole number above 0, or the instrument declares no tick. It says of whom: ``where``.
    """
    if not has_tick(terms, i):
        raise StrategyError(f"{where} has {name} {value} in ticks, and its instrument declares none", NO_TICK)
    ticks = steps(float(value), 1.0, 0.0)
    if ticks <= 0:
        raise StrategyError(f"{where} has {name} {value}", WHOLE_TICKS)
    return ticks


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
) -> tuple[int, int, int, int, int]:
    """Unit and amounts of what protects an entry, from what was asked for by the names of ``PROTECTION``.

    Raises
    ------
    StrategyError
        The unit is unknown, an amount is not positive or off the grid, or no fraction below 1, or something is to
        activate a trailing stop that is not asked for.
    """
    check_protect_by(by)
    if asked.get("trailing_activation") is not None and asked.get("trailing_stop") is None:
        raise StrategyError(f"{where} has trailing_activation, and no trailing_stop", ONLY_TRAILING)
    amounts = []
    for name in PROTECTION:
        value, amount = asked.get(name), 0
        if value is not None and by == "fraction":
            amount = round(value * RATE) if math.isfinite(value) else 0
            if amount <= 0 or (amount >= RATE and name not in GAINS):
                raise StrategyError(f"{where} has {name} {value}", "it is a fraction of the price: 2 % is 0.02")
        elif value is not None and by == "ticks":
            amount = counted_ticks(terms, i, where, name, value)
        elif value is not None:
            amount = _ticks(terms, i, float(value), is_price=by == "price" and name != "trailing_stop")
            if amount <= 0:
                raise StrategyError(f"{where} has {name} {value}: not positive, or off the grid", ON_GRID)
        amounts.append(amount)
    stop_loss, take_profit, trailing_stop, activation = amounts
    return UNITS_OF_PROTECTION[by] if any(amounts) else NO_UNIT, stop_loss, take_profit, trailing_stop, activation
