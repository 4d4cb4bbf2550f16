"""Commands, the trading state, lost links and the strategy's hooks (rules 10 and 22)."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.event import BALANCE, ENGINE_UPDATE, MARKET_QUOTE, ORDER_SNAPSHOT, OWN_TRADE, SENT
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.strategy.api import buy, disable_trading, limit_buy
from barter_bt.strategy.hooks import cancel_all_orders, close_all_positions
from tests.engine.tiny import A, B, Watch, quotes, run, schedule, stamps, table

MODES = pytest.mark.parametrize("interpret", [True, False])
STEADY = quotes(*((k, 99, 9, 101, 9) for k in range(1, 10)))
BOTH = [STEADY, quotes(*((k, 49, 9, 51, 9) for k in range(1, 10)), instrument="b_usd")]


def commands(*rows: dict[str, Any]) -> bt.Commands:
    """Rows as dictionaries with ``at`` in seconds and ``do``."""
    names = {"command": "do", "instrument": "on", "exchange": "link", "order": "order"} | {
        name: name for name in ("quantity", "price", "time_in_force")
    }
    types = {"order": pl.Int64, "quantity": pl.Float64, "price": pl.Float64}
    columns = {
        name: pl.Series([row.get(key) for row in rows], dtype=types.get(name, pl.String)) for name, key in names.items()
    }
    return bt.Commands(pl.DataFrame({"time": stamps(row["at"] for row in rows)} | columns))


def hold(s: Any, my: Any) -> None:
    """Buys one of what it does not hold."""
    i = s.event.instrument[0]
    if i >= 0 and s.instruments.quantity[i] == 0 and s.instruments.live[i] == 0:
        buy(s, i, 1.0)


class Hold:
    """The same in Python."""

    wake = "quote"

    def generate_algo_orders(self, state: Any) -> Any:
        i = state.instrument
        return (), [bt.OrderRequest(i, 1)] if not state.position(i) and not state.open_orders(i) else []


def holders() -> list[Any]:
    """One decision in three drivers: hold one unit from the first second on."""
    wishes = pl.DataFrame({"time": stamps([1]), "instrument": ["a_usd"], "target": [1.0]})
    return [bt.Compiled(hold, wake="quote"), Hold(), bt.Signals(wishes)]


DRIVERS = pytest.mark.parametrize("driver", range(3), ids=["compiled", "python", "signals"])


# Trading state


@MODES
@DRIVERS
def test_disabled_trading_asks_no_strategy(driver, interpret):
    """While trading is disabled nothing is sent, by any driver."""
    result = run(STEADY, holders()[driver], trading="disabled", interpret=interpret)
    assert result.orders.height == 0
    assert run(STEADY, holders()[driver], interpret=interpret).orders.height == 1


@MODES
@pytest.mark.parametrize("driver", range(2), ids=["compiled", "python"])
def test_trading_enabled_by_time_starts_the_strategy(driver, interpret):
    """The first order comes with the first event after that moment."""
    given = commands({"at": 3.5, "do": "enable_trading"}, {"at": 5.5, "do": "disable_trading"})
    result = run(BOTH, holders()[driver], [A, B], trading="disabled", commands=given, interpret=interpret)
    assert table(result.orders, "instrument", "time_sent") == [("a_usd", 4), ("b_usd", 4)]


def test_a_signal_that_falls_into_a_pause_is_passed_over():
    """Rows decided before the run are like a strategy that is not asked: they are not made up for later."""
    rows = schedule({"at": 1, "buy": 1}, {"at": 3, "buy": 2}, {"at": 5, "buy": 3})
    given = commands({"at": 2, "do": "disable_trading"}, {"at": 4, "do": "enable_trading"})
    assert table(run(STEADY, rows, commands=given).orders, "quantity") == [(1,), (3,)]


def test_an_update_wakes_the_strategy_at_once():
    """Barter: algo orders are generated after the update that enables trading, too; not after one that disables it."""
    watch = Watch(lambda s: (s.time / 1e9, s.event), wake="update")
    given = commands({"at": 2.5, "do": "disable_trading"}, {"at": 3.5, "do": "enable_trading"})
    run(STEADY, watch, commands=given)
    assert watch.seen == [(3.5, "update")]


def test_at_one_time_the_market_comes_before_a_command_and_a_signal_after():
    """Rule 10: classes 2, 4, 5."""
    watch = Watch(lambda s: s.event, wake=("quote", "update"))
    run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), watch, commands=commands({"at": 1, "do": "enable_trading"}))
    assert watch.seen == ["quote", "update", "quote"]
    for command, orders in (("disable_trading", 0), ("enable_trading", 1)):
        result = run(STEADY, schedule({"at": 3, "buy": 1}), commands=commands({"at": 3, "do": command}))
        assert result.orders.height == orders


# Commands


@MODES
@DRIVERS
def test_close_positions_closes_what_the_filter_names(driver, interpret):
    """An opposite market order, immediate or cancel, for the whole quantity."""
    options = {"commands": commands({"at": 4.5, "do": "close_positions", "on": "a_usd"}), "interpret": interpret}
    result = run(STEADY, holders()[driver], **options)
    closing = result.orders.filter(pl.col("side") == "sell")
    assert table(closing, "instrument", "kind", "time_in_force", "quantity", "time_sent") == [
        ("a_usd", "market", "ioc", 1, 4.5)
    ]
    assert result.positions.height == 1
    other = commands({"at": 4.5, "do": "close_positions", "on": "b_usd"})
    assert run(BOTH, holders()[driver], [A, B], commands=other).positions.select(
        "instrument"
    ).to_series().to_list() in (
        ["b_usd"],
        [],
    )


def test_filters_are_none_exchange_and_instrument():
    """Null means all; an exchange all of its instruments."""
    c = bt.Instrument("y", "c_usd", price_increment=1, quantity_increment=1)
    data = [*BOTH, quotes(*((k, 9, 9, 11, 9) for k in range(1, 10)), instrument="c_usd")]
    rows = schedule(*({"at": 1, "buy": 1, "on": name} for name in ("a_usd", "b_usd", "c_usd")))
    balances = {"x.usd": 1000, "y.usd": 1000}
    for given, closed in (
        ({}, ["a_usd", "b_usd", "c_usd"]),
        ({"link": "x"}, ["a_usd", "b_usd"]),
        ({"link": "y"}, ["c_usd"]),
        ({"on": "b_usd"}, ["b_usd"]),
    ):
        closing = commands({"at": 3, "do": "close_positions"} | given)
        result = run(data, rows, [A, B, c], balances=balances, commands=closing)
        assert sorted(result.positions["instrument"].cast(pl.String)) == closed


def test_cancel_orders_cancels_each_live_order_once():
    """Orders that are being cancelled already are skipped; two commands, one snapshot and one balance more."""
    rows = schedule({"at": 1, "buy": 1, "limit": 90}, {"at": 1, "buy": 2, "limit": 91}, {"at": 2, "cancel": 0})
    venue = bt.Venue(latency=bt.Latency(request_ns=2 * 10**9))
    given = commands({"at": 3, "do": "cancel_orders"}, {"at": 3, "do": "cancel_orders"})
    result, without = (run(STEADY, rows, venues=venue, commands=c) for c in (given, None))
    assert table(result.orders, "status", "time_closed") == [("cancelled", 4), ("cancelled", 5)]
    assert result.state.engine.sequence[0] == without.state.engine.sequence[0] + 2 + 2


@MODES
def test_open_and_cancel_commands(interpret):
    """They bypass the risk check and work while trading is disabled."""
    given = commands(
        {"at": 1.5, "do": "open", "on": "a_usd", "quantity": 5.0, "price": 90.0},
        {"at": 2.5, "do": "open", "on": "a_usd", "quantity": 3.0},
        {"at": 3.5, "do": "cancel", "order": 0},
    )
    limits = bt.Limits(order_quantity=1)
    options = {"commands": given, "risk": limits, "trading": "disabled", "interpret": interpret}
    result = run(STEADY, schedule({"at": 1, "buy": 1}), **options)
    assert table(result.orders, "quantity", "status") == [(5, "cancelled"), (3, "filled")]


def test_a_shutdown_ends_the_market_and_drains_what_is_in_flight():
    """No event of the market after it, but the order in flight arrives and its report comes back."""
    venue = bt.Venue(latency=bt.Latency(request_ns=10**9, response_ns=10**9))
    rows = schedule({"at": 3, "buy": 1}, {"at": 5, "buy": 1})
    result = run(STEADY, rows, venues=venue, commands=commands({"at": 3.5, "do": "shutdown"}))
    assert table(result.orders, "status", "time_closed") == [("filled", 5)]
    assert result.state.engine.market_time[0] < 4 * 10**9
    assert any("shutdown" in warning for warning in result.warnings)


def test_after_a_shutdown_the_venue_sees_no_market_either():
    """An order that rests is not filled by what would have come, and stays open."""
    market = quotes((1, 99, 9, 101, 9), (5, 89, 9, 91, 9))
    rows = schedule({"at": 1, "buy": 1, "limit": 95})
    assert table(run(market, rows).orders, "status") == [("filled",)]
    result = run(market, rows, commands=commands({"at": 3, "do": "shutdown"}))
    assert table(result.orders, "status", "filled") == [("open", 0)]
    assert result.state.engine.time[0] == 3 * 10**9


@pytest.mark.parametrize("others", [(), ({"at": 0.4, "buy": 1, "limit": 5},)])
def test_what_is_in_flight_at_a_shutdown_meets_the_market_of_then(others):
    """At 102, whether or not the venue had another order and was awake."""
    market = quotes((0, 99, 9, 101, 9), (2, 100, 9, 102, 9), (4, 200, 9, 203, 9))
    late = bt.Venue(latency=bt.Latency(request_ns="5s"))
    plan = schedule(*others, {"at": 0.5, "buy": 1})
    result = run(market, plan, venues=late, commands=commands({"at": 3, "do": "shutdown"}))
    assert table(result.trades, "time_exchange", "price") == [(5.5, 102)]


@MODES
@pytest.mark.parametrize("driver", ["compiled", "python"])
def test_after_a_shutdown_the_strategy_is_not_asked(driver, interpret):
    """Neither by the shutdown nor by what is drained; what keeps data of its own is told of both."""
    told: list[Any] = []
    python = Watch(lambda state: state.event, lambda state, count: ((), [bt.OrderRequest(0, 1)]))
    python.on_event = lambda state: told.append(state.event)
    compiled = bt.Compiled(buy_one, variables={"told": 0}, hooks=bt.Hooks(on_event=count_event))
    venue = bt.Venue(latency=bt.Latency(request_ns=10**9, response_ns=10**9))
    shut = commands({"at": 1.5, "do": "shutdown"}, {"at": 1.5, "do": "open", "on": "a_usd", "quantity": 1.0})
    market = quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9))
    strategy = {"compiled": compiled, "python": python}[driver]
    result = run(market, strategy, venues=venue, commands=shut, interpret=interpret)
    assert table(result.orders, "status", "time_sent", "time_closed") == [("filled", 1, 3)]
    if driver == "python":
        assert python.seen == ["quote"]
        assert told == ["quote", "sent", "update", "order", "fill", "order", "balance", "balance"]
    else:
        assert result.own["compiled"]["variables"]["told"].item() == 8


@pytest.mark.parametrize("kind", ["row", "timer"])
def test_a_shutdown_ends_what_else_is_of_its_time(kind):
    """Class 4 comes before schedule rows and timers."""
    rows = schedule({"at": 2, "buy": 1})
    timed = Watch(lambda state: state.event, lambda state, count: ((), [bt.OrderRequest(0, 1)]), wake="timer:2s")
    strategy: Any = {"row": rows, "timer": timed}[kind]
    for at, orders in ((2, 0), (2.5, 1)):
        assert run(STEADY, strategy, commands=commands({"at": at, "do": "shutdown"})).orders.height == orders


@pytest.mark.parametrize(
    ("row", "error", "match"),
    [
        ({"at": 1, "do": "close_position"}, ConfigError, "row 0 is unknown"),
        ({"at": 1, "do": "close_positions", "on": "c_usd"}, InstrumentError, "c_usd"),
        ({"at": 1, "do": "market_disconnect"}, ConfigError, "no exchange"),
        ({"at": 1, "do": "market_disconnect", "link": "z"}, InstrumentError, "'z'"),
        ({"at": 1, "do": "cancel"}, ConfigError, "no order number"),
        ({"at": 1, "do": "open", "on": "a_usd"}, ConfigError, "quantity"),
        ({"at": 1, "do": "open", "on": "a_usd", "quantity": 0.5}, ConfigError, "off the grid"),
        ({"at": 1, "do": "open", "on": "a_usd", "quantity": 1.0, "time_in_force": "moc"}, ConfigError, "time_in_force"),
    ],
)
def test_a_command_that_cannot_be_is_an_error(row, error, match):
    """The message names the row and what is allowed."""
    with pytest.raises(error, match=match):
        run(STEADY, schedule({"at": 1, "buy": 1}), commands=commands(row))
    with pytest.raises(ConfigError, match="go back"):
        commands({"at": 2, "do": "shutdown"}, {"at": 1, "do": "shutdown"})
    with pytest.raises(ConfigError, match="enabled, disabled"):
        run(STEADY, schedule({"at": 1, "buy": 1}), trading="on")


# Hooks


def buy_one(s: Any, my: Any) -> None:
    buy(s, 0, 1.0)


def count_event(s: Any, my: Any) -> None:
    my.variables.told[0] += 1


def note(s: Any, my: Any) -> None:
    """A hook that counts and rests an order far too large for the limits."""
    my.variables.told[0] += 1
    limit_buy(s, 0, 7.0, 90.0)


class Told:
    """A Python strategy that notes what it is told of."""

    wake = "fill"

    def __init__(self) -> None:
        self.told: list[Any] = []

    def generate_algo_orders(self, state: Any) -> Any:
        return (), ()

    def on_disconnect(self, state: Any) -> Any:
        self.told.append((state.event, state.exchange, state.trading))
        return (), [bt.OrderRequest(0, 7, price=90.0)]

    def on_trading_disabled(self, state: Any) -> Any:
        self.told.append((state.event, state.trading))
        return (), [bt.OrderRequest(0, 7, price=90.0)]

    def close_positions(self, state: Any) -> Any:
        self.told.append((state.event, state.chosen))
        return (), [bt.OrderRequest(0, 7, price=90.0)]


EVENTS = {
    "on_disconnect": {"at": 3, "do": "market_disconnect", "link": "x"},
    "on_trading_disabled": {"at": 3, "do": "disable_trading"},
    "close_positions": {"at": 3, "do": "close_positions"},
}


def nothing(s: Any, my: Any) -> None:
    """Never asks for anything."""


@MODES
@pytest.mark.parametrize("hook", EVENTS)
@pytest.mark.parametrize("driver", ["compiled", "python", "signals"])
def test_hooks_are_called_and_bypass_risk(driver, hook, interpret):
    """Each hook, in each driver: what it asks for is sent, beyond every limit."""
    options = {"commands": commands(EVENTS[hook]), "risk": bt.Limits(order_quantity=1), "interpret": interpret}
    if driver == "compiled":
        hooks = bt.Hooks(**{hook: note})
        strategy: Any = bt.Compiled(nothing, variables={"told": 0}, wake="fill", hooks=hooks)
    elif driver == "python":
        strategy = Told()
    else:
        hooks = bt.Hooks(**{hook: rest})
        strategy = bt.Signals(
            pl.DataFrame({"time": stamps([9]), "instrument": ["a_usd"], "target": [0.0]}), hooks=hooks
        )
    result = run(STEADY, strategy, **options)
    assert table(result.orders, "quantity", "status", "time_sent")[0] == (7, "open", 3)


def rest(s: Any, my: Any) -> None:
    """A hook for signals, which have no tables of their own."""
    limit_buy(s, 0, 7.0, 90.0)


def test_a_python_strategy_is_told_what_happened():
    """The state says of which exchange, and which positions were chosen."""
    told = Told()
    given = [EVENTS[name] for name in EVENTS]
    run(BOTH, told, [A, B], commands=commands(*given, {"at": 4, "do": "account_disconnect", "link": "x"}))
    assert told.told == [
        ("disconnect", "x", True),
        ("trading_disabled", False),
        ("close_positions", ["a_usd", "b_usd"]),
        ("disconnect", "x", False),
    ]


def test_the_hook_is_called_on_the_real_transition_only():
    """Disabling what is disabled tells nobody."""
    told = Told()
    rows = [{"at": k, "do": f"{word}able_trading"} for k, word in enumerate(("en", "dis", "dis", "en", "dis"), 1)]
    run(STEADY, told, commands=commands(*rows))
    assert told.told == [("trading_disabled", False)] * 2


@MODES
def test_shipped_hooks_cancel_and_close(interpret):
    """`cancel_all_orders` and `close_all_positions`."""
    rows = schedule(
        {"at": 1, "buy": 2}, {"at": 1, "buy": 1, "limit": 90}, hooks=bt.Hooks(on_disconnect=cancel_all_orders)
    )
    lost = commands({"at": 3, "do": "market_disconnect", "link": "x"})
    result = run(STEADY, rows, commands=lost, interpret=interpret)
    assert table(result.orders, "status") == [("filled",), ("cancelled",)]
    closing = schedule({"at": 1, "buy": 2}, hooks=bt.Hooks(on_trading_disabled=close_all_positions))
    result = run(STEADY, closing, commands=commands({"at": 3, "do": "disable_trading"}), interpret=interpret)
    assert table(result.positions, "time_exit") == [(3,)]


def stop(s: Any, my: Any) -> None:
    """Buys, and disables trading with the second quote."""
    my.variables.seen[0] += 1
    buy(s, 0, 1.0)
    if my.variables.seen[0] == 2:
        disable_trading(s)


class Stop:
    """The same in Python."""

    wake = "quote"

    def __init__(self) -> None:
        self.seen = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen += 1
        if self.seen == 2:
            state.set_trading(False)
        return (), [bt.OrderRequest(0, 1)]

    def on_trading_disabled(self, state: Any) -> Any:
        return (), [bt.OrderRequest(0, -state.position(0))] if state.position(0) else []


@MODES
def test_a_strategy_may_disable_trading_itself(interpret):
    """What it asked for in that wake-up is still sent; its hook comes next, and then nothing more."""
    hooks = bt.Hooks(on_trading_disabled=close_all_positions)
    compiled = bt.Compiled(stop, variables={"seen": 0}, wake="quote", hooks=hooks)
    result = run(STEADY, compiled, interpret=interpret)
    assert table(result.orders, "side", "time_sent") == [("buy", 1), ("buy", 2), ("sell", 2)]
    result = run(STEADY, Stop(), interpret=interpret)
    assert table(result.orders, "side", "time_sent") == [("buy", 1), ("buy", 2), ("sell", 2)]


# Health


def test_links_start_reconnecting_and_the_first_item_heals_them():
    """The account snapshot heals the account's link, the first market item the market's; a loss lasts one item."""
    names = ("market", "account")
    watch = Watch(
        lambda s: (*(getattr(s.raw.health, name)[0] for name in names), s.raw.engine.unhealthy[0]),
        wake=("quote", "update", "fill"),
    )
    given = commands(
        {"at": 1.5, "do": "market_disconnect", "link": "x"},
        {"at": 1.6, "do": "account_disconnect", "link": "x"},
        {"at": 1.7, "do": "market_disconnect", "link": "x"},
        {"at": 2.5, "do": "open", "on": "a_usd", "quantity": 1.0},
    )
    run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), watch, commands=given)
    healthy, market, both = (1, 1, 0), (0, 1, 1), (0, 0, 2)
    assert watch.seen == [healthy, market, both, both, (1, 0, 1)]
    ended = run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9), (3, 99, 9, 101, 9)), watch, commands=given)
    assert ended.state.engine.unhealthy[0] == 0


# Data of a strategy's own


def count(s: Any, my: Any) -> None:
    """Counts what it is told of; what it asks for is dropped."""
    kind = s.event.kind[0]
    if kind == SENT:
        my.variables.sent[0] += len(s.orders) - my.variables.orders[0]
        my.variables.orders[0] = len(s.orders)
    elif kind == MARKET_QUOTE:
        my.variables.quotes[0] += 1
        buy(s, 0, 1.0)
    elif kind & (OWN_TRADE | ORDER_SNAPSHOT | BALANCE):
        my.variables.account[0] += 1
    elif kind == ENGINE_UPDATE:
        my.variables.updates[0] += 1


def third(s: Any, my: Any) -> None:
    """Buys as many as it was told of quotes, at each fill and at the third quote."""
    if my.variables.quotes[0] >= 3:
        buy(s, 0, float(my.variables.quotes[0]))


class Counting:
    """The same in Python."""

    wake = "quote"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_event(self, state: Any) -> None:
        self.seen.append(state.event)

    def generate_algo_orders(self, state: Any) -> Any:
        quotes_ = self.seen.count("quote")
        return (), [bt.OrderRequest(0, quotes_)] if quotes_ >= 3 else []


@MODES
def test_a_strategy_s_own_data_sees_every_event(interpret):
    """Market, account, updates and what was sent, also while trading is disabled; it is told before it is asked."""
    given = commands({"at": 4.5, "do": "disable_trading"}, {"at": 6.5, "do": "enable_trading"})
    names = ("quotes", "account", "updates", "sent", "orders")
    hooks = bt.Hooks(on_event=count)
    compiled = bt.Compiled(third, variables=dict.fromkeys(names, 0), wake="quote", hooks=hooks)
    python = Counting()
    results = [run(STEADY, one, commands=given, interpret=interpret) for one in (compiled, python)]
    for result in results:
        assert table(result.orders, "quantity", "time_sent") == [(3, 3), (4, 4), (7, 7), (8, 8), (9, 9)]
    assert [python.seen.count(name) for name in ("quote", "sent", "update")] == [9, 5, 2]
    account = [python.seen.count(name) for name in ("fill", "order", "balance")]
    assert account == [5, 10, 10]


def remember(s: Any, my: Any) -> None:
    """Keeps the number of market events of each instrument, and of what was sent."""
    if s.event.kind[0] == MARKET_QUOTE:
        my.per_instrument.quotes[s.event.instrument[0]] += 1
    elif s.event.kind[0] == SENT:
        my.variables.sent[0] = len(s.orders)


@MODES
def test_signals_have_data_of_their_own_too(interpret):
    """Updated by market events, account events and what is in flight; read after the run, by strategy."""
    targets = pl.DataFrame({"time": stamps([2, 5]), "instrument": ["a_usd"] * 2, "target": [1.0, 2.0]})
    data = {"hooks": bt.Hooks(on_event=remember), "variables": {"sent": 0}, "per_instrument": {"quotes": 0}}
    signals = bt.Signals(targets, **data)
    result = run(STEADY, signals, interpret=interpret)
    assert result.own["signals"]["per_instrument"]["quotes"].to_list() == [9]
    assert result.own["signals"]["variables"]["sent"].to_list() == [2]
    both = [bt.Compiled(third, variables={"quotes": 0}, wake="fill", name="other"), signals]
    assert run(STEADY, both, interpret=interpret).own["signals"]["per_instrument"]["quotes"].to_list() == [9]
