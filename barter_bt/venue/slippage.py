"""By how much the price of an order that takes moves against it (rule 39).

Assumptions: an order's own size moves the market while it fills, and not for those that come after; the range of the
last candle stands for volatility, the volume that an event shows for what others would trade.
"""

from __future__ import annotations

import math

from barter_bt.book.read import lots_at
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.columns.exact import difference, muldiv_floor
from barter_bt.engine.order import BUY, LIMIT
from barter_bt.engine.terms import RATE, from_zero
from barter_bt.venue.state import QUOTES, TRADES, VenueState

_NOISE = 1e-6  # of a tick: what floats add


def slipped(v: VenueState, order: int, i: int, lots: int, ticks: int, evidence: int) -> int:
    """The price at which an order takes ``lots`` from an event of some kind that shows ``ticks``."""
    o, f = v.orders, v.fill_terms
    if not f.slips[i]:
        return ticks
    size = from_zero(v.terms, i, ticks)
    moved = by_ticks_and_rate(size, f.slip_ticks[i], f.slip_rate[i])
    if f.slip_by_candle[i]:
        moved += _by_candle(v, order, i, lots, size, _shown(v, order, i, ticks, evidence))
    price = max(ticks + o.side[order] * moved, 1)
    if o.kind[order] != LIMIT:
        return price
    return min(price, o.price[order]) if o.side[order] == BUY else max(price, o.price[order])


def by_ticks_and_rate(ticks: int, more: int, rate: int) -> int:
    """Ticks that are given, and ``ticks * rate / 1e9``, rounded up."""
    down = muldiv_floor(ticks, rate, RATE)
    return more + down + int(difference(ticks, rate, down, RATE) > 0)


def _by_candle(v: VenueState, order: int, i: int, lots: int, size: int, shown: int) -> int:
    f, extent = v.fill_terms, float(v.markets.candle_range[i])
    share = 1.0 if shown < lots else float(lots) / float(shown)
    moved = f.range_share[i] * extent + (f.volume_share[i] * float(size)) * (share * share)
    moved += (f.impact[i] * extent) * math.sqrt(share)
    return max(math.ceil(moved - _NOISE), 0)


def _shown(v: VenueState, order: int, i: int, ticks: int, evidence: int) -> int:
    """Whole lots that the event shows which fills an order; of a book its level."""
    if evidence == QUOTES and v.fill_terms.on_book[i]:
        return lots_at(v.books, 2 * i + (ASKS if v.orders.side[order] == BUY else BIDS), ticks)
    if evidence == QUOTES:
        return v.markets.ask_lots[i] if v.orders.side[order] == BUY else v.markets.bid_lots[i]
    return v.markets.traded[i] if evidence == TRADES else v.markets.candle_lots[i]
