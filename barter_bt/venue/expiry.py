"""The end of an instrument that expires: from then on nothing of it trades (rule 46).

Assumptions: market events of the very time of the expiry still fill orders, what comes later is passed over. The
position is settled in cash, at the price that the instrument declares or at the last that the venue has seen; or the
underlying is delivered, or what is delisted is paid for.
"""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import BUY, CANCELLED, DELISTING, DELIVERY, INSTRUMENT_EXPIRED, SELL, SETTLEMENT
from barter_bt.engine.terms import CROSS
from barter_bt.venue.closing import close_out, close_whole, insure
from barter_bt.venue.delisting import pay_rest
from barter_bt.venue.delivery import deliver, ticks_of_underlying
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.option import settle_option
from barter_bt.venue.report import close
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import WATCHED, VenueState


def has_expired(v: VenueState, i: int) -> bool:
    """Whether an instrument trades no longer at the venue's present time."""
    return v.clock.time[0] >= v.terms.expiry[i]


@unit
def expire(v: VenueState) -> None:
    """End orders and positions of the instruments that expire now, and find when the next of those with any does."""
    v.clock.time[0] = v.agenda.due[EXPIRY]
    v.agenda.due[EXPIRY] = NEVER  # what is delivered may expire, too
    following = v.clock.delists[0] = _next_delisting(v)
    for i in range(len(v.markets)):
        is_delisted = _is_spot(v, i) and v.clock.time[0] == v.terms.expiry[i]
        attended = v.markets.live[i] > 0 or v.markets.watched[i] == WATCHED or is_delisted
        if attended and has_expired(v, i):
            if v.markets.live[i] > 0:
                _cancel_all(v, i)
                update_triggers(v, i)
            _settle_position(v, i)
            if is_delisted and v.endings.pays_rest[i]:
                pay_rest(v, i, _price(v, i))
        elif attended:
            following = min(following, v.terms.expiry[i])
    v.agenda.due[EXPIRY] = min(v.agenda.due[EXPIRY], following)


def _next_delisting(v: VenueState) -> int:
    first = NEVER
    for i in range(len(v.markets)):
        if _is_spot(v, i) and v.terms.expiry[i] > v.clock.time[0]:
            first = min(first, v.terms.expiry[i])
    return first


def _is_spot(v: VenueState, i: int) -> bool:
    return v.terms.derivative[i] == 0 and v.terms.strike[i] == 0


def _price(v: VenueState, i: int) -> int:
    """What is declared, else the mark."""
    ticks = v.endings.settlement[i]
    return ticks if ticks >= 0 else mark_ticks(v, i)


def _settle_position(v: VenueState, i: int) -> None:
    if v.markets.quantity[i] == 0:
        return
    if v.endings.right[i]:
        settle_option(v, i)
    elif v.endings.delivers[i]:
        _deliver_future(v, i)
    elif _is_spot(v, i):
        _close_delisted(v, i)
    else:
        close_whole(v, i, _price(v, i), 0, SETTLEMENT)
    if v.terms.margined[i] == CROSS:
        insure(v, v.terms.quote[i])


def _close_delisted(v: VenueState, i: int) -> None:
    """Where nothing is borrowed, no more than what is there is paid for, and who has sold what he had owes nothing."""
    lots = v.markets.quantity[i]
    if not v.terms.margined[i]:
        lots = min(lots, v.accounts.total[v.terms.base[i]] // v.terms.base_units[i])
    if lots > 0 or v.terms.margined[i]:
        close_out(v, i, abs(lots), _price(v, i), 0, DELISTING)


def _deliver_future(v: VenueState, i: int) -> None:
    """Who is long buys what is delivered, at the price at which the future is settled."""
    quantity, ticks = v.markets.quantity[i], _price(v, i)
    side = BUY if quantity > 0 else SELL
    delivered = deliver(v, i, side, abs(quantity), ticks_of_underlying(v, i, ticks), DELIVERY)
    close_whole(v, i, ticks, 0, DELIVERY if delivered else SETTLEMENT)


def _cancel_all(v: VenueState, i: int) -> None:
    """Cancel all orders of an instrument by number, which is their order of arrival."""
    for order in range(len(v.orders)):
        if v.orders.live[order] and v.orders.instrument[order] == i:
            close(v, order, i, CLOSED, CANCELLED, INSTRUMENT_EXPIRED)
