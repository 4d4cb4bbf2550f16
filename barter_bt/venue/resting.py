"""The orders that the venue holds for each instrument: a list in order of arrival, and what would fill them."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.order import SELL
from barter_bt.venue.state import FAR, QUOTES, TRADES, VenueState


def add_order(v: VenueState, order: int, i: int) -> None:
    """Add an order behind those of its instrument."""
    markets, o, last = v.markets, v.orders, v.markets.final[i]
    o.live[order] = 1
    v.agenda.due[EXPIRY] = min(v.agenda.due[EXPIRY], v.terms.expiry[i])
    o.before[order] = last
    o.after[order] = -1
    if last < 0:
        markets.first[i] = order
    else:
        o.after[last] = order
    markets.final[i] = order
    markets.live[i] += 1
    v.clock.live[0] += 1


def remove_order(v: VenueState, order: int, i: int) -> None:
    """Take an order off the list of its instrument."""
    markets, o = v.markets, v.orders
    before, after = o.before[order], o.after[order]
    if before < 0:
        markets.first[i] = after
    else:
        o.after[before] = after
    if after < 0:
        markets.final[i] = before
    else:
        o.before[after] = before
    o.live[order] = 0
    markets.live[i] -= 1
    v.clock.live[0] -= 1
    if v.clock.live[0] == 0:
        v.agenda.due[EXPIRY] = NEVER


@unit
def update_triggers(v: VenueState, i: int) -> None:
    """Set the prices at which the next trade or quote would fill an order of this instrument.

    A trade below `trade_buy` or above `trade_sell` concerns an order, as does an ask at or below
    `quote_buy` or a bid at or above `quote_sell`.
    """
    maker_fills_on, taker_fills_on, touch = (
        v.fill_terms.maker_fills_on[i],
        v.fill_terms.taker_fills_on[i],
        v.fill_terms.touch[i],
    )
    low_trade, high_trade, low_quote, high_quote = -1, FAR, -1, FAR
    order = v.markets.first[i]
    while order >= 0:
        price, is_sell = v.orders.price[order], v.orders.side[order] == SELL
        takes = v.orders.pending[order] != 0
        evidence = taker_fills_on if takes else maker_fills_on
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
        order = v.orders.after[order]
    v.markets.trade_buy[i], v.markets.trade_sell[i] = low_trade, high_trade
    v.markets.quote_buy[i], v.markets.quote_sell[i] = low_quote, high_quote
