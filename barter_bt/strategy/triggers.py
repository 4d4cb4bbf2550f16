"""What an order waits for, as asked for: a stop, an order if touched, a trailing stop (rules 28 and 34)."""

from __future__ import annotations

import math
from collections.abc import Mapping

from barter_bt.engine.order import IF_TOUCHED, STOP
from barter_bt.engine.terms import RATE, Terms, steps
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
TRIGGER_COLUMNS = ("trigger_kind", "trigger", "trail", "trail_rate")
TRIGGERS = ("stop", "if_touched", "trailing", "trailing_rate")
ON_GRID = "prices and distances are whole ticks; use round_price"


def trigger_terms(
    terms: Terms, i: int, where: str, asked: Mapping[str, float | None], *, post_only: bool
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
            found[column] = steps(float(value), terms.ticks_per_unit[i], terms.tick_noise[i])
            if found[column] <= 0:
                raise StrategyError(f"{where} has {name} {value}: not positive, or off the grid", ON_GRID)
    rate = given["trailing_rate"]
    if rate is not None:
        found["trail_rate"] = round(rate * RATE) if math.isfinite(rate) else 0
        if not 0 < found["trail_rate"] < RATE:
            raise StrategyError(f"{where} has trailing_rate {rate}", "it is a fraction: 2 % is 0.02")
    return found
