"""What protects entries where it is computed: amounts at each candle, by what a full run makes of expressions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.research.one_pass.conditions import AMOUNTS
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.strategy import Signals
from barter_bt.strategy.computed import on_grid
from barter_bt.strategy.driver import Market
from barter_bt.strategy.order_rows import protection_columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def amounts_of(signals: Signals, columns: SharedColumns, market: Market, targets: Floats) -> dict[str, Integers]:
    """Ticks, or 1e-9 of a price, by the names of ``AMOUNTS``, for each candle of one instrument; 0 for none.

    Parameters
    ----------
    targets
        Of each candle, NaN for none: amounts count where they are followed.

    Raises
    ------
    Exception
        What Polars raises where an expression cannot be computed.
    ValueError, StrategyError
        An amount is none; a full run says where.
    """
    there = ~np.isnan(targets)
    followed = there.copy()
    if signals.rebalance == "on_change":
        followed[1:] &= targets[1:] != targets[:-1]
    at, given = np.flatnonzero(followed), {name: getattr(signals, name) for name in AMOUNTS}
    computed = [name for name, value in given.items() if isinstance(value, pl.Expr)]
    for name in computed:
        (values,) = columns.targets([given[name]])
        if not (np.isnan(values) | (values >= 0.0) & np.isfinite(values))[there].all():
            raise ValueError(f"a {name} that is below 0 or no number")
        given[name] = pl.Series(values[at]).fill_nan(None)
    rows = pl.DataFrame({"instrument": [market.index.names[0]] * len(at)}, schema={"instrument": pl.String})
    rows = rows.with_columns(**{name: value for name, value in given.items() if value is not None})
    rows = on_grid(rows, computed, market, signals.protect_by)
    entries, codes = np.ones(len(at), bool), np.zeros(len(at), np.int64)
    found = protection_columns(rows, codes, entries, market, signals.protect_by)
    amounts = {name: np.zeros(len(targets), np.int64) for name in AMOUNTS}
    for name in AMOUNTS:
        amounts[name][at] = found[name]
    return amounts
