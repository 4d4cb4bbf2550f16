"""Streams that the strategy and the venue do not both see (rule 78), by hand."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError
from tests.engine.tiny import A, B, Watch, bars, quotes, run, schedule, table, trades

# Candles of ten seconds, and of thirty: in the second of these the price rises before it falls.
FINE = [100, 100, 100, (100, 106, 100, 105), (105, 105, 94, 95), (95, 101, 95, 100), 100, 100, 100]
COARSE = [100, (100, 106, 94, 100), 100]


def fine(seen_by: str) -> bt.data.Stream:
    return bars(*FINE, seen_by=seen_by)


def coarse(seen_by: str) -> bt.data.Stream:
    return bars(*COARSE, step=30, seen_by=seen_by)


def traded(*streams: bt.data.Stream) -> list[tuple]:
    """Bought at the first close that is seen, with both ends five percent away."""
    signals = bt.Signals(pl.lit(1.0), stop_loss=0.05, take_profit=0.05)
    return table(run(list(streams), signals).trades, "time_exchange", "price")


def test_rule_78_the_venue_deals_on_the_finer_stream():
    """The target is reached in the first ten seconds; of the coarse candle the stop is taken first."""
    assert traded(coarse("strategy"), fine("venue")) == [(30, 100), (40, 105)]
    assert traded(fine("venue"), coarse("strategy")) == [(30, 100), (40, 105)]
    assert traded(coarse("all")) == [(30, 100), (60, 95)]


def test_rule_78_the_strategy_sees_its_stream_alone():
    """It is woken, looks back, and is marked, by the closes that it sees; what it is filled at marks as ever."""
    seen = Watch(lambda state: (state.candles("a_usd", 1).close[-1], state.price("a_usd")), wake="bar_close")
    seen.candle_history = 1  # type: ignore[attr-defined]
    result = run([coarse("strategy"), bars(*[90] * 9, seen_by="venue")], seen)
    assert seen.seen == [(100.0, 100.0)] * 3
    assert table(result.equity, "time") == [(0,), (30,), (60,), (90,)]


def test_rule_78_expressions_and_columns_are_those_of_the_strategys_stream():
    hours = coarse("strategy").frame().collect().with_columns(mood=pl.Series([0.0, 1.0, 1.0]))
    streams = [bt.data.candles(hours, seen_by="strategy"), fine("venue")]
    result = run(streams, bt.Signals(pl.col("mood") * (pl.col("close").cum_count() - 1)))
    assert table(result.orders, "time_sent", "quantity") == [(60, 1), (90, 1)]
    assert table(result.trades, "time_exchange") == [(60,)]
    assert not [text for text in result.warnings if "several streams" in text]
    assert bt.check_causality(streams, A, bt.Signals(pl.col("mood")), balances={"usd": 10_000}, interpret=True).ok


@pytest.mark.parametrize("kind", ["trades", "quotes"])
def test_rule_78_any_kind_of_stream_may_be_dealt_on(kind):
    """Evidence is what the venue sees: no order is filled at a candle."""
    makes = {"trades": trades((31, 101, 5), seen_by="venue"), "quotes": quotes((31, 99, 5, 101, 5), seen_by="venue")}
    result = run([coarse("strategy"), makes[kind]], bt.Signals(pl.lit(1.0)))
    assert table(result.trades, "time_exchange", "price") == [(31, 101)]


def test_rule_78_what_the_venue_alone_sees_ends_with_the_market_at_the_engine():
    """A limit that is reached after the last close at the engine is open; before that it fills."""
    for price, filled in ((95, []), (98, [(85, 98)])):
        venue = trades((31, 100, 5), (85, 97, 5), (91, 90, 5), seen_by="venue")
        result = run([coarse("strategy"), venue], schedule({"at": 40, "buy": 1, "limit": price}))
        assert table(result.trades, "time_exchange", "price") == filled


def test_rule_78_a_request_behind_the_markets_end_meets_no_open_of_that_end():
    """The venue sleeps until a request that arrives later than the market's end, at which a candle of its own opens."""
    slow = bt.Venue(latency=bt.Latency(request_ns=5_000_000_000))
    streams = [bars(100, 100, seen_by="strategy"), bars(100, 100, 100, seen_by="venue")]
    result = run(streams, schedule({"at": 18, "buy": 1}), venues=slow)
    assert table(result.orders, "time_sent", "time_exchange", "filled") == [(18, 23, 0)]


def test_rule_78_nothing_may_be_unseen():
    with pytest.raises(ConfigError, match="seen by the strategy alone, and no other stream of 'a_usd' by the venue"):
        run(coarse("strategy"), schedule({"at": 1, "buy": 1}))
    with pytest.raises(ConfigError, match="seen by the venue alone, and no other stream of 'b_usd' by the strategy"):
        run([coarse("all"), bars(1, instrument="b_usd", seen_by="venue")], schedule({"at": 1, "buy": 1}), [A, B])
    with pytest.raises(ConfigError, match="seen_by is 'nobody'; allowed: all, strategy, venue"):
        coarse("nobody")


def test_rows_that_nobody_came_to_are_checked():
    """No order is sent, so that the venue sleeps; its last file is looked at all the same."""
    good = [bars(1, 1).frame().collect().with_columns(pl.col("^time_.*$") + pl.duration(days=k)) for k in range(4)]
    bad = good[3].with_columns(high=pl.lit(0.5))
    with pytest.raises(DataError, match="column 'high' is below open or close"):
        run([coarse("strategy"), bt.data.candles([*good[:3], bad], seen_by="venue")], bt.Signals(pl.lit(0.0)))


def test_rule_78_a_candle_that_the_venue_alone_sees_fills_at_an_open_with_the_last_event():
    """It closes when nobody looks any more; the open is of the very time."""
    rows = schedule({"at": 25, "buy": 1})
    result = run([coarse("strategy"), bars(*[100] * 9, 90, seen_by="venue")], rows)
    assert table(result.trades, "time_exchange", "price") == [(30, 100)]
    result = run([coarse("strategy"), bars(*[100] * 9, 90, seen_by="venue")], schedule({"at": 90, "buy": 1}))
    assert table(result.trades, "time_exchange", "price") == [(90, 90)]
