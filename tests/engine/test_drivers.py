"""One strategy written three ways is one run; interpreted is compiled."""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.data import generate
from barter_bt.strategy import Python
from barter_bt.strategy.api import ask_price, bid_price, buy, cancel_all, limit_buy, limit_sell, position, target
from barter_bt.testing import assert_all
from tests.engine.tiny import S

FAST, SLOW = 5, 15
NAME = "sma_cross"
WALK = bt.Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment=1)
FEES = bt.Venue(fees=bt.Fees(taker=0.001))
TABLES = ("orders", "trades", "positions", "balances", "equity")


# The strategy: sums of 5 and of 15 closes in ticks; long one unit from the bar at which 3 · fast comes to exceed
# slow, flat from the bar at which it comes to fall below it.


def as_signals() -> bt.Signals:
    """Polars expressions over the candles."""
    ticks = (pl.col("close") * 10_000).round().cast(pl.Int64)
    gap = SLOW // FAST * ticks.rolling_sum(FAST) - ticks.rolling_sum(SLOW)
    up, down = (gap > 0) & (gap.shift() <= 0), (gap < 0) & (gap.shift() >= 0)
    return bt.Signals(pl.when(up).then(1.0).when(down).then(0.0), name=NAME)


def remember(my: Any, ticks: int) -> None:
    """The last fifteen closes, the latest in c0."""
    h = my.variables
    h.c14[0] = h.c13[0]
    h.c13[0] = h.c12[0]
    h.c12[0] = h.c11[0]
    h.c11[0] = h.c10[0]
    h.c10[0] = h.c9[0]
    h.c9[0] = h.c8[0]
    h.c8[0] = h.c7[0]
    h.c7[0] = h.c6[0]
    h.c6[0] = h.c5[0]
    h.c5[0] = h.c4[0]
    h.c4[0] = h.c3[0]
    h.c3[0] = h.c2[0]
    h.c2[0] = h.c1[0]
    h.c1[0] = h.c0[0]
    h.c0[0] = ticks


def generate_orders(s: Any, my: Any) -> None:
    """The same as a compiled function."""
    h, ticks = my.variables, s.instruments.last[0]
    h.fast[0] += ticks - h.c4[0]
    h.slow[0] += ticks - h.c14[0]
    remember(my, ticks)
    h.bars[0] += 1
    gap, before = SLOW // FAST * h.fast[0] - h.slow[0], h.gap[0]
    h.gap[0] = gap
    if h.bars[0] > SLOW:
        if gap > 0 and before <= 0:
            target(s, 0, 1.0)
        elif gap < 0 and before >= 0:
            target(s, 0, 0.0)


def as_compiled(wake: str) -> bt.Compiled:
    """With fifteen remembered closes, two sums and the gap before."""
    shared = {f"c{k}": 0 for k in range(SLOW)} | {"fast": 0, "slow": 0, "gap": 0, "bars": 0}
    return bt.Compiled(generate_orders, variables=shared, wake=wake, name=NAME)


class Cross:
    """The same as a plain Python object."""

    def __init__(self, wake: str) -> None:
        self.wake = wake
        self._closes: deque[int] = deque(maxlen=SLOW)
        self._gap: int | None = None

    def generate_algo_orders(self, state: Any) -> Any:
        self._closes.append(state.raw.instruments.last[0])
        if len(self._closes) < SLOW:
            return (), ()
        closes = list(self._closes)
        gap, before = SLOW // FAST * sum(closes[-FAST:]) - sum(closes), self._gap
        self._gap = gap
        wished = state.position(0)
        if before is not None and gap > 0 and before <= 0:
            wished = 1.0
        elif before is not None and gap < 0 and before >= 0:
            wished = 0.0
        change = wished - state.position(0) - state.working(0)
        return (), [bt.OrderRequest(0, change, resize=True)] if change else ()


WAYS = {
    "signals": as_signals,
    "compiled": lambda: as_compiled("bar_close"),
    "compiled on candles": lambda: as_compiled("candle"),
    "python": lambda: Python(Cross("bar_close"), NAME),
    "python on candles": lambda: Python(Cross("candle"), NAME),
}


@cache
def crossed(way: str, interpret: bool) -> bt.Result:
    """One run of 1,500 candles."""
    candles = bt.data.candles(generate.candles(1_500))
    return bt.backtest(candles, WALK, WAYS[way](), balances={"usd": 1_000}, venues=FEES, interpret=interpret)


@pytest.mark.parametrize("interpret", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_one_strategy_three_ways_is_one_run(way, interpret):
    """Signals, compiled and Python drivers agree bit for bit, interpreted and compiled."""
    first, other = crossed("signals", True), crossed(way, interpret)
    for name in TABLES:
        assert getattr(other, name).equals(getattr(first, name)), name
    assert other.digests == first.digests


def test_the_example_trades():
    """The run that is compared is not empty: it goes long and flat in turn, with open and closed positions."""
    result = crossed("signals", True)
    assert result.orders.height > 50
    sides = result.trades["side"].cast(pl.String).to_list()
    assert sides == ["buy" if k % 2 == 0 else "sell" for k in range(len(sides))]
    assert result.positions.height == len(sides) // 2


def make_market(s: Any, my: Any) -> None:
    """Quotes on both sides of each instrument, renewed at each of its quotes; a market order now and then."""
    i = s.event.instrument[0]
    my.per_instrument.seen[i] += 1
    my.variables.seen[0] += 1
    if s.event.order[0] >= 0:
        return
    if my.per_instrument.seen[i] % 3 == 0:
        cancel_all(s, i)
        bid, ask = bid_price(s, i), ask_price(s, i)
        if bid > 0.0 and ask > bid:
            limit_buy(s, i, my.parameters.size[0], bid)
            limit_sell(s, i, my.parameters.size[0], ask, post_only=1)
    if my.variables.seen[0] % 50 == 0:
        if position(s, i) > 0.0:
            target(s, i, 0.0)
        else:
            buy(s, i, 2.0)


def maker(wake: str | tuple[str, ...]) -> bt.Compiled:
    return bt.Compiled(
        make_market,
        parameters={"size": 0.75},
        variables={"seen": 0},
        per_instrument={"seen": 0},
        wake=wake,
        name="maker",
    )


WALKS = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.01", quantity_increment="0.001") for k in range(3)]
LATENCIES = {
    "none": bt.Latency(),
    "all": bt.Latency(request_ns=7_000_000, response_ns=11_000_000, feed_ns=3_000_000),
    "response": bt.Latency(response_ns=25_000_000),
}
FEES_BOTH = bt.Fees(maker=-0.0001, taker=0.0005)


@pytest.mark.parametrize("account", ["cash", "margin"])
@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("wake", ["every_event", "quote", ("quote", "fill")])
def test_interpreted_is_compiled(wake, latency, account):
    """A market maker on quotes and trades of three instruments, with cancels: one digest in both modes."""
    data = [bt.data.quotes(generate.quotes(900, seed=3)), bt.data.trades(generate.trades(900, seed=4))]
    venue = bt.Venue(fees=FEES_BOTH, latency=LATENCIES[latency], account=account)
    balances = {"usd": 2_000, "walk0": 5, "walk1": 5}
    runs = [
        bt.backtest(data, WALKS, maker(wake), balances=balances, venues=venue, interpret=mode, mark_every="100ms")
        for mode in (True, False)
    ]
    assert runs[0].digests == runs[1].digests
    assert runs[0].trades.height > 20
    statuses = set(runs[0].orders["status"].cast(pl.String))
    assert {"filled", "cancelled", "rejected"} <= statuses
    assert_all(runs[0])


@pytest.mark.parametrize("seed", range(4))
def test_interpreted_is_compiled_on_candles_of_several_instruments(seed):
    """Targets as fractions of equity over a panel, with fees that cut them: one digest in both modes."""
    data = bt.data.candles(generate.panel_candles(60, 4, seed=seed))
    many = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.0001", quantity_increment="0.01") for k in range(4)]
    share = pl.when(pl.int_range(pl.len()) % 7 == seed).then(pl.col("close").diff().sign().fill_null(0) * 0.2 + 0.3)
    strategy = bt.Signals(share, size="equity")
    runs = [
        bt.backtest(data, many, strategy, balances={"usd": 10_000}, venues=FEES, interpret=mode)
        for mode in (True, False)
    ]
    assert runs[0].digests == runs[1].digests
    assert runs[0].trades.height > 15


def test_a_python_strategy_is_woken_alike_in_both_modes():
    """The same calls in the same order with the same views, on every event, with latency."""
    data = [bt.data.quotes(generate.quotes(200)), bt.data.trades(generate.trades(200))]
    venue = bt.Venue(latency=LATENCIES["all"])

    class Log:
        wake = ("every_event", "timer:250ms")

        def __init__(self) -> None:
            self.seen: list[tuple] = []

        def generate_algo_orders(self, state: Any) -> Any:
            i = max(state.instrument, 0)
            self.seen.append((state.time, state.event, i, state.order, state.price(i), state.position(i)))
            opens = [bt.OrderRequest(i, 0.5, state.bid(i))] if len(self.seen) % 10 == 0 and state.bid(i) else []
            return state.open_orders(i)[:1] if len(self.seen) % 15 == 0 else [], opens

    logs = [Log(), Log()]
    runs = [
        bt.backtest(data, WALKS, Python(log, "log"), balances={"usd": 10_000}, venues=venue, interpret=mode)
        for log, mode in zip(logs, (True, False), strict=True)
    ]
    assert logs[0].seen == logs[1].seen
    assert runs[0].digest == runs[1].digest
    assert {"quote", "trade", "order", "timer"} <= {one[1] for one in logs[0].seen}
    assert logs[0].seen[-1][0] > 200 * S // 1000


@pytest.mark.parametrize("kind", [tuple, list])
def test_an_answer_that_was_nothing_may_be_something_the_next_time(kind):
    class Again:
        """Gives one object each time, and fills it at the third."""

        def __init__(self) -> None:
            self.calls, self.answer = 0, (kind(), [])

        def generate_algo_orders(self, state):
            self.calls += 1
            if self.calls == 3:
                self.answer[1].append(bt.OrderRequest("walk_usd", 1))
            elif self.calls > 3:
                self.answer[1].clear()
            return self.answer

    result = bt.backtest(bt.data.candles(generate.candles(9)), WALK, Again(), balances={"usd": 1e6})
    assert result.orders.height == 1
