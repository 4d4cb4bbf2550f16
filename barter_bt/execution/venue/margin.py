"""Whether the account can bear a fill of a margined instrument (rule 19).

Assumptions: one account per exchange; positions are valued at the last prices that the venue has seen, the one
being filled at its fill's price; resting orders tie up nothing; there is no interest and, in this version, no
liquidation: a position that loses more than its margin stays, and further increases are refused.
"""

from __future__ import annotations

from barter_bt.columns.exact import muldiv
from barter_bt.execution.dealing import RATE, after_fill, notional, position_value, weighted_mid
from barter_bt.execution.venue.state import VenueState


def requirement(v: VenueState, i: int, quantity: int, ticks: int) -> int:
    """Margin that a position ties up, in units of quote."""
    t, lots = v.terms, abs(quantity)
    if lots == 0:
        return 0
    if t.lot_margin_num[i] > 0:
        return muldiv(lots, t.lot_margin_num[i], t.lot_margin_den[i])
    return muldiv(notional(t, i, lots, ticks), t.margin_rate[i], RATE)


def mark_ticks(v: VenueState, i: int) -> int:
    """The last price of an instrument that the venue has seen, or a later own fill's."""
    b = v.books
    if b.fill_mark[i] > 0:
        return b.fill_mark[i]
    if 0 < b.bid[i] < b.ask[i]:
        return weighted_mid(b.bid[i], b.bid_lots[i], b.ask[i], b.ask_lots[i])
    return b.last[i]


def revalue(v: VenueState, asset: int) -> None:
    """Sum value and requirement of all positions in an asset, once for each price that the venue sees."""
    a, b, t = v.accounts, v.books, v.terms
    if a.valued_at[asset] == v.desk.time[0]:
        return
    collateral = needed = 0
    for i in range(len(b)):
        if t.margined[i] and t.quote[i] == asset and b.quantity[i] != 0:
            ticks = mark_ticks(v, i)
            b.value[i] = position_value(t, i, b.quantity[i], b.cost[i], ticks)
            b.need[i] = requirement(v, i, b.quantity[i], ticks)
            collateral += b.value[i]
            needed += b.need[i]
    a.collateral[asset], a.requirement[asset] = collateral, needed
    a.valued_at[asset] = v.desk.time[0]


def replace_contribution(v: VenueState, i: int, ticks: int) -> None:
    """After a fill: the instrument's part in the sums, at its fill's price."""
    a, b, asset = v.accounts, v.books, v.terms.quote[i]
    value = position_value(v.terms, i, b.quantity[i], b.cost[i], ticks)
    need = requirement(v, i, b.quantity[i], ticks)
    a.collateral[asset] += value - b.value[i]
    a.requirement[asset] += need - b.need[i]
    b.value[i], b.need[i] = value, need


def bears(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, cost: int) -> bool:
    """Whether collateral covers the requirement once ``lots`` are filled for notional ``value`` and fee ``cost``."""
    a, b, t = v.accounts, v.books, v.terms
    quantity = b.quantity[i]
    if quantity * side < 0 and lots <= abs(quantity):
        return True
    asset = t.quote[i]
    revalue(v, asset)
    new_quantity, new_cost, gain = after_fill(t, i, quantity, b.cost[i], side, lots, ticks)
    paid = gain if t.derivative[i] else -side * value
    collateral = (
        a.total[asset]
        - a.reserved[asset]
        + paid
        - cost
        + a.collateral[asset]
        - b.value[i]
        + position_value(t, i, new_quantity, new_cost, ticks)
    )
    return collateral >= a.requirement[asset] - b.need[i] + requirement(v, i, new_quantity, ticks)
