"""What isolated positions set aside (rule 70)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range
from barter_bt.engine.fault import fail_range
from barter_bt.engine.isolated import aside_after
from barter_bt.venue.matches import note_position
from barter_bt.venue.state import VenueState


@unit
def set_aside(v: VenueState, i: int, side: int, lots: int, ticks: int) -> None:
    """Before a fill is booked: what the position has set aside behind it."""
    b = v.markets
    _put_aside(v, i, aside_after(v.terms, v.tiers, i, b.quantity[i], b.aside[i], side, lots, ticks))


@unit
def fund_aside(v: VenueState, i: int, paid: int) -> None:
    """A funding of the position is of what it has set aside, as far as that goes."""
    _put_aside(v, i, max(bounded_sum(v.markets.aside[i], paid), 0))
    note_position(v, i)


def _put_aside(v: VenueState, i: int, amount: int) -> None:
    a, asset, before = v.accounts, v.terms.quote[i], v.markets.aside[i]
    if not in_range(amount):
        fail_range(v.fault, i, asset)
        return
    v.markets.aside[i] = amount
    a.aside[asset] = bounded_sum(a.aside[asset], amount - before)
    a.reserved[asset] = bounded_sum(a.reserved[asset], amount - before)
