"""The engine one event at a time: market items, JSON, columns, and an order book that is kept up to date.

Times are of the processor, which the work of others on the machine disturbs less than they do the clock.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import polars as pl

from barter_bt import Instrument, data
from barter_bt.protocol import (
    EngineEvent,
    Item,
    Level,
    Market,
    MarketEvent,
    OrderBook,
    OrderBookSide,
    OrderBookUpdate,
    PublicTrade,
    Side,
    TradingState,
    from_json,
    to_json,
)
from barter_bt.system import Engine
from benchmarks.measure import RUNS, Entry

EVENTS, ROWS, MESSAGES = 100_000, 2_000_000, 2_000
DEPTH, CHANGES = 1_000, 10  # levels of each side, and levels that a message changes in each two

WALK = Instrument("binance_spot", "walk_usd", price_increment="0.0001")


def event_engine(scale: float) -> list[Entry]:
    """The four figures, each with the work checked that was done."""
    frame = _frame(int(ROWS * scale))
    events = _events(frame.head(int(EVENTS * scale)))
    texts = [to_json(event) for event in events]
    entries = [
        _entry(
            "event_engine_process", len(events), partial(_process, events), "trades by Engine.process, trading enabled"
        ),
        _entry("event_engine_json", len(texts), partial(_read, texts), "the same read from JSON, each by itself"),
        _entry("event_engine_columns", len(frame), partial(_columns, frame), "trades by Engine.process_columns"),
    ]
    book, updates = _book(max(10, int(MESSAGES * scale)))
    note = f"messages of {CHANGES} changes to a book of {DEPTH} levels a side"
    return [*entries, _entry("event_engine_book", len(updates), partial(_update, book, updates), note)]


def _entry(case: str, n: int, work: Callable[[], int], note: str) -> Entry:
    times = []
    for _ in range(RUNS + 1):
        began = time.process_time()
        done = work()
        times.append(time.process_time() - began)
    seconds = statistics.median(times[1:])
    reason = f"{done} of {n} done"
    return {
        "case": case, "n": n, "seconds": seconds, "rate": n / seconds, "runs": RUNS, "peak_mb": None, "orders": None,
        "final_equity": None, "same_work": done == n, "same_work_reason": reason, "note": note,
    }  # fmt: skip


def _frame(rows: int) -> pl.DataFrame:
    walk = data.generate.trades_arrays(rows)
    columns = {"time_exchange": walk["time_exchange"], "price": walk["price"], "amount": walk["amount"]}
    return pl.DataFrame(columns).with_columns(instrument=pl.lit("walk_usd"))


def _events(frame: pl.DataFrame) -> list[Any]:
    rows = frame.select("time_exchange", "price", "amount").iter_rows()
    return [
        Market(Item(MarketEvent(time, time, "binance_spot", "walk_usd", PublicTrade(str(k), price, amount, Side.BUY))))
        for k, (time, price, amount) in enumerate(rows)
    ]


def _process(events: list[Any]) -> int:
    engine = Engine([WALK], trading=TradingState.ENABLED)
    engine.compile()
    for event in events:
        engine.process(event)
    return int(engine.state.engine.sequence[0])


def _read(texts: list[str]) -> int:
    return sum(type(from_json(EngineEvent, text)) is Market for text in texts)


def _columns(frame: pl.DataFrame) -> int:
    engine = Engine([WALK])
    engine.process_columns(frame)
    return int(engine.state.engine.sequence[0])


def _book(messages: int) -> tuple[OrderBook, list[OrderBookUpdate]]:
    """A book in prices of a cent, and updates of it, most of them near the best price."""
    draw, best = random.Random(1), 6_000_000

    def levels(side: int, ticks: list[int], least: int) -> OrderBookSide:
        made = [
            Level(Decimal(best + side * tick) / 100, Decimal(draw.randrange(least, 9_999)) / 1000) for tick in ticks
        ]
        return OrderBookSide(tuple(made))

    def near() -> list[int]:
        return [1 + min(int(draw.expovariate(0.01)), DEPTH - 1) for _ in range(CHANGES // 2)]

    deep = list(range(1, DEPTH + 1))
    book = OrderBook(0, None, levels(-1, deep, 1), levels(1, deep, 1))
    made = [OrderBookUpdate(OrderBook(k, None, levels(-1, near(), 0), levels(1, near(), 0))) for k in range(messages)]
    return book, made


def _update(book: OrderBook, updates: list[OrderBookUpdate]) -> int:
    for update in updates:
        book = book.update(update)
    assert book.bids.best is not None
    assert book.asks.best is not None
    assert book.bids.best.price < book.asks.best.price
    return len(updates) if book.sequence == len(updates) - 1 else 0
