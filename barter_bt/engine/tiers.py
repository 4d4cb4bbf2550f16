"""Margin by tiers of the notional (rule 71)."""

from __future__ import annotations

from barter_bt.columns.column import I64
from barter_bt.columns.exact import muldiv
from barter_bt.columns.marks import unit
from barter_bt.columns.table import Table
from barter_bt.engine.terms import RATE, Terms

BY_TIER = -1  # in the terms of an instrument, in place of an amount per lot


class MarginTiers(Table):
    """The tiers of all instruments: of one the rows ``tier_first`` to before ``tier_end`` of its terms, by notional."""

    bound: I64  # the largest notional in it, in units of quote
    rate: I64  # of all of the notional, in 1e-9, unless the account has chosen more
    maintenance: I64
    deduction: I64  # the maintenance amount, in units of quote


@unit
def tier_of(tiers: MarginTiers, terms: Terms, i: int, value: int) -> int:
    """Row of the tier in which a notional lies."""
    row = terms.tier_first[i]
    while row < terms.tier_end[i] - 1 and value > tiers.bound[row]:
        row += 1
    return row


@unit
def margin_by_tier(tiers: MarginTiers, terms: Terms, i: int, value: int) -> int:
    """What a position of this notional ties up."""
    return muldiv(value, max(terms.margin_rate[i], tiers.rate[tier_of(tiers, terms, i, value)]), RATE)


@unit
def maintenance_by_tier(tiers: MarginTiers, terms: Terms, i: int, value: int) -> int:
    """What a position of this notional needs as long as it is held."""
    row = tier_of(tiers, terms, i, value)
    return muldiv(value, tiers.maintenance[row], RATE) - tiers.deduction[row]
