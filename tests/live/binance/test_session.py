"""A whole system at the loopback exchange: a strategy trades, the session is recorded, and its replay is the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.live import Manual, MockExchange, Recorder, System, SystemHandle, binance, replay
from barter_bt.testing.exchange import LoopbackExchange, Lost
from tests.live.binance.rig import BTC, START, run


class Rests:
    """Buys one at 99 when it is flat, and sells what it has at 101: one order at a time."""

    def generate_algo_orders(self, state: Any) -> Any:
        if state.working("btc_usdt") or not state.price("btc_usdt"):
            return None
        held = state.position("btc_usdt")
        return [], [bt.OrderRequest("btc_usdt", -held, 101) if held else bt.OrderRequest("btc_usdt", 1, 99)]


class Desk:
    """A system at an exchange, with its clock."""

    def __init__(self, exchange: LoopbackExchange, clock: Manual, known: Path | None = None, **options: Any) -> None:
        self.exchange, self.clock = exchange, clock
        given = {"endpoints": exchange.endpoints, "clock": clock, "random": Random(1)}
        market = binance.BinanceMarket([BTC], ["quotes", "trades"], **given)
        given["last_trades"] = binance.last_trades(known) if known else {}
        self.account = binance.BinanceAccount([BTC], binance.Keys("key", "secret"), dry_run=False, **given)
        strategy = options.pop("strategy", Rests())
        self.system = System(
            [BTC], strategy, sources=[self.account, market], clients=[self.account], clock=clock, start=START, **options
        )

    async def start(self) -> SystemHandle:
        handle = await self.system.start()
        await self.until(lambda: len(self.exchange.sockets.open) == 2 and self.account._is_listening)
        await handle.set_trading(bp.TradingState.ENABLED)
        return handle

    async def until(self, condition: Any) -> None:
        while not condition():
            await asyncio.sleep(0)

    async def trade(self, price: str, side: str = "SELL") -> None:
        self.exchange.trade(price, "1", side)
        await self.exchange.flush()

    async def said(self) -> None:
        self.exchange.quote("99.5", "100.5", str(1 + self.exchange.now() % 7))
        await self.exchange.flush()
        for _ in range(100):
            await asyncio.sleep(0)

    def standing(self) -> list[Any]:
        return [one for one in self.exchange.account.orders if one.is_working]


async def session(folder: Path, *, faulty: bool, fee_in: str = "received") -> tuple[Any, LoopbackExchange]:
    clock = Manual(START)
    async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}, fee_in=fee_in) as exchange:
        desk = Desk(exchange, clock, recorder=Recorder(folder))
        handle = await desk.start()
        for number in range(4):
            if faulty and number == 1:
                exchange.answer_next("POST /api/v3/order", Lost())
            await desk.said()
            await desk.until(desk.standing)
            if faulty and number == 2:
                exchange.is_down = True
                await exchange.close_sockets(1011)
            await desk.trade(*(("99", "SELL") if number % 2 == 0 else ("101", "BUY")))
            exchange.is_down = False
            for _ in range(8):
                await clock.set(clock.now() + 10**9)
                for _ in range(60):
                    await asyncio.sleep(0)
            assert handle.unreconciled == []
        return await handle.shutdown(), exchange


@pytest.mark.parametrize(("fee_in", "sold", "profit"), [("quote", "1", "3.6"), ("received", "0.999", "3.596202")])
def test_a_session_at_the_exchange_replays_to_its_digest(tmp_path: Path, fee_in: str, sold: str, profit: str) -> None:
    """With fees in what is received, a position is what can be sold (rule 63): 0.999 of 1."""

    async def test() -> None:
        made, exchange = await session(tmp_path / "session", faulty=False, fee_in=fee_in)
        assert made.trades["quantity"].to_list() == [1.0, float(sold)] * 2
        assert made.trades["price"].to_list() == [99.0, 101.0] * 2
        assert len(exchange.account.trades) == 4
        assert exchange.account.balances["BTC"].free == 0
        assert float(made.positions["pnl_realised"].sum()) == pytest.approx(float(profit))

    run(test)
    again = System([BTC], Rests(), sources=[], clients=[binance_client()], start=START)
    assert replay(again, tmp_path / "session").trades.height == 4


def binance_client() -> Any:
    return binance.BinanceAccount([BTC], binance.Keys("key", "secret"))


def test_faults_on_the_way_change_no_trade(tmp_path: Path) -> None:
    """An answer that is lost, a link that is lost while an order is filled: the same trades, the same profit."""

    async def test() -> None:
        made, exchange = await session(tmp_path / "session", faulty=True)
        assert made.trades["price"].to_list() == [99.0, 101.0] * 2
        assert len(exchange.account.orders) == len(made.orders)
        assert len(exchange.account.trades) == 4

    run(test)


def test_a_session_that_was_killed_is_resumed_with_what_happened_meanwhile(tmp_path: Path) -> None:
    """Killed between sending its second order and hearing of it; it is filled before the program is there again."""

    async def test() -> None:
        clock, folder = Manual(START), tmp_path / "session"
        async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}, fee_in="quote") as exchange:
            desk = Desk(exchange, clock, recorder=Recorder(folder))
            handle = await desk.start()
            await desk.said()
            await desk.until(desk.standing)
            await desk.trade("99")
            await desk.until(lambda: handle.snapshot().position("btc_usdt") == 1)
            exchange.mute()
            await desk.until(desk.standing)
            await handle.abort()
            await desk.trade("101", "BUY")
            exchange.mute(is_mute=False)
            await clock.set(clock.now() + 20 * 10**9)
            again = Desk(exchange, clock, known=folder, recorder=Recorder(folder, resume=True))
            resumed = await again.system.start()
            await again.account.ready()
            await again.until(lambda: resumed.snapshot().position("btc_usdt") == 0)
            await again.until(lambda: len(exchange.account.orders) == 3)
            await again.until(lambda: len(resumed.snapshot().orders("btc_usdt")) == 1)
            assert resumed.unreconciled == []
            made = await resumed.shutdown()
            assert made.trades["price"].to_list() == [99.0, 101.0]
            assert [one.client_id for one in exchange.account.orders] == ["0", "1", "2"]

    run(test)


def test_paper_on_the_exchanges_market() -> None:
    """No account: a simulated exchange fills on the trades that come."""

    async def test() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock) as exchange:
            market = binance.BinanceMarket([BTC], ["trades"], endpoints=exchange.endpoints, clock=clock)
            mock = MockExchange(market, [BTC], clock=clock, fills_on=["trades"], balances={"usdt": 1000})
            options = {"trading": bp.TradingState.ENABLED, "reconcile": False, **mock.engine_arguments()}
            handle = await System(strategy=Rests(), sources=[mock], clients=[mock], clock=clock, **options).start()
            while not exchange.sockets.open:
                await asyncio.sleep(0)
            for price in ("100", "98", "102", "102"):
                exchange.trade(price, "5")
                await exchange.flush()
                for _ in range(80):
                    await asyncio.sleep(0)
                await clock.set(clock.now() + 10**9)
            made = await handle.shutdown()
            assert made.trades["price"].to_list() == [99.0, 101.0]
            assert exchange.account.orders == []

    run(test)


def test_limits_refuse_an_order_before_it_is_sent() -> None:
    async def test() -> None:
        clock = Manual(START)
        async with LoopbackExchange(clock, balances={"USDT": 1000, "BTC": 0}) as exchange:
            desk = Desk(exchange, clock, risk=bt.Limits(order_quantity="0.5"))
            handle = await desk.start()
            await desk.said()
            await desk.until(lambda: len(handle.run().orders))
            made = await handle.shutdown()
            assert set(made.orders["reason"]) == {"order_quantity_limit"}
            assert set(made.orders["status"]) == {"refused"}
            assert not any(route.startswith("POST") for route, _ in exchange.requests)

    run(test)
