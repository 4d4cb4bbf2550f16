"""Rule 103 and distances in ticks, as every driver asks for them; 10,000 usd, prices around 100, a tick of 1."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import bars, run, schedule, stamps, table, trades

# Bought at 100; 103 activates, 106 is the best, 103 is three below it.
MARKET = trades((0, 100, 9), (1, 100, 9), (2, 90, 9), (3, 103, 9), (4, 106, 9), (5, 103, 9), (6, 99, 9))
LEFT = [100, 103]
FINE = bt.Instrument("x", "a_usd", quantity_increment=1)  # nobody knows its tick


def prices(result: bt.Result) -> list[float]:
    return result.trades["price"].to_list()


class Once:
    """Asks once, at the first event, and notes what it reads of its orders."""

    wake = "every_event"

    def __init__(self, **terms: Any) -> None:
        self.terms, self.sent, self.seen = terms, False, list[Any]()

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen = [state.read_order(number) for number in range(len(state.raw.orders))]
        if self.sent:
            return None
        self.sent = True
        return [], [bt.OrderRequest("a_usd", 1, **self.terms)]


PROTECTED = {
    "price": {"trailing_stop": 3, "trailing_activation": 103},
    "distance": {"trailing_stop": 3, "trailing_activation": 3},
    "ticks": {"trailing_stop": 3, "trailing_activation": 3},
    "fraction": {"trailing_stop": 0.03, "trailing_activation": 0.03},
}


@pytest.mark.parametrize("unit", PROTECTED)
def test_every_driver_protects_from_an_activation(unit: str) -> None:
    """One strategy written in each of them leaves at 103; none has a stop at 90."""
    asked = PROTECTED[unit]
    codes = {"price": api.PRICE, "distance": api.DISTANCE, "ticks": api.TICKS, "fraction": api.FRACTION}

    def compiled(s: Any, my: Any) -> None:
        if api.next_order(s) == 0:
            ahead = float(asked["trailing_activation"])
            api.protect(s, api.buy(s, 0, 1.0), 0.0, 0.0, float(asked["trailing_stop"]), codes[unit], ahead)

    frame = pl.DataFrame({"time": stamps([0]), "instrument": ["a_usd"], "target": [1.0]})
    commands = frame.drop("target").with_columns(command=pl.lit("open"), quantity=1.0, protect_by=pl.lit(unit))
    commands = commands.with_columns(**{name: pl.lit(value, pl.Float64) for name, value in asked.items()})
    results = [
        run(MARKET, Once(**asked, protect_by=unit)),
        run(MARKET, bt.Compiled(compiled, wake="every_event")),
        run(MARKET, schedule({"at": 0, "buy": 1, **asked}, protect_by=unit)),
        run(MARKET, bt.Signals(frame, protect_by=unit, **asked)),
        run(MARKET, schedule(), commands=bt.Commands(commands)),
    ]
    for result in results:
        assert prices(result) == LEFT
        assert table(result.orders, "kind", "trigger") == [("market", None), ("trailing_stop", None)]


def test_every_driver_sends_a_trailing_stop_that_waits() -> None:
    """Sold short at what it triggers: 103, three ticks below 106."""

    def compiled(s: Any, my: Any) -> None:
        if api.next_order(s) == 0:
            api.trailing_stop_sell(s, 0, 1.0, ticks=3, activation=103.0)

    asked = {"trailing_ticks": 3, "activation": 103}
    commands = pl.DataFrame({"time": stamps([0]), "command": ["open"], "instrument": ["a_usd"], "quantity": [-1.0]})
    commands = commands.with_columns(trailing_ticks=3, activation=103.0)
    margin = {"venues": bt.Venue(account="margin")}
    for result in (
        run(MARKET, schedule({"at": 0, "sell": 1, **asked}), **margin),
        run(MARKET, bt.Compiled(compiled, wake="every_event"), **margin),
        run(MARKET, schedule(), commands=bt.Commands(commands), **margin),
    ):
        assert table(result.trades, "time_exchange", "price") == [(5, 103)]


def test_an_order_says_what_it_waits_for() -> None:
    """The activation is a price from when the entry has filled; its group, and what it looks at, can be read, too."""
    strategy = Once(
        stop_loss=0.1, trailing_stop=0.02, trailing_activation=0.05, protect_by="fraction", trigger_by="mark"
    )
    run(MARKET, strategy)
    entry, stop = strategy.seen
    assert (entry.activation, entry.trigger_by, entry.group, entry.candle_fill) == (None, "mark", None, None)
    assert (stop.activation, stop.trigger, stop.trigger_by) == (105, 90, "mark")
    grouped = Once(candle_fill="next_close", group="g")
    run(bars(100, 100, 100), grouped)
    (only,) = grouped.seen
    assert (only.group, only.candle_fill, only.trigger_by) == (0, "next_close", None)


def test_compiled_strategies_read_it_too() -> None:
    seen = []

    def compiled(s: Any, my: Any) -> None:
        if api.next_order(s) == 0:
            first = api.trigger_by(s, api.trailing_stop_sell(s, 0, 1.0, 3.0, activation=107.0), api.LAST)
            api.one_cancels_other(s, first, api.candle_fill(s, api.buy(s, 0, 1.0), api.NEXT_CLOSE))
        else:
            seen.append(
                (
                    api.order_activation(s, 0),
                    api.order_trigger_by(s, 0),
                    api.order_group(s, 0),
                    api.order_candle_fill(s, 0),
                )
            )
            seen.append(
                (
                    api.order_activation(s, 1),
                    api.order_trigger_by(s, 1),
                    api.order_group(s, 1),
                    api.order_candle_fill(s, 1),
                )
            )

    run(bars(100, 100, 100), bt.Compiled(compiled, wake="every_event"), venues=bt.Venue(account="margin"))
    assert seen[:2] == [(107, api.LAST, 0, 0), (0, 0, 0, api.NEXT_CLOSE)]


def test_an_activation_is_amended_in_every_driver() -> None:
    """Put from 103 to 106, three ticks behind become two: it leaves at 103, which is beyond 104."""
    margin = {"venues": bt.Venue(account="margin")}
    first = {"at": 0, "sell": 1, "trailing": 3, "activation": 103}

    def compiled(s: Any, my: Any) -> None:
        if api.next_order(s) == 0:
            api.trailing_stop_sell(s, 0, 1.0, 3.0, activation=103.0)
        elif my.variables.asked[0] == 0:
            my.variables.asked[0] = 1
            api.amend(s, 0, trailing_ticks=2, activation=106.0)

    commands = pl.DataFrame({"time": stamps([1.5]), "command": ["amend"], "instrument": ["a_usd"], "order": [0]})
    commands = commands.with_columns(activation=106.0, trailing_ticks=2)
    amends = schedule(first, {"at": 1.5, "amend": 0, "activation": 106, "trailing_ticks": 2})
    results = [
        run(MARKET, amends, **margin),
        run(MARKET, schedule(first), commands=bt.Commands(commands), **margin),
        run(MARKET, bt.Compiled(compiled, wake="every_event", variables={"asked": 0}), **margin),
    ]
    for result in results:
        assert table(result.amends, "activation", "trailing", "status") == [(106, 2, "done")]
        assert table(result.trades, "time_exchange", "price") == [(5, 103)]


def test_it_cannot_be_amended_once_it_is_reached() -> None:
    """103 is there at 3 s."""
    rows = [{"at": 0, "sell": 1, "trailing": 9, "activation": 103}, {"at": 4.5, "amend": 0, "activation": 120}]
    result = run(MARKET, schedule(*rows), venues=bt.Venue(account="margin"))
    assert table(result.amends, "status", "reason") == [("rejected", "already_active")]


def test_signals_may_compute_it() -> None:
    """Where the expression of what trails is null its activation has no effect; both are rounded to whole ticks."""
    close = pl.col("close")
    trails = pl.when(close < 104).then(close * 0.03)
    signals = bt.Signals(pl.lit(1.0), trailing_stop=trails, trailing_activation=close * 0.03, protect_by="distance")
    result = run(bars(100, 100, 103, 106, (106, 106, 102, 103)), signals)
    assert prices(result) == LEFT
    counted = bt.Signals(pl.lit(1.0), trailing_stop=trails, trailing_activation=close * 0.03, protect_by="ticks")
    assert run(bars(100, 100, 103, 106, (106, 106, 102, 103)), counted).digest == result.digest


def test_entries_of_targets_may_lie_ticks_away() -> None:
    """A limit two ticks below 100."""
    frame = pl.DataFrame({"time": stamps([0]), "instrument": ["a_usd"], "target": [1.0]})
    result = run(MARKET, bt.Signals(frame, order="limit", price=2, price_by="ticks"))
    assert table(result.orders, "price") == [(98,)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trailing_activation": 0.02}, "nothing trails"),
        ({"trailing_stop": 0.01, "trailing_activation": 0.0}, "trailing_activation"),
        ({"trailing_stop": 1.5, "protect_by": "ticks"}, "whole numbers"),
        ({"trailing_stop": 2, "protect_by": "pips"}, "allowed: price, distance, fraction, ticks"),
    ],
)
def test_what_signals_cannot_be(options: dict[str, Any], message: str) -> None:
    frame = pl.DataFrame({"time": stamps([0]), "instrument": ["a_usd"], "target": [1.0]})
    with pytest.raises(StrategyError, match=message):
        run(MARKET, bt.Signals(frame, **options))


@pytest.mark.parametrize(
    "asked",
    [{"trailing_ticks": 3}, {"trailing_stop": 3, "protect_by": "ticks"}, {"take_profit": 3, "protect_by": "ticks"}],
)
def test_ticks_are_those_of_an_instrument_that_declares_them(asked: dict[str, Any]) -> None:
    given = {name: value for name, value in asked.items() if name != "protect_by"}
    by = asked.get("protect_by", "price")
    for strategy in (Once(**asked), schedule({"at": 0, "buy": 1, **given}, protect_by=by)):
        with pytest.raises(BarterBtError, match="price_increment"):
            run(MARKET, strategy, FINE)
    commands = pl.DataFrame({"time": stamps([0]), "command": ["open"], "instrument": ["a_usd"], "quantity": [1.0]})
    commands = commands.with_columns(**{name: pl.lit(value) for name, value in asked.items()})
    with pytest.raises((ConfigError, StrategyError), match="price_increment"):
        run(MARKET, schedule(), FINE, commands=bt.Commands(commands))
