"""Futures that are settled by day: what they have gained is paid, and counts from the settlement price on (rule 102).

Only what the venue counts with changes: its ``cost_basis`` is the settled basis. The engine keeps the cost of the
trades beside what has been paid, so that entry average, realised and unrealised stay those of the trades.
"""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional, position_value
from barter_bt.engine.fault import fail_range
from barter_bt.engine.messages import FLOW
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.matches import note_worth
from barter_bt.venue.report import report_flow
from barter_bt.venue.state import VenueState


@unit
def settle_day(v: VenueState, row: int) -> None:
    """Pay what the position of a row's instrument has gained since it was last settled, or opened."""
    a, b, t, i, asset = v.accounts, v.markets, v.terms, v.flows.instrument[row], v.flows.asset[row]
    lots, ticks = b.quantity[i], v.flows.num[row] if v.flows.num[row] > 0 else mark_ticks(v, i)
    if lots == 0 or ticks == 0:
        return
    paid, basis = position_value(t, i, lots, b.cost_basis[i], ticks), notional(t, i, abs(lots), ticks)
    a.total[asset] = bounded_sum(a.total[asset], paid)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(basis) and in_range(paid) and in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, i, asset)
        return
    if paid == 0:
        return
    b.cost_basis[i] = basis
    if a.valued_at[asset] == v.clock.time[0]:  # it is worth so much less, and the account has it
        b.value[i] -= paid
        a.collateral[asset] = bounded_sum(a.collateral[asset], -paid)
    report_flow(v, FLOW, row, paid)
    note_worth(v, asset)
