"""Market events of Barter's into the state."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from barter_bt.engine.event import MARKET_CANDLE, MARKET_OTHER, MARKET_QUOTE, MARKET_TRADE
from barter_bt.engine.state.tables import EngineState
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
    CashFlow,
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
from barter_bt.system.rows import note_item, update_from_item

Values: TypeAlias = tuple[int, int, float, float, float, float, float]


def prepare_market(s: EngineState, changes: Changes, exchange: int, i: int, event: MarketEvent) -> None:
    """Take a market item into the instrument's data, and add what follows: the link, and the audit.

    Order books beyond the best prices, and liquidations, only heal the link: the state keeps no column for them yet.

    Raises
    ------
    BarterBtError
        A price is off the grid, an amount is none, a quote is crossed, or the position would be worth too much: nothing
        has changed.
    """
    kind, time, first, second, third, fourth, fifth = read_item(event)
    check_time(event.time_exchange)
    check_time(time)
    prices = {MARKET_TRADE: (first,), MARKET_QUOTE: (first, third), MARKET_CANDLE: (fourth,)}.get(kind, ())
    ins, terms = s.instruments, s.terms
    known = [price_steps(terms, i, price) for price in prices]
    for ticks in (*known, ins.last[i], ins.bid[i], ins.ask[i]):  # any of which may come to mark the position
        changes.hold_position(i, abs(ins.quantity[i]), ticks)
    changes.check()
    if not update_from_item(s, i, kind, time, first, second, third, fourth, fifth):
        raise DataError(
            f"{event} cannot be: a price is off the grid of the instrument or not positive, or the quote is crossed",
            "give the instrument a finer price_increment",
        )
    changes.add(partial(note_item, s, exchange, i, kind, time, first, second, third, fourth, fifth))


def keep_beside(s: EngineState, columns: Mapping[str, int], i: int, event: MarketEvent) -> None:
    """Keep what Barter's items do not say: when a candle opened, and values of a user's own columns, by number."""
    what = event.kind
    if isinstance(what, Candle) and what.open_time is not None and s.engine.history[0]:
        s.candles.time_open[s.windows.latest[i]] = what.open_time
    for one in event.own:
        number = columns.get(one.name)
        if number is not None:
            s.columns.value[number * len(s.instruments) + i] = one.value


def read_item(event: MarketEvent) -> Values:
    """The kind of an item, the time of its data, and five values; of a text in place of one a plus is an error."""
    kind = event.kind
    if isinstance(kind, PublicTrade):
        return MARKET_TRADE, event.time_exchange, +kind.price, +kind.amount, 0.0, 0.0, 0.0
    if isinstance(kind, OrderBookL1):
        return MARKET_QUOTE, kind.last_update_time, *_side(kind.best_bid), *_side(kind.best_ask), 0.0
    if isinstance(kind, Candle):
        return MARKET_CANDLE, kind.close_time, +kind.open, +kind.high, +kind.low, +kind.close, +kind.volume
    return MARKET_OTHER, event.time_exchange, 0.0, 0.0, 0.0, 0.0, 0.0


def _side(level: Level | None) -> tuple[float, float]:
    return (0.0, 0.0) if level is None else (float(level.price), float(level.amount))


def event_time(event: AccountEventKind) -> int | None:
    """The exchange's time of an account event, None where it has none."""
    if isinstance(event, AccountSnapshot):
        orders = [order for one in event.instruments for order in one.orders]
        times = [balance.time_exchange for balance in event.balances] + [_order_time(order) for order in orders]
        return max((time for time in times if time is not None), default=None)
    if isinstance(event, AssetBalance | CashFlow | Trade):
        return event.time_exchange
    if isinstance(event, OrderResponseCancel):
        return event.state.time_exchange if isinstance(event.state, Cancelled) else None
    if isinstance(event, OrderResponseAmend):
        return event.state.time_exchange if isinstance(event.state, Amended) else None
    return _order_time(event)


def _order_time(order: Order) -> int | None:
    state = order.state.order if isinstance(order.state, CancelInFlight) else order.state
    return state.time_exchange if isinstance(state, Open | Cancelled) else None
