"""Market events handed over as columns are what they are one by one."""

from __future__ import annotations

from decimal import Decimal as D
from functools import partial
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.columns.block import Block
from barter_bt.columns.kernel import interprets
from barter_bt.columns.table import out_of_memory
from barter_bt.engine.replica import differences
from barter_bt.errors import DataError, InstrumentError
from barter_bt.errors import EngineError as RunError
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AssetFees,
    GoodUntilCancelled,
    Item,
    Market,
    MarketEvent,
    OrderKey,
    OrderKind,
    OrderRequestOpen,
    PublicTrade,
    RequestOpen,
    Shutdown,
    Side,
    Trade,
    TradingState,
)
from barter_bt.system import Engine, Strategy, TradingDisabled
from barter_bt.system.batch import Batch
from barter_bt.system.rows import compiled_rows, take_batch, taker

INSTRUMENTS = [
    bt.Instrument("x", "btc_usd", price_increment="0.5", quantity_increment="0.1"),
    bt.Instrument(
        "y", "oil_usd", price_increment="0.5", kind="perpetual", settlement="usd", price_can_be_negative=True
    ),
]
FULL = {
    "kind": pl.String,
    "time_exchange": pl.Int64,
    "time_received": pl.Int64,
    "instrument": pl.String,
    **dict.fromkeys(("price", "amount", "bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64),
    **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64),
}
prices = st.integers(1, 8).map(lambda half: half / 2) | st.sampled_from([0.0, -1.5, 0.3, float("nan")])
amounts = st.sampled_from([0.0, 0.04, 0.1, 2.0, 1e12]) | st.just(1.0)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row of any kind, mostly of what can be."""
    row: dict[str, Any] = dict.fromkeys(FULL)
    row["kind"], row["instrument"] = (
        draw(st.sampled_from(["trade", "quote", "candle"])),
        draw(st.sampled_from(["btc_usd", "oil_usd"])),
    )
    row["time_exchange"] = draw(st.integers(-5, 50))
    row["time_received"] = row["time_exchange"] + 1
    if row["kind"] == "trade":
        row |= {"price": draw(prices), "amount": draw(amounts)}
    elif row["kind"] == "quote":
        for side in ("bid", "ask"):
            if draw(st.booleans()):
                row |= {f"{side}_price": draw(prices), f"{side}_amount": draw(amounts)}
    else:
        low, high = sorted([draw(prices), draw(prices)])
        row |= {"open": low, "high": high, "low": low, "close": draw(st.sampled_from([low, high])), "volume": 1.0}
    return row


class Bids(Strategy):
    """Bids below every trade, and counts what it is told."""

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, engine: Engine) -> Any:
        self.asked += 1
        price = engine.price("btc_usd")
        if price is None or self.asked % 3:
            return (), ()
        terms = RequestOpen(Side.BUY, price, price, OrderKind.LIMIT, GoodUntilCancelled(False))
        return (), [OrderRequestOpen(OrderKey("x", "btc_usd", self.id, str(self.asked)), terms)]


class Hears(Strategy):
    """Hears every event."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_event(self, engine: Engine, what: Any) -> None:
        self.heard.append((what, engine.price("btc_usd")))


class Flickers(Strategy):
    """Disables trading and enables it again at each event, and hears of it."""

    def on_event(self, engine: Engine, what: Any) -> None:
        engine.set_trading(TradingState.DISABLED)
        engine.set_trading(TradingState.ENABLED)

    def on_trading_disabled(self, engine: Engine) -> str:
        return "heard"


def engine_of(strategy: Strategy | None, *, held: bool) -> Engine:
    """With or without a position, which more has to be known of."""
    engine = Engine(
        INSTRUMENTS, strategy, balances={"x.usd": 100, "y.usd": 100}, trading=TradingState.ENABLED, candle_history=2
    )
    if held:
        for exchange, name in (("x", "btc_usd"), ("y", "oil_usd")):
            trade = Trade("1", "1", name, "s", 1, Side.BUY, D("1.5"), D(1), AssetFees(None, D(0)))
            engine.process(Account(Item(AccountEvent(exchange, trade))))
    return engine


def frame_of(drawn: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(drawn, FULL)


def until_an_error(work: Any) -> str | None:
    try:
        work()
    except DataError as error:
        return str(error)
    return None


def tables_of(block: Block) -> list[Any]:
    """All tables, also of blocks in it."""
    parts = [tables_of(part) if isinstance(part, Block) else [part] for part in block.tables().values()]
    return [table for part in parts for table in part]


def same(one: Engine, other: Engine) -> None:
    assert differences(one.state, other.state) == []
    for mine, theirs in zip(tables_of(one.state), tables_of(other.state), strict=True):
        assert mine.to_polars().equals(theirs.to_polars()), type(mine).__name__


@pytest.mark.parametrize("make", [None, Bids, Hears])
@given(drawn=st.lists(rows(), max_size=12), held=st.booleans())
def test_columns_are_events_one_by_one(make: Any, drawn: list[dict[str, Any]], held: bool) -> None:
    """State, journals, audits, what the strategy was told, and the error of the first row that cannot be."""
    one, other = (engine_of(make() if make else None, held=held) for _ in range(2))
    batch, told, audits = Batch(frame_of(drawn), one.index), [], []

    def each() -> None:
        for row in range(len(batch)):
            told.append(one.process(batch.event(row)))

    error = until_an_error(each)
    assert error == until_an_error(lambda: audits.extend(other.process_columns(frame_of(drawn))))
    assert error or audits == [audit for audit in told if audit.outputs or audit.errors]
    same(one, other)
    assert str(vars(one.strategy)) == str(vars(other.strategy))


@pytest.mark.parametrize("compiled", [False, True])
@given(drawn=st.lists(rows(), max_size=12), held=st.booleans())
def test_what_is_taken_at_once_is_what_is_found_out(compiled: bool, drawn: list[dict[str, Any]], held: bool) -> None:
    """An item that nothing can be wrong with does what the exact way does, and of others nothing changes."""
    quick, exact = engine_of(None, held=held), engine_of(None, held=held)
    quick._take = taker(quick.state, compiled=compiled)
    exact._take = lambda *item: False
    batch = Batch(frame_of(drawn), quick.index)
    for row in range(len(batch)):
        event = batch.event(row)
        errors = [until_an_error(partial(engine.process, event)) for engine in (quick, exact)]
        assert errors[0] == errors[1]
    same(quick, exact)


def trade_at(time: Any, price: Any = 1.5) -> Market:
    return Market(Item(MarketEvent(time, time, "x", "btc_usd", PublicTrade("1", price, 1.0, Side.BUY))))


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_no_number_is_not_taken_for_one(compiled: bool) -> None:
    """Compiled code would read the text and cut the float."""
    engine, other = engine_of(None, held=False), engine_of(None, held=False)
    engine._take = taker(engine.state, compiled=compiled)
    for event in (trade_at(7, price="1.5"), trade_at(7.5), trade_at("7")):
        with pytest.raises(TypeError):
            engine.process(event)
    same(engine, other)
    assert engine.process(trade_at(np.int64(7), price=2)).time == 7
    assert engine.price("btc_usd") == 2
    with pytest.raises(DataError, match="within int64"):
        engine.process(trade_at(1 << 63))


def test_a_frame_after_compiling_is_taken_by_compiled_code() -> None:
    """However few rows it has: what compiles in a live engine does so when it is told to, not at its first frame."""
    engine = engine_of(None, held=False)
    engine.compile()
    assert interprets() or compiled_rows.cache_info().currsize == 1


def test_memory_that_runs_out_in_compiled_code_is_told() -> None:
    engine = engine_of(None, held=False)
    out_of_memory.note(MemoryError("table Audits could not grow"))
    with pytest.raises(MemoryError, match="Audits"):
        engine.process(trade_at(7))
    assert engine.process(trade_at(8)).time == 8


def test_indices_are_names() -> None:
    """An index of an instrument and of an exchange, which the look-up by name does not know."""
    by_name, by_index = engine_of(None, held=False), engine_of(None, held=False)
    event = trade_at(7).event.value
    by_name.process(Market(Item(event)))
    by_index.process(Market(Item(msgspec.structs.replace(event, exchange=0, instrument=0))))
    same(by_name, by_index)
    with pytest.raises(InstrumentError, match="there is no instrument True"):
        by_index.process(Market(Item(msgspec.structs.replace(event, instrument=True))))


def test_rows_that_can_be_are_taken_in_one_call() -> None:
    """A whole batch but for the row that cannot be, also of an instrument with a position."""
    drawn = [
        {"kind": "trade", "time_exchange": k, "time_received": k, "instrument": "btc_usd", "price": 1.5, "amount": 1}
        for k in range(9)
    ]
    drawn[6]["price"] = 0.3
    engine = engine_of(None, held=True)
    batch = Batch(frame_of(drawn), engine.index)
    assert [take_batch(engine.state, batch.given, 0), take_batch(engine.state, batch.given, 7)] == [6, 9]
    with pytest.raises(DataError, match="off the grid") as caught:
        engine_of(None, held=True).process_columns(frame_of(drawn))
    assert caught.value.__notes__ == ["row 6 of the frame"]


def test_a_position_that_may_not_fit_is_found_out_exactly() -> None:
    """Worth more than what surely fits: left alone, and the exact way has a coarser unit or an error."""
    engine = engine_of(None, held=True)
    price = 1e12
    frame = pl.DataFrame({"time_exchange": [1], "instrument": ["btc_usd"], "price": [price], "amount": [1.0]})
    units = engine.units.scales.units
    assert take_batch(engine.state, Batch(frame, engine.index).given, 0) == 0
    engine.process_columns(frame)
    assert engine.price("btc_usd") == price
    assert engine.units.scales.units != units


@pytest.mark.parametrize(
    ("columns", "error", "match"),
    [
        ({"time_exchange": None}, DataError, "no column 'time_exchange'"),
        ({"time_exchange": [1.5]}, DataError, "Float64; allowed: integers"),
        ({"time_exchange": [None]}, DataError, "nulls, the first in row 0"),
        ({"instrument": ["eth_usd"]}, InstrumentError, "unknown instrument 'eth_usd'"),
        ({"exchange": ["z"]}, InstrumentError, "unknown exchange 'z'"),
        ({"price": [None]}, DataError, "no value in row 0, a trade"),
        ({"price": ["1"]}, DataError, "String; allowed: numbers"),
        ({"price": None}, DataError, "this has those of none"),
        ({"kind": ["book"]}, DataError, "row 0 of column 'kind' is 'book'; allowed: trade, quote, candle"),
        ({"kind": ["quote"]}, DataError, "no column 'bid_price'"),
        ({"side": ["up"]}, DataError, "column 'side' has 'up'"),
        ({"prize": [1.0]}, DataError, "did you mean 'price'"),
    ],
)
def test_a_frame_of_another_shape_is_refused_whole(columns: dict[str, Any], error: type[Exception], match: str) -> None:
    given = {"time_exchange": [1], "instrument": ["btc_usd"], "price": [1.0], "amount": [1.0]} | columns
    engine = engine_of(None, held=False)
    with pytest.raises(error, match=match):
        engine.process_columns(pl.DataFrame({name: values for name, values in given.items() if values is not None}))
    assert engine.state.engine.sequence[0] == 0


def test_what_happened_while_an_event_was_told_is_told_with_it() -> None:
    """Also of a strategy that is never asked for orders."""
    frame = pl.DataFrame({"time_exchange": [1, 2], "instrument": [0, 0], "price": [1.0, 1.0], "amount": [1.0, 1.0]})
    audits = engine_of(Flickers(), held=False).process_columns(frame)
    assert [audit.outputs for audit in audits] == [(TradingDisabled("heard"),)] * 2


def test_times_may_be_datetimes_and_instruments_indices() -> None:
    frame = pl.DataFrame({"time_exchange": [2_000], "instrument": [0], "price": [1.0], "amount": [1]})
    frame = frame.with_columns(pl.col("time_exchange").cast(pl.Datetime("us")))
    engine = engine_of(None, held=False)
    engine.process_columns(frame)
    assert (engine.state.engine.time[0], engine.price(0)) == (2_000_000, 1)


def test_an_engine_that_has_ended_takes_no_columns() -> None:
    engine = engine_of(None, held=False)
    engine.process(Shutdown())
    with pytest.raises(RunError, match="has ended"):
        engine.process_columns(pl.DataFrame())
