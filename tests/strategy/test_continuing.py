"""Signals over futures one after the other: the same targets as by hand, known when their candles are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy.builtin import ContinuousSignals

FIRST = datetime(2020, 1, 1, tzinfo=UTC)
MINUTES = bt.data.generate.candles(300, 3, "h").cast({"instrument": pl.String})
BARS = pl.concat(
    [MINUTES, MINUTES.with_columns((pl.col("open", "high", "low", "close") * 1.1).round(4), instrument=pl.lit("m"))]
).sort("time_exchange", "instrument")
TICK: dict[str, Any] = {"price_increment": "0.0001"}
CONTRACTS = [
    bt.Instrument("x", name, "oil", "usd", kind="future", expiry=FIRST + timedelta(minutes=at), **TICK)
    for name, at in (("h", 130), ("m", 290))
]
RISING = pl.when(pl.col("close") > pl.col("close").rolling_mean(20)).then(1.0).otherwise(0.0)


def run(strategy: Any, data: Any = None, contracts: Any = CONTRACTS, **options: Any) -> bt.Result:
    given: dict[str, Any] = {"balances": {"usd": 10_000}, "interpret": True} | options
    return bt.backtest(bt.data.candles(BARS) if data is None else data, contracts, strategy, **given)


@pytest.mark.parametrize("adjust", ["none", "difference", "ratio"])
def test_they_are_the_targets_of_the_series(adjust: Any) -> None:
    """As ``continuous`` and ``contract_targets`` make them, of which those that change are followed."""
    series = bt.data.continuous(BARS, CONTRACTS, "30m", adjust=adjust)
    targets = bt.data.contract_targets(series.with_columns(target=RISING))
    by_hand = run(bt.Signals(targets, rebalance="on_change", name="continuous"))
    ours = run(ContinuousSignals(RISING, "30m", adjust))
    assert ours.trades["instrument"].unique().sort().to_list() == ["h", "m"]
    assert ours.digests == by_hand.digests
    assert ours.warnings == by_hand.warnings


def test_a_position_is_rolled_where_the_target_says_nothing_new() -> None:
    """Bought once; at the roll the old contract is sold and the new one bought, of candles of a stream each."""
    once = pl.when(pl.int_range(pl.len()) == 0).then(2.0)
    parts = [bt.data.candles(BARS.filter(instrument=name)) for name in ("h", "m")]
    result = run(ContinuousSignals(once, "30m"), parts)
    sent = result.orders.drop_nulls("time_sent")  # the last is settled
    assert sent.select("instrument", "side", "quantity").rows() == [
        ("h", "buy", 2.0),
        ("h", "sell", 2.0),
        ("m", "buy", 2.0),
    ]
    assert sent["time_sent"].dt.minute().to_list() == [1, 40, 40]


def test_candles_that_are_known_at_one_time_lose_neither_a_roll_nor_a_target() -> None:
    """Behind a gap in the feed several arrive at once: of their targets the last counts, though others follow them."""
    late = BARS.with_columns(time_received=pl.col("time_exchange").dt.truncate("7m").dt.offset_by("7m"))
    moment = pl.int_range(pl.len())
    once = pl.when(moment == 0).then(2.0).when(moment == 150).then(1.0)
    result = run(ContinuousSignals(once, "30m"), bt.data.candles(late))
    sent = result.orders.drop_nulls("time_sent")  # the last is settled
    assert sent.select("instrument", "side", "quantity").rows() == [
        ("h", "buy", 2.0),
        ("h", "sell", 2.0),
        ("m", "buy", 2.0),
        ("m", "sell", 1.0),
    ]
    first, old, new, _ = sent["time_sent"].to_list()
    assert first < old == new


def test_targets_are_known_when_their_candles_have_arrived() -> None:
    late = run(ContinuousSignals(RISING, "30m"), venues=bt.Venue(latency=bt.Latency(feed_ns=7 * 10**9)))
    assert set(late.orders["time_sent"].drop_nulls().dt.second().to_list()) == {7}


def test_what_looks_ahead_is_told() -> None:
    """An expression that does, and levels of the last contract; what prices change by does not."""
    told = "targets of the continuous series change"
    assert any(told in text for text in run(ContinuousSignals(RISING.shift(-1), "30m")).warnings)
    above = MINUTES["close"].head(100).max() * 1.02  # type: ignore[operator]
    level = pl.when(pl.col("close") > above).then(1.0).otherwise(0.0)
    assert any(told in text for text in run(ContinuousSignals(level, "30m", "ratio", "last")).warnings)
    assert not any(told in text for text in run(ContinuousSignals(RISING, "30m", "ratio", "last")).warnings)


def test_it_holds_against_the_future() -> None:
    found = bt.check_causality(
        bt.data.candles(BARS), CONTRACTS, ContinuousSignals(RISING, "30m", "ratio"), balances={"usd": 10_000}, n=3,
        interpret=True,
    )  # fmt: skip
    assert found.ok


OTHER = bt.Instrument("x", "gold_f", "gold", "usd", kind="future", expiry=FIRST + timedelta(minutes=200), **TICK)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ContinuousSignals(1.0), "target is float; it must be a Polars expression"),  # type: ignore[arg-type]
        (lambda: ContinuousSignals(RISING, anchor="last"), "anchor is 'last', and adjust is 'none'"),
        (lambda: ContinuousSignals(RISING, protect_by="ticks"), "protect_by is 'ticks', and nothing protects"),
        (lambda: run(ContinuousSignals(RISING, "soon")), "roll is 'soon'"),
        (lambda: run(ContinuousSignals(RISING, adjust="sum")), "adjust is 'sum'; allowed"),  # type: ignore[arg-type]
        (lambda: run(ContinuousSignals(pl.col("closs"))), "cannot be computed over the continuous series.*closs"),
        (lambda: run(ContinuousSignals(RISING, contracts=["h", "z"])), "contracts has 'z', which is no future"),
        (
            lambda: run(ContinuousSignals(RISING), contracts=[*CONTRACTS, OTHER]),
            "are of gold/usd at x and of oil/usd at x; a series is made of those of one underlying",
        ),
        (lambda: run(ContinuousSignals(RISING), bt.testing.trades((1, 9, 9), instrument="h")), "needs candles"),
    ],
)
def test_what_cannot_be_is_told(make: Any, said: str) -> None:
    with pytest.raises((StrategyError, ConfigError), match=said):
        make()


FILE = """
data = [{ kind = "candles", path = "bars.parquet" }]
balances = { usd = 10_000 }
[[instruments]]
exchange = "x"
name = "h"
base = "oil"
quote = "usd"
kind = "future"
expiry = "2020-01-01T02:10:00Z"
price_increment = "0.0001"
[[instruments]]
exchange = "x"
name = "m"
base = "oil"
quote = "usd"
kind = "future"
expiry = "2020-01-01T04:50:00Z"
price_increment = "0.0001"
[strategy]
name = "continuous"
[strategy.parameters]
target = "CASE WHEN close > open THEN 1 WHEN close < open THEN 0 END"
roll = "30m"
adjust = "ratio"
"""


def test_a_configuration_file_says_it_in_sql(tmp_path: Path) -> None:
    BARS.write_parquet(tmp_path / "bars.parquet")
    (tmp_path / "run.toml").write_text(FILE)
    target = pl.when(pl.col("close") > pl.col("open")).then(1).when(pl.col("close") < pl.col("open")).then(0)
    result = bt.backtest(**load(tmp_path / "run.toml").build(), interpret=True)
    assert result.trades.height > 10
    assert result.digests == run(ContinuousSignals(target, "30m", "ratio")).digests
    (tmp_path / "run.toml").write_text(FILE.replace("roll =", "rol ="))
    with pytest.raises(ConfigError, match="'rol' is not known.*\n.*did you mean 'roll'"):
        load(tmp_path / "run.toml").build()
