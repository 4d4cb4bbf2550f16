"""What the inside of a candle reaches, and how often it does not say in which order (rules 29, 31 and 59)."""

from __future__ import annotations

from barter_bt.engine.agenda import VENUE_MARKET
from barter_bt.engine.order import BUY, GTC, LIMIT, STOP
from barter_bt.venue.matches import note_fill
from barter_bt.venue.participation import give, on_offer
from barter_bt.venue.state import CANDLES, HELD, VenueState
from barter_bt.venue.taking import leaves
from barter_bt.venue.watching import looks_at


def is_reached_from_below(v: VenueState, order: int) -> bool:
    """Whether prices rise to a trigger."""
    return (v.orders.side[order] == BUY) == (v.orders.trigger_kind[order] == STOP)


def is_reached(v: VenueState, order: int, ticks: int) -> bool:
    """Whether a price reaches the trigger of an order, as it stands."""
    stop = v.orders.trigger[order]
    return stop > 0 and (ticks >= stop if is_reached_from_below(v, order) else ticks <= stop)


def make_inside(v: VenueState, order: int, i: int) -> None:
    """An order that has come to rest inside a candle makes, if the range goes through its price."""
    may_rest = v.orders.kind[order] == LIMIT and v.orders.time_in_force[order] == GTC
    if not may_rest or v.fill_terms.maker_fills_on[i] != CANDLES or not _goes_through(v, order, i):
        return
    lots = on_offer(v, i, leaves(v, order), CANDLES)
    if lots > 0:
        note_fill(v, order, i, lots, v.orders.price[order], 1)
        give(v, i, lots, CANDLES)


def note_entry(v: VenueState, order: int, i: int) -> None:
    """Count a candle that has filled an entry and reaches what protects it, unless its close does, which is last."""
    if is_inside(v, order, i):
        is_last = v.orders.held[order] == HELD and is_reached(v, order, v.markets.candle_close[i])
        _note_undecided(v, i, int(not is_last))


def note_other_end(v: VenueState, order: int, i: int) -> None:
    """Count a candle that has filled one of several, and reaches this other one that ends by it."""
    _note_undecided(v, i, int(v.orders.matched[order] > 0 or is_inside(v, order, i)))


def _note_undecided(v: VenueState, i: int, counts: int) -> None:
    b, now = v.markets, v.clock.time[0]
    if counts and b.undecided_time[i] != now:
        b.undecided[i], b.undecided_time[i] = b.undecided[i] + 1, now


def is_inside(v: VenueState, order: int, i: int) -> bool:
    """Whether a candle that closes now reaches an order that was there when it opened, or is since now."""
    o, b, now = v.orders, v.markets, v.clock.time[0]
    if v.clock.stage[0] != VENUE_MARKET or b.closed[i] != now:
        return False
    is_held = o.held[order] == HELD
    since = o.since[order] if is_held else o.arrival[order]
    if b.time_open[i] < since != now:
        return False
    if is_held:
        far = b.high[i] if is_reached_from_below(v, order) else b.low[i]
        return looks_at(v, order, i) == CANDLES and is_reached(v, order, far)
    return o.kind[order] == LIMIT and v.fill_terms.maker_fills_on[i] == CANDLES and _goes_through(v, order, i)


def _goes_through(v: VenueState, order: int, i: int) -> bool:
    """Whether the range of a candle goes beyond a limit, or touches it where that is enough."""
    side = v.orders.side[order]
    best = v.markets.low[i] if side == BUY else v.markets.high[i]
    return side * (v.orders.price[order] - best) >= 1 - v.fill_terms.touch[i]
