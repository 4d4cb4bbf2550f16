"""Stops (rule 27): losses beyond a limit disable trading, cancel every order, close every position."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import ConfigError
from barter_bt.strategy.api import buy, limit_buy
from tests.engine.test_commands import commands
from tests.engine.tiny import FUTURE, A, candles, flat, quotes, run, schedule, table

MODES = pytest.mark.parametrize("interpret", [True, False])
FALLING = flat(100, 100, 98, 95, 91, 90, 89, 88)  # closes at 10, 20, ... seconds


def hold(s: Any, my: Any) -> None:
    """Buys ten and rests one, at the first bar close; and again whenever it holds nothing."""
    if s.instruments.quantity[0] == 0 and s.instruments.live[0] == 0:
        buy(s, 0, 10.0)
        limit_buy(s, 0, 1.0, 50.0)


class Hold:
    """The same in Python."""

    wake = "bar_close"

    def generate_algo_orders(self, state: Any) -> Any:
        if state.position(0) or state.open_orders(0):
            return (), ()
        return (), [bt.OrderRequest(0, 10), bt.OrderRequest(0, 1, price=50.0)]


ORDERS = ({"at": 10, "buy": 10}, {"at": 10, "buy": 1, "limit": 50}, {"at": 70, "buy": 5})
DRIVERS = {"compiled": lambda: bt.Compiled(hold, wake="bar_close"), "python": Hold, "orders": lambda: schedule(*ORDERS)}


def holding(driver: str, data: Any = FALLING, **limits: Any) -> bt.Result:
    options = {key: limits.pop(key) for key in ("interpret", "commands", "venues") if key in limits}
    risk = bt.Limits(**limits) if limits else None
    return run(data, DRIVERS[driver](), balances={"usd": 1_100}, risk=risk, audit="full", **options)


@MODES
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("limits", "stop"), [({"drawdown": 0.04}, "drawdown"), ({"daily_loss": 45}, "daily loss")])
def test_a_stop_cancels_closes_and_disables(driver, limits, stop, interpret):
    """1,100 at first, ten held from 100: at 95 the loss is 50, more than 4 % and more than 45."""
    result = holding(driver, interpret=interpret, **limits)
    sent = [("buy", "market", 10), ("buy", "limit", 1), ("sell", "market", 10)]
    assert table(result.orders, "side", "kind", "quantity", "time_sent") == [
        (*one, t) for one, t in zip(sent, (10, 10, 40), strict=True)
    ]
    assert table(result.orders, "status") == [("filled",), ("cancelled",), ("filled",)]
    assert result.positions.height == 1
    assert result.state.engine.trading[0] == 0
    assert any(stop in warning for warning in result.warnings)
    (row,) = result.audit.filter(pl.col("event") == "risk_stop").iter_rows(named=True)
    assert [one["output"] for one in row["outputs"]] == ["trading_disabled", "sent_cancel", "sent_open"]
    assert differences(result.state, result.replica().state) == []


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("limits", [{"drawdown": 0.12}, {"daily_loss": 120}])
def test_a_loss_at_the_limit_does_not_stop(driver, limits):
    """Strictly beyond: 120 of 1,100 is all that is ever lost, less than 12 %."""
    result = holding(driver, **limits)
    assert result.state.engine.trading[0] == 1
    assert result.audit.filter(pl.col("event") == "risk_stop").height == 0
    assert not any("stop" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("limits", "stops"), [({"drawdown": 0.1}, 0), ({"daily_loss": 110}, 0), ({"drawdown": 0.099}, 1)]
)
def test_a_loss_of_exactly_the_limit_does_not_stop(limits, stops):
    """At 89, 110 of 1,100 are lost."""
    result = holding("compiled", flat(100, 100, 98, 95, 91, 90, 89), **limits)
    assert result.audit.filter(pl.col("event") == "risk_stop").height == stops


def test_an_equity_that_is_not_known_is_no_loss():
    """For a second there is no price of what is held."""
    data = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 0), (3, 99, 9, 101, 9), (4, 99, 9, 101, 9))
    plan = schedule({"at": 4, "buy": 1})
    options = {"balances": {"usd": 1_000, "a": 5}, "mark_every": "1s", "audit": "actions"}
    result = run(data, plan, risk=bt.Limits(drawdown=0.3, daily_loss=400), **options)
    assert result.equity["equity"].is_null().sum() >= 1
    assert result.audit.filter(pl.col("event") == "risk_stop").height == 0


def test_stopped_and_unstopped_runs_agree_up_to_the_stop():
    """A stop that does not fire changes nothing."""
    assert holding("compiled", drawdown=0.9).digest == holding("compiled").digest


def test_a_day_s_loss_counts_from_the_first_mark_of_the_day():
    """Thirty are lost on the first day and forty on the second; the mark at the end of the run fires nothing."""
    day = 86_400
    rows = [(100, day - 30), (97, day - 20), (97, day + 10), (94, day + 20), (93, day + 30), (93, day + 40)]
    frame = flat(*(price for price, _ in rows)).frame().collect()
    times = pl.Series([t * 10**9 for _, t in rows]).cast(pl.Datetime("ns", "UTC"))
    frame = frame.with_columns(time_exchange=times, time_open=times - pl.duration(seconds=5))
    data = bt.data.candles(frame)
    first = schedule({"at": day - 40, "buy": 10})
    options = {"balances": {"usd": 2_000}}
    for loss, stops in ((45, 0), (35, 1), (25, 1)):
        result = run(data, first, risk=bt.Limits(daily_loss=loss), audit="actions", **options)
        assert result.audit.filter(pl.col("event") == "risk_stop").height == stops, loss


def test_a_day_s_loss_is_seen_at_a_mark_that_ends_the_day():
    """Candles of a day close at midnight: each mark ends its day, which began with the mark before."""
    day = 86_400
    rows = [(k * day, (k + 1) * day, *(price,) * 4) for k, price in enumerate((100, 100, 97, 94, 89, 85))]
    first = schedule({"at": day, "buy": 10})
    for loss, stopped in ((60, []), (45, [5 * day]), (25, [3 * day])):
        result = run(candles(*rows), first, balances={"usd": 2_000}, risk=bt.Limits(daily_loss=loss), audit="actions")
        assert table(result.audit.filter(pl.col("event") == "risk_stop"), "time_engine") == [(at,) for at in stopped], (
            loss
        )


def test_what_is_lost_up_to_midnight_is_of_the_day_that_ends():
    """Thirty of one day, at the mark at its midnight, and ten of the next are not forty of the next."""
    day = 86_400
    times, prices = (day - 20, day - 10, day, day + 10, day + 20), (100, 100, 97, 96, 96)
    rows = [(t - 10, t, *(price,) * 4) for t, price in zip(times, prices, strict=True)]
    for loss, stops in ((35, 0), (25, 1)):
        limits = bt.Limits(daily_loss=loss)
        result = run(candles(*rows), schedule({"at": day - 20, "buy": 10}), risk=limits, audit="actions")
        assert result.audit.filter(pl.col("event") == "risk_stop").height == stops


def test_a_gap_over_night_is_a_loss_of_the_day():
    """The day began with the mark before it, not with its own first mark."""
    day = 86_400
    times, prices = (day - 20, day - 10, day + 10, day + 20), (100, 100, 90, 90)
    rows = [(at - 5, at, *(price,) * 4) for at, price in zip(times, prices, strict=True)]
    result = run(candles(*rows), schedule({"at": day - 20, "buy": 10}), risk=bt.Limits(daily_loss=50), audit="actions")
    assert result.audit.filter(pl.col("event") == "risk_stop").height == 1


def test_the_peak_before_a_stop_is_forgotten():
    """1,100, stopped at 1,050, enabled again: 4 % are counted from what is there then, not from the old peak."""
    again = commands({"at": 45, "do": "enable_trading"})
    prices = (100, 100, 95, 95, 95, 95, 94, 94, 94, 94)  # another 10 of 1,050 are less than 4 %
    result = holding("compiled", flat(*prices), commands=again, drawdown=0.04)
    assert result.audit.filter(pl.col("event") == "risk_stop").height == 1


def test_after_a_stop_losses_count_anew():
    """Trading is enabled again: it goes on, and stops again when as much is lost once more."""
    again = commands({"at": 45, "do": "enable_trading"})
    result = holding("compiled", flat(100, 100, 95, 95, 95, 95, 90, 85, 80), commands=again, drawdown=0.04)
    stops = result.audit.filter(pl.col("event") == "risk_stop")
    assert stops.height == 2
    assert differences(result.state, result.replica().state) == []


@pytest.mark.parametrize("limits", [{"drawdown": 0.04}, {"daily_loss": 45}])
def test_after_a_stop_losses_count_from_the_next_mark(limits):
    """At 30 fifty are lost; from then on 1,050 is the peak, and the day's first mark, so 95 again is no loss at 60."""
    again = commands({"at": 45, "do": "enable_trading"})
    result = holding("compiled", flat(100, 100, 95, 95, 95, 95, 90, 85, 80), commands=again, **limits)
    stops = result.audit.filter(pl.col("event") == "risk_stop")
    assert table(stops, "time_engine") == [(30,), (70,)]


def test_what_is_in_flight_when_it_stops_is_cancelled_too():
    """With latency: the order has not arrived yet, its cancel follows it."""
    venue = bt.Venue(latency=bt.Latency(request_ns=15 * 10**9))
    rows = schedule({"at": 10, "buy": 10}, {"at": 40, "buy": 1, "limit": 50})
    data = flat(100, 100, 100, 95, 91, 90, 89, 88)
    result = run(data, rows, balances={"usd": 1_100}, risk=bt.Limits(drawdown=0.04), venues=venue)
    assert table(result.orders, "status", "time_sent")[1:] != []
    assert result.state.instruments.live[0] == 0


def test_stops_are_of_the_account():
    """Not of one instrument; and they must be positive."""
    for name in ("drawdown", "daily_loss"):
        with pytest.raises(ConfigError, match="whole account"):
            bt.Limits(by_instrument={"a_usd": {name: 0.5}})
        with pytest.raises(ConfigError, match="positive"):
            bt.Limits(**{name: -1})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(50, 150), min_size=3, max_size=30), st.sampled_from([0.05, 0.1, 0.3]))
def test_no_mark_before_the_stop_was_beyond_the_limit(prices, drawdown):
    """The first mark beyond the limit fires it, on any path; shorts and longs by a future."""
    data = flat(*prices, instrument="f_usd")
    rows = schedule({"at": 10, "sell": 1, "on": "f_usd"})
    result = run(data, rows, [FUTURE, A], balances={"usd": 5_000}, risk=bt.Limits(drawdown=drawdown), audit="actions")
    stops = result.audit.filter(pl.col("event") == "risk_stop")
    curve = result.equity.with_columns(below=1 - pl.col("equity") / pl.col("equity").cum_max())
    before = curve if stops.height == 0 else curve.filter(pl.col("time") < stops["time_engine"][0])
    assert (before["below"] <= drawdown + 1e-12).all() or stops.height == 0
    if stops.height:
        assert (before["below"] <= drawdown + 1e-12).all()


def test_a_drawdown_is_a_fraction():
    with pytest.raises(ConfigError, match="drawdown is 50; a fall from the peak is a fraction"):
        bt.Limits(drawdown=50)
