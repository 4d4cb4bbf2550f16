"""Margin by asset, as the engine knows positions and prices (rules 19 and 21)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.position import value_at_mark
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import RATE


def requirement(s: EngineState, i: int) -> int:
    """Margin that the open position ties up at its mark, in units of its quote or settlement asset."""
    t, ins = s.terms, s.instruments
    lots, mark = abs(ins.quantity[i]), ins.own_mark[i]
    if lots == 0:
        return 0
    if t.strike[i] > 0 and ins.quantity[i] > 0:
        return value_at_mark(s, i)
    if t.lot_margin_num[i] > 0:
        return muldiv(lots, t.lot_margin_num[i], t.lot_margin_den[i])
    if t.strike[i] > 0:
        value = notional(t, i, lots, t.strike[i])
    elif mark < 0:  # just opened: it is marked at its cost
        value = ins.cost_basis[i]
    else:
        value = notional(t, i, lots, mark if mark > 0 else price_ticks(s, i))
    return muldiv(value, t.margin_rate[i], RATE) if value <= LIMIT else TOO_LARGE


@unit
def used_margin(s: EngineState, asset: int) -> int:
    """What all positions that are margined in an asset tie up; UNKNOWN beyond the range."""
    total = 0
    for i in range(len(s.instruments)):
        if s.terms.margined[i] and s.terms.quote[i] == asset:
            total = bounded_sum(total, requirement(s, i))
    return total if in_range(total) else UNKNOWN


@unit
def free_margin(s: EngineState, asset: int) -> int:
    """What of an asset new positions can tie up: its free balance and the value of positions, less what they need.

    What margined spot positions hold of it as their base counts where they are quoted (rule 19).
    """
    used, total, t = used_margin(s, asset), s.assets.free[asset], s.terms
    for i in range(len(s.instruments)):
        quantity = s.instruments.quantity[i] if t.margined[i] else 0
        if quantity != 0 and t.quote[i] == asset:
            total = bounded_sum(total, value_at_mark(s, i))
        elif quantity != 0 and t.base[i] == asset:
            total = bounded_sum(total, -quantity * t.base_units[i])
    if used == UNKNOWN or not in_range(total):
        return UNKNOWN
    total = bounded_sum(total, -used)
    return total if in_range(total) else UNKNOWN
