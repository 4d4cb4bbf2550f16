"""Market events of Barter's into the state."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from barter_bt.engine.audit import begin, note_event, note_market
from barter_bt.engine.event import MARKET_CANDLE, MARKET_OTHER, MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.order import NO_TIME
from barter_bt.engine.state.connectivity import heal_market
from barter_bt.engine.state.market import update_from_candle, update_from_quote, update_from_trade
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import keep_candle
from barter_bt.engine.terms import price_steps
from barter_bt.errors import DataError
from barter_bt.protocol import (
    AccountEventKind,
    AccountSnapshot,
    Amended,
    AssetBalance,
    CancelInFlight,
    Cancelled,
    Candle,
    Level,
    MarketEvent,
    Open,
    Order,
    OrderBookL1,
    OrderResponseAmend,
    OrderResponseCancel,
    PublicTrade,
    Trade,
)
from barter_bt.system.changes import Changes, check_time


def prepare_market(s: EngineState, changes: Changes, exchange: int, i: int, event: MarketEvent) -> None:
    """Take a market item into the instrument's data, and add what follows: the link, and the audit.

    Order books beyond the best prices, and liquidations, only heal the link: the state keeps no column for them yet.

    Raises
    ------
    BarterBtError
        A price is off the grid, an amount is none, a quote is crossed, or the position would be worth too much: nothing
        has changed.
    """
    kind, time, code = event.kind, event.time_exchange, MARKET_OTHER
    check_time(time)
    values: tuple[float, ...] = ()
    prices: tuple[float, ...] = ()
    update: Callable[..., bool] = _nothing
    if isinstance(kind, PublicTrade):
        code, update, values = MARKET_TRADE, update_from_trade, (kind.price, kind.amount)
        prices = values[:1]
    elif isinstance(kind, OrderBookL1):
        time, code, update = kind.last_update_time, MARKET_QUOTE, update_from_quote
        values = (*_side(kind.best_bid), *_side(kind.best_ask))
        prices = values[::2]
    elif isinstance(kind, Candle):
        time, code, update = kind.close_time, MARKET_CANDLE, update_from_candle
        values = (kind.open, kind.high, kind.low, kind.close, kind.volume)
        prices = (kind.close,)
    check_time(time)
    ins, terms = s.instruments, s.terms
    known = [price_steps(terms, i, price) for price in prices]
    for ticks in (*known, ins.last[i], ins.bid[i], ins.ask[i]):  # any of which may come to mark the position
        changes.hold_position(i, abs(ins.quantity[i]), ticks)
    changes.check()
    if not update(s, i, time, *values):
        raise DataError(
            f"{event} cannot be: a price is off the grid of the instrument or not positive, or the quote is crossed",
            "give the instrument a finer price_increment",
        )
    changes.add(partial(_note, s, exchange, i, code, time, values))


def _nothing(s: EngineState, i: int, time: int) -> bool:
    return True


def _note(s: EngineState, exchange: int, i: int, code: int, time: int, values: tuple[float, ...]) -> None:
    heal_market(s, exchange)
    s.engine.market_time[0] = s.engine.time[0]
    if code == MARKET_CANDLE and s.engine.history[0]:
        keep_candle(s, i, NO_TIME, time, *values)
    begin(s, code, i, -1, exchange, -1)
    if code == MARKET_OTHER:
        note_event(s, -1)
    else:
        note_market(s, i, time, *values, *(0.0,) * (5 - len(values)))


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
    if isinstance(event, OrderResponseAmend):
        return event.state.time_exchange if isinstance(event.state, Amended) else None
    return _order_time(event)


def _order_time(order: Order) -> int | None:
    state = order.state.order if isinstance(order.state, CancelInFlight) else order.state
    return state.time_exchange if isinstance(state, Open | Cancelled) else None
