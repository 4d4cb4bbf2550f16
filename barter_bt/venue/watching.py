"""Which prices the trigger of an order looks at: those of its exchange's choice, or of its own (rule 28)."""

from __future__ import annotations

from barter_bt.engine.accounting import weighted_mid
from barter_bt.engine.fault import UNSEEN_TRIGGER, fail
from barter_bt.engine.order import ANY_PRICE, LAST, MARK
from barter_bt.venue.state import MARKS, VenueState


def looks_at(v: VenueState, order: int, i: int) -> int:
    """The kind of events whose prices trigger an order, or MARKS."""
    own, t = v.orders.trigger_by[order], v.fill_terms
    if own == ANY_PRICE:
        return t.triggers_on[i]
    if own == MARK:
        return MARKS
    return t.last_on[i] if own == LAST else t.quotes_on[i]


def note_choice(v: VenueState, order: int, i: int) -> None:
    """An order is held from now on: if it chooses for itself, the instrument's orders look at several things."""
    if v.orders.trigger_by[order] == ANY_PRICE:
        return
    v.markets.mixed[i] = 1
    blind = v.fill_terms.last_on[i] == 0 and v.fill_terms.quotes_on[i] == 0
    if looks_at(v, order, i) == 0 or blind:
        fail(v.fault, UNSEEN_TRIGGER, i)


def mark_for(v: VenueState, order: int, i: int) -> int:
    """The mark that the market shows an order: the mid, else a last price that came after it; 0 if there is none."""
    b = v.markets
    if has_mid(v, i):
        return weighted_mid(b.bid[i], b.bid_lots[i], b.ask[i], b.ask_lots[i])
    return b.last[i] if b.last_time[i] > v.orders.arrival[order] else 0


def has_mid(v: VenueState, i: int) -> bool:
    """Whether the standing quote has a mid: both sides, not crossed."""
    return 0 < v.markets.bid[i] < v.markets.ask[i]
