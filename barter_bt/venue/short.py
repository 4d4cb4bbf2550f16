"""What positions must keep, at which price they do not, and how they go down tier by tier (rules 42, 43, 71 and 72)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_of, fee_of_order, notional, position_value
from barter_bt.engine.agenda import CASH_FLOW
from barter_bt.engine.order import LIQUIDATION
from barter_bt.engine.terms import RATE
from barter_bt.engine.tiers import maintenance_by_tier, tier_of
from barter_bt.venue.closing import close_out
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.state import VenueState

NOWHERE = 0  # in place of a price


def maintenance(v: VenueState, i: int, ticks: int) -> int:
    """What a position needs as long as it is held, in units of quote (rules 42 and 71)."""
    m, lots = v.margin_terms, abs(v.markets.quantity[i])
    if v.terms.strike[i] > 0:
        if v.markets.quantity[i] > 0:
            return 0
        ticks = v.terms.strike[i]
    if m.lot_maintenance_num[i] > 0:
        return muldiv(lots, m.lot_maintenance_num[i], m.lot_maintenance_den[i])
    if m.maintenance_rate[i] == 0:
        return 0
    value = abs(notional(v.terms, i, lots, ticks))
    if value > LIMIT:
        return TOO_LARGE
    if m.lot_maintenance_num[i] < 0:
        return maintenance_by_tier(v.tiers, v.terms, i, value)
    return muldiv(value, m.maintenance_rate[i], RATE)


def spare_at(v: VenueState, i: int, ticks: int, beside: int) -> int:
    """By how much a position at ``ticks`` has more than it must keep, with so much beside its own value."""
    value = position_value(v.terms, i, v.markets.quantity[i], v.markets.cost_basis[i], ticks)
    return bounded_sum(bounded_sum(beside, value), -maintenance(v, i, ticks))


def is_covered(v: VenueState, i: int, ticks: int, beside: int) -> bool:
    """Whether that is not less than nothing."""
    return spare_at(v, i, ticks, beside) >= 0


def has_shown_range(v: VenueState, i: int) -> bool:
    """Whether a candle that closes now has shown how far the market went, which counts against the position."""
    b, now = v.markets, v.clock.time[0]
    return v.clock.stage[0] <= CASH_FLOW and b.shown_time[i] == now and b.increased[i] != now


@unit
def price_short(v: VenueState, i: int, beside: int) -> int:
    """The first price from a candle's open to its extreme at which a position is not covered; ``NOWHERE`` if it is."""
    opened, extreme = v.markets.shown_open[i], v.markets.shown_extreme[i]
    if is_covered(v, i, extreme, beside):
        return NOWHERE
    covered, short = opened, extreme
    if not is_covered(v, i, opened, beside):
        short = opened
    while abs(short - covered) > 1:
        middle = (covered + short) // 2
        if is_covered(v, i, middle, beside):
            covered = middle
        else:
            short = middle
    v.markets.shown_open[i] = short  # what is left of it is held against the rest
    return short


def standing_price(v: VenueState, i: int) -> int:
    """What the standing quote pays for a position, if it has both sides and they are apart; else the mark."""
    b = v.markets
    if 0 < b.bid[i] < b.ask[i]:
        return b.bid[i] if b.quantity[i] > 0 else b.ask[i]
    return mark_ticks(v, i)


def liquidate(v: VenueState, i: int, lots: int, ticks: int) -> None:
    """Close so much of a position, for the fee of a taker's order and that of a liquidation."""
    t, value = v.terms, notional(v.terms, i, lots, ticks)
    fee = TOO_LARGE
    if value <= LIMIT:
        taken = fee_of_order(t, i, fee_of(t, i, value, lots, 0), abs(value))
        fee = bounded_sum(taken, muldiv(abs(value), v.margin_terms.liquidation_rate[i], RATE))
    close_out(v, i, lots, ticks, fee, LIQUIDATION)


@unit
def step_down(v: VenueState, i: int, ticks: int) -> bool:
    """Bring a position into the tier below that in which it lies at ``ticks``; says whether there is one."""
    if not v.margin_terms.steps[i]:
        return False
    lots, t = abs(v.markets.quantity[i]), v.terms
    tier = tier_of(v.tiers, t, i, abs(notional(t, i, lots, ticks)))
    if tier == t.tier_first[i]:
        return False
    low, high = 0, lots - 1
    while low < high:
        middle = low + (high - low + 1) // 2
        if abs(notional(t, i, middle, ticks)) <= v.tiers.bound[tier - 1]:
            low = middle
        else:
            high = middle - 1
    liquidate(v, i, lots - low, ticks)
    return True
