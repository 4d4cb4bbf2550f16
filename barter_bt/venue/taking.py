"""When an order takes, and at what (rule 14).

Nothing is paid here: what the market does to an order is noted as a match, and all matches of one time and class are
settled together (:mod:`barter_bt.venue.settle`), so that the order of rows decides nothing.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import OPENING, VENUE_MARKET
from barter_bt.engine.order import ANY_FILL, BUY, FOK, GTC, MARKET, NEXT_CLOSE, NEXT_OPEN, NOT_FILLED, THIS_CLOSE
from barter_bt.engine.terms import whole_lots
from barter_bt.venue.matches import note_expiry, note_fill
from barter_bt.venue.participation import give, on_offer, on_quote
from barter_bt.venue.sizing import size_at
from barter_bt.venue.slippage import slipped
from barter_bt.venue.state import CANDLES, HIGH_FIRST, QUOTES, TRADES, VenueState


def is_within_limit(v: VenueState, order: int, ticks: int) -> bool:
    """Whether an order's limit allows a fill at ``ticks``."""
    if v.orders.kind[order] == MARKET:
        return True
    if v.orders.side[order] == BUY:
        return ticks <= v.orders.price[order]
    return ticks >= v.orders.price[order]


def leaves(v: VenueState, order: int) -> int:
    """Lots of an order that are neither filled nor matched by an earlier event of the same time."""
    return v.orders.quantity[order] - v.orders.filled[order] - v.orders.matched[order]


def usable(v: VenueState, i: int) -> bool:
    """Whether the standing quote may fill anything: not crossed, not stale (rule 14)."""
    b = v.markets
    age = v.clock.time[0] - b.quote_time[i]
    fresh = v.fill_terms.max_age[i] == 0 or age <= v.fill_terms.max_age[i]
    return fresh and (b.bid[i] == 0 or b.ask[i] == 0 or b.bid[i] < b.ask[i] + v.fill_terms.fills_locked[i])


def is_locked(v: VenueState, i: int) -> bool:
    """Whether the standing quote has one price for both sides, and nothing fills at that (rule 14)."""
    return v.markets.bid[i] == v.markets.ask[i] > 0 and not v.fill_terms.fills_locked[i]


@unit
def match_taker(v: VenueState, order: int, i: int) -> None:
    """Match against the standing quote what its price and amount allow (rule 14)."""
    b, is_buy = v.markets, v.orders.side[order] == BUY
    left, shown = (b.ask_left[i], b.ask_lots[i]) if is_buy else (b.bid_left[i], b.bid_lots[i])
    ticks = b.ask[i] if is_buy else b.bid[i]
    if v.orders.wish[order] and ticks > 0 and usable(v, i):
        size_at(v, order, i, ticks)
    lots = min(leaves(v, order), on_quote(v, i, shown, left))
    if v.fill_terms.fills_beyond[i]:
        _take_beyond(v, order, i, lots, ticks)
        return
    if lots <= 0 or not usable(v, i) or not is_within_limit(v, order, ticks):
        return
    if v.orders.time_in_force[order] == FOK and lots < leaves(v, order):
        return
    _take(v, order, i, lots, ticks)


def _take(v: VenueState, order: int, i: int, lots: int, ticks: int) -> None:
    """Take some of what is left of the standing quote."""
    note_taking(v, order, i, lots, ticks, QUOTES)
    if v.orders.side[order] == BUY:
        v.markets.ask_left[i] -= lots
    else:
        v.markets.bid_left[i] -= lots


@unit
def _take_beyond(v: VenueState, order: int, i: int, lots: int, ticks: int) -> None:
    """Take what is left of a quote, and all else one tick worse, where the limit allows that (rule 14)."""
    side, wanted = v.orders.side[order], leaves(v, order)
    if ticks == 0 or wanted <= 0 or not usable(v, i) or not is_within_limit(v, order, ticks):
        return
    worse = max(ticks + side, 1)
    rest = wanted - lots if is_within_limit(v, order, worse) else 0
    if v.orders.time_in_force[order] == FOK and lots + rest < wanted:
        return
    if lots > 0:
        _take(v, order, i, lots, ticks)
    if rest > 0:
        note_taking(v, order, i, rest, worse, QUOTES)


def note_taking(v: VenueState, order: int, i: int, lots: int, ticks: int, evidence: int) -> None:
    """An order takes ``lots`` from an event of some kind that shows ``ticks``, and slips."""
    note_fill(v, order, i, lots, slipped(v, order, i, lots, ticks, evidence), 0)


def fill_at(v: VenueState, order: int, i: int, ticks: int) -> None:
    """A pending taker meets one price: it fills as far as there is something for it or, if its limit forbids, expires.

    So do orders that end at once if there is nothing for them (rules 15, 16 and 38).
    """
    if v.orders.time_in_force[order] != GTC and v.orders.matched[order] > 0:
        return  # it has met its one event
    if v.orders.wish[order]:
        size_at(v, order, i, ticks)
        if leaves(v, order) == 0:
            return  # it is for nothing at this price
    evidence, wanted = v.fill_terms.taker_fills_on[i], leaves(v, order)
    lots = on_offer(v, i, wanted, evidence) if is_within_limit(v, order, ticks) else 0
    if lots > 0 and (lots == wanted or v.orders.time_in_force[order] != FOK):
        note_taking(v, order, i, lots, ticks, evidence)
        give(v, i, lots, evidence)
    elif v.orders.time_in_force[order] != GTC or not is_within_limit(v, order, ticks):
        note_expiry(v, order, NOT_FILLED)


def takes_at_arrival(v: VenueState, order: int) -> bool:
    """Whether an order shall take at once or not at all."""
    return v.orders.kind[order] == MARKET or v.orders.time_in_force[order] != GTC


def _candle_fill(v: VenueState, order: int, i: int) -> int:
    """Which price of a candle an order meets: its own choice, or that of its exchange (rule 36)."""
    own = v.orders.candle_fill[order]
    return own if own != ANY_FILL else v.fill_terms.candle_fill[i]


def passes_over(v: VenueState, order: int, i: int) -> bool:
    """Whether what happens now is an open that an order does not meet."""
    return v.clock.stage[0] == OPENING and _candle_fill(v, order, i) != NEXT_OPEN


def takes_this_close(v: VenueState, order: int, i: int) -> bool:
    """Whether an order meets, when it arrives, the close of this very time, or the last trade if it asks for that."""
    evidence, b = v.fill_terms.taker_fills_on[i], v.markets
    if evidence == TRADES:
        return v.orders.candle_fill[order] == THIS_CLOSE and b.trade_ticks[i] > 0
    chosen = _candle_fill(v, order, i) == THIS_CLOSE and evidence == CANDLES and takes_at_arrival(v, order)
    return chosen and b.candle_time[i] == v.clock.time[0] and not _is_under_way(v, i)


def misses_its_close(v: VenueState, order: int, i: int) -> bool:
    """Whether an order that enters for the close of now, and then ends, comes where no candle has closed (rule 36)."""
    asked = v.orders.candle_fill[order] == THIS_CLOSE and v.fill_terms.taker_fills_on[i] == CANDLES
    return asked and v.orders.time_in_force[order] != GTC and v.orders.good_after[order] == v.clock.time[0]


def _is_under_way(v: VenueState, i: int) -> bool:
    """Whether a candle of now has still to come to its close, where who takes then meets it (rule 59)."""
    return v.clock.stage[0] == VENUE_MARKET and v.fill_terms.candle_path[i] >= HIGH_FIRST


def price_of_this_close(v: VenueState, i: int) -> int:
    """What such an order meets, in ticks; a trade's amount counts again for slippage."""
    if v.fill_terms.taker_fills_on[i] == CANDLES:
        return v.markets.candle_close[i]
    t = v.terms
    v.markets.traded[i] = whole_lots(v.markets.trade_amount[i], t.lots_per_unit[i], t.lot_noise[i])
    return v.markets.trade_ticks[i]


def waits_for_quote(v: VenueState, order: int, i: int) -> bool:
    """Whether an order meets the next event and the standing quote is an earlier one (rule 36)."""
    return _meets_next(v, order) and v.fill_terms.taker_fills_on[i] == QUOTES and v.markets.quote_time[i] != _now(v)


def _meets_next(v: VenueState, order: int) -> bool:
    return v.orders.candle_fill[order] in (NEXT_OPEN, NEXT_CLOSE)


def _now(v: VenueState) -> int:
    return v.clock.time[0]
