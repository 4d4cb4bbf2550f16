"""Expressions over candles: for each instrument, across them, over several streams and columns of the user's own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.driver import Market
from barter_bt.strategy.panel import panel as make_panel
from barter_bt.strategy.windows import taken_apart
from tests.engine.tiny import TIME, S, candles, flat, run, stamps, table

NAMES = ("a_usd", "b_usd", "c_usd", "d_usd")
MANY = [bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in NAMES]
CLOSE = pl.col("close")
CHANGE = (CLOSE / CLOSE.shift(2) - 1).over("instrument")
MARGIN = bt.Venue(account="margin")


def market(*streams: bt.data.Stream, feed_ns: tuple[int, ...] | None = None) -> Any:
    """What signals read of a market."""
    index: Any = SimpleNamespace(names=list(NAMES))
    return Market(index, cast("Any", None), streams, 0, feed_ns or (0,) * len(streams))


def rows(target: Any, *streams: bt.data.Stream, **options: Any) -> list[tuple[float, str, float]]:
    """Targets as seconds, instrument and value, sorted."""
    frame = bt.Signals(target).rows(market(*streams, **options))
    return sorted(table(frame.with_columns(pl.col("instrument").cast(pl.String)), "time", "instrument", "target"))


def panel(closes: dict[str, list[float]], **columns: list[Any]) -> pl.DataFrame:
    """Candles of ten seconds of several instruments, all closing together; further columns in order of rows."""
    lines = [
        (stamps([10 * k])[0], stamps([10 * k + 10])[0], name, *(closes[name][k],) * 4)
        for k in range(len(next(iter(closes.values()))))
        for name in closes
    ]
    names = ["time_open", "time_exchange", "instrument", "open", "high", "low", "close"]
    frame = pl.DataFrame(lines, schema=names, orient="row", schema_overrides={"time_open": TIME, "time_exchange": TIME})
    return frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


# Across instruments


def test_a_ranking_over_time_ranks_the_instruments():
    """The window inside is computed first: the changes of instruments are ranked, not single rows."""
    closes = {name: [100.0 * (1 + 0.1 * k) ** n for n in range(5)] for k, name in enumerate(NAMES)}
    best = (CHANGE.rank(descending=True).over("time") <= 2) * 1.0
    found = rows(best, bt.data.candles(panel(closes)))
    assert [one for one in found if one[2]] == [(k, name, 1.0) for k in (30, 40, 50) for name in ("c_usd", "d_usd")]
    assert [one[:2] for one in found if not one[2]] == [(k, name) for k in (30, 40, 50) for name in ("a_usd", "b_usd")]


@pytest.mark.parametrize("key", ["time", "time_exchange", "time_open"])
def test_each_of_the_times_groups_what_closes_together(key):
    closes = {"a_usd": [1.0, 5.0], "b_usd": [2.0, 4.0]}
    assert rows(CLOSE.rank().over(key), bt.data.candles(panel(closes))) == [
        *((10, "a_usd", 1.0), (10, "b_usd", 2.0)),
        *((20, "a_usd", 2.0), (20, "b_usd", 1.0)),
    ]


def test_what_stands_outside_of_windows_is_done_for_each_instrument():
    """A close of the row before is that of the same instrument, also beside a window over time."""
    closes = {"a_usd": [1.0, 5.0], "b_usd": [2.0, 4.0]}
    assert rows(CLOSE.shift(1) + 10 * CLOSE.mean().over("time"), bt.data.candles(panel(closes))) == [
        (20, "a_usd", 46.0),
        (20, "b_usd", 47.0),
    ]


def test_without_a_window_a_rank_is_over_the_time_of_one_instrument():
    closes = {"a_usd": [1.0, 5.0], "b_usd": [4.0, 2.0]}
    found = rows(CLOSE.rank(), bt.data.candles(panel(closes)))
    assert [value for *_, value in found] == [1.0, 2.0, 2.0, 1.0]


def test_a_window_without_groups_is_over_all_rows():
    closes = {"a_usd": [1.0, 5.0], "b_usd": [4.0, 2.0]}
    total = CLOSE.sum().over(order_by="time")
    assert {value for *_, value in rows(total, bt.data.candles(panel(closes)))} == {12.0}


def test_one_instrument_alone_has_the_same_windows():
    stream = flat(1, 2, 4, 8)
    assert rows(CHANGE.rank().over("time"), stream) == [(30, "a_usd", 1.0), (40, "a_usd", 1.0)]


def test_candles_that_close_at_other_times_are_not_compared():
    """A group over time is of one stamp: what closes elsewhere is not in it."""
    streams = candles((0, 10, 1, 1, 1, 1)), candles((2, 12, 2, 2, 2, 2), instrument="b_usd")
    assert rows(CLOSE.rank().over("time"), *streams) == [(10, "a_usd", 1.0), (12, "b_usd", 1.0)]


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ((CLOSE / CLOSE.shift(20)).rank().over("time"), r"shift\(\)"),
        (CLOSE.rolling_mean(3).over("time"), r"rolling\(\)"),
        (CLOSE.ewm_mean(span=3).rank().over("sector", "time"), r"ewm_mean\(\)"),
        (CLOSE.pct_change().over("sector"), r"pct_change\(\)"),
        (CLOSE.fill_null(strategy="forward").over("time"), r"fill_null_with_strategy_forward\(\)"),
    ],
)
def test_what_would_go_from_instrument_to_instrument_is_an_error(target, call):
    """Changes of one instrument to the next in order of names are never meant: the error shows what is."""
    with pytest.raises(StrategyError, match=f"{call} inside .over.*\n.*over\\(.instrument.\\)"):
        rows(target, bt.data.candles(panel({"a_usd": [1.0, 5.0], "b_usd": [4.0, 2.0]})))


def test_what_goes_in_order_within_a_group_is_allowed():
    """With an order of its own, or strategies that do not go from row to row."""
    stream = bt.data.candles(panel({"a_usd": [3.0, 5.0], "b_usd": [4.0, 2.0]}))
    assert rows(CLOSE.cum_sum().over("time", order_by="close"), stream) == [
        *((10, "a_usd", 3.0), (10, "b_usd", 7.0)),
        *((20, "a_usd", 7.0), (20, "b_usd", 2.0)),
    ]
    assert len(rows(CLOSE.fill_null(strategy="zero").rank().over("time"), stream)) == 4


def test_numbers_in_an_expression_with_windows_stay_what_they_are():
    """To the last bit, whatever number."""
    stream = bt.data.candles(panel({"a_usd": [1.0], "b_usd": [1.0]}))
    random = np.random.default_rng(5)
    for value in (random.random(200) * 10.0 ** random.integers(-12, 12, 200)).tolist():
        assert rows(CLOSE.max().over("time") * value, stream)[0][2] == value


def test_a_function_of_the_user_s_can_stand_in_a_window():
    scale = 3.0
    mine = CLOSE.map_batches(lambda s: s * scale, return_dtype=pl.Float64).over("instrument")
    stream = bt.data.candles(panel({"a_usd": [1.0], "b_usd": [2.0]}))
    assert rows(mine.rank().over("time") + mine, stream) == [(10, "a_usd", 4.0), (10, "b_usd", 8.0)]


# Whatever the rows


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("height", [1_000, 100_003])
def test_what_goes_from_row_to_row_is_computed_in_one_go(height, pieces):
    """To the last bit, whatever the pieces and threads: rounding decides where an average is crossed."""
    frame = bt.data.generate.candles(height, instrument="a_usd")
    cut = [frame[height * k // pieces : height * (k + 1) // pieces] for k in range(pieces)]
    stream = bt.data.candles(pl.concat(cut, rechunk=False))
    for target in (CLOSE.rolling_mean(20), CLOSE.rolling_std(50), CLOSE.cum_sum(), CLOSE / CLOSE.mean()):
        found = bt.Signals(target).rows(market(stream))["target"]
        assert found.equals(frame.select(target).to_series().drop_nulls(), check_names=False)


EXPRESSIONS = st.sampled_from(
    [
        CHANGE.rank(descending=True).over("time"),
        CLOSE.rank("ordinal").over("time"),
        ((CLOSE - CLOSE.mean().over("time")) / CLOSE.std().over("time")).fill_nan(0.0),
        CHANGE.rank().over("time").shift(1) + CLOSE.diff(),
        CLOSE.first().over("time") + CLOSE.cum_sum(),
        CHANGE.rank().over("time").rolling_mean(2).over("instrument").rank("ordinal").over("time"),
        CLOSE.rolling_mean(2) - CLOSE.shift(1),
    ]
)
CLOSES = st.lists(st.lists(st.integers(90, 110), min_size=4, max_size=4), min_size=3, max_size=6)


def lying(frame: pl.DataFrame, seed: int, apart: bool) -> list[bt.data.Stream]:
    """The same candles: rows of one time permuted, in one stream or one for each instrument, in any order."""
    random = np.random.default_rng(seed)
    if apart:
        names = random.permutation(NAMES).tolist()
        return [bt.data.candles(frame.filter(pl.col("instrument") == name)) for name in names]
    order = pl.Series("order", random.permutation(frame.height))
    return [bt.data.candles(frame.with_columns(order).sort("time_exchange", "order").drop("order"))]


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, CLOSES, st.integers(0, 99), st.booleans())
def test_how_the_rows_of_one_time_lie_changes_no_target(target, closes, seed, apart):
    frame = panel({name: [float(row[k]) for row in closes] for k, name in enumerate(NAMES)})
    assert rows(target, *lying(frame, seed, apart)) == rows(target, bt.data.candles(frame))


@settings(max_examples=8, deadline=None)
@given(EXPRESSIONS, CLOSES, st.integers(0, 99), st.booleans())
def test_how_the_rows_of_one_time_lie_changes_no_run(target, closes, seed, apart):
    """The same orders at the same times, filled at the same prices, and the same equity at the end."""
    frame = panel({name: [float(row[k]) for row in closes] for k, name in enumerate(NAMES)})
    signals = bt.Signals(target.round(3))
    results = [
        run(data, signals, MANY, balances={"usd": 10_000_000}, venues=MARGIN)
        for data in (lying(frame, seed, apart), bt.data.candles(frame))
    ]
    trades = [sorted(table(one.trades, "time_exchange", "instrument", "side", "quantity", "price")) for one in results]
    assert trades[0] == trades[1]
    assert results[0].equity["equity"][-1] == results[1].equity["equity"][-1]


# When it is known


def late(name: str, closes: list[float], delays: list[float]) -> bt.data.Stream:
    """Candles of ten seconds of one instrument that arrive so many seconds after their close, never out of order."""
    frame = panel({name: closes})
    close = frame["time_exchange"].to_physical()
    arrival = (close + pl.Series([round(d * S) for d in delays])).cum_max()
    return bt.data.candles(frame.with_columns(time_received=arrival.cast(TIME)))


def test_a_comparison_is_known_when_the_last_of_it_has_arrived():
    """What looks at one instrument alone is known at its own arrival."""
    streams = late("a_usd", [1.0, 2.0], [1, 1]), late("b_usd", [3.0, 1.0], [5, 0])
    assert rows(CLOSE.rank().over("time"), *streams) == [
        *((15, "a_usd", 1.0), (15, "b_usd", 2.0)),
        *((21, "a_usd", 2.0), (21, "b_usd", 1.0)),
    ]
    assert [one[:2] for one in rows(CLOSE, *streams)] == [(11, "a_usd"), (15, "b_usd"), (20, "b_usd"), (21, "a_usd")]


def test_feed_latency_of_each_stream_counts():
    streams = flat(1, 2), flat(3, 1, instrument="b_usd")
    times = [one[0] for one in rows(CLOSE.rank().over("time"), *streams, feed_ns=(1 * S, 4 * S))]
    assert times == [14, 14, 24, 24]
    assert [one[0] for one in rows(CLOSE, *streams, feed_ns=(1 * S, 4 * S))] == [11, 14, 21, 24]


DELAYS = st.lists(st.integers(0, 25), min_size=6, max_size=6)


def by_candle(target: pl.Expr, streams: list[bt.data.Stream]) -> dict[tuple[int, str], tuple[int, float | None]]:
    """When it is known and the value, by close and instrument."""
    candles = make_panel(streams, [0] * len(streams), target.meta.root_names(), True)
    values = taken_apart(target).columns(candles).with_columns(pl.col("time").to_physical()).collect()
    keys = candles.frame.select(pl.col("time_exchange").to_physical(), "instrument").collect()
    return {key: (row[0], row[2]) for key, row in zip(keys.rows(), values.rows(), strict=True)}


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.lists(DELAYS, min_size=3, max_size=3), st.integers(10, 90), st.integers(0, 9))
def test_a_target_needs_nothing_that_arrives_after_it(target, delays, until, seed):
    """Without what arrives later than a time, the targets that were known by then are the same."""
    random = np.random.default_rng(seed)
    streams = [
        late(name, random.integers(90, 110, 6).astype(float).tolist(), some)
        for name, some in zip(NAMES, delays, strict=False)
    ]
    limit = pl.lit(until * S).cast(TIME)
    kept = [one.frame().collect().filter(pl.col("time_received") <= limit) for one in streams]
    there = by_candle(target, [bt.data.candles(one) for one in kept])
    for key, (known, value) in by_candle(target, streams).items():
        if known <= until * S:
            assert there[key][0] == known
            assert there[key][1] == (value if value is None else pytest.approx(value, rel=1e-12, nan_ok=True))


def test_of_candles_that_arrive_together_the_last_is_the_wish():
    stream = late("a_usd", [1.0, 2.0, 3.0], [30, 20, 10])
    assert rows(CLOSE, stream) == [(40, "a_usd", 3.0)]


# Several streams


def test_candles_that_go_on_in_another_stream_are_one_sequence():
    whole = panel({"a_usd": [1.0, 2.0, 4.0, 8.0]})
    parts = [bt.data.candles(whole[:2]), bt.data.candles(whole[2:])]
    assert rows(CLOSE.rolling_sum(2), *parts) == rows(CLOSE.rolling_sum(2), bt.data.candles(whole))


def test_streams_of_one_instrument_each_run_together():
    """A stream that names its instrument by itself, and one that has a column for it."""
    one = bt.data.candles(panel({"a_usd": [1.0, 2.0]}).drop("instrument"), instrument="a_usd")
    two = bt.data.candles(panel({"b_usd": [1.0, 2.0]}))
    result = run([one, two], bt.Signals(pl.lit(1.0)), MANY[:2])
    assert table(result.orders, "instrument", "side", "quantity") == [("a_usd", "buy", 1), ("b_usd", "buy", 1)]


# Columns of the user's own


def test_an_expression_reads_columns_of_the_user_s_own():
    """Known when their row arrives; the run does not need them."""
    frame = panel({"a_usd": [1.0, 2.0], "b_usd": [3.0, 4.0]}, score=[5.0, 6.0, 7.0, 8.0], sector=["x", "x", "y", "x"])
    stream = bt.data.candles(frame)
    assert [one[2] for one in rows(pl.col("score"), stream)] == [5.0, 6.0, 7.0, 8.0]
    ranked = [one[2] for one in rows(pl.col("score").rank().over("sector", "time"), stream)]
    assert ranked == [1.0, 2.0, 1.0, 1.0]
    assert "score" not in stream.frame().collect_schema()


def test_own_columns_of_one_stream_are_null_in_another():
    one = bt.data.candles(panel({"a_usd": [1.0]}, score=[5]))
    two = bt.data.candles(panel({"b_usd": [1.0]}))
    three = bt.data.candles(panel({"c_usd": [1.0]}, score=[0.5]))
    assert rows(pl.col("score"), one, two, three) == [(10, "a_usd", 5.0), (10, "c_usd", 0.5)]


def test_own_columns_of_several_files_and_of_a_repaired_stream(tmp_path):
    """Joined to what the repair left, wherever a source has them."""
    frame = panel({"a_usd": [1.0, 2.0, 3.0]}, score=[5.0, 6.0, 7.0])
    frame[:2].write_parquet(tmp_path / "one.parquet")
    frame[2:].drop("score").write_parquet(tmp_path / "two.parquet")
    files = bt.data.candles([tmp_path / "one.parquet", tmp_path / "two.parquet"])
    assert [one[2] for one in rows(pl.col("score"), files)] == [5.0, 6.0]
    mended = bt.data.candles(frame[::-1], repair=bt.data.Repair(sort=True))
    assert [one[2] for one in rows(pl.col("score"), mended)] == [5.0, 6.0, 7.0]


def test_a_column_of_the_user_s_own_that_is_called_time_is_the_user_s():
    frame = panel({"a_usd": [1.0, 2.0], "b_usd": [3.0, 4.0]}, time=["m", "m", "m", "m"])
    assert [one[2] for one in rows(CLOSE.rank().over("time"), bt.data.candles(frame))] == [1.0, 3.0, 2.0, 4.0]


def test_a_column_that_is_not_there_is_named_with_what_is():
    frame = panel({"a_usd": [1.0]}, score=[5.0])
    with pytest.raises(StrategyError, match="names column 'scores'.*time, score\nHint: did you mean 'score'"):
        rows(pl.col("scores"), bt.data.candles(frame))


@pytest.mark.parametrize(
    "target",
    [
        CLOSE.filter(CLOSE > 1),
        pl.col("close", "open"),
        CLOSE.struct.field("x"),
        pl.lit("much").cast(pl.Float64),
        pl.concat_list(CLOSE, CLOSE),
        CLOSE.head(1).over("instrument"),
        CLOSE.map_batches(lambda s: s.no_such, return_dtype=pl.Float64),
        CLOSE.sum().over("nothing"),
    ],
    ids=str,
)
def test_what_is_no_number_for_each_candle_is_an_error_of_ours(target):
    stream = bt.data.candles(panel({"a_usd": [1.0, 2.0], "b_usd": [3.0, 4.0]}))
    with pytest.raises(StrategyError, match="the signal's expression"):
        rows(target, stream)
