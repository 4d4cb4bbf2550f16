"""A position that the venue itself closes: it is liquidated, or settled (rules 43 and 46)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.accounting import notional
from barter_bt.engine.fault import fail_range
from barter_bt.engine.order import BUY, SELL
from barter_bt.venue.fill import post
from barter_bt.venue.report import report_close_out
from barter_bt.venue.state import VenueState


def close_out(v: VenueState, i: int, ticks: int, fee: int, reason: int) -> None:
    """Close a position whole at ``ticks`` for a fee, and report it: a fill of an order that nobody has sent."""
    close_lots(v, i, abs(v.markets.quantity[i]), ticks, fee, reason)


def close_lots(v: VenueState, i: int, lots: int, ticks: int, fee: int, reason: int) -> None:
    """Close so many lots of a position."""
    side = SELL if v.markets.quantity[i] > 0 else BUY
    value = notional(v.terms, i, lots, ticks)
    if value > LIMIT or fee > LIMIT:
        fail_range(v.fault, i, v.terms.quote[i])
        return
    post(v, i, side, lots, ticks, value, fee)
    report_close_out(v, i, lots, ticks, value, fee, reason)
