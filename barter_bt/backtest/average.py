"""Average prices of fills: exactly the price where all of them had the same one.

Money is rounded to units, so an average that is worked out from it may lie a little beside every price that was paid.
"""

from __future__ import annotations

import numpy as np

from barter_bt.engine.state.tables import EngineState, Positions


def _one_price(groups: int, group: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Ticks at which all fills of each group were made; 0 where they differ or there are none."""
    found = np.zeros(groups, np.int64)
    found[group] = price  # of any one of them
    found[group[price != found[group]]] = 0
    return found


def order_ticks(s: EngineState) -> np.ndarray:
    """Of each order the one price of its fills, in ticks; 0 if there are several or none."""
    return _one_price(len(s.orders), s.trades.array("order"), s.trades.array("price"))


def entry_ticks(s: EngineState, positions: Positions) -> np.ndarray:
    """Of each of some positions the one price at which it was entered, in ticks; 0 if there were several.

    A trade bears the position that it touched first, so what a flip opens is found by the position's first trade. What
    was split while it was open has no price in units of now: its average is worked out from its cost.
    """
    fills, rows = s.trades, np.arange(len(positions))
    row_of = np.full(s.engine.positions[0], -1)
    row_of[positions.array("position")] = rows
    row, price = row_of[fills.array("position")], fills.array("price")
    enters = (
        (row >= 0) & (fills.array("side") == positions.array("side")[row]) if len(rows) else np.zeros(len(row), bool)
    )
    group = np.concatenate([row[enters], rows])
    found = _one_price(len(rows), group, np.concatenate([price[enters], price[positions.array("trade_enter")]]))
    split = s.splits.array("position")[s.splits.array("after") != 0]
    over = row_of[split[split >= 0]]
    found[over[over >= 0]] = 0
    return found
