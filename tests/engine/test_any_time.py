"""Times are any int64 ns: a run from 1678 to 2261, or across 1970, is the same run at another time (rule 10)."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.tiny import TIME, S, run, schedule, stamps, table

ORIGINS = [-9_200_000_000 * S, -5 * S, -2 * S, -1, 9_200_000_000 * S]
MARKET = ((1, 100.0), (2, 101.0), (3, 102.0), (5, 104.0))


def moments(seconds, by):
    return pl.Series([at * S + by for at in seconds], dtype=pl.Int64).cast(TIME)


def market(by):
    times, prices = zip(*MARKET, strict=True)
    frame = pl.DataFrame({"time_exchange": moments(times, by), "price": prices, "amount": [5.0] * len(times)})
    return bt.data.trades(frame, instrument="a_usd")


def bars(by):
    times, prices = zip(*MARKET, strict=True)
    frame = pl.DataFrame({"time_open": moments(times, by), **dict.fromkeys(("open", "high", "low", "close"), prices)})
    return bt.data.candles(frame, instrument="a_usd", interval="1s")


def plan(by):
    frame = pl.DataFrame(
        {"time": moments((2, 4), by), "instrument": "a_usd", "action": "open", "quantity": [2.0, -2.0]}
    )
    return bt.Schedule(frame)


def commands(by):
    rows = {"time": moments((2, 4), by), "command": ["disable_trading", "enable_trading"]}
    return bt.Commands(pl.DataFrame(rows))


class Timer:
    """Buys one at every third wake-up by its timer."""

    wake = "timer:1s"

    def generate_algo_orders(self, state):
        return [], [bt.OrderRequest(0, 1)] if state.raw.engine.sequence[0] % 3 == 0 else []


@pytest.mark.parametrize("by", ORIGINS)
@pytest.mark.parametrize("data", [market, bars])
def test_the_same_trades_at_another_time(data, by):
    here, there = (run(data(shift), plan(shift)) for shift in (0, by))
    for name in ("time_exchange", "time_engine"):
        moved = there.trades[name].to_physical() - here.trades[name].to_physical()
        assert moved.to_list() == [by] * 2
    assert table(there.orders, "status", "filled") == [("filled", 2), ("filled", 2)]
    assert there.orders.select("time_sent", "time_exchange", "time_closed").null_count().row(0) == (0, 0, 0)
    assert there.equity["equity"].to_list()[-1] == here.equity["equity"].to_list()[-1]


@pytest.mark.parametrize("by", ORIGINS)
def test_commands_and_signals_before_1970(by):
    """Disabled from 2 on, so the plan's first row is passed over."""
    signals = bt.Signals(pl.when(pl.col("close") > 101).then(1.0).otherwise(0.0))
    here, there = (run(bars(shift), signals, commands=commands(shift)) for shift in (0, by))
    assert here.trades.height == there.trades.height > 0
    assert table(there.orders, "status", "side", "filled") == table(here.orders, "status", "side", "filled")


@pytest.mark.parametrize("at", [-9_000_000_000, -5, 0])
def test_what_is_stamped_before_1970_is_followed_where_later_data_begins(at):
    """Orders, targets and commands: a time that never comes would be waited for without end."""
    later = run(market(5 * S), schedule({"at": at, "buy": 1}))
    assert table(later.orders, "time_sent", "status") == [(6, "filled")]
    targets = pl.DataFrame({"time": stamps([at]), "instrument": ["a_usd"], "target": [2.0]})
    assert table(run(market(5 * S), bt.Signals(targets)).trades, "time_exchange", "quantity") == [(7, 2)]
    stop = bt.Commands(pl.DataFrame({"time": stamps([at]), "command": ["disable_trading"]}))
    assert run(market(5 * S), plan(5 * S), commands=stop).orders.height == 0


@pytest.mark.parametrize("by", [k * S for k in (-9_000_000_000, -7, 9_000_000_000)])
def test_timers_before_1970(by):
    here, there = (run(market(shift), Timer()) for shift in (0, by))
    assert here.trades.height == there.trades.height > 0


def test_an_order_accepted_at_the_epoch_has_a_time():
    result = run(market(-2 * S), plan(-2 * S))
    assert result.orders["time_exchange"].to_physical()[0] == 0
    assert result.orders["time_exchange"].null_count() == 0


def test_times_outside_of_int64_are_errors():
    with pytest.raises(ConfigError, match="1677"):
        run(market(0), plan(0), start=datetime(1500, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigError, match="2262"):
        run(market(0), plan(0), end=datetime(2500, 1, 1, tzinfo=UTC))
