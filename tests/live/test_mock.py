"""A simulated exchange on a live market: what comes fills as the same data does in a backtest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import ConfigError
from barter_bt.live import Arrival, Manual, MockExchange, SimulatedExchange, System, SystemHandle
from barter_bt.testing.market import stamps
from tests.live.script import closed, told, traded
from tests.live.test_system import request, run

SECOND = 10**9
BTC = bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="0.001")
VENUE = bt.Venue(latency=bt.Latency("700ms", "50ms"), fees=bt.Fees(0.001, 0.002))
TERMS: dict[str, Any] = {"balances": {"usd": 1e6, "btc": 100}, "venues": VENUE, "interpret": True}


class Coming:
    """A market whose messages come at their times."""

    def __init__(self, arrivals: list[Arrival], clock: Manual) -> None:
        self.coming, self.clock, self.closed = arrivals, clock, 0

    async def arrivals(self) -> AsyncIterator[Arrival]:
        for arrival in self.coming:
            await self.clock.sleep_until(arrival.time)
            yield arrival

    async def close(self) -> None:
        self.closed += 1


async def begun(
    arrivals: list[Arrival], clock: Manual, strategy: Any = None, one: bt.Instrument = BTC, **options: Any
) -> tuple[Any, ...]:
    market = Coming(arrivals, clock)
    mock = MockExchange(market, [one], clock=clock, **TERMS | options)
    given: Any = {"reconcile": False, "trading": bp.TradingState.ENABLED, **mock.engine_arguments()}
    system = System(strategy=strategy, sources=[mock], clients=[mock], clock=clock, **given)
    handle: SystemHandle = await system.start()
    return handle, mock, market


class Often:
    """Sends something at every fifth and seventh event."""

    wake: Any = ("trade", "quote", "fill")

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        price = round(state.price("btc_usd"))
        if price and self.asked % 5 == 0:
            side = 1 if self.asked % 2 else -1
            return state.cancel_all("btc_usd"), [bt.OrderRequest("btc_usd", side, price - self.asked % 3 + 1)]
        return [], [bt.OrderRequest("btc_usd", 0.5)] if price and self.asked % 7 == 0 else []


class Once:
    """Buys a half at the first trade."""

    wake = "trade"

    def __init__(self) -> None:
        self.asked = False

    def generate_algo_orders(self, state: Any) -> Any:
        asked, self.asked = self.asked, True
        return [], [] if asked else [bt.OrderRequest("btc_usd", 0.5)]


@pytest.mark.filterwarnings("ignore:.*told as buys")
@pytest.mark.parametrize("twice", [0, 0.8])
def test_what_comes_fills_as_in_a_backtest(twice: float) -> None:
    """One digest, whether the venue has the data from the start or as it comes, and if some of it comes twice."""
    options = TERMS | {"venues": replace(VENUE, faults=bt.Faults(duplicate=twice))}
    trades = bt.testing.trades(*((4.001 * k, 100 + k * 7 % 5, 5) for k in range(1, 100)), instrument="btc_usd")
    quotes = bt.testing.quotes(
        *((2.5 * k, 99 + k * 3 % 4, 5, 100 + k * 3 % 4, 4) for k in range(1, 140)), instrument="btc_usd"
    )
    simulated = bt.Simulation([trades, quotes], BTC, **options)
    result, exchange = simulated.run(Often()), SimulatedExchange(bt.Simulation([trades, quotes], BTC, **TERMS))
    coming = []
    while (arrival := exchange.next()) is not None:
        coming += [arrival] if isinstance(arrival.events[0], bp.Market) else []

    async def test() -> None:
        clock = Manual(simulated.setup.begins)
        handle, mock, market = await begun(coming, clock, Often(), **options)
        later = (0, 50_000_000, 700_000_000, 750_000_000)  # requests and answers are due between messages
        for time in sorted({arrival.time + more for arrival in coming for more in later}):
            await clock.set(time, turns=30)
        traded_ = await handle.shutdown_after_backtest()
        assert traded_.trades.height == result.trades.height > 50
        assert traded_.trades.drop("liquidity").equals(result.trades.drop("liquidity"))
        assert mock.digest == result.digest
        assert market.closed == 1

    run(test)


def test_what_comes_twice_is_told_twice_as_what_it_is() -> None:
    """Of a message of three trades each, before the next (rule 95)."""

    class Prices:
        wake: Any = "trade"

        def __init__(self) -> None:
            self.seen: list[Any] = []

        def generate_algo_orders(self, state: Any) -> None:
            self.seen.append(state.price("btc_usd"))

    async def test() -> None:
        clock, strategy = Manual(), Prices()
        message = Arrival(SECOND, tuple(traded(SECOND, price).events[0] for price in (100.0, 101.0, 102.0)))
        venue = replace(VENUE, faults=bt.Faults(duplicate=0.9))
        handle, _, _ = await begun([message], clock, strategy, venues=venue)
        await clock.set(SECOND, turns=200)
        await handle.abort()
        assert strategy.seen == [100, 100, 101, 101, 102, 102]

    run(test)


def test_the_rest_goes_to_the_engine_alone() -> None:
    """Candles with their bar close, books, lost links; the trades themselves come through as they were."""

    class Notes:
        wake = ("bar_close", "candle", "trade")

        def __init__(self) -> None:
            self.notes: list[Any] = []

        def generate_algo_orders(self, state: Any) -> None:
            self.notes.append((state.event, state.time // SECOND))

    async def test() -> None:
        clock, strategy = Manual(), Notes()
        lost = Arrival(3 * SECOND, (bp.Market(bp.Reconnecting("x")),))
        coming = [traded(SECOND), closed(2 * SECOND), lost, traded(4 * SECOND)]
        handle, _, _ = await begun(coming, clock, strategy)
        audits: list[Any] = []

        async def note() -> None:
            async for audit in handle.audits():
                audits.append(audit.event)

        noting = asyncio.create_task(note())
        for second in (1, 2, 3, 4):
            await clock.set(second * SECOND)
        await handle.shutdown_after_backtest()
        await noting
        assert strategy.notes == [("trade", 1), ("candle", 2), ("bar_close", 2), ("trade", 4)]
        assert traded(SECOND).events[0] in audits
        assert lost.events[0] in audits

    run(test)


def test_an_order_by_hand_waits_for_the_market() -> None:
    async def test() -> None:
        clock = Manual()
        handle, mock, _ = await begun([traded(SECOND), traded(9 * SECOND, 98.0)], clock)
        await clock.set(2 * SECOND)
        await handle.send_open_requests([request("a")])
        await clock.set(2 * SECOND + 700_000_000)
        (order,) = handle.snapshot().orders("btc_usd")
        assert isinstance(order.state, bp.OpenInFlight)
        await clock.set(2 * SECOND + 750_000_001)
        (order,) = handle.snapshot().orders("btc_usd")
        assert order.state == bp.Open("0", 2 * SECOND + 700_000_001, bp.AssetFees(None, order.quantity).fees * 0)
        await clock.set(10 * SECOND)
        assert handle.snapshot().position("btc_usd") == 1
        assert mock.s.trades.price[0] == 99
        await handle.shutdown()

    run(test)


def test_an_idle_venue_keeps_few_rows() -> None:
    """The loop lets it catch up whenever the engine wants more; it still knows the last price."""

    async def test() -> None:
        clock = Manual()
        coming = [Arrival(k, tuple(traded(k, 100.0 + j % 3).events[0] for j in range(500))) for k in range(1, 8)]
        handle, mock, _ = await begun([*coming, traded(9 * SECOND)], clock)
        for k in range(1, 8):
            await clock.set(k, turns=3000)
        assert mock._feed.places()[2] == 3500  # the engine has had them all
        assert len(mock._feed._rows[0]) < 1000
        await handle.send_open_requests([request("a", bp.Side.SELL)])
        await clock.set(SECOND)
        assert isinstance(handle.snapshot().orders("btc_usd")[0].state, bp.Open)
        await handle.abort()

    run(test)


def test_a_market_tells_of_no_account() -> None:
    async def test() -> None:
        clock = Manual()
        handle, _, _ = await begun([told(1, bp.AccountSnapshot("x", (), ()))], clock)
        await clock.set(1)
        with pytest.raises(ConfigError, match="give a market alone"):
            await handle.wait()

    run(test)


@pytest.mark.parametrize(
    ("instrument", "kinds", "words"),
    [
        (bt.Instrument("x", "btc_usd"), ("trades",), "no increments"),
        (BTC, (), "nothing would ever fill"),
        (BTC, ("candles",), "allowed: 'trades', 'quotes'"),
    ],
)
def test_what_it_needs_to_know(instrument: Any, kinds: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        MockExchange(Coming([], Manual()), [instrument], clock=Manual(), fills_on=kinds, **TERMS)


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_a_future_is_settled_at_the_closes_of_sessions_that_are_to_come() -> None:
    """Of 110 and 90 for a half that was bought at 100, as in a backtest that knows when the data ends."""
    future = bt.Instrument("x", "btc_usd", kind="future", price_increment=1, quantity_increment="0.001")
    rows = [(second, price, 5) for second, price in ((1, 100), (2, 100), (3, 100), (9, 110), (15, 90), (25, 95))]
    days = bt.data.sessions(pl.DataFrame({"open": stamps([0, 10, 20]), "close": stamps([10, 20, 30])}))
    terms = {"venues": bt.Venue(margin=bt.Margin(0.5, settlement="daily")), "sessions": {"btc_usd": days}}
    trades = bt.testing.trades(*rows, instrument="btc_usd")
    simulated = bt.Simulation(trades, future, **TERMS | terms | {"balances": {"usd": 1e6}})
    result, exchange = simulated.run(Once()), SimulatedExchange(simulated)
    assert result.cash_flows["amount"].to_list() == [5, -10]
    coming = []
    while (arrival := exchange.next()) is not None:
        coming += [arrival] if isinstance(arrival.events[0], bp.Market) else []

    async def test() -> None:
        clock = Manual(simulated.setup.begins)
        options: dict[str, Any] = {**terms, "balances": {"usd": 1e6}, "fills_on": ("trades",)}
        handle, mock, _ = await begun(coming, clock, Once(), future, **options)
        for time in sorted({10 * SECOND, 20 * SECOND, *(arrival.time for arrival in coming)}):
            await clock.set(time, turns=30)
        await handle.shutdown_after_backtest()
        assert mock.s.payments.array("time_exchange").tolist() == [10 * SECOND, 20 * SECOND]
        assert mock.s.balances.array("total").tolist() == result.state.balances.array("total").tolist()

    run(test)
