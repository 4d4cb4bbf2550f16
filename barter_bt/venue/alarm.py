"""Which positions may be liquidated, and how far their marks may move before that must be looked at (rule 43).

As long as no mark leaves its bounds, the worth of an account covers what its positions must keep, whatever other marks
do within theirs: each position has an equal share of what there is beyond that. So most events cost two comparisons.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, muldiv
from barter_bt.columns.marks import hot, unit
from barter_bt.engine.accounting import closing_price
from barter_bt.engine.agenda import EXPIRY
from barter_bt.engine.terms import CROSS, ISOLATED, LAST, RATE
from barter_bt.venue.matches import note_position, note_worth
from barter_bt.venue.state import CANDLES, FAR, PLEDGED, WATCHED, VenueState

_ROUNDING = 6  # units by which roundings of value and maintenance may be off


@unit
def watch(v: VenueState, i: int, before: int) -> None:
    """After a fill of a margined instrument: whether there is a position to watch, since when, and whether it holds."""
    b, quantity = v.markets, v.markets.quantity[i]
    watched = int(quantity != 0 and v.accounts.liquidates[v.terms.quote[i]] > 0)
    change = watched - int(b.watched[i] == WATCHED)
    v.clock.live[0] += change
    if v.terms.margined[i] == CROSS:
        v.accounts.watching[v.terms.quote[i]] += change
    b.watched[i] = WATCHED if watched else PLEDGED * b.pledged[i]
    if v.terms.margined[i] == ISOLATED:
        note_position(v, i)
    if abs(quantity) > abs(before) or quantity * (1 if before > 0 else -1) < 0:
        b.increased[i] = v.clock.time[0]
    if watched:
        v.agenda.due[EXPIRY] = min(v.agenda.due[EXPIRY], v.terms.expiry[i])


@hot
def show_mark(v: VenueState, i: int, low: int, high: int) -> None:
    """The mark of a watched position lies between two prices."""
    if low < v.markets.alarm_low[i] or high > v.markets.alarm_high[i]:
        _doubt(v, i)


@hot
def show_quote(v: VenueState, i: int, bid: int, ask: int) -> None:
    """The mark of a watched position lies between what closes it, or it is the last price (rules 6 and 73)."""
    last = v.markets.last[i]
    if 0 < bid < ask and (v.terms.mark_by[i] != LAST or last == 0):
        if v.terms.closing_rate[i] > 0:
            bid, ask = closing_price(v.terms, i, 1, bid, ask), closing_price(v.terms, i, -1, bid, ask)
        show_mark(v, i, bid, ask)
    else:
        show_mark(v, i, last, last)


@unit
def _doubt(v: VenueState, i: int) -> None:
    """Whether a position is covered is to be seen: with all that stand together, or alone."""
    if v.terms.margined[i] == ISOLATED:
        note_position(v, i)
    else:
        note_worth(v, v.terms.quote[i])


def show_range(v: VenueState, i: int, time_open: int, opened: int, low: int, high: int) -> None:
    """A candle has closed: its extreme counts against a watched position, and may have been too far."""
    b, now = v.markets, v.clock.time[0]
    if v.fill_terms.triggers_on[i] != CANDLES or time_open < b.increased[i]:
        return
    side = 1 if b.quantity[i] > 0 else -1
    extreme = low if side > 0 else high
    if b.shown_time[i] < now or side * (b.shown_extreme[i] - extreme) > 0:
        b.shown_time[i], b.shown_open[i], b.shown_extreme[i] = now, opened, extreme
    show_mark(v, i, extreme, extreme)


def set_alarm(v: VenueState, i: int, mark: int, spare: int) -> None:
    """A position may lose ``spare`` from its mark before anybody must look."""
    b, t, lots = v.markets, v.terms, abs(v.markets.quantity[i])
    b.alarm_low[i], b.alarm_high[i] = FAR, -1  # look at each event
    is_large = lots > t.lots_max[i] and t.zero[i] == 0
    if t.derivative[i] < 0 or is_large or b.pledged[i]:
        return
    each = muldiv(lots, t.num[i], t.den[i]) + 1  # a tick of them, at most
    each += muldiv(each, v.margin_terms.maintenance_rate[i], RATE) + 1
    if each > LIMIT:
        return
    room = max(spare - _ROUNDING, 0) // each
    b.alarm_low[i], b.alarm_high[i] = (mark - room, FAR) if b.quantity[i] > 0 else (-1, mark + room)
