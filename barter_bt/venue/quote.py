"""The standing quote at the venue: that of a stream of quotes, or the best of a book."""

from __future__ import annotations

from barter_bt.columns.marks import hot
from barter_bt.venue.alarm import show_quote
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.match import match_quote
from barter_bt.venue.state import VenueState


@hot
def set_quote(v: VenueState, i: int, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
    """Another standing quote, in ticks and lots: note it, and fill what it fills."""
    b = v.markets
    if not 0 < bid < ask and b.last[i] == 0 and v.clock.needs_marks[0]:
        b.fill_mark[i] = mark_ticks(v, i)
    b.bid[i], b.ask[i], b.bid_left[i], b.ask_left[i] = bid, ask, bid_lots, ask_lots
    b.bid_lots[i], b.ask_lots[i], b.quote_time[i] = bid_lots, ask_lots, v.clock.time[0]
    if 0 < bid < ask or b.last[i] > 0:
        b.fill_mark[i] = 0
        if b.watched[i]:
            show_quote(v, i, bid, ask)
    reaches = (ask > 0 and ask <= b.quote_buy[i]) or (bid > 0 and bid >= b.quote_sell[i])
    if reaches or max(ask, bid) >= b.quote_rise[i] or bid <= b.quote_fall[i]:  # one side may be empty
        match_quote(v, i)
