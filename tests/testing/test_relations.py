"""The relations hold for honest strategies, and are seen to fail for those that break them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import testing
from barter_bt.errors import ConfigError
from barter_bt.testing import bars, candles, quotes, schedule, trades
from barter_bt.testing.scenario import Case, random_scenario
from tests.draws import draws

A, B = (bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in ("a_usd", "b_usd"))
WALK = [100, 102, 101, 104, 103, 99, 98, 101, 105, 104, 107, 103]
CLOSE = pl.col("close")
RISING = bt.Signals((CLOSE > CLOSE.shift(1)) * 1.0)
PEEKING = bt.Signals((CLOSE.shift(-1) > CLOSE) * 1.0)
RELATIONS = (
    testing.assert_no_lookahead,
    testing.assert_truncation_changes_nothing,
    testing.assert_order_of_rows_changes_nothing,
    testing.assert_order_of_declaration_changes_nothing,
    testing.assert_idle_instrument_changes_nothing,
)


class Buyer:
    """Buys one at every third candle; remembers, so that two runs of one object would differ."""

    wake = "bar_close"

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        return [], [bt.OrderRequest("a_usd", 1.0)] if self.asked % 3 == 0 else []


def market() -> bt.data.Stream:
    """Two instruments in one stream, in order of name."""
    rows = [
        (60 * k, 60 * k + 60, *[price + add] * 4, name)
        for k, price in enumerate(WALK)
        for name, add in (("a_usd", 0), ("b_usd", 7))
    ]
    return candles(*rows)


STRATEGIES = {
    "signals": RISING,
    "object": Buyer(),
    "several": [bt.strategy.builtin.SmaCross(2, 3), schedule({"at": 90, "buy": 1}, name="once")],
    "schedule": schedule({"at": 60, "buy": 1}, {"at": 300, "target": 0}),
    "class": lambda data: Buyer(),
    "function": lambda data: RISING,
}


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_honest_strategies(relation: Any, strategy: Any) -> None:
    """Of every kind, copied or made anew for each run, on two instruments."""
    relation(market(), [A, B], strategy, balances={"usd": 1_000_000})


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("block", range(3))
def test_drawn_cases(relation: Any, block: int) -> None:
    """Trades, quotes, candles, latencies, margin, expiries."""
    for seed in range(9000 + block, 9000 + draws(15), 3):
        data, instruments, strategy, given = Case(random_scenario(seed))
        relation(data, instruments, lambda _, strategy=strategy: strategy, **given)


def test_a_look_ahead() -> None:
    with pytest.raises(AssertionError, match=r"(?s)not ok.*shift"):
        testing.assert_no_lookahead(bars(*WALK), A, PEEKING)
    at = [datetime.fromtimestamp(60 * k, UTC) for k in range(3, 11)]
    with pytest.raises(AssertionError, match="data until 1970-01-01 00:0.* with the whole data, .* that ends earlier"):
        testing.assert_truncation_changes_nothing(bars(*WALK), A, PEEKING, at=at)


def test_a_threshold_of_the_whole_data() -> None:
    def fitted(data: bt.data.Stream) -> bt.Signals:
        return bt.Signals((CLOSE > data.frame().collect()["close"].mean()) * 1.0)

    for relation in RELATIONS[:2]:
        with pytest.raises(AssertionError):
            relation(bars(*WALK, 150, 200), A, fitted)


class First:
    """Buys what it hears of first at each time: the order of rows decides."""

    wake = "market"

    def __init__(self) -> None:
        self.time = None

    def generate_algo_orders(self, state: Any) -> Any:
        if state.time == self.time:
            return [], []
        self.time = state.time
        return [], [bt.OrderRequest(state.instrument, 1.0)]


def test_an_order_of_rows_that_matters() -> None:
    ticks = trades(*((k, 10, 5, name) for k in range(1, 9) for name in ("a_usd", "b_usd")))
    with pytest.raises(AssertionError, match="in rows as given, .* in rows of one stamp in another order"):
        testing.assert_order_of_rows_changes_nothing(ticks, [A, B], First(), seed=0)


class Zeroth:
    """Buys the instrument of index 0, whatever it is."""

    wake = "timer:1s"

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [bt.OrderRequest(0, 1.0)]


def test_an_index_that_is_counted_on() -> None:
    data = quotes(*((k, 9, 5, 10, 5) for k in range(1, 6)))
    with pytest.raises(AssertionError, match=r"sent \d order\(s\) for 0_idle"):
        testing.assert_idle_instrument_changes_nothing(data, A, Zeroth(), name="0_idle")
    testing.assert_idle_instrument_changes_nothing(data, A, Zeroth(), name="zzz_idle")


class Counts:
    """Buys as many as there are instruments."""

    wake = "timer:2s"

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [bt.OrderRequest("a_usd", float(len(state.raw.instruments)))]


def test_a_strategy_that_looks_at_the_number_of_instruments() -> None:
    data = quotes(*((k, 9, 5, 10, 5) for k in range(1, 6)))
    with pytest.raises(AssertionError, match="is 1.0 without 0_idle, 2.0 with it"):
        testing.assert_idle_instrument_changes_nothing(data, A, Counts())


class Declared:
    """Buys the instrument that was declared first, which it was told from outside."""

    wake = "bar_close"
    made = 0

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [bt.OrderRequest("a_usd", float(type(self).made))]


def test_an_order_of_declaration_that_matters() -> None:
    def make(data: Any) -> Declared:
        Declared.made += 1
        return Declared()

    with pytest.raises(AssertionError, match="in the order given, .* in another order of declaration"):
        testing.assert_order_of_declaration_changes_nothing(market(), [A, B], make)


def test_signals_are_not_computed_for_the_idle_instrument() -> None:
    """Nor for one of several strategies; or they would buy it."""
    always = bt.Signals(pl.lit(1.0))
    for strategy in (always, [always, Buyer()][:1]):
        testing.assert_idle_instrument_changes_nothing(bars(*WALK), A, strategy)


def test_the_idle_instrument_expires_with_its_twin() -> None:
    """No close after an expiry is a mark: one more instrument that went on would bring some."""
    future = bt.Instrument("x", "f_usd", kind="future", expiry=130 * 10**9)
    data, plan = bars(5, 6, 7, 8, 9, instrument="f_usd"), schedule({"at": 60, "on": "f_usd", "buy": 1})
    assert testing.table(testing.run(data, plan, future).equity, "time") == [(0,), (60,), (120,), (300,)]
    testing.assert_idle_instrument_changes_nothing(data, future, plan)


def test_an_idle_instrument_needs_a_name_of_its_own() -> None:
    with pytest.raises(ConfigError, match="is one of the instruments"):
        testing.assert_idle_instrument_changes_nothing(bars(1, 2), A, RISING, name="a_usd")


def test_all_markets_of_a_case_are_given_in_the_form_of_the_data() -> None:
    """A function that makes the strategy gets a stream, a list or a MarketData, as was given."""
    seen = []

    def make(data: Any) -> bt.Signals:
        seen.append(type(data))
        return RISING

    stream = bars(*WALK)
    for data in (stream, [stream], bt.data.MarketData((stream,))):
        testing.assert_truncation_changes_nothing(data, A, make, n=1)
    assert [issubclass(kind, bt.data.Stream) for kind in seen[:2]] == [True, True]
    assert seen[2:] == [list, list, bt.data.MarketData, bt.data.MarketData]


def test_the_idle_instrument_has_a_book_by_order_where_its_twin_has_one() -> None:
    made = bt.data.generate.market(60, seed=3)
    walk = bt.Instrument("x", "walk_usd", price_increment="0.01", quantity_increment="0.001")
    at = made.orders["time_exchange"][-10]
    plan = bt.Schedule(pl.DataFrame({"time": [at], "action": "open", "instrument": "walk_usd", "quantity": 0.01}))
    testing.assert_idle_instrument_changes_nothing(
        bt.data.book_orders(made.orders), walk, plan, balances={"usd": 1_000}, interpret=True
    )
