"""Settlement: all matches of one time and class at once (rule 17).

First what releases money or coins, then what uses them, each by order number; so neither the order of rows nor that
of instruments decides who can pay. What cannot be paid waits while another match will add to what is free; what still
cannot be paid then is cut (a target's order) or rejected.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.agenda import CASH_FLOW, EXPIRY, RELEASE
from barter_bt.engine.messages import CANCEL_REJECTED, CLOSED, TRIGGERED
from barter_bt.engine.order import (
    CANCELLED,
    EXPIRED,
    GTC,
    INSUFFICIENT_BALANCE,
    NO_PARENT,
    NO_REASON,
    NOT_FILLED,
    OPEN,
    REDUCE_ONLY,
    REJECTED,
    REQUESTED,
)
from barter_bt.venue.admission import admit, can_reserve, secure
from barter_bt.venue.amending import settle_amend
from barter_bt.venue.bracket import follow_parent
from barter_bt.venue.fill import can_afford, fill, next_fee
from barter_bt.venue.following import has_filled, start_followers
from barter_bt.venue.liquidation import check_worth
from barter_bt.venue.matches import (
    ADMIT,
    AMEND,
    COUNTS,
    ENDS,
    EXPIRE,
    FILL,
    GOES_ON,
    SETTLED,
    expect,
    has_more,
    keep,
    released_asset,
    sort,
    used_asset,
)
from barter_bt.venue.path import POINTS, meet_points
from barter_bt.venue.reducing import reducible
from barter_bt.venue.report import close, end_dependants, report
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import BOOK, UNTOLD, WAS_HELD, VenueState


@unit
def settle(v: VenueState) -> None:
    """Settle every match; what is left are questions that expiries and cash flows of this time come before."""
    _settle_matches(v)
    if len(v.matches) > 0 and _goes_on(v):
        for point in range(POINTS):
            while meet_points(v, point):
                _settle_matches(v)
        keep(v.matches, COUNTS)
    if v.clock.stage[0] < CASH_FLOW and _comes_more(v):
        v.clock.stage[0] = CASH_FLOW  # nothing but these comes before them
        return
    row, latest = 0, -1
    while row < len(v.matches):  # a liquidation asks again, of what has been looked at
        sort(v.matches, row)  # assets before positions that are isolated, each by index
        check_worth(v, v.matches.order[row], int(v.matches.order[row] > latest))
        latest = max(latest, v.matches.order[row])
        row += 1
    v.matches.truncate(0)


def _comes_more(v: VenueState) -> bool:
    """Whether expiries, entries of orders or cash flows of this very time are still to come."""
    due = v.agenda.due
    return v.clock.time[0] in (due[EXPIRY], due[RELEASE], due[CASH_FLOW])


def _goes_on(v: VenueState) -> bool:
    """Whether a candle has points yet to be met; those rows come first."""
    return v.matches.rank[0] == GOES_ON


def _settle_matches(v: VenueState) -> None:
    """All that the market has done to orders, and what amends then make of it; what is left is looked at afterwards."""
    _settle_once(v)
    while len(v.amends) > 0 and has_more(v.matches):
        _settle_once(v)
    keep(v.matches, GOES_ON)


def _settle_once(v: VenueState) -> None:
    sort(v.matches, 0)
    waiting, settled = _settle_each(v)
    while waiting >= 0:
        if settled == 0:  # each waits for another
            _settle_one(v, waiting, 1)
        waiting, settled = _settle_each(v)
    for row in range(len(v.matches)):
        if v.matches.rank[row] == ENDS:
            _settle_end(v, row)


def _settle_each(v: VenueState) -> tuple[int, int]:
    """All that need not wait; returns the first that must (-1: none), and how many were settled.

    An order that is admitted and takes at once adds a match behind the others.
    """
    m, waiting, settled, row = v.matches, -1, 0, 0
    while row < len(m):
        if m.order[row] != SETTLED and m.rank[row] < ENDS:
            if _settle_one(v, row, 0):
                settled += 1
            elif waiting < 0:
                waiting = row
        row += 1
    return waiting, settled


def _settle_one(v: VenueState, row: int, at_once: int) -> bool:
    """Settle a match unless it must wait for others; says whether it did."""
    action = v.matches.action[row]
    if action == FILL:
        return _settle_fill(v, row, at_once)
    return _settle_expiry(v, row) if action == EXPIRE else _settle_reservation(v, row, at_once)


def _settle_expiry(v: VenueState, row: int) -> bool:
    order = v.matches.order[row]
    if _is_untold(v, order):
        return False
    v.matches.order[row] = SETTLED
    v.orders.matched[order] = 0
    if v.orders.live[order]:  # a fill of this time may have ended it
        _close(v, order, EXPIRED, v.matches.reason[row])
    return True


def _settle_reservation(v: VenueState, row: int, at_once: int) -> bool:
    """An order that is to reserve: one that is admitted only then, or one that was triggered."""
    order, admits = v.matches.order[row], v.matches.action[row] == ADMIT
    i = v.orders.instrument[order]
    gone = not admits and not v.orders.live[order]
    if admits and v.orders.reduce_only[order] and v.orders.parent[order] == NO_PARENT and reducible(v, order, i) == 0:
        v.matches.order[row] = SETTLED
        v.orders.matched[order] = 0
        _end_waiting(v, order, CANCELLED if v.orders.held[order] == WAS_HELD else REJECTED, REDUCE_ONLY)
        return True
    enough = gone or can_reserve(v, order, i)
    if not (enough or at_once) and _others_release(v, row, order, i):
        return False
    v.matches.order[row] = SETTLED
    if admits:
        v.orders.matched[order] = 0
    if enough and admits:
        admit(v, order, i)
    elif enough and not gone:
        secure(v, order, i)
    elif not enough:
        _reject(v, order, i)
    return True


def _reject(v: VenueState, order: int, i: int) -> None:
    """What an order reserves is not free."""
    if v.orders.live[order]:
        _close(v, order, REJECTED, INSUFFICIENT_BALANCE)
    else:
        _end_waiting(v, order, REJECTED, INSUFFICIENT_BALANCE)


def _end_waiting(v: VenueState, order: int, status: int, reason: int) -> None:
    """An order ends that was to be admitted: it is told of its trigger, if it had one, and so is what waits for it."""
    if v.orders.held[order] == WAS_HELD:
        report(v, order, TRIGGERED, OPEN, NO_REASON)
    report(v, order, CLOSED, status, reason)
    end_dependants(v, order)


def _settle_fill(v: VenueState, row: int, at_once: int) -> bool:
    m, order = v.matches, v.matches.order[row]
    i, lots, live = v.orders.instrument[order], m.lots[row], v.orders.live[order] != 0
    if _is_untold(v, order):
        return False
    if v.orders.reduce_only[order]:
        lots = min(lots, reducible(v, order, i))
    ticks, is_maker = m.ticks[row], m.maker[row]
    value = notional(v.terms, i, lots, ticks)
    fee = next_fee(v, order, i, value, lots, is_maker)
    enough = int(live and can_afford(v, order, i, lots, ticks, value, fee))
    if live and not (enough or at_once) and _others_release(v, row, order, i):
        return False
    expect(v, row, i, -1)
    m.order[row] = SETTLED
    v.orders.matched[order] -= m.lots[row]
    if live and lots == 0:
        _close(v, order, CANCELLED, REDUCE_ONLY)
    elif live:
        why, before = m.why[row], v.orders.filled[order]
        on_book = v.fill_terms.on_book[i] or v.fill_terms.maker_fills_on[i] == BOOK
        _fill(v, order, i, lots, ticks, is_maker, value, fee, enough)
        if on_book and v.orders.filled[order] > before:
            note_reason(v, order, why)
    return True


def note_reason(v: VenueState, order: int, why: int) -> None:
    """Keep why an order has filled, of one that a book may fill also that something else did: 0."""
    row = v.fill_reasons.append()
    v.fill_reasons.order[row], v.fill_reasons.why[row] = order, why


def _fill(
    v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int, value: int, fee: int, enough: int
) -> None:
    """Fill, and what follows from it."""
    before, noted = v.orders.filled[order], len(v.matches)
    fill(v, order, i, lots, ticks, is_maker, value, fee, enough)
    if v.orders.children[order] > 0 and v.orders.filled[order] > before:
        follow_parent(v, order, i)
    if v.orders.followers[order] > 0 and has_filled(v, order):
        start_followers(v, order)
    sort(v.matches, noted)  # what one fill starts is settled in order, behind all that is there
    if v.orders.live[order] and v.orders.time_in_force[order] != GTC and v.orders.matched[order] == 0:
        close(v, order, i, CLOSED, EXPIRED, NOT_FILLED)
    update_triggers(v, i)


def _close(v: VenueState, order: int, status: int, reason: int) -> None:
    i = v.orders.instrument[order]
    close(v, order, i, CLOSED, status, reason)
    update_triggers(v, i)


def _is_untold(v: VenueState, order: int) -> bool:
    """Whether an order was triggered and is still to reserve; nothing else of it is settled before."""
    return v.orders.live[order] != 0 and v.orders.held[order] == UNTOLD


def _others_release(v: VenueState, row: int, order: int, i: int) -> bool:
    """Whether a match other than this one will add to what this one uses."""
    asset = used_asset(v, order, i)
    own = int(v.matches.action[row] == FILL and released_asset(v, row, i) == asset)
    return v.accounts.incoming[asset] > own


def _settle_end(v: VenueState, row: int) -> None:
    order = v.matches.order[row]
    if v.matches.action[row] == AMEND:
        settle_amend(v, row)
    elif v.orders.matched[order] == 0:  # else an amend has just matched it anew
        v.matches.order[row] = SETTLED
        _settle_cancel(v, order)


def _settle_cancel(v: VenueState, order: int) -> None:
    if v.orders.live[order]:
        _close(v, order, CANCELLED, REQUESTED)
    else:
        report(v, order, CANCEL_REJECTED, OPEN, NO_REASON)
