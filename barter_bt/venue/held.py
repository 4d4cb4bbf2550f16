"""Orders that are held for a trigger: stops, orders if touched, trailing stops (rules 28 to 30 and 34).

Assumptions: the venue watches triggers itself, without latency; events of one kind trigger all orders of an instrument
(`triggers_on`), but for those that choose for themselves (:mod:`barter_bt.venue.mixed`). Of a candle only its open, its
extremes and its close are known; what could have happened in between happens in the order that is worse for the
account, or better where its exchange is `optimistic`. Inside a candle a trigger has no slippage.
"""

from __future__ import annotations

from barter_bt.columns.exact import muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import RELEASE, REQUEST
from barter_bt.engine.messages import ACCEPTED
from barter_bt.engine.order import BUY, NO_PARENT, NO_REASON, OPEN
from barter_bt.engine.terms import RATE, from_zero
from barter_bt.venue.admission import can_reserve, enter, take
from barter_bt.venue.inside import is_reached, is_reached_from_below, make_inside
from barter_bt.venue.matches import hopes, note_admission, note_secure
from barter_bt.venue.report import report
from barter_bt.venue.resting import (
    FALLING,
    NOBODY,
    RISING,
    TRAILING,
    add_order,
    head,
    is_trailing,
    remove_order,
    update_triggers,
)
from barter_bt.venue.state import MARKS, QUOTES, WAS_HELD, VenueState
from barter_bt.venue.taking import usable
from barter_bt.venue.watching import has_mid, looks_at, mark_for, note_choice


def hold(v: VenueState, order: int, i: int) -> None:
    """Acknowledge an order that has arrived, and hold it unless the standing quote triggers it at once."""
    note_choice(v, order, i)
    add_order(v, order, i)
    report(v, order, ACCEPTED, OPEN, NO_REASON)
    show_standing_quote(v, order, i)
    update_triggers(v, i)


def show_standing_quote(v: VenueState, order: int, i: int) -> None:
    """Show an order that is held from now on what stands there, if quotes trigger it, or the mark does."""
    looks, ticks = looks_at(v, order, i), 0
    if looks == QUOTES and usable(v, i):
        ticks = shown_price(v, order, i)
    elif looks == MARKS and has_mid(v, i):
        ticks = mark_for(v, order, i)
    if ticks > 0:
        show(v, order, i, ticks)


def meet_inside(v: VenueState, order: int, i: int) -> None:
    """Inside a candle that filled its entry a stop meets the extreme against it, at no better price than its entry.

    Where what is better for the account is taken, it meets the close, which is known to come last.
    """
    b = v.markets
    ticks = b.high[i] if v.orders.side[order] == BUY else b.low[i]
    if is_reached(v, order, b.candle_close[i] if hopes(v, i) else ticks):
        _trigger_inside(v, order, i, _no_better_than_entry(v, order), b.low[i], b.high[i])


@unit
def meet_price(v: VenueState, i: int, ticks: int) -> None:
    """A trade, or the open of a candle, shows one price to all held orders."""
    for which in (RISING, FALLING, TRAILING):
        order = head(v, i, which)
        while _is_in_reach(v, order, which, ticks, ticks):
            following = v.orders.after[order]
            show(v, order, i, ticks)
            order = following


@unit
def meet_quote(v: VenueState, i: int) -> None:
    """A quote shows each held order the price that it would take."""
    bid, ask = v.markets.bid[i], v.markets.ask[i]
    low, high = bid if bid > 0 else ask, ask if ask > 0 else bid
    for which in (RISING, FALLING, TRAILING):
        order = head(v, i, which)
        while _is_in_reach(v, order, which, low, high):
            following, ticks = v.orders.after[order], shown_price(v, order, i)
            if ticks > 0:
                show(v, order, i, ticks)
            order = following


@unit
def meet_range(v: VenueState, i: int, time_open: int, low: int, high: int, close: int) -> None:
    """A candle is complete: held orders that were there when it opened meet its range."""
    for which in (RISING, FALLING, TRAILING):
        order = head(v, i, which)
        while _is_in_reach(v, order, which, low, high):
            following = v.orders.after[order]
            if v.orders.since[order] <= time_open:
                meet_extremes(v, order, i, low, high, close)
            order = following


@unit
def meet_point(v: VenueState, i: int, ticks: int) -> None:
    """A candle with a path has come to a price: held orders that it reaches meet their trigger (rule 59)."""
    for which in (RISING, FALLING, TRAILING):
        order = head(v, i, which)
        while _is_in_reach(v, order, which, ticks, ticks):
            following = v.orders.after[order]
            show_point(v, order, i, ticks)
            order = following


def show_point(v: VenueState, order: int, i: int, ticks: int) -> None:
    """A candle with a path shows a price to an order that was there when it opened, or has come at this very time."""
    b, since = v.markets, v.orders.since[order]
    if since <= b.time_open[i] or since == v.clock.time[0]:
        if is_reached(v, order, ticks):
            trigger(v, order, i, _inside(_no_better_than_entry(v, order), b.low[i], b.high[i]))
        elif is_trailing(v, order):
            _follow(v, order, ticks)


def _no_better_than_entry(v: VenueState, order: int) -> int:
    """The trigger, or the price of an entry that has just filled, where that is worse."""
    o, parent, stop = v.orders, v.orders.parent[order], v.orders.trigger[order]
    if parent == NO_PARENT or o.arrival[order] != v.clock.time[0]:
        return stop
    entry = o.first_price[parent]
    return max(stop, entry) if o.side[order] == BUY else min(stop, entry)


def meet_extremes(v: VenueState, order: int, i: int, low: int, high: int, close: int) -> None:
    """First the extreme against a trailing stop, then it follows the other, then the close (rule 34).

    Where what is better for the account is taken, one that the extreme reaches has followed the other before.
    """
    is_up = is_reached_from_below(v, order)
    other = low if is_up else high
    if is_reached(v, order, high if is_up else low):
        if hopes(v, i) and is_trailing(v, order):
            _follow(v, order, other)
        _trigger_inside(v, order, i, v.orders.trigger[order], low, high)
    elif is_trailing(v, order):
        _follow(v, order, other)
        if is_reached(v, order, close):
            _trigger_inside(v, order, i, v.orders.trigger[order], low, high)


def _trigger_inside(v: VenueState, order: int, i: int, ticks: int, low: int, high: int) -> None:
    """The range of a candle reaches an order; where it hopes, a limit that rests then may fill in the rest of it."""
    trigger(v, order, i, _inside(ticks, low, high))
    if hopes(v, i):
        make_inside(v, order, i)


def _inside(ticks: int, low: int, high: int) -> int:
    """The price of a range nearest to one: what slips may leave a trigger that every price is beyond."""
    return min(max(ticks, low), high)


def shown_price(v: VenueState, order: int, i: int) -> int:
    """What the standing quote shows an order, 0 if nothing: a buy the ask, a sell the bid."""
    return v.markets.ask[i] if v.orders.side[order] == BUY else v.markets.bid[i]


def _is_in_reach(v: VenueState, order: int, which: int, low: int, high: int) -> bool:
    """Whether prices between two could reach an order of a list, or any behind it."""
    if order == NOBODY or which == TRAILING:
        return order != NOBODY
    return v.orders.trigger[order] <= high if which == RISING else v.orders.trigger[order] >= low


def show(v: VenueState, order: int, i: int, ticks: int) -> None:
    """Show an order one price."""
    if is_reached(v, order, ticks):
        trigger(v, order, i, ticks)
    elif is_trailing(v, order):
        _follow(v, order, ticks)


def distance(v: VenueState, i: int, ticks: int, fixed: int, rate: int) -> int:
    """How far from a price something lies: a number of ticks, or a fraction of it, at least a tick; 0 if neither."""
    if fixed > 0 or rate == 0:
        return fixed
    return max(muldiv(from_zero(v.terms, i, ticks), rate, RATE), 1)


def _follow(v: VenueState, order: int, ticks: int) -> None:
    """The trigger of a trailing stop follows a price, but never moves back, nor before one has activated it."""
    o = v.orders
    if o.activation[order] > 0:
        if o.side[order] * (ticks - o.activation[order]) > 0:
            return
        o.activation[order] = 0
    away = distance(v, o.instrument[order], ticks, o.trail[order], o.trail_rate[order])
    moved = max(ticks + o.side[order] * away, 1)
    if o.trigger[order] == 0 or o.side[order] * (o.trigger[order] - moved) > 0:
        o.trigger[order] = moved
        o.since[order] = v.clock.time[0]


@unit
def trigger(v: VenueState, order: int, i: int, ticks: int) -> None:
    """An order is held no longer: it is admitted, and meets the price that triggered it (rule 30)."""
    remove_order(v, order, i)
    v.orders.held[order], v.orders.arrival[order] = WAS_HELD, v.clock.time[0]
    v.orders.met[order] = ticks if looks_at(v, order, i) == v.fill_terms.taker_fills_on[i] else 0
    if v.clock.stage[0] in (REQUEST, RELEASE):
        enter(v, order, i)
    elif can_reserve(v, order, i):  # rows decide nothing: what reserves first is settled by number
        add_order(v, order, i)
        note_secure(v, order)
        take(v, order, i)
    else:
        note_admission(v, order, i)
