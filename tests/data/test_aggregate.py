"""Candles of rows: known answers, the same however the rows are cut, and a second way to the same numbers."""

from itertools import pairwise

import polars as pl
import pytest
from frames import NS, times
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.data import Aggregator, aggregate, candles, check, generate, quotes, trades
from barter_bt.errors import ConfigError, DataError

RULES = [{"every": "10ms"}, {"ticks": 7}, {"volume": 9.0}, {"value": 900.0}, {"price_range": 0.01}]
RULES += [{"renko": 0.01}, {"tick_imbalance": 20}, {"volume_imbalance": 20, "span": 5}]


def trades_at(offsets, prices, amounts=None):
    amounts = amounts or [1.0] * len(prices)
    frame = pl.DataFrame({"time_exchange": times(*offsets), "price": prices, "amount": amounts})
    return trades(frame, instrument="a_usd")


def shown(stream):
    """Open and close as offsets from the first day, then prices and volume."""
    at = [pl.col(name).to_physical() - NS for name in ("time_open", "time_exchange")]
    return stream.frame().select(*at, "open", "high", "low", "close", "volume").collect().rows()


def test_windows_of_time_end_with_their_end_and_not_with_their_last_trade():
    stream = aggregate(trades_at([0, 3, 9, 10, 35], [1.0, 3.0, 2.0, 5.0, 4.0]), every="10ns")
    assert shown(stream) == [
        (0, 10, 1.0, 3.0, 1.0, 2.0, 3.0),
        (10, 20, 5.0, 5.0, 5.0, 5.0, 1.0),  # the trade at 10 is the first of the next; none from 20 to 30: no candle
        (30, 40, 4.0, 4.0, 4.0, 4.0, 1.0),
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"ticks": 2}, [(0, 1, 1.0, 2.0, 1.0, 2.0, 3.0), (2, 3, 4.0, 4.0, 3.0, 3.0, 7.0)]),
        ({"volume": 3.0},
         [(0, 1, 1.0, 2.0, 1.0, 2.0, 3.0), (1, 2, 4.0, 4.0, 4.0, 4.0, 3.0), (2, 3, 3.0, 3.0, 3.0, 3.0, 4.0)]),
        ({"value": 6.0}, [(0, 2, 1.0, 4.0, 1.0, 4.0, 6.0), (2, 3, 3.0, 3.0, 3.0, 3.0, 4.0)]),
        ({"price_range": 1.0}, [(0, 1, 1.0, 2.0, 1.0, 2.0, 3.0), (2, 3, 4.0, 4.0, 3.0, 3.0, 7.0)]),
    ],
)  # fmt: skip
def test_bars_end_when_their_size_is_reached(rule, expected):
    """Amounts 1, 2, 3, 4 at prices 1, 2, 4, 3; the fifth trade is the beginning of a bar that does not end."""
    rows = trades_at([0, 1, 2, 3, 9], [1.0, 2.0, 4.0, 3.0, 3.0], [1.0, 2.0, 3.0, 4.0, 0.5])
    assert shown(aggregate(rows, **rule)) == expected


def test_trades_of_one_time_are_not_split():
    """The bar is full with the second of three trades of one time, and takes the third."""
    stream = aggregate(trades_at([0, 1, 1, 1, 2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), ticks=3)
    assert shown(stream) == [(0, 1, 1.0, 4.0, 1.0, 4.0, 4.0)]
    single = aggregate(trades_at([5, 5, 7], [1.0, 2.0, 3.0]), ticks=2)
    assert shown(single) == [(4, 5, 1.0, 2.0, 1.0, 2.0, 2.0)], "a candle opens before it closes"


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 400), max_size=6), seed=st.integers(0, 5))
def test_however_the_rows_are_cut_the_candles_are_the_same(rule, cuts, seed):
    rows = generate.trades(400, instruments=2, seed=seed).with_columns(pl.col("time_exchange").dt.round("1ms"))
    whole = aggregate(trades(rows), **rule).frame().collect()
    made, pieces = Aggregator("trades", **rule), []
    edges = [0, *sorted(cuts), 400]
    for start, end in pairwise(edges):
        pieces.append(made.push(rows.slice(start, end - start)))
    pieces.append(made.finish())
    assert whole.height
    together = pl.concat(one.select(whole.columns) for one in pieces)
    assert together.sort("time_exchange", "instrument").equals(whole.with_columns(pl.col("instrument").cast(pl.String)))


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_row_at_the_end_of_a_window_is_of_the_next_also_behind_a_cut(cut):
    frame = pl.DataFrame({"time_exchange": times(0, 9, 10, 12), "price": [1.0, 2.0, 3.0, 4.0], "amount": 1.0})
    frame = frame.with_columns(instrument=pl.lit("a_usd"))
    made = Aggregator("trades", every="10ns")
    candles_ = pl.concat([made.push(frame[:cut]), made.push(frame[cut:]), made.finish()])
    assert candles_.select("open", "close", "volume").rows() == [(1.0, 2.0, 2.0), (3.0, 4.0, 2.0)]


@pytest.mark.parametrize("rule", RULES)
def test_candles_of_any_rule_pass_the_checks_of_a_run(rule):
    rows = generate.trades(3_000).with_columns(pl.col("time_exchange").dt.round("1ms"))
    report = check(aggregate(trades(rows), **rule))
    assert not report.errors, str(report)


def test_windows_are_those_of_another_program():
    rows = generate.trades(5_000, instruments=1)
    found = aggregate(trades(rows), every="1s").frame().collect()
    by_polars = (
        rows.group_by_dynamic("time_exchange", every="1s")
        .agg(open=pl.col("price").first(), high=pl.col("price").max(), low=pl.col("price").min(),
             close=pl.col("price").last(), volume=pl.col("amount").sum())
        .with_columns(pl.col("time_exchange") + pl.duration(seconds=1, time_unit="ns"))
    )  # fmt: skip
    names = ["time_exchange", "open", "high", "low", "close"]
    assert found.select(names).equals(by_polars.select(names))
    assert (found["volume"] - by_polars["volume"]).abs().max() < 1e-9


def test_longer_candles_of_shorter_ones():
    minutes = generate.candles(600, instrument="a_usd")
    hours = aggregate(candles(minutes), every="1h").frame().collect()
    assert hours.height == 10
    assert hours["open"].to_list() == minutes["open"].gather_every(60).to_list()
    assert hours["close"].to_list() == minutes["close"].gather_every(60, 59).to_list()
    assert hours["high"].max() == minutes["high"].max()
    assert hours["time_exchange"].to_list() == minutes["time_exchange"].gather_every(60, 59).to_list()
    five = aggregate(candles(minutes), every="5m")
    assert aggregate(five, every="1h").frame().collect().drop("volume").equals(hours.drop("volume"))
    with pytest.raises(DataError, match="a candle lies on both sides of .* where a window of '90s' ends"):
        aggregate(candles(minutes), every="90s")


def test_days_of_a_zone_and_weeks():
    start = pl.datetime(2024, 3, 9, 5, time_zone="UTC", time_unit="ns")
    hours = pl.select(time_open=start + pl.duration(hours=pl.int_range(24 * 9), time_unit="ns")).with_columns(
        pl.lit(1.0).alias(name) for name in ("open", "high", "low", "close", "volume")
    )
    stream = candles(hours, instrument="a_usd", interval="1h")
    days = aggregate(stream, every="1d", time_zone="America/New_York").frame().collect()
    assert days["volume"].to_list()[:3] == [24.0, 23.0, 24.0], "clocks go forward on the second day"
    weeks = aggregate(stream, every="1w").frame().collect()
    assert weeks["time_open"].dt.weekday().to_list() == [1, 1, 1]


def test_mid_prices_of_quotes():
    book = pl.DataFrame(
        {"time_exchange": times(0, 1, 2, 12), "bid_price": [1.0, 2.0, 9.0, 4.0], "bid_amount": [1.0, 1.0, 0.0, 1.0],
         "ask_price": [2.0, 3.0, 9.0, 5.0], "ask_amount": [1.0] * 4}
    )  # fmt: skip
    stream = aggregate(quotes(book, instrument="a_usd"), every="10ns")
    assert shown(stream) == [(0, 10, 1.5, 2.5, 1.5, 2.5, 0.0), (10, 20, 4.5, 4.5, 4.5, 4.5, 0.0)]
    with pytest.raises(ConfigError, match="quotes have no volume"):
        aggregate(quotes(book, instrument="a_usd"), volume=5)
    with pytest.raises(ConfigError, match="quotes have no volume_imbalance"):
        aggregate(quotes(book, instrument="a_usd"), volume_imbalance=5)


def test_a_candle_is_known_when_the_last_of_its_rows_has_arrived():
    frame = pl.DataFrame(
        {"time_exchange": times(0, 9, 11), "time_received": times(1, 14, 15), "price": 1.0, "amount": 1.0}
    )
    made = aggregate(trades(frame, instrument="a_usd"), every="10ns").frame().collect()
    assert (made["time_received"].to_physical() - NS).to_list() == [14, 20]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({}, "has no rule"),
        ({"ticks": 5, "span": 3}, "span has no effect on ticks"),
        ({"every": "1m", "span": 3}, "span has no effect on every"),
        ({"tick_imbalance": 5, "span": 0}, "span is 0; it must be at least 1"),
        ({"renko": -1.0}, "renko is -1.0; it must be positive"),
        ({"every": "1m", "ticks": 5}, "has ticks, every"),
        ({"ticks": 0}, "ticks is 0; it must be positive"),
        ({"every": "-1m"}, "every is '-1m'; it must be positive"),
        ({"every": "1m", "time_zone": "UTC"}, "time_zone has no effect on every='1m'"),
    ],
)
def test_wrong_rules_are_refused(rule, text):
    with pytest.raises(ConfigError, match=text):
        aggregate(trades_at([0], [1.0]), **rule)


def test_candles_have_no_place_where_a_volume_is_reached():
    with pytest.raises(ConfigError, match="do not tell where within them volume is reached"):
        aggregate(candles(generate.candles(5)), volume=1.0)


def test_rows_that_go_back_in_time_are_refused():
    rows = generate.trades(50, instruments=1)
    with pytest.raises(DataError, match="'time_exchange' is before the row above"):
        aggregate(trades(rows.reverse()), every="1s")
    with pytest.raises(DataError, match="rows of 'walk0_usd' go back in time"):
        Aggregator("trades", every="1s").push(rows.reverse())


def test_nothing_gives_nothing():
    assert aggregate(trades_at([0], [1.0]), ticks=5).rows == 0
