"""Settlement: all matches of one time and class at once (rule 17).

First what releases money or coins, then what uses them, each by order number; so neither the order of rows nor that
of instruments decides who can pay. What cannot be paid waits while another match will add to what is free; what still
cannot be paid then is cut (a target's order) or rejected.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.messages import CANCEL_REJECTED, CLOSED, TRIGGERED
from barter_bt.engine.order import (
    CANCELLED,
    EXPIRED,
    GTC,
    INSUFFICIENT_BALANCE,
    NO_REASON,
    NOT_FILLED,
    OPEN,
    REDUCE_ONLY,
    REJECTED,
    REQUESTED,
)
from barter_bt.venue.admission import admit, can_reserve, secure
from barter_bt.venue.bracket import follow_parent
from barter_bt.venue.fill import can_afford, fill
from barter_bt.venue.matches import ADMIT, ENDS, EXPIRE, FILL, SECURE, expect, released_asset, sort, used_asset
from barter_bt.venue.reducing import reducible
from barter_bt.venue.report import close, end_waiting, report
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import UNTOLD, WAS_HELD, VenueState

SETTLED = -1  # in place of the order


@unit
def settle(v: VenueState) -> None:
    """Settle every match; afterwards there are none."""
    sort(v.matches)
    waiting, settled = _settle_each(v)
    while waiting >= 0:
        if settled == 0:  # each waits for another
            _settle_one(v, waiting, 1)
        waiting, settled = _settle_each(v)
    for row in range(len(v.matches)):
        if v.matches.order[row] != SETTLED:
            _settle_cancel(v, row)
    v.matches.truncate(0)


def _settle_each(v: VenueState) -> tuple[int, int]:
    """All that need not wait; returns the first that must (-1: none), and how many were settled.

    An order that is admitted and takes at once adds a match behind the others.
    """
    m, waiting, settled, row = v.matches, -1, 0, 0
    while row < len(m):
        if m.order[row] != SETTLED and m.rank[row] != ENDS:
            if _settle_one(v, row, 0):
                settled += 1
            elif waiting < 0:
                waiting = row
        row += 1
    return waiting, settled


def _settle_one(v: VenueState, row: int, at_once: int) -> bool:
    """Settle a match unless it must wait for others; says whether it did."""
    m = v.matches
    order, action = m.order[row], m.action[row]
    i = v.orders.instrument[order]
    if action in (EXPIRE, FILL) and v.orders.live[order] and v.orders.held[order] == UNTOLD:
        return False
    if action == EXPIRE:
        m.order[row] = SETTLED
        v.orders.matched[order] = 0
        if v.orders.live[order]:  # a fill of this time may have ended it
            close(v, order, i, CLOSED, EXPIRED, m.reason[row])
            update_triggers(v, i)
        return True
    lots, ticks, is_maker, live = m.lots[row], m.ticks[row], m.maker[row], v.orders.live[order] != 0
    if v.orders.reduce_only[order]:
        lots = min(lots, reducible(v, order, i))
    if action == SECURE and not live:
        m.order[row] = SETTLED
        return True
    if action in (ADMIT, SECURE):
        enough = int(can_reserve(v, order, i))
    else:
        enough = int(live and can_afford(v, order, i, lots, ticks, is_maker))
    if not (enough or at_once) and _others_release(v, row, order, i) and (live or action == ADMIT):
        return False
    if action == ADMIT:
        m.order[row] = SETTLED
        _admit_or_reject(v, order, i, enough)
        return True
    if action == SECURE:
        m.order[row] = SETTLED
        _secure_or_reject(v, order, i, enough)
        return True
    expect(v, row, i, -1)
    m.order[row] = SETTLED
    v.orders.matched[order] -= m.lots[row]
    if live and lots == 0:
        close(v, order, i, CLOSED, CANCELLED, REDUCE_ONLY)
        update_triggers(v, i)
    elif live:
        before = v.orders.filled[order]
        fill(v, order, i, lots, ticks, is_maker, enough)
        if v.orders.children[order] > 0 and v.orders.filled[order] > before:
            follow_parent(v, order, i)
        if v.orders.live[order] and v.orders.time_in_force[order] != GTC:
            close(v, order, i, CLOSED, EXPIRED, NOT_FILLED)
        update_triggers(v, i)
    return True


def _others_release(v: VenueState, row: int, order: int, i: int) -> bool:
    """Whether a match other than this one will add to what this one uses."""
    asset = used_asset(v, order, i)
    own = int(v.matches.action[row] == FILL and released_asset(v, row, i) == asset)
    return v.accounts.incoming[asset] > own


def _admit_or_reject(v: VenueState, order: int, i: int, enough: int) -> None:
    v.orders.matched[order] = 0
    if enough:
        admit(v, order, i)
    else:
        if v.orders.held[order]:
            report(v, order, TRIGGERED, OPEN, NO_REASON)
        report(v, order, CLOSED, REJECTED, INSUFFICIENT_BALANCE)
        end_waiting(v, order, i)


def _secure_or_reject(v: VenueState, order: int, i: int, enough: int) -> None:
    if enough:
        secure(v, order, i)
    else:
        v.orders.held[order] = WAS_HELD
        report(v, order, TRIGGERED, OPEN, NO_REASON)
        close(v, order, i, CLOSED, REJECTED, INSUFFICIENT_BALANCE)
        update_triggers(v, i)


def _settle_cancel(v: VenueState, row: int) -> None:
    order = v.matches.order[row]
    i = v.orders.instrument[order]
    if v.orders.live[order]:
        close(v, order, i, CLOSED, CANCELLED, REQUESTED)
        update_triggers(v, i)
    else:
        report(v, order, CANCEL_REJECTED, OPEN, NO_REASON)
