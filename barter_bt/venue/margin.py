"""Whether the account can bear a fill of a margined instrument (rule 19).

Assumptions: one account per exchange; positions are valued at the last prices that the venue has seen, the one
being filled at its fill's price; resting orders tie up nothing.
"""

from __future__ import annotations

from barter_bt.columns.exact import TOO_LARGE, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import (
    after_fill,
    closing_price,
    in_range,
    mid,
    notional,
    position_value,
    weighted_mid,
)
from barter_bt.engine.fault import fail_range
from barter_bt.engine.isolated import aside_after, required_at
from barter_bt.engine.pledges import pledge_worth
from barter_bt.engine.terms import CLOSING, CROSS, ISOLATED, LAST, MID, WEIGHTED_MID
from barter_bt.venue.state import VenueState


def requirement(v: VenueState, i: int, quantity: int, ticks: int) -> int:
    """Margin that a position ties up, in units of quote."""
    t = v.terms
    if t.strike[i] > 0:
        if quantity > 0:
            return notional(t, i, quantity, ticks)  # paid for, and nothing is bought on the strength of it
        ticks = t.strike[i]
    return required_at(t, v.tiers, i, abs(quantity), ticks)


def mark_ticks(v: VenueState, i: int) -> int:
    """The last price of an instrument that the venue has seen, or a later own fill's."""
    b = v.markets
    if b.fill_mark[i] > 0:
        return b.fill_mark[i]
    if 0 < b.bid[i] < b.ask[i]:
        if v.terms.mark_by[i] != WEIGHTED_MID:
            return _other_mark(v, i)
        return weighted_mid(b.bid[i], b.bid_lots[i], b.ask[i], b.ask_lots[i])
    return b.last[i]


@unit
def _other_mark(v: VenueState, i: int) -> int:
    """Where the exchange does not go by the weighted mid, what its book with both sides says (rule 73)."""
    b, by = v.markets, v.terms.mark_by[i]
    if by == MID:
        return mid(b.bid[i], b.ask[i])
    if by == LAST and b.last[i] > 0:
        return b.last[i]
    if by == CLOSING and b.quantity[i] != 0:
        return closing_price(v.terms, i, b.quantity[i], b.bid[i], b.ask[i])
    return weighted_mid(b.bid[i], b.bid_lots[i], b.ask[i], b.ask_lots[i])


def revalue(v: VenueState, asset: int) -> None:
    """Sum value and requirement of all positions in an asset, once for each time: all its prices are seen by then."""
    a, b, t = v.accounts, v.markets, v.terms
    if a.valued_at[asset] == v.clock.time[0]:
        return
    collateral = gross = needed = 0
    for i in range(len(b)):
        if t.margined[i] == CROSS and t.quote[i] == asset and b.quantity[i] != 0:
            ticks = mark_ticks(v, i)
            b.value[i] = position_value(t, i, b.quantity[i], b.cost_basis[i], ticks)
            b.need[i] = requirement(v, i, b.quantity[i], ticks)
            gross = bounded_sum(gross, abs(b.value[i]))
            needed = bounded_sum(needed, b.need[i])
            collateral = bounded_sum(collateral, b.value[i])
            if not (in_range(gross) and in_range(needed)):
                fail_range(v.fault, i, asset)
    a.collateral[asset], a.requirement[asset] = collateral, needed
    a.valued_at[asset] = v.clock.time[0]


def replace_contribution(v: VenueState, i: int, ticks: int) -> None:
    """After a fill: the instrument's part in the sums, at its fill's price."""
    a, b, asset = v.accounts, v.markets, v.terms.quote[i]
    value = position_value(v.terms, i, b.quantity[i], b.cost_basis[i], ticks)
    need = requirement(v, i, b.quantity[i], ticks)
    a.collateral[asset] = bounded_sum(bounded_sum(a.collateral[asset], -b.value[i]), value)
    a.requirement[asset] = bounded_sum(bounded_sum(a.requirement[asset], -b.need[i]), need)
    b.value[i], b.need[i] = value, need
    if not (in_range(value) and in_range(a.collateral[asset]) and in_range(a.requirement[asset])):
        fail_range(v.fault, i, asset)


def own_money(v: VenueState, asset: int) -> int:
    """What there is of an asset beside what margined spot positions hold of it: below 0 it is owed."""
    return bounded_sum(v.accounts.total[asset], -v.accounts.held[asset])


def free_money(v: VenueState, asset: int, i: int, ticks: int) -> int:
    """What of that nothing reserves, and what other assets count with an instrument marked at its fill's price."""
    free = bounded_sum(own_money(v, asset), -v.accounts.reserved[asset])
    return bounded_sum(free, backing(v, asset, i, ticks)) if v.accounts.backed[asset] else free


@unit
def backing(v: VenueState, asset: int, filling: int, ticks: int) -> int:
    """What other assets count as collateral in this one (rule 75).

    For a fill of an instrument, at ``ticks``, which are its mark then, as far as nothing reserves them; -1 is none.
    """
    total, p = 0, v.pledges
    for row in range(len(p)):
        if p.counts_in[row] == asset:
            other = p.asset[row]
            amount = bounded_sum(own_money(v, other), -v.accounts.reserved[other] if filling >= 0 else 0)
            mark = ticks if p.instrument[row] == filling else mark_ticks(v, p.instrument[row])
            total = bounded_sum(total, pledge_worth(p, row, amount, mark))
    return total


@unit
def transferable(v: VenueState, i: int, wanted: int) -> int:
    """What of an amount can be added to what an isolated position has set aside, or taken from it (rule 79)."""
    a, b, asset, ticks = v.accounts, v.markets, v.terms.quote[i], mark_ticks(v, i)
    if wanted < 0:
        worth = position_value(v.terms, i, b.quantity[i], b.cost_basis[i], ticks)
        kept = bounded_sum(b.aside[i], min(worth, 0))
        return -min(-wanted, max(bounded_sum(kept, -requirement(v, i, b.quantity[i], ticks)), 0))
    revalue(v, asset)
    spare = bounded_sum(free_money(v, asset, i, ticks), a.collateral[asset])
    return min(wanted, max(bounded_sum(spare, -a.requirement[asset]), 0))


@unit
def has_margin_for(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, fee: int) -> bool:
    """Whether collateral covers the requirement once ``lots`` are filled for notional ``value`` and a ``fee``.

    What would leave the range is not covered (rule 2).
    """
    a, b, t = v.accounts, v.markets, v.terms
    quantity = b.quantity[i]
    if quantity * side < 0 and lots <= abs(quantity):
        return True
    asset = t.quote[i]
    revalue(v, asset)
    if t.margined[i] == ISOLATED:
        return can_set_aside(v, i, side, lots, ticks, value, fee)
    new_quantity, new_basis, gain = after_fill(t, i, quantity, b.cost_basis[i], side, lots, ticks, value)
    paid = bounded_sum(gain if t.derivative[i] else -side * value, -fee)
    free = free_money(v, asset, i, ticks)
    cash = bounded_sum(free, paid)
    worth = position_value(t, i, new_quantity, new_basis, ticks)
    worth = bounded_sum(bounded_sum(a.collateral[asset], -b.value[i]), worth) if in_range(worth) else TOO_LARGE
    needed = bounded_sum(a.requirement[asset], -b.need[i])
    needed = bounded_sum(needed, requirement(v, i, new_quantity, ticks))
    known = in_range(new_basis) and in_range(paid) and in_range(free) and in_range(worth) and in_range(needed)
    return known and in_range(cash) and bounded_sum(cash, worth) >= needed


@unit
def can_set_aside(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, fee: int) -> bool:
    """Whether what is free covers what an isolated position sets aside for a fill that enlarges or turns it (rule 70).

    What all others are worth beyond what they need is free, too, as where they stand together.
    """
    a, b, t, asset = v.accounts, v.markets, v.terms, v.terms.quote[i]
    _, basis, gain = after_fill(t, i, b.quantity[i], b.cost_basis[i], side, lots, ticks, value)
    aside = aside_after(t, v.tiers, i, b.quantity[i], b.aside[i], side, lots, ticks)
    free = free_money(v, asset, i, ticks)
    cash = bounded_sum(free, bounded_sum(gain, -fee))
    known = in_range(basis) and in_range(gain) and in_range(aside) and in_range(free)
    return (
        known
        and in_range(cash)
        and bounded_sum(cash, bounded_sum(a.collateral[asset], b.aside[i] - aside)) >= a.requirement[asset]
    )
