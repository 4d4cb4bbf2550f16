"""Positions that are open when a run ends, as rows of the journal of positions."""

from __future__ import annotations

import numpy as np

from barter_bt.engine.order import NO_TIME
from barter_bt.engine.state.tables import EngineState, Positions

_SAME = ("position", "quantity_max", "cost_basis", "realised", "fees_enter", "fees_exit", "time_enter", "trade_enter")


def open_positions(s: EngineState) -> Positions:
    """The positions that are open, in the order of opening; they have no exit: its trade is -1.

    ``quantity`` is what is open, and the strategy that of the order that opened it.
    """
    held = s.instruments
    quantity, number = held.array("quantity"), held.array("position")
    rows = np.flatnonzero(quantity)
    rows = rows[np.argsort(number[rows], kind="stable")]
    found = Positions(max(len(rows), 1))
    found.truncate(len(rows))
    for column in _SAME:
        found.array(column)[:] = held.array(column)[rows]
    found.array("instrument")[:], found.array("side")[:] = rows, np.sign(quantity[rows])
    found.array("quantity")[:] = np.abs(quantity[rows])
    found.array("time_exit")[:], found.array("trade_exit")[:] = NO_TIME, -1
    orders = s.trades.array("order")[found.array("trade_enter")]
    found.array("strategy")[:] = s.orders.array("strategy")[orders]
    return found
