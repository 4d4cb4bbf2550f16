"""Indicators: exact sums, so that ties are ties."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.data import generate
from barter_bt.strategy.indicators import cross, rolling_total

PRICES = st.lists(st.integers(1, 40).map(lambda k: k / 10), max_size=60)


@given(prices=PRICES, window=st.integers(1, 9))
def test_a_rolling_total_is_exact(prices, window):
    """Sums of integers; null before there are as many prices."""
    found = pl.DataFrame({"close": pl.Series(prices, dtype=pl.Float64)}).select(rolling_total(window, per_unit=10))
    ticks = [round(p * 10) for p in prices]
    expected = [sum(ticks[k - window + 1 : k + 1]) if k >= window - 1 else None for k in range(len(ticks))]
    assert found["close"].to_list() == expected


def crosses(prices: list[float], fast: int, slow: int) -> list[int | None]:
    """By fractions: above now and not above before; below now and not below before; both averages known at both."""
    exact = [Fraction(round(p * 10), 10) for p in prices]
    gaps: list[Fraction | None] = []
    for k in range(len(exact)):
        means = [sum(exact[k - n + 1 : k + 1]) / n for n in (fast, slow)]
        gaps.append(means[0] - means[1] if k >= slow - 1 else None)
    found: list[int | None] = []
    for before, now in zip([None, *gaps], gaps, strict=False):
        if before is None or now is None:
            found.append(None)
        else:
            found.append(1 if now > 0 >= before else -1 if now < 0 <= before else None)
    return found


@settings(deadline=None)
@given(prices=PRICES, fast=st.integers(1, 4), more=st.integers(1, 5))
def test_a_cross_is_exact_and_breaks_no_ties(prices, fast, more):
    """Two averages tie exactly when their decimal values do; a touch is a cross on neither side until it is left."""
    found = pl.DataFrame({"close": pl.Series(prices, dtype=pl.Float64)}).select(cross(fast, fast + more, per_unit=10))
    assert found.to_series().to_list() == crosses(prices, fast, fast + more)


def test_the_built_in_crossing_trades_as_its_definition_says():
    """One order at each cross, alternating, and as many as the crosses that change the position."""
    frame = generate.candles(3_000)
    one = bt.Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)
    strategy = bt.strategy.builtin.SmaCross(fast=5, slow=15)
    result = bt.backtest(bt.data.candles(frame), one, strategy, balances={"usd": 1_000}, interpret=True)
    signs = [s for s in frame.select(cross(5, 15)).to_series().to_list() if s]
    first = signs.index(1)
    assert result.orders["side"].cast(pl.String).to_list() == ["buy" if s > 0 else "sell" for s in signs[first:]]


@pytest.mark.parametrize("feed", [0, "3s"])
@pytest.mark.parametrize("form", ["frame", "frames", "named", "two instruments"])
def test_the_built_in_crossing_is_that_of_its_expression(feed, form):
    """Of one instrument in memory only the rows that count are computed, to the same orders and warnings."""
    walk = generate.candles(400, instrument="walk0_usd")
    source = {
        "frame": walk,
        "frames": [walk[:150], walk[150:]],
        "named": walk.drop("instrument"),
        "two instruments": generate.panel_candles(200, 2),
    }[form]
    stream = bt.data.candles(source, instrument="walk0_usd" if form == "named" else None)
    pair = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.0001", quantity_increment="0.01") for k in range(2)]
    options = {"balances": {"usd": 1_000}, "venues": bt.Venue(latency=bt.Latency(feed_ns=feed)), "interpret": True}
    own = bt.backtest(stream, pair, bt.strategy.builtin.SmaCross(4, 9, 0.5), **options)
    target = (cross(4, 9) > 0).cast(pl.Float64) * 0.5
    other = bt.backtest(stream, pair, bt.Signals(target, name="sma_cross"), **options)
    assert own.orders.height > 10
    assert (own.digest, own.warnings) == (other.digest, other.warnings)


def test_buy_and_hold_buys_once():
    """A quantity, or equal shares of the equity, at the first candle."""
    frame = generate.panel_candles(20, 2)
    pair = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.0001", quantity_increment="0.01") for k in range(2)]
    options = {"balances": {"usd": 10_000}, "interpret": True}
    units = bt.backtest(bt.data.candles(frame), pair, bt.strategy.builtin.BuyAndHold(quantity=2), **options)
    assert units.trades["quantity"].to_list() == [2, 2]
    shares = bt.backtest(bt.data.candles(frame), pair, bt.strategy.builtin.BuyAndHold(), **options)
    assert shares.trades["notional"].to_list() == [pytest.approx(5_000, rel=0.03)] * 2
    assert shares.positions.height == 0
