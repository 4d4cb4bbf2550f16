"""What positions need to grow, and what isolated ones have set aside (rules 19, 70 and 71)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional
from barter_bt.engine.terms import RATE, Terms
from barter_bt.engine.tiers import MarginTiers, margin_by_tier


def required(terms: Terms, tiers: MarginTiers, i: int, lots: int, value: int) -> int:
    """Margin that so many lots of this notional, of either sign, tie up, in units of quote."""
    if terms.lot_margin_num[i] != 0:
        return _required_otherwise(terms, tiers, i, lots, value)
    return muldiv(abs(value), terms.margin_rate[i], RATE) if value <= LIMIT else TOO_LARGE


@unit
def _required_otherwise(terms: Terms, tiers: MarginTiers, i: int, lots: int, value: int) -> int:
    """By lot, whatever the notional, or by tier."""
    if terms.lot_margin_num[i] > 0:
        return muldiv(lots, terms.lot_margin_num[i], terms.lot_margin_den[i])
    return margin_by_tier(tiers, terms, i, abs(value)) if value <= LIMIT else TOO_LARGE


def required_at(terms: Terms, tiers: MarginTiers, i: int, lots: int, ticks: int) -> int:
    """Margin that so many lots tie up at a price."""
    return required(terms, tiers, i, lots, notional(terms, i, lots, ticks)) if lots > 0 else 0


@unit
def aside_after(
    terms: Terms, tiers: MarginTiers, i: int, quantity: int, aside: int, side: int, lots: int, ticks: int
) -> int:
    """What an isolated position of ``quantity`` has set aside after a fill; ``TOO_LARGE`` beyond the range."""
    held = abs(quantity)
    if quantity * side < 0 and lots < held:
        return aside - muldiv(aside, lots, held)
    if quantity * side < 0:
        return required_at(terms, tiers, i, lots - held, ticks)
    after = required_at(terms, tiers, i, bounded_sum(held, lots), ticks)
    before = required_at(terms, tiers, i, held, ticks)
    return bounded_sum(aside, after - before) if in_range(after) and in_range(before) else TOO_LARGE
