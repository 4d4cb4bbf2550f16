"""What protects entries where it is computed: amounts at each candle, by what a full run makes of expressions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.strategy import Signals
from barter_bt.strategy.computed import on_grid
from barter_bt.strategy.driver import Market
from barter_bt.strategy.order_rows import protection_columns
from barter_bt.strategy.triggers import PROTECTION

Integers = npt.NDArray[np.int64]


def amounts_of(
    signals: Signals, columns: SharedColumns, market: Market, entries: npt.NDArray[np.bool_]
) -> dict[str, Integers]:
    """Ticks, or 1e-9 of a price, by the names of ``PROTECTION``, for each candle of one instrument; 0 for none.

    Parameters
    ----------
    entries
        Of which candles there is a target.

    Raises
    ------
    Exception
        What Polars raises where an expression cannot be computed.
    StrategyError
        An amount is none, maybe one that a full run does not look at.
    """
    given = {name: getattr(signals, name) for name in PROTECTION if getattr(signals, name) is not None}
    computed = [name for name, value in given.items() if isinstance(value, pl.Expr)]
    for name in computed:
        (values,) = columns.targets([given[name]])
        given[name] = pl.Series(np.where(entries, values, np.nan)).fill_nan(None)
    rows = pl.select(pl.repeat(market.index.names[0], len(entries)).alias("instrument")).with_columns(**given)
    rows = on_grid(rows, computed, market, signals.protect_by)
    found = protection_columns(rows, np.zeros(len(rows), np.int64), entries, market, signals.protect_by)
    return {name: np.ascontiguousarray(found[name], np.int64) for name in PROTECTION}
