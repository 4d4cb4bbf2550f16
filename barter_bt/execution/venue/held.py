"""The orders that the venue holds for each instrument: a list in order of arrival, and what would fill them."""

from __future__ import annotations

from barter_bt.columns.kernel import unit
from barter_bt.execution.dealing import QUOTES, TRADES
from barter_bt.execution.messages import NEVER
from barter_bt.execution.order import SELL
from barter_bt.execution.venue.state import FAR, VenueState


def hold(v: VenueState, order: int, i: int) -> None:
    """Add an order behind those of its instrument."""
    books, held, last = v.books, v.held, v.books.final[i]
    held.live[order] = 1
    v.desk.expiry[0] = min(v.desk.expiry[0] if v.desk.live[0] > 0 else NEVER, v.terms.expiry[i])
    held.before[order] = last
    held.after[order] = -1
    if last < 0:
        books.first[i] = order
    else:
        held.after[last] = order
    books.final[i] = order
    books.live[i] += 1
    v.desk.live[0] += 1


def drop(v: VenueState, order: int, i: int) -> None:
    """Take an order off the list of its instrument."""
    books, held = v.books, v.held
    before, after = held.before[order], held.after[order]
    if before < 0:
        books.first[i] = after
    else:
        held.after[before] = after
    if after < 0:
        books.final[i] = before
    else:
        held.before[after] = before
    held.live[order] = 0
    books.live[i] -= 1
    v.desk.live[0] -= 1


@unit
def watch(v: VenueState, i: int) -> None:
    """Set the prices at which the next trade or quote would fill an order of this instrument.

    A trade below `trade_buy` or above `trade_sell` concerns an order, as does an ask at or below
    `quote_buy` or a bid at or above `quote_sell`.
    """
    rests_on, takes_on, touch = v.terms.rests_on[i], v.terms.takes_on[i], v.terms.touch[i]
    low_trade, high_trade, low_quote, high_quote = -1, FAR, -1, FAR
    order = v.books.first[i]
    while order >= 0:
        price, is_sell = v.orders.price[order], v.orders.side[order] == SELL
        takes = v.held.pending[order] != 0
        evidence = takes_on if takes else rests_on
        if evidence == TRADES:
            if takes:
                low_trade, high_trade = FAR, -1
            elif is_sell:
                high_trade = min(high_trade, price - touch)
            else:
                low_trade = max(low_trade, price + touch)
        elif evidence == QUOTES:
            if takes:
                low_quote, high_quote = FAR, -1
            elif is_sell:
                high_quote = min(high_quote, price)
            else:
                low_quote = max(low_quote, price)
        order = v.held.after[order]
    v.books.trade_buy[i], v.books.trade_sell[i] = low_trade, high_trade
    v.books.quote_buy[i], v.books.quote_sell[i] = low_quote, high_quote
