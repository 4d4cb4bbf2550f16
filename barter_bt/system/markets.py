"""Market events of Barter's into the state."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.engine.audit import begin, note_event, note_market
from barter_bt.engine.event import MARKET_CANDLE, MARKET_OTHER, MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.market import update_from_candle, update_from_quote, update_from_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.protocol import (
    AccountEventKind,
    AccountSnapshot,
    AssetBalance,
    CancelInFlight,
    Cancelled,
    Candle,
    Level,
    MarketEvent,
    Open,
    Order,
    OrderBookL1,
    OrderResponseCancel,
    PublicTrade,
    Trade,
)


def apply_market(s: EngineState, i: int, event: MarketEvent) -> None:
    """Apply one market item: the link, then the instrument's data.

    Order books beyond the best prices, and liquidations, only heal the link: the state keeps no column for them yet.

    Raises
    ------
    DataError
        A price is off the grid, an amount is none, or a quote is crossed.
    """
    exchange, kind, time = s.terms.exchange[i], event.kind, event.time_exchange
    heal_market(s, exchange)
    s.engine.market_time[0] = s.engine.time[0]
    if isinstance(kind, PublicTrade):
        begin(s, MARKET_TRADE, i, -1, exchange, -1)
        known = update_from_trade(s, i, time, kind.price, kind.amount)
        note_market(s, i, time, kind.price, kind.amount, 0.0, 0.0, 0.0)
    elif isinstance(kind, OrderBookL1):
        begin(s, MARKET_QUOTE, i, -1, exchange, -1)
        time, (bid, bid_amount), (ask, ask_amount) = kind.last_update_time, _side(kind.best_bid), _side(kind.best_ask)
        known = update_from_quote(s, i, time, bid, bid_amount, ask, ask_amount)
        note_market(s, i, time, bid, bid_amount, ask, ask_amount, 0.0)
    elif isinstance(kind, Candle):
        begin(s, MARKET_CANDLE, i, -1, exchange, -1)
        known = update_from_candle(s, i, kind.close_time, kind.open, kind.high, kind.low, kind.close, kind.volume)
        note_market(s, i, kind.close_time, kind.open, kind.high, kind.low, kind.close, kind.volume)
    else:
        begin(s, MARKET_OTHER, i, -1, exchange, -1)
        note_event(s, -1)
        return
    if not known:
        raise DataError(
            f"{event} cannot be: a price is off the grid of the instrument or not positive, or the quote is crossed",
            "give the instrument a finer price_increment",
        )


def _side(level: Level | None) -> tuple[float, float]:
    return (0.0, 0.0) if level is None else (float(Decimal(level.price)), float(Decimal(level.amount)))


def event_time(event: AccountEventKind) -> int | None:
    """The exchange's time of an account event, None where it has none."""
    if isinstance(event, AccountSnapshot):
        orders = [order for one in event.instruments for order in one.orders]
        times = [balance.time_exchange for balance in event.balances] + [_order_time(order) for order in orders]
        return max((time for time in times if time is not None), default=None)
    if isinstance(event, AssetBalance | Trade):
        return event.time_exchange
    if isinstance(event, OrderResponseCancel):
        return event.state.time_exchange if isinstance(event.state, Cancelled) else None
    return _order_time(event)


def _order_time(order: Order) -> int | None:
    state = order.state.order if isinstance(order.state, CancelInFlight) else order.state
    return state.time_exchange if isinstance(state, Open | Cancelled) else None
