"""Orders that protect an entry wait for its first fill, and the first of them that fills ends the others (rule 31).

Assumptions: entry and protection are at one venue, which needs no time between a fill and what follows from it. Inside
a candle that filled the entry the stop can be reached, but not the take profit: of what could have happened, it is the
outcome that is worse for the account. `optimistic` takes what is better: the take profit can be reached, the stop only
by the close, which is last.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.action.protect import BY_FRACTION, NO_UNIT
from barter_bt.engine.agenda import VENUE_MARKET
from barter_bt.engine.messages import ACCEPTED, CLOSED
from barter_bt.engine.order import (
    INSTRUMENT_EXPIRED,
    LIMIT,
    NO_REASON,
    NO_TRIGGER,
    OPEN,
    PARENT_ENDED,
    REJECTED,
    SIBLING_FILLED,
)
from barter_bt.venue.admission import enter
from barter_bt.venue.expiry import has_expired
from barter_bt.venue.family import has_filled_sibling
from barter_bt.venue.held import distance, meet_inside, show_standing_quote
from barter_bt.venue.inside import make_inside, note_entry
from barter_bt.venue.matches import hopes
from barter_bt.venue.report import report, report_change
from barter_bt.venue.resting import add_order, remove_order, update_triggers
from barter_bt.venue.state import CANDLES, HELD, HIGH_FIRST, NOT_HELD, WAITING, VenueState
from barter_bt.venue.watching import looks_at, note_choice


def wait_for_parent(v: VenueState, order: int, i: int) -> None:
    """Acknowledge an order that protects another, and let it wait; or follow what has become of that one."""
    o, parent = v.orders, v.orders.parent[order]
    ended = not o.live[parent] and o.matched[parent] == 0
    if has_expired(v, i):
        report(v, order, CLOSED, REJECTED, INSTRUMENT_EXPIRED)
        return
    if ended and o.filled[parent] == 0:
        report(v, order, CLOSED, REJECTED, PARENT_ENDED)
        return
    if has_filled_sibling(v, order):
        report(v, order, CLOSED, REJECTED, SIBLING_FILLED)
        return
    o.held[order] = WAITING
    o.children[parent] += 1
    add_order(v, order, i)
    report(v, order, ACCEPTED, OPEN, NO_REASON)
    if o.filled[parent] > 0:
        _start(v, order, i, 0)
        update_triggers(v, i)


@unit
def follow_parent(v: VenueState, parent: int, i: int) -> None:
    """More of an entry has been filled: what protects it starts, or grows with it."""
    o, order = v.orders, parent + 1
    while order < len(o) and o.parent[order] == parent and not o.follows[order]:
        if o.live[order] and o.held[order] == WAITING:
            _start(v, order, i, _is_inside_candle(v, parent, i))
        elif o.live[order] and o.quantity[order] < o.filled[parent]:
            o.quantity[order] = o.filled[parent]
            report_change(v, order)
        order += 1
    update_triggers(v, i)


def _start(v: VenueState, order: int, i: int, inside: int) -> None:
    """Prices that were distances become prices; then the order is held, or enters, as one that arrives now."""
    o, ticks = v.orders, v.orders.first_price[v.orders.parent[order]]
    remove_order(v, order, i)
    o.quantity[order] = o.filled[o.parent[order]]
    away = distance(v, i, ticks, o.offset[order], o.offset_rate[order])
    if away == 0 and o.trigger[order] == 0 and o.activation[order] == 0:
        away = distance(v, i, ticks, o.trail[order], o.trail_rate[order])
    if away > 0 and o.kind[order] == LIMIT:
        o.price[order] = max(ticks - o.side[order] * away, 1)
    elif away > 0:
        o.trigger[order] = max(ticks + o.side[order] * away, 1)
    if o.activation_by[order] != NO_UNIT:
        _set_activation(v, order, i, ticks)
    o.arrival[order] = o.since[order] = v.clock.time[0]
    o.held[order] = NOT_HELD if o.trigger_kind[order] == NO_TRIGGER else HELD
    report_change(v, order)
    if o.held[order] == NOT_HELD:
        enter(v, order, i)
        if inside:
            note_entry(v, order, i)
        if inside and hopes(v, i):
            make_inside(v, order, i)
        return
    note_choice(v, order, i)
    add_order(v, order, i)
    if inside:
        note_entry(v, order, i)
    if inside and v.fill_terms.candle_path[i] < HIGH_FIRST:
        meet_inside(v, order, i)
    else:
        show_standing_quote(v, order, i)


def _set_activation(v: VenueState, order: int, i: int, ticks: int) -> None:
    """The distance from its entry at which a stop begins to trail becomes a price, on the side of a gain (rule 103)."""
    o, given = v.orders, v.orders.activation[order]
    ahead = distance(v, i, ticks, 0, given) if o.activation_by[order] == BY_FRACTION else given
    o.activation[order], o.activation_by[order] = max(ticks - o.side[order] * ahead, 1), NO_UNIT


def _is_inside_candle(v: VenueState, parent: int, i: int) -> int:
    """Whether an entry was filled by the range of a candle, of which more may have come after it."""
    o, now = v.orders, v.clock.time[0]
    at_close = v.clock.stage[0] == VENUE_MARKET and v.markets.closed[i] == now
    at_close = at_close and looks_at(v, parent, i) == CANDLES
    is_triggered = o.met[parent] > 0 and o.arrival[parent] == now  # else the rest of it has met the close
    by_range = is_triggered if o.pending[parent] else v.fill_terms.maker_fills_on[i] == CANDLES
    return int(at_close and by_range)
