"""Average prices of fills: exactly the price where all of them had the same one.

Money is rounded to units, so an average that is worked out from it may lie a little beside every price that was paid.
"""

from __future__ import annotations

import numpy as np

from barter_bt.engine.state.tables import EngineState, Positions


def order_ticks(s: EngineState) -> np.ndarray:
    """Of each order the one price of its fills, in ticks; 0 if there are several or none."""
    order, price = s.trades.array("order"), s.trades.array("price")
    found = np.zeros(len(s.orders), np.int64)
    found[order] = price  # of any one of them
    found[order[price != found[order]]] = 0
    return found


def entry_ticks(s: EngineState, positions: Positions) -> np.ndarray:
    """Of each of some positions the one price at which it was entered, in ticks; 0 if there were several.

    A trade bears the position that it touched first, so what a flip opens is found by the position's first trade. What
    was split while it was open has no price in units of now: its average is worked out from its cost.
    """
    fills, price = s.trades, s.trades.array("price")
    found: np.ndarray = price[positions.array("trade_enter")]
    row_of = np.full(s.engine.positions[0], -1)
    row_of[positions.array("position")] = np.arange(len(found))
    if len(found):
        row = row_of[fills.array("position")]
        enters = (row >= 0) & (fills.array("side") == positions.array("side")[row])
        found[row[enters & (price != found[row])]] = 0
    split = s.splits.array("position")[s.splits.array("after") != 0]
    over = row_of[split[split >= 0]]
    found[over[over >= 0]] = 0
    return found
