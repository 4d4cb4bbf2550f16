"""A session goes on for months: nothing but columns grows with its orders, and what is late is still understood."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from random import Random
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.data import generate
from barter_bt.instrument import IndexedInstruments, Instrument
from barter_bt.live import Arrival, Manual, System, binance, paper
from barter_bt.live import ledger as ledgers
from barter_bt.live.ccxt.ledger import Progress
from barter_bt.live.ledger import Ledger
from barter_bt.system import Engine
from barter_bt.testing.exchange import LoopbackExchange
from tests.live.binance.rig import BTC, START, run
from tests.live.binance.test_session import Desk
from tests.live.growth import growth

A_BLOCK_AN_ORDER = 1  # if one object were kept for each; what Python and yarl keep for reuse is a hundred or two in all
SECOND = 10**9


class Flips:
    """At each candle an order at the market, the other way."""

    wake = "candle"

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [bt.OrderRequest("btc_usd", -1 if state.position("btc_usd") else 1)]


def test_on_paper_no_object_is_kept_for_an_order() -> None:
    async def orders_of(system: System, count: int) -> None:
        while len(system.session.engine.state.orders) < count:
            await asyncio.sleep(0)

    async def trade() -> None:
        candles = bt.data.candles(generate.candles(1500, instrument="btc_usd"))
        one = Instrument("x", "btc_usd", price_increment="0.0001", quantity_increment="0.001")
        simulation = bt.Simulation(candles, one, balances={"usd": 1_000_000}, interpret=True)
        system = paper(simulation, Flips(), audit_mode="disabled")
        handle = await system.start()
        await orders_of(system, 100)
        with growth() as more:
            await orders_of(system, 700)
        count = len(system.session.engine.state.orders) - 100
        assert more.blocks < A_BLOCK_AN_ORDER * count
        await handle.abort()

    asyncio.run(trade())


class WhenAsked:
    """An order at the market, the other way, each time that a test asks for one."""

    def __init__(self) -> None:
        self.wants = False

    def generate_algo_orders(self, state: Any) -> Any:
        if not self.wants:
            return None
        self.wants = False
        return [], [bt.OrderRequest("btc_usdt", -0.1 if state.position("btc_usdt") > 0 else 0.1)]


class Trader(Desk):
    """A desk at which much time may pass."""

    def __init__(self, exchange: LoopbackExchange, clock: Manual) -> None:
        self.exchange, self.clock, self.strategy = exchange, clock, WhenAsked()
        given: dict[str, Any] = {"endpoints": exchange.endpoints, "clock": clock, "random": Random(1), "silence": "30d"}
        market = binance.BinanceMarket([BTC], ["quotes"], **given)
        self.account = binance.BinanceAccount([BTC], binance.Keys("key", "secret"), dry_run=False, **given)
        self.system = System(
            [BTC], self.strategy, sources=[self.account, market], clients=[self.account], clock=clock, start=START,
            audit_mode="disabled", stale=None, mark_every="1d",
        )  # fmt: skip

    async def orders(self, count: int) -> None:
        """One after another, each filled."""
        s = self.system.session.engine.state
        for _ in range(count):
            ended = len(s.trades) + 1
            self.strategy.wants = True
            await self.said()
            await self.until(lambda ended=ended: len(s.trades) == ended and not s.instruments.live[0])  # type: ignore[misc]
            await self.clock.set(self.clock.now() + SECOND)


def test_at_an_exchange_no_object_is_kept_for_an_order() -> None:
    async def trade() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock, balances={"USDT": 100_000, "BTC": 10}) as exchange:
            desk = Trader(exchange, clock)
            handle = await desk.start()
            await desk.orders(50)
            with growth() as more:
                await desk.orders(300)
                await desk.clock.set(clock.now() + 600 * SECOND)  # everything is asked for again
                await desk.orders(1)
            assert more.blocks < A_BLOCK_AN_ORDER * 300
            assert more.bytes < 600 * 300
            assert set(handle.run().orders["status"]) == {"filled"}
            await handle.abort()

    run(trade)


def item(kind: Any) -> bp.Account:
    return bp.Account(bp.Item(bp.AccountEvent("x", kind)))


def live_through(engine: Engine, numbers: range) -> None:
    """Orders that are sent, acknowledged and filled."""
    for n in numbers:
        key, one = bp.OrderKey("x", "btc_usd", "me", f"c{n}"), bp.OrderKind.LIMIT
        terms = bp.Side.BUY, D(10), D(1), one, bp.GoodUntilCancelled(False)
        engine.process(bp.Command(bp.SendOpenRequests(bp.OrderRequestOpen(key, bp.RequestOpen(*terms)))))
        engine.process(item(bp.Order(key, *terms, bp.Open(f"n{n}", 5 * n + 1, D(0)))))
        engine.process(item(trade_of(n)))
        engine.process(item(bp.Order(key, *terms, bp.FullyFilled())))


def trade_of(n: int, number: str = "") -> bp.Trade:
    fees = bp.AssetFees(None, D(0))
    return bp.Trade(number or str(n), f"n{n}", "btc_usd", "me", 5 * n + 2, bp.Side.BUY, D(10), D(1), fees)


def test_an_engine_knows_an_order_of_long_ago_without_an_object_for_it() -> None:
    engine = Engine([Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")], balances={"usd": 10**6})
    live_through(engine, range(50))
    with growth() as more:
        live_through(engine, range(50, 1050))
        s = engine.state
        for table in (s.audits, s.outputs, s.asked, s.market_items, s.account_items):
            table.truncate(0)
    assert more.blocks < 0.2 * A_BLOCK_AN_ORDER * 1000
    assert len(engine.state.orders) == 1050
    engine.process(item(trade_of(3, "late")))
    assert engine.state.trades.order[1050] == 3
    key = bp.OrderKey("x", "btc_usd", "me", "c3")
    stale = bp.Order(
        key, bp.Side.BUY, D(10), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False), bp.Open("n3", 16, D(0))
    )
    engine.process(item(stale))
    assert engine.orders("btc_usd") == []
    assert len(engine.state.orders) == 1050


def cancelled(n: int) -> bp.OrderResponseCancel:
    return bp.OrderResponseCancel(bp.OrderKey("x", "btc_usd", "me", f"c{n}"), bp.Cancelled(f"n{n}", n))


def test_through_ccxt_no_object_is_kept_for_an_order_that_has_ended() -> None:
    known = Progress(0)

    def live_through(numbers: range) -> None:
        for n in numbers:
            known.belongs(f"c{n}", "me")
            terms = bp.RequestOpen(bp.Side.BUY, D(n + 1), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
            known.asked[f"c{n}"], known.sent_at[f"c{n}"] = terms, n
            assert known.cid_of({"id": f"n{n}", "clientOrderId": f"c{n}"}) == f"c{n}"
            assert known.is_new({"symbol": "BTC/USD", "id": n, "timestamp": n + 1})
            assert known.is_news(cancelled(n))

    live_through(range(50))
    with growth() as more:
        live_through(range(50, 1050))
    assert more.blocks < 0.2 * A_BLOCK_AN_ORDER * 1000
    assert (known.asked, known.sent_at) == ({}, {})
    assert known.has_owner("c3")
    assert not known.is_news(cancelled(3))
    assert not known.is_new({"symbol": "BTC/USD", "id": 3, "timestamp": 4})
    assert known.strategy_of({"order": "n3"}) == "me"


def test_trades_of_assets_that_are_not_looked_at_are_not_kept() -> None:
    """What a derivative is settled in is left out, though a spot instrument is quoted in it."""
    future = Instrument("x", "btc_usd_perp", kind="perpetual", base="btc", quote="usd", settlement="usd")
    index = IndexedInstruments([Instrument("x", "btc_usd"), future])
    ledger = Ledger(index, [D("0.01")] * len(index.assets), 5)
    usd = index.asset("usd")
    for n in range(10):
        ledger.see(Arrival(n, (item(trade_of(n)),)))
    assert usd in ledger._left_out
    assert not ledger._accounts[usd].changes


def test_trades_that_no_balance_explains_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange that tells no balances would have each of them kept for ever; the next balance is explained."""
    monkeypatch.setattr(ledgers, "_MOST_CHANGES", 10)
    index = IndexedInstruments([Instrument("x", "btc_usd")])
    ledger = Ledger(index, [D("0.01")] * len(index.assets), 5)
    usd = index.asset("usd")

    def balance(time: int, total: int) -> Arrival:
        return Arrival(time, (item(bp.AssetBalance("usd", bp.Balance(D(total), D(total)), time)),))

    ledger.see(balance(1, 1000))
    for n in range(1, 50):
        ledger.see(Arrival(5 * n + 2, (item(trade_of(n)),)))
    assert len(ledger._accounts[usd].changes) <= 10
    ledger.see(balance(300, 1000 - 490))
    assert ledger.unexplained(1000) == []
    assert not ledger._accounts[usd].changes
