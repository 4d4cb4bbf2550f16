"""Paper trading on replayed data: the fills of a backtest, to the last unit (rule 83)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.live import SimulatedExchange, SimulatedWarning, paper
from barter_bt.live.session import Session
from barter_bt.protocol import TradingState
from tests.draws import draws
from tests.live.market import BTC, Crosses, Once, Quotes, simulation

UNTOLD = ["liquidity"]  # no message of Barter's says who made


def trade(simulated: bt.Simulation, strategy: Any, **options: Any) -> tuple[Any, SimulatedExchange]:
    """A paper session from the first event to the last."""
    system = paper(simulated, strategy, **options)
    with system.running() as handle:
        run = handle.shutdown_after_backtest()
    return run, system.session.clients["x"]  # type: ignore[return-value]


@pytest.mark.parametrize("strategy", [Crosses, Quotes])
@pytest.mark.parametrize("feed_mode", ["stream", "iterator"])
def test_one_object_in_backtest_and_on_paper(strategy: Any, feed_mode: Any) -> None:
    """Tables at the exchange have the digest of the backtest; what the engine is told of them is the same."""
    simulated = simulation()
    result = simulated.run(strategy())
    run, exchange = trade(simulated, strategy(), feed_mode=feed_mode)
    assert exchange.digest == result.digest
    assert len(run.trades) > 10
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))
    assert run.positions.equals(result.positions)
    assert run.equity.equals(result.equity)
    assert run.balances.select("total", "free").tail(2).equals(result.balances.select("total", "free").tail(2))


def test_the_loop_of_the_exchange_may_be_compiled() -> None:
    """Orders that Python writes between two calls of it are in its own tables, which may have grown meanwhile."""
    simulated = simulation(200, interpret=False)
    run, exchange = trade(simulated, Quotes(), feed_mode="iterator")
    assert exchange.digest == simulation(200).run(Quotes()).digest
    assert run.orders.height > 40


@pytest.mark.filterwarnings("ignore:.*told as buys")
@pytest.mark.parametrize("wake", ["timer:90s", ("timer:7m", "bar_close"), "every_event", "trade", "quote"])
def test_it_is_woken_as_in_a_backtest(wake: Any) -> None:
    """Each time it is asked it notes when and by what: the lists are equal."""

    class Notes:
        def __init__(self) -> None:
            self.notes: list[Any] = []
            self.wake = wake

        def generate_algo_orders(self, state: Any) -> Any:
            self.notes.append((state.time, state.event, state.position("btc_usd"), state.working("btc_usd")))
            return [], [bt.OrderRequest("btc_usd", 1)] if len(self.notes) in (2, 5) else []

    trades = bt.testing.trades(*((40 * k, 100 + k % 3, 5) for k in range(1, 30)), instrument="btc_usd")
    quotes = bt.testing.quotes(*((25 * k, 99 + k % 3, 5, 100 + k % 3, 4) for k in range(1, 40)), instrument="btc_usd")
    candles = bt.testing.candles(*((60 * k, 60 * k + 60, 100, 102, 99, 101) for k in range(18)), instrument="btc_usd")
    late, venue = bt.Latency(5, 7, 3), {"balances": {"usd": 1e6}, "interpret": True}
    simulated = bt.Simulation([trades, quotes, candles], BTC, venues=bt.Venue(latency=late), **venue)
    there, here = Notes(), Notes()
    result = simulated.run(there)
    _, exchange = trade(simulated, here)
    assert here.notes == there.notes
    assert len(here.notes) > 4
    assert exchange.digest == result.digest


@pytest.mark.filterwarnings("ignore:.*told as buys")
@pytest.mark.parametrize("latency", [bt.Latency(), bt.Latency(5, 7, 3)])
def test_market_events_arrive_twice(latency: bt.Latency) -> None:
    """Each is told as often as the engine of a backtest sees it, and as what it is (rule 95)."""

    class Follows:
        wake: Any = ("trade", "quote", "fill")

        def __init__(self) -> None:
            self.seen: list[Any] = []

        def generate_algo_orders(self, state: Any) -> Any:
            price = state.price("btc_usd")
            self.seen.append((state.time, state.event, price, state.position("btc_usd")))
            if not price or len(self.seen) % 3:
                return None
            side = 1 if len(self.seen) % 2 else -1
            return state.cancel_all("btc_usd"), [bt.OrderRequest("btc_usd", side, round(price + side))]

    trades = bt.testing.trades(*((40 * k, 100 + k * 7 % 5, 5) for k in range(1, 60)), instrument="btc_usd")
    quotes = bt.testing.quotes(
        *((25 * k, 99 + k * 3 % 4, 5, 100 + k * 3 % 4, 4) for k in range(1, 90)), instrument="btc_usd"
    )
    venue = bt.Venue(latency=latency, faults=bt.Faults(duplicate=0.8))
    simulated = bt.Simulation([trades, quotes], BTC, venues=venue, balances={"usd": 1e6, "btc": 50}, interpret=True)
    there, here = Follows(), Follows()
    result = simulated.run(there)
    run, exchange = trade(simulated, here)
    assert here.seen == there.seen
    assert len(there.seen) > 1.5 * (59 + 89)  # many come twice
    assert exchange.digest == result.digest
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))
    assert run.trades.height > 10


@settings(max_examples=draws(8), deadline=None)
@given(st.data())
def test_drawn_orders(data: Any) -> None:
    """Whatever plain orders and cancels are asked for at whatever events: one digest."""
    decisions = data.draw(st.lists(st.tuples(*map(st.integers, (0, 0, -8, 0), (1, 3, 8, 2))), min_size=20, max_size=40))

    class Drawn:
        wake = ("every_event", "bar_close")

        def __init__(self) -> None:
            self.left = iter(decisions)

        def generate_algo_orders(self, state: Any) -> Any:
            cancels, quantity, offset, tif = next(self.left, (0, 0, 0, 0))
            price = state.price("btc_usd")
            asked = [] if not quantity or not price else [
                bt.OrderRequest(
                    "btc_usd", quantity - 1.5, round(price + offset / 10, 4) if offset else None,
                    time_in_force=("gtc", "ioc", "fok")[tif],
                )
            ]  # fmt: skip
            return state.open_orders("btc_usd")[:cancels], asked

    simulated = simulation(12)
    result = simulated.run(Drawn())
    run, exchange = trade(simulated, Drawn())
    assert exchange.digest == result.digest
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))


def test_compiled_strategies_decide_too() -> None:
    result = simulation(40).run(bt.Compiled(buys, wake="bar_close"))
    run, exchange = trade(simulation(40), bt.Compiled(buys, wake="bar_close"))
    assert exchange.digest == result.digest
    assert run.trades["quantity"].to_list() == [1.0]


def buys(s: Any, my: Any) -> None:
    if len(s.orders) == 0:
        bt.strategy.api.buy(s, 0, 1.0)


def test_limits_hold_as_in_a_backtest() -> None:
    """They are the system's, not the exchange's: what they refuse is never sent."""
    limits = {"risk": bt.Limits(order_quantity=0.5)}
    result = simulation(20, **limits).run(Once())
    run, exchange = trade(simulation(20, **limits), Once())
    assert run.orders["status"].to_list() == result.orders["status"].to_list() == ["refused"]
    assert run.orders["reason"].to_list() == result.orders["reason"].to_list()
    assert len(exchange.s.orders) == 0


def test_a_stop_on_losses_closes_as_in_a_backtest() -> None:
    simulated = simulation(120, risk=bt.Limits(drawdown=0.00005))
    result = simulated.run(Crosses())
    run, _ = trade(simulated, Crosses())
    assert result.orders.height < 10
    assert run.trades.drop([*UNTOLD, "strategy"]).equals(result.trades.drop([*UNTOLD, "strategy"]))


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"stop": 90.0}, "trigger"),
        ({"reduce_only": True}, "reduce_only"),
        ({"stop_loss": 1.0}, "protects"),
        ({"group": "g"}, "group"),
        ({"good_till": 1 << 62}, "good_till"),
    ],
)
def test_what_a_client_cannot_tell_is_refused_where_it_is_asked_for(terms: Any, what: str) -> None:
    """Nothing of that answer is sent. A leave to be cut need not be told."""

    class Asks:
        wake = "candle"

        def generate_algo_orders(self, state: Any) -> Any:
            plain = bt.OrderRequest("btc_usd", 1, resize=True)
            return [], [plain] if not len(state.raw.orders) else [plain, bt.OrderRequest("btc_usd", 1, **terms)]

    class Plain(SimulatedExchange):
        conditions = frozenset()

    exchange = Plain(simulation(5))
    session = Session(Asks(), {"x": exchange}, trading=TradingState.ENABLED, **exchange.engine_arguments())
    exchange.attach(session.engine, timer_ns=0, bar_close=False)
    with pytest.raises(StrategyError, match=rf"has .*{what}.* cannot tell"):
        [session.process(arrival) for arrival in iter(exchange.next, None)]
    assert len(exchange.s.orders) == 1


class Brackets:
    """Buys with a stop and a take profit, then a pair of which the first that fills ends the other."""

    wake: Any = "bar_close"

    def generate_algo_orders(self, state: Any) -> Any:
        price, sent = state.price("btc_usd"), len(state.raw.orders)
        if state.position("btc_usd") or state.working("btc_usd") or sent > 60:
            return None
        if sent % 2 == 0:
            bracket = {"stop_loss": 0.002, "take_profit": 0.003, "protect_by": "fraction"}
            return [], [bt.OrderRequest("btc_usd", 1, **bracket)]
        dip = bt.OrderRequest("btc_usd", 1, round(price * 0.999, 4), group="pair")
        up = bt.OrderRequest("btc_usd", 1, stop=round(price * 1.001, 4), group="pair", trailing_stop=0.5)
        leave = bt.OrderRequest("btc_usd", -1, trailing_rate=0.001, after=dip, good_till=state.time + 600 * SECOND)
        return [], [dip, up, leave]


SECOND = 10**9


@pytest.mark.parametrize("feed_mode", ["stream", "iterator"])
def test_a_strategy_with_brackets_runs_unchanged_on_paper(feed_mode: Any) -> None:
    """One object, one digest; the engine knows why each order ended, as in a backtest."""
    simulated = simulation(240, venues=bt.Venue(account="margin", latency=bt.Latency("10ms", "5ms")))
    result = simulated.run(Brackets())
    run, exchange = trade(simulated, Brackets(), feed_mode=feed_mode)
    assert exchange.digest == result.digest
    assert run.orders.equals(result.orders)
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))
    assert {"sibling_filled", "parent_ended"} & set(result.orders["reason"].drop_nulls())
    assert result.orders.height > 20


def test_signals_are_computed_before_a_run() -> None:
    with pytest.raises(StrategyError, match="without data"):
        paper(simulation(5), bt.strategy.builtin.BuyAndHold(1.0))


def test_what_it_cannot_tell_is_said() -> None:
    trades = bt.testing.trades((1, 100, 5), (2, 101, 5), instrument="btc_usd")
    simulated = bt.Simulation(trades, BTC, balances={"usd": 1}, interpret=True)
    system = paper(simulated)
    with pytest.warns(SimulatedWarning, match="told as buys"), system.running() as handle:
        handle.wait()


def test_orders_that_nothing_can_fill_are_said_once() -> None:
    """Of what the data has no stream of: two are asked for, the exchange takes both."""
    eth = bt.Instrument("x", "eth_usd", price_increment="0.01", quantity_increment="0.01")
    data = bt.testing.quotes((1, 99, 5, 101, 5), (2, 99, 5, 101, 5), instrument="btc_usd")

    class Asks:
        wake = "quote"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], [bt.OrderRequest("eth_usd", 1)]

    simulated = bt.Simulation(data, [BTC, eth], balances={"usd": 1_000}, interpret=True)
    with pytest.warns(SimulatedWarning, match="orders of 'eth_usd' can never fill") as caught:
        run, _ = trade(simulated, Asks())
    assert len(caught) == 1
    assert run.orders["status"].to_list() == ["open", "open"]
    assert any("'eth_usd' can never fill" in text for text in simulated.run(Asks()).warnings)


def test_a_system_has_one_strategy() -> None:
    with pytest.raises(ConfigError, match="one strategy"):
        paper(simulation(5), [Once(), Once()])


def test_commands_are_given_to_the_handle() -> None:
    import polars as pl

    rows = pl.DataFrame(
        {"time": [0], "command": ["shutdown"]}, {"time": pl.Datetime("ns", "UTC"), "command": pl.String}
    )
    with pytest.raises(ConfigError, match="to its handle"):
        paper(simulation(5, commands=rows), Once())


def test_a_session_needs_no_event_loop() -> None:
    """What :class:`Host` does is only to say what comes next: a session and an exchange do without it."""
    simulated = simulation(60)
    exchange = SimulatedExchange(simulated)
    session = Session(Crosses(), {"x": exchange}, trading=TradingState.ENABLED, **exchange.engine_arguments())
    exchange.attach(session.engine, timer_ns=session.timer_ns, bar_close=session.wakes_at_bars)
    while (arrival := exchange.next()) is not None:
        session.process(arrival)
    assert exchange.digest == simulated.run(Crosses()).digest


def test_what_the_venue_does_by_itself_is_told() -> None:
    """Funding, and a liquidation: balances and trades that no request led to."""
    import polars as pl

    perpetual = bt.Instrument(
        "x", "a_usd", base="a", quote="usd", kind="perpetual", settlement="usd", price_increment="0.01",
        quantity_increment="0.001",
    )  # fmt: skip
    times = pl.Series([120 * 10**9, 300 * 10**9], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    funding = bt.data.funding(pl.DataFrame({"time": times, "instrument": ["a_usd"] * 2, "rate": [0.001, 0.002]}))
    candles = bt.testing.bars(100, 101, 99, 97, 95, 92, 90, 85, 80, 75, instrument="a_usd")
    terms = bt.Venue(margin=bt.Margin("10%", maintenance="5%"))
    given_: Any = {"balances": {"usd": 200}, "cash_flows": funding, "interpret": True}
    simulated = bt.Simulation(candles, perpetual, venues=terms, **given_)

    class Long:
        wake = "candle"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], [] if len(state.raw.orders) else [bt.OrderRequest("a_usd", 10)]

    result = simulated.run(Long())
    run, exchange = trade(simulated, Long())
    assert exchange.digest == result.digest
    assert run.trades["price"].to_list() == result.trades["price"].to_list() == [101.0, 85.0]
    assert run.equity.equals(result.equity)
    assert result.cash_flows.height == 2


def test_orders_are_amended_as_in_a_backtest() -> None:
    class Follows:
        """A bid that follows the market down, with another quantity each time."""

        wake = "candle"

        def generate_algo_orders(self, state: Any) -> Any:
            price, orders = round(state.price("btc_usd") * 0.9995, 4), state.open_orders("btc_usd")
            if not orders:
                return [], [bt.OrderRequest("btc_usd", 1, price)]
            return [], [state.amend(orders[0], price=price, quantity=1 + state.time // 60_000_000_000 % 3)]

    simulated = simulation(60)
    result = simulated.run(Follows())
    run, exchange = trade(simulated, Follows())
    assert exchange.digest == result.digest
    assert len(run.state.amends) > 20
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))


def test_two_exchanges_are_one_run() -> None:
    """Latencies of each its own; assets of one name are two."""
    pair = [bt.Instrument(name, f"{name}_btc_usd", "btc", "usd", price_increment="0.0001") for name in ("x", "y")]
    streams = [bt.data.candles(bt.data.generate.candles(40, seed, one.name)) for seed, one in enumerate(pair)]
    venues = {"x": bt.Venue(latency=bt.Latency("10ms", "5ms")), "y": bt.Venue(latency=bt.Latency("90s", "1s"))}
    balances = {"x.usd": 1_000, "y.usd": 2_000}
    simulated = bt.Simulation(streams, pair, venues=venues, balances=balances, reporting="x.usd", interpret=True)

    class Both:
        wake = ("candle", "order")

        def generate_algo_orders(self, state: Any) -> Any:
            turn = len(state.raw.orders)
            return [], [bt.OrderRequest(name, 1 if turn < 8 else -1) for name in state.instruments] if turn < 16 else []

    result = simulated.run(Both())
    run, exchange = trade(simulated, Both())
    assert exchange.digest == result.digest
    assert set(run.trades["exchange"]) == {"x", "y"}
    assert run.trades.drop(UNTOLD).equals(result.trades.drop(UNTOLD))


def test_only_a_simulation_is_traded_on_paper():
    with pytest.raises(ConfigError, match="of type dict; it must be a Simulation"):
        paper({}, None)


def test_an_order_is_sized_at_its_fill_as_in_a_backtest() -> None:
    """Asked for by its worth, the day's price decides (rule 61): quantities differ from those that were asked for."""

    class Worth:
        wake = "bar_close"

        def generate_algo_orders(self, state: Any) -> Any:
            held, price = state.position("btc_usd"), state.price("btc_usd")
            if state.time // (60 * SECOND) % 7 or held > 20:
                return None
            return [], [bt.OrderRequest("btc_usd", 1, worth=(held + 1) * price)]

    simulated = simulation(80)
    result = simulated.run(Worth())
    _, exchange = trade(simulated, Worth())
    assert exchange.digest == result.digest
    assert (result.orders["quantity"] != 1).sum() > 4


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_an_amend_that_ends_its_order_ends_it_at_the_engine() -> None:
    """It gives at most what is filled (rule 33)."""
    trades = bt.testing.trades((1, 100, 5), (2, 99, 2), (3, 100, 5), (4, 100, 5), instrument="btc_usd")
    plain = {"balances": {"usd": 1e6}, "interpret": True}
    simulated = bt.Simulation(trades, BTC, **plain)

    class Shrinks:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            if not len(state.raw.orders):
                return [], [bt.OrderRequest("btc_usd", 5, 99.5)]
            return [], [state.amend(0, quantity=1)] if state.position("btc_usd") and state.working("btc_usd") else []

    result = simulated.run(Shrinks())
    run, exchange = trade(simulated, Shrinks())
    assert result.orders["status"].to_list() == run.orders["status"].to_list() == ["cancelled"]
    assert exchange.digest == result.digest
