"""Which market events fill which orders (rules 14 to 16).

Assumptions, shared by all evidence: own orders do not move the market; a resting order has no queue in front of
it but pays for that by the evidence it needs (on trades and candles, the market must go *through* its price, unless
the venue's `limit_fill` is `touch`; on quotes, the opposite quote must reach it); what one event offers is used once.
In a book it has a queue (:mod:`barter_bt.venue.queue`).

Nothing is paid here: what the market does to an order is noted as a match, and all matches of one time and class are
settled together (:mod:`barter_bt.venue.settle`), so that the order of rows decides nothing.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.order import POST_ONLY
from barter_bt.venue.held import meet_point, meet_price, meet_quote, meet_range
from barter_bt.venue.matches import note_expiry, note_fill
from barter_bt.venue.mixed import ON_CLOSE, ON_LAST_POINT, ON_OPEN, ON_POINT, ON_QUOTE, ON_TRADE, meet_mixed
from barter_bt.venue.participation import give, offer_open, offer_trade, on_offer, on_quote
from barter_bt.venue.queue import cross_resting, meet_queues
from barter_bt.venue.resting import BIDS, NOBODY, OFFERS, TAKERS, head, update_triggers
from barter_bt.venue.state import BOOK, CANDLES, HIGH_FIRST, NOT_VALUED, QUOTES, TRADES, VenueState
from barter_bt.venue.taking import fill_at, is_locked, leaves, note_taking, passes_over, usable
from barter_bt.venue.walking import match_waiting


@unit
def match_trade(v: VenueState, i: int, ticks: int, lots: int) -> None:
    """A trade at ``ticks`` of ``lots``: takers whole, then resting orders gone through or touched (rule 15)."""
    v.markets.traded[i] = lots
    offer_trade(v, i, lots)
    if v.fill_terms.taker_fills_on[i] == TRADES:
        _fill_takers(v, i, ticks)
    if v.fill_terms.maker_fills_on[i] == TRADES:
        depth_min = 1 - v.fill_terms.touch[i]
        offer = on_offer(v, i, lots, TRADES)
        left = _fill_resting(v, i, BIDS, ticks, depth_min, offer)
        give(v, i, offer - _fill_resting(v, i, OFFERS, ticks, depth_min, left), TRADES)
    elif v.fill_terms.maker_fills_on[i] == BOOK:
        meet_queues(v, i, ticks, lots)
    if v.markets.mixed[i]:
        meet_mixed(v, i, ON_TRADE, ticks, 0)
    elif v.fill_terms.triggers_on[i] == TRADES:
        meet_price(v, i, ticks)
    update_triggers(v, i)


@unit
def match_quote(v: VenueState, i: int) -> None:
    """A new standing quote: pending takers in order of arrival, then resting orders reached (rules 14, 15)."""
    b = v.markets
    b.locked[i] += int(is_locked(v, i))
    if v.fill_terms.taker_fills_on[i] == QUOTES:
        order = head(v, i, TAKERS)
        while order != NOBODY:
            match_waiting(v, order, i)
            order = v.orders.after[order]
    if v.fill_terms.maker_fills_on[i] == QUOTES and usable(v, i):
        offer = on_quote(v, i, b.ask_lots[i], b.ask_left[i])
        b.ask_left[i] -= offer - _fill_resting(v, i, BIDS, b.ask[i], 0, offer)
        offer = on_quote(v, i, b.bid_lots[i], b.bid_left[i])
        b.bid_left[i] -= offer - _fill_resting(v, i, OFFERS, b.bid[i], 0, offer)
    elif v.fill_terms.maker_fills_on[i] == BOOK:
        cross_resting(v, i)
    if b.mixed[i]:
        meet_mixed(v, i, ON_QUOTE, 0, 0)
    elif v.fill_terms.triggers_on[i] == QUOTES and not is_locked(v, i):
        meet_quote(v, i)
    update_triggers(v, i)


def _fill_takers(v: VenueState, i: int, ticks: int) -> None:
    """All takers that wait meet one price."""
    order = head(v, i, TAKERS)
    while order != NOBODY:
        if leaves(v, order) > 0 and not passes_over(v, order, i):
            fill_at(v, order, i, ticks)
        order = v.orders.after[order]


def _fill_resting(v: VenueState, i: int, which: int, ticks: int, depth_min: int, lots: int) -> int:
    """Resting orders of one side that a price goes beyond by ``depth_min`` ticks, best first; returns the lots left."""
    order = head(v, i, which)
    while lots > 0 and order != NOBODY and _depth(v, order, ticks) >= depth_min:
        done = min(lots, leaves(v, order))
        if done > 0:
            note_fill(v, order, i, done, v.orders.price[order], 1)
            lots -= done
        order = v.orders.after[order]
    return lots


def _depth(v: VenueState, order: int, ticks: int) -> int:
    """By how many ticks a price is better for the order than its own: beyond it."""
    return v.orders.side[order] * (v.orders.price[order] - ticks)


@unit
def match_open(v: VenueState, i: int, ticks: int) -> None:
    """A candle opens at ``ticks``: takers, and limits that the open reaches (rule 16)."""
    offer_open(v, i)
    if v.fill_terms.taker_fills_on[i] == CANDLES:
        _fill_takers(v, i, ticks)
    if v.fill_terms.maker_fills_on[i] == CANDLES:
        for which in (BIDS, OFFERS):
            order = head(v, i, which)
            while order != NOBODY and _depth(v, order, ticks) >= 0:
                if leaves(v, order) > 0:
                    _open_reaches(v, order, i, ticks)
                order = v.orders.after[order]
    if v.markets.mixed[i]:
        meet_mixed(v, i, ON_OPEN, ticks, 0)
    elif v.fill_terms.triggers_on[i] == CANDLES:
        meet_price(v, i, ticks)
    v.markets.opened[i] = v.clock.time[0]


def _open_reaches(v: VenueState, order: int, i: int, ticks: int) -> None:
    """The order takes at the open, unless it shall not: then the first open that it meets expires it."""
    lots = on_offer(v, i, leaves(v, order), CANDLES)
    if v.orders.post_only[order] and v.markets.opened[i] < v.orders.arrival[order]:
        note_expiry(v, order, POST_ONLY)
    elif lots > 0:
        if v.orders.post_only[order]:
            note_fill(v, order, i, lots, v.orders.price[order], 1)
        else:
            note_taking(v, order, i, lots, ticks, CANDLES)
        give(v, i, lots, CANDLES)


@unit
def match_close(v: VenueState, i: int, time_open: int, low: int, high: int, ticks: int) -> None:
    """A candle is complete: takers meet its close, resting limits its range (rule 16)."""
    b = v.markets
    b.low[i], b.high[i], b.closed[i], b.time_open[i] = low, high, v.clock.time[0], time_open
    if v.fill_terms.taker_fills_on[i] == CANDLES:
        _fill_takers(v, i, ticks)
    if v.fill_terms.maker_fills_on[i] == CANDLES:
        depth_min = 1 - v.fill_terms.touch[i]
        _fill_in_range(v, i, BIDS, low, depth_min, time_open)
        _fill_in_range(v, i, OFFERS, high, depth_min, time_open)
    if v.markets.mixed[i]:
        meet_mixed(v, i, ON_CLOSE, ticks, time_open)
    elif v.fill_terms.triggers_on[i] == CANDLES:
        meet_range(v, i, time_open, low, high, ticks)


@unit
def match_point(v: VenueState, i: int, ticks: int, is_close: int) -> None:
    """A candle with a path has come to a price (rule 59): takers meet only its close."""
    if is_close and v.fill_terms.taker_fills_on[i] == CANDLES:
        _fill_takers(v, i, ticks)
    if v.fill_terms.maker_fills_on[i] == CANDLES:
        depth_min = 1 - v.fill_terms.touch[i]
        _fill_in_range(v, i, BIDS, ticks, depth_min, v.markets.time_open[i])
        _fill_in_range(v, i, OFFERS, ticks, depth_min, v.markets.time_open[i])
    if v.markets.mixed[i]:
        meet_mixed(v, i, ON_LAST_POINT if is_close else ON_POINT, ticks, 0)
    elif v.fill_terms.triggers_on[i] == CANDLES:
        meet_point(v, i, ticks)


def _fill_in_range(v: VenueState, i: int, which: int, extreme: int, depth_min: int, time_open: int) -> None:
    """Resting orders of one side that were there when the candle opened, and that its extreme goes beyond.

    Where it has a path, also those that one of its points has brought.
    """
    order, now = head(v, i, which), v.clock.time[0] if v.fill_terms.candle_path[i] >= HIGH_FIRST else NOT_VALUED
    while order != NOBODY and _depth(v, order, extreme) >= depth_min:
        lots = on_offer(v, i, leaves(v, order), CANDLES)
        if lots > 0 and (v.orders.arrival[order] <= time_open or v.orders.arrival[order] == now):
            note_fill(v, order, i, lots, v.orders.price[order], 1)
            give(v, i, lots, CANDLES)
        order = v.orders.after[order]
