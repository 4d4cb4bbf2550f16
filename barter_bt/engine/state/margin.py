"""Margin by asset, as the engine knows positions and prices (rules 19 and 21)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range
from barter_bt.engine.isolated import aside_after, required, required_at
from barter_bt.engine.pledges import pledge_worth
from barter_bt.engine.state.market import market_mark
from barter_bt.engine.state.position import value_at_mark
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import CROSS, ISOLATED


def requirement(s: EngineState, i: int) -> int:
    """Margin that the open position ties up at its mark, in units of its quote or settlement asset."""
    t, ins = s.terms, s.instruments
    lots, mark = abs(ins.quantity[i]), ins.own_mark[i]
    if lots == 0:
        return 0
    if t.strike[i] > 0 and ins.quantity[i] > 0:
        return value_at_mark(s, i)
    if t.strike[i] > 0:
        return required_at(t, s.tiers, i, lots, t.strike[i])
    if mark < 0:  # just opened: it is marked at its cost
        return required(t, s.tiers, i, lots, ins.cost_basis[i])
    return required_at(t, s.tiers, i, lots, mark if mark > 0 else market_mark(s, i))


@unit
def used_margin(s: EngineState, asset: int) -> int:
    """What all positions that are margined in an asset tie up; UNKNOWN beyond the range."""
    total = _used_together(s, asset)
    for i in range(len(s.instruments)):
        if s.terms.margined[i] == ISOLATED and s.terms.quote[i] == asset:
            total = bounded_sum(total, s.instruments.aside[i])
    return total if in_range(total) else UNKNOWN


def _used_together(s: EngineState, asset: int) -> int:
    """What the positions tie up that stand together; what others have set aside is not free anyway."""
    total = 0
    for i in range(len(s.instruments)):
        if s.terms.margined[i] == CROSS and s.terms.quote[i] == asset:
            total = bounded_sum(total, requirement(s, i))
    return total


@unit
def free_margin(s: EngineState, asset: int) -> int:
    """What of an asset new positions can tie up: its free balance and the value of positions, less what they need.

    What margined spot positions hold of it as their base counts where they are quoted (rule 19).
    """
    used, total, t = _used_together(s, asset), s.assets.free[asset], s.terms
    for i in range(len(s.instruments)):
        quantity = s.instruments.quantity[i] if t.margined[i] == CROSS else 0
        if quantity != 0 and t.quote[i] == asset:
            total = bounded_sum(total, value_at_mark(s, i))
        elif quantity != 0 and t.base[i] == asset:
            total = bounded_sum(total, -quantity * t.base_units[i])
    if len(s.pledges) > 0:
        total = bounded_sum(total, _backing(s, asset))
    if not in_range(used) or not in_range(total):
        return UNKNOWN
    total = bounded_sum(total, -used)
    return total if in_range(total) else UNKNOWN


def _backing(s: EngineState, asset: int) -> int:
    """What other assets count as collateral in this one (rule 75)."""
    total, p, t = 0, s.pledges, s.terms
    for row in range(len(p)):
        if p.counts_in[row] == asset:
            amount, priced = s.assets.free[p.asset[row]], p.instrument[row]
            for i in range(len(t)):
                if t.margined[i] == CROSS and t.base[i] == p.asset[row]:
                    amount = bounded_sum(amount, -s.instruments.quantity[i] * t.base_units[i])
            own = s.instruments.own_mark[priced]
            ticks = own if own > 0 and s.instruments.quantity[priced] != 0 else market_mark(s, priced)
            total = bounded_sum(total, pledge_worth(p, row, amount, ticks))
    return total


@unit
def set_aside(s: EngineState, i: int, side: int, lots: int, ticks: int) -> None:
    """What an isolated position has set aside, before a fill of it is applied (rule 70)."""
    ins = s.instruments
    ins.aside[i] = aside_after(s.terms, s.tiers, i, ins.quantity[i], ins.aside[i], side, lots, ticks)


@unit
def fund_aside(s: EngineState, i: int, paid: int) -> None:
    """A funding is of what an isolated position has set aside, as far as that goes."""
    if s.terms.margined[i] == ISOLATED:
        s.instruments.aside[i] = max(bounded_sum(s.instruments.aside[i], paid), 0)
